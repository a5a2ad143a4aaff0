"""The side roads of a clue: what was a mistake, what is added, what rests, and who may."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from domain.clue import CLUE
from domain.clue.case import summary
from domain.clue.life import Assigned, Completed, Declined, Disposed, FedBack, Registered, Verified, Verifying, known
from domain.people.actors import Role
from domain.record.decider import Command
from domain.time.clock_events import ClockPaused, ClockResumed, ClockRevived, ClockStopped
from domain.value import SHANGHAI
from tests.domain.clue import events as e
from tests.domain.clue import steps as c
from tests.domain.clue.stories import (
    ASSIGNER,
    CLERK,
    DIGEST,
    DISPATCHER,
    HANDLER,
    HEAD,
    LINKED,
    MARKET,
    SECURITY,
    SUPERVISOR,
    Story,
    actor,
    archived,
    dispatched,
    proposed,
    registered,
    verifying,
)

SECOND = actor("second", Role.HANDLER, MARKET)
SUBSTITUTE = actor("stand-in", Role.HANDLER, MARKET).model_copy(update={"on_behalf_of": "handler"})
REAL_CODE = "91110000600037341L"


def fed_back() -> Story:
    """The sender was answered; completion is next."""
    return proposed().when(HEAD, c.ApproveDisposition).when(HANDLER, c.FeedBack)


def complaint() -> Story:
    """A complaint in a handler's hands."""
    story = Story().when(CLERK, c.Register, received_at="2026-03-02T11:00:00+08:00", category="complaint")
    return (
        story.when(DISPATCHER, c.Dispatch, department=MARKET)
        .when(ASSIGNER, c.SignFor)
        .when(ASSIGNER, c.Assign, handler="handler")
    )


def told(story: Story) -> list[tuple[str, str]]:
    """Whom the last event of the case tells what."""
    event = [entry.event for entry in story.made if not type(entry.event).__name__.startswith("Clock")][-1]
    return [(effect.recipient, effect.subject) for effect in CLUE.consequences(event, story.state)]


# A dispatch, an assignment --------------------------------------------------------------------------------------------


def test_given_an_unsigned_dispatch_when_withdrawn_then_it_waits_for_the_dispatcher_and_counts_no_return() -> None:
    story = dispatched().when(DISPATCHER, c.WithdrawDispatch)
    assert isinstance(story.state, Registered)
    assert known(story.state).dossier.returns == 0
    stopped = [entry.event for entry in story.made if isinstance(entry.event, ClockStopped)]
    assert stopped[-1].outcome == "settled"
    assert told(story) == [(f"department_assigner@{MARKET}", "dispatch_withdrawn")]


def test_given_a_signed_dispatch_when_withdrawn_then_it_is_too_late() -> None:
    story = dispatched().when(ASSIGNER, c.SignFor).when(DISPATCHER, c.WithdrawDispatch)
    assert story.refused is not None
    assert story.refused.code == "wrong_stage"


@pytest.mark.parametrize("before", [verifying, proposed, fed_back])
def test_given_work_under_way_when_reassigned_then_the_stage_stays_and_the_new_handler_goes_on(before: Any) -> None:
    story = before()
    stage = known(story.state).stage
    story.when(ASSIGNER, c.Reassign, handler="second")
    assert known(story.state).stage == stage
    assert summary(story.state).handler == "second"
    assert told(story) == [("second", "clue_assigned"), ("handler", "clue_reassigned")]
    assert story.when(HANDLER, c.RecordContact, at="2026-03-02T11:30:00+08:00").refused is not None


def test_given_the_same_or_an_unfit_handler_when_reassigned_then_nothing_happens_or_it_is_refused() -> None:
    story = verifying()
    made = len(story.made)
    assert story.when(ASSIGNER, c.Reassign, handler="handler").refused is None
    assert len(story.made) == made
    codes = [story.when(ASSIGNER, c.Reassign, handler=name).refused for name in ("gone", "urban.handler")]
    assert [refused.code for refused in codes if refused] == ["unknown_handler", "handler_of_other_department"]


# Declining ------------------------------------------------------------------------------------------------------------


def test_given_a_complaint_when_declined_then_the_complainant_is_told_and_it_ends_so() -> None:
    story = complaint().when(HANDLER, c.Decline)
    assert isinstance(story.state, Declined)
    story.when(HANDLER, c.FeedBack).when(HANDLER, c.Complete)
    assert isinstance(story.state, Completed)
    assert (story.state.ending, story.state.conclusion) == ("declined", None)


def test_given_a_report_when_declined_then_only_complaints_are() -> None:
    story = dispatched().when(ASSIGNER, c.SignFor).when(ASSIGNER, c.Assign, handler="handler").when(HANDLER, c.Decline)
    assert isinstance(story.state, Assigned)
    assert story.refused is not None
    assert story.refused.code == "not_a_complaint"


# Correcting -----------------------------------------------------------------------------------------------------------


def test_given_a_registered_fact_when_corrected_then_both_values_stand_with_who_and_when() -> None:
    story = registered()
    before = known(story.state).dossier
    story.after(hours=1).when(CLERK, c.Correct, category="complaint", title="更正后的标题")
    dossier = known(story.state).dossier
    assert [(found.field, found.before, found.by) for found in dossier.corrections] == [
        ("category", "report", "intake"),
        ("title", before.title, "intake"),
    ]
    assert {found.at for found in dossier.corrections} == {story.now}
    assert (dossier.category, dossier.title) == ("complaint", dossier.corrections[1].after)
    assert dossier.steps == before.steps + 1
    assert {before.title, dossier.title} <= set(dossier.texts), "the old text stays readable"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"category": "report"}, "nothing_to_correct"),
        ({"category": None, "received_at": "2026-03-02T11:00:00+08:00"}, "nothing_to_correct"),
        ({"category": None, "received_at": "2027-01-01T00:00:00+08:00"}, "received_in_future"),
    ],
)
def test_given_nothing_new_or_the_impossible_when_corrected_then_refused(body: dict[str, Any], code: str) -> None:
    story = registered().when(CLERK, c.Correct, **body)
    assert story.refused is not None
    assert story.refused.code == code


def test_given_an_entity_when_corrected_then_the_summary_knows_its_code() -> None:
    entity = {"name": "某餐饮店", "uscc": REAL_CODE}
    story = registered().when(CLERK, c.Correct, category=None, entity=entity)
    assert summary(story.state).entity == REAL_CODE


@pytest.mark.parametrize(
    "code", ["91110000600037341I", "91110000600037341M", "9111000060003734", "９1110000600037341L"]
)
def test_given_a_code_with_a_wrong_check_character_then_the_command_does_not_parse(code: str) -> None:
    with pytest.raises(ValueError, match="uscc"):
        registered().when(CLERK, c.Correct, entity={"name": "某餐饮店", "uscc": code})


# Mistaken completion --------------------------------------------------------------------------------------------------


def test_given_a_mistaken_completion_when_undone_then_the_feedback_deadline_runs_on_as_if_it_had_not_stopped() -> None:
    story = fed_back()
    before = next(timed for timed in CLUE.clocks(story.state) if timed.running)
    story.when(HANDLER, c.Complete).after(hours=30).when(ASSIGNER, c.UndoCompletion)
    assert isinstance(story.state, FedBack)
    assert any(isinstance(entry.event, ClockRevived) for entry in story.made)
    assert [timed for timed in CLUE.clocks(story.state) if timed.running] == [before]


def test_given_a_deadline_that_passed_while_it_was_completed_by_mistake_then_it_is_missed() -> None:
    story = fed_back().when(HANDLER, c.Complete).after(days=9).when(ASSIGNER, c.UndoCompletion).after(seconds=1)
    feedback = next(timed for timed in CLUE.clocks(story.state) if timed.running)
    assert "expired" in feedback.reached


def test_given_a_direct_answer_when_undone_then_it_cannot_be_taken_back() -> None:
    story = registered().when(DISPATCHER, c.Answer).when(DISPATCHER, c.UndoCompletion)
    assert story.refused is not None
    assert story.refused.code == "already_told"


# What is added beside the stage ---------------------------------------------------------------------------------------

ASIDE: tuple[tuple[Any, type[Command], dict[str, Any]], ...] = (
    (HANDLER, c.Note, {}),
    (HANDLER, c.RecordContact, {"at": "2026-03-02T11:30:00+08:00"}),
    (HANDLER, c.AttachEvidence, {"evidence": [{"digest": DIGEST, "name": "照片.jpg"}]}),
    (CLERK, c.Supplement, {"received_at": "2026-03-02T11:30:00+08:00"}),
    (HANDLER, c.Link, {"case": LINKED}),
)


@pytest.mark.parametrize(("by", "shape", "body"), ASIDE, ids=lambda value: getattr(value, "slug", ""))
def test_given_an_addition_then_neither_stage_nor_the_ground_of_the_next_command_changes(
    by: Any, shape: type[Command], body: dict[str, Any]
) -> None:
    story = verifying()
    before = summary(story.state)
    story.when(by, shape, **body)
    assert story.refused is None
    after = summary(story.state)
    assert (after.stage, after.steps) == (before.stage, before.steps)
    assert story.made[-1].event is not None


def test_given_a_supplement_then_whoever_holds_the_case_is_told() -> None:
    supplement = {"received_at": "2026-03-02T11:30:00+08:00"}
    recipients = [
        told(start().when(CLERK, c.Supplement, **supplement))[0][0] for start in (registered, dispatched, verifying)
    ]
    assert recipients == ["dispatcher@370102.12345", f"department_assigner@{MARKET}", "handler"]


@pytest.mark.parametrize("at", ["2026-03-02T10:59:59+08:00", "2026-03-02T12:00:01+08:00"])
def test_given_a_contact_before_the_case_came_in_or_in_the_future_then_refused(at: str) -> None:
    story = verifying().when(HANDLER, c.RecordContact, at=at)
    assert story.refused is not None
    assert story.refused.code == "contact_out_of_time"


def test_given_a_link_then_it_stands_once_never_to_itself_nor_to_what_the_actor_cannot_see() -> None:
    story = verifying().when(HANDLER, c.Link, case=LINKED).when(HANDLER, c.Link, case=LINKED)
    assert summary(story.state).links == (LINKED,)
    unseen = story.when(HANDLER, c.Link, case="clue-" + "2" * 32).refused
    itself = story.when(HANDLER, c.Link, case="clue-" + "0" * 32).refused
    assert unseen is not None
    assert itself is not None
    assert (unseen.code, itself.code) == ("unknown_link", "linked_to_itself")
    assert summary(story.when(SUPERVISOR, c.Unlink, case=LINKED).state).links == ()


def test_given_a_wrong_file_when_sealed_then_its_hash_stays_and_a_classified_one_is_taken_from_everybody() -> None:
    story = proposed().when(HANDLER, c.SealFile, digest=DIGEST)
    dossier = known(story.state).dossier
    assert [sealed.digest for sealed in dossier.sealed_files] == [file.digest for file in dossier.files] == [DIGEST]
    assert told(story) == []
    classified = proposed().when(SECURITY, c.SealFile, digest=DIGEST, ground="classified")
    assert told(classified) == [("evidence", "file_sealed")]
    assert story.when(HANDLER, c.SealFile, digest="cd" * 32).refused is not None


def test_given_a_public_reply_and_an_internal_text_then_they_are_two_texts() -> None:
    story = proposed().when(HEAD, c.ApproveDisposition).when(HANDLER, c.FeedBack)
    reply = next(entry.event for entry in story.made if isinstance(entry.event, e.ClueFedBack))
    assert reply.handling is not None
    assert reply.reply.ref != reply.handling.ref


# Four eyes ------------------------------------------------------------------------------------------------------------


def test_given_a_substitute_who_proposed_then_neither_approves_as_head_and_both_names_stand() -> None:
    story = (
        verifying()
        .when(HANDLER, c.RecordFindings, evidence=[])
        .when(HANDLER, c.Conclude)
        .when(SUBSTITUTE, c.ProposeDisposition)
    )
    assert (story.made[-1].actor.account, story.made[-1].actor.on_behalf_of) == ("stand-in", "handler")
    heads = [
        actor("stand-in", Role.HEAD, MARKET),
        actor("handler", Role.HEAD, MARKET),
        HEAD.model_copy(update={"on_behalf_of": "handler"}),
    ]
    refused = [story.when(head, c.ApproveDisposition).refused for head in heads]
    assert [found.code for found in refused if found] == ["own_proposal"] * 3
    assert isinstance(story.when(HEAD, c.ApproveDisposition).state, Disposed)


# Suspension -----------------------------------------------------------------------------------------------------------


def test_given_a_suspension_then_nothing_but_additions_moves_and_time_brings_nothing() -> None:
    story = verifying().when(HEAD, c.Suspend)
    assert isinstance(story.made[-1].event, ClockPaused)
    story.after(days=90)
    assert isinstance(story.state, Verifying)
    assert not [entry for entry in story.made if type(entry.event).__name__ in ("ClockWarned", "ClockExpired")]
    refused = story.when(HANDLER, c.RecordFindings, evidence=[]).refused
    assert refused is not None
    assert refused.code == "suspended"
    made = len(story.made)
    assert story.when(HANDLER, c.Note).refused is None
    assert len(story.made) == made + 1, "a note pauses or resumes nothing"


def test_given_a_suspension_when_resumed_then_what_was_left_is_counted_on() -> None:
    story = verifying()  # Monday 2026-03-02, 15 working days: due Monday 2026-03-23, 24:00
    story.after(days=1).when(HEAD, c.Suspend).after(days=7).when(HANDLER, c.Resume)
    resumed = story.made[-1].event
    assert isinstance(resumed, ClockResumed)
    # Tuesday 3rd had passed when it was suspended: 14 of 15 were left, counted on from Wednesday 11th.
    assert resumed.clock.breach_at.astimezone(SHANGHAI) == datetime(2026, 3, 31, tzinfo=SHANGHAI)
    assert [step.what for step in resumed.clock.steps] == ["start", "paused", "skipped_weekends", "due"]
    assert story.when(HANDLER, c.RecordFindings, evidence=[]).refused is None


def test_given_a_missed_deadline_when_suspended_and_resumed_then_it_stays_missed() -> None:
    story = verifying().after(days=22)
    before = next(timed for timed in CLUE.clocks(story.state) if timed.running)
    assert "expired" in before.reached
    story.when(HEAD, c.Suspend).after(days=10).when(HEAD, c.Resume)
    after = next(timed for timed in CLUE.clocks(story.state) if timed.running)
    assert after.clock.breach_at == before.clock.breach_at
    assert after.clock.rungs[-1].at > before.clock.rungs[-1].at, "rungs not yet climbed wait as long as the pause was"


def test_given_no_suspension_when_resumed_then_refused() -> None:
    story = verifying().when(HEAD, c.Resume)
    assert story.refused is not None
    assert story.refused.code == "not_suspended"


def test_given_an_archived_clue_then_only_notes_links_seals_and_erasures_are_open() -> None:
    story = archived()
    assert story.when(HANDLER, c.Note).refused is None
    assert story.when(CLERK, c.Supplement, received_at="2026-03-02T11:30:00+08:00").refused is not None
    assert isinstance(proposed().when(HEAD, c.RejectDisposition).state, Verified)
