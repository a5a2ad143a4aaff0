"""督办、催办、延期、不计入期限: who may hold a department to its deadlines, and who may give it more time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.clue import CLUE
from domain.clue.life import known
from domain.people.actors import Actor, Role
from domain.time.case_clocks import TimedClock
from domain.time.clock import Clock
from domain.time.clock_events import ClockExtended, ClockRecomputed
from domain.value import SHANGHAI
from tests.domain.clue import steps as c
from tests.domain.clue.stories import (
    ASSIGNER,
    DISPATCHER,
    HANDLER,
    HEAD,
    REGION,
    SUPERVISOR,
    URBAN_ASSIGNER,
    Story,
    actor,
    dispatched,
    registered,
    verifying,
)

COORDINATOR = actor("coordinator", Role.COORDINATOR, f"{REGION}.12345")


def timed(story: Story, kind: str) -> TimedClock:
    """The running clock of a kind."""
    return next(timed for timed in CLUE.clocks(story.state) if timed.running and timed.clock.kind == kind)


def clock(story: Story, kind: str = "handling") -> Clock:
    return timed(story, kind).clock


def refusal(story: Story) -> str | None:
    return story.refused.code if story.refused else None


def told(story: Story) -> set[tuple[str, str]]:
    """Whom the last event of the case tells, and of what."""
    last = next(entry.event for entry in reversed(story.made) if not type(entry.event).__name__.startswith("Clock"))
    return {(effect.recipient, effect.subject) for effect in CLUE.consequences(last, story.state)}


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# Orders ---------------------------------------------------------------------------------------------------------------


def test_given_an_open_clue_when_a_supervisor_orders_then_the_department_owes_an_answer_in_its_own_clock() -> None:
    story = verifying().when(SUPERVISOR, c.OrderOversight)
    assert clock(story, "oversight").owed_by == "370102.market"
    assert clock(story, "oversight").about == "order-1"
    assert clock(story, "handling"), "the handling clock runs on"
    assert ("handler", "oversight_ordered") in told(story)
    assert ("head@370102.market", "oversight_ordered") in told(story)


def test_given_an_order_that_names_a_date_then_that_date_is_due_and_not_the_rules_days() -> None:
    story = verifying().when(SUPERVISOR, c.OrderOversight, answer_by="2026-03-20")
    assert clock(story, "oversight").due_at == day("2026-03-21")
    assert story.when(SUPERVISOR, c.OrderOversight, answer_by="2026-03-02").refused is not None


def test_given_an_answer_when_rejected_then_it_is_owed_anew_and_when_accepted_the_order_is_settled() -> None:
    story = verifying().when(SUPERVISOR, c.OrderOversight).when(HANDLER, c.AnswerOversight)
    assert not [timed for timed in CLUE.clocks(story.state) if timed.running and timed.clock.kind == "oversight"]
    first = next(timed for timed in CLUE.clocks(story.state) if timed.clock.kind == "oversight")
    assert first.outcome == "met"
    story.after(days=1).when(SUPERVISOR, c.RejectOversightAnswer)
    assert clock(story, "oversight").id != first.clock.id
    assert clock(story, "oversight").started_at == story.now
    story.when(ASSIGNER, c.AnswerOversight).when(SUPERVISOR, c.AcceptOversightAnswer)
    assert known(story.state).dossier.orders[0].status == "settled"
    assert len(known(story.state).dossier.orders[0].answers) == 2
    assert story.when(SUPERVISOR, c.AcceptOversightAnswer).made[-1].event is story.made[-1].event, (
        "again changes nothing"
    )


def test_given_an_order_when_nobody_answers_then_it_climbs_to_the_head_and_orders_nothing_further() -> None:
    story = verifying().when(SUPERVISOR, c.OrderOversight).after(days=10)
    assert timed(story, "oversight").level == 2
    assert len(known(story.state).dossier.orders) == 1


def test_given_a_silent_department_when_its_ladder_reaches_the_coordinator_then_an_order_is_issued_once() -> None:
    story = verifying().after(days=35)
    orders = known(story.state).dossier.orders
    assert [(order.order, order.department, order.clock) for order in orders] == [
        ("order-1", "370102.market", clock(story).id)
    ]
    story.when(COORDINATOR, c.WithdrawOversight).after(days=60)
    assert len(known(story.state).dossier.orders) == 1, "each rung is climbed once"


def test_given_an_order_of_the_ladder_when_answered_then_the_coordinator_is_told() -> None:
    story = verifying().after(days=35).when(HANDLER, c.AnswerOversight)
    assert told(story) == {("coordinator@370102.12345", "oversight_answered")}


def test_given_a_dispatching_office_that_does_not_dispatch_then_the_order_goes_to_the_office_itself() -> None:
    story = registered().after(days=8)
    assert known(story.state).dossier.orders[0].department == "370102.12345"
    assert story.when(DISPATCHER, c.AnswerOversight).refused is None


def test_given_an_order_when_the_case_is_returned_then_it_lapses_with_it() -> None:
    story = dispatched().when(SUPERVISOR, c.OrderOversight).when(ASSIGNER, c.Return)
    order = known(story.state).dossier.orders[0]
    assert order.status == "lapsed"
    stopped = next(timed for timed in CLUE.clocks(story.state) if timed.clock.kind == "oversight")
    assert stopped.outcome == "settled"


def test_given_a_standing_order_then_the_clue_cannot_be_archived() -> None:
    story = verifying().when(SUPERVISOR, c.OrderOversight)
    story.when(HANDLER, c.RecordFindings, evidence=[]).when(HANDLER, c.Conclude).when(HANDLER, c.ProposeDisposition)
    story.when(HEAD, c.ApproveDisposition).when(HANDLER, c.FeedBack).when(HANDLER, c.Complete).when(ASSIGNER, c.Archive)
    assert refusal(story) == "order_open"
    story.when(HANDLER, c.AnswerOversight).when(SUPERVISOR, c.AcceptOversightAnswer).when(ASSIGNER, c.Archive)
    assert story.refused is None


@pytest.mark.parametrize(
    ("by", "shape", "body", "code"),
    [
        (HANDLER, c.OrderOversight, {}, "wrong_role"),
        (URBAN_ASSIGNER, c.AnswerOversight, {}, "wrong_department"),
        (SUPERVISOR, c.RejectOversightAnswer, {}, "order_not_so"),
        (SUPERVISOR, c.AcceptOversightAnswer, {}, "order_not_so"),
        (SUPERVISOR, c.WithdrawOversight, {"order": "order-7"}, "unknown_order"),
        (HANDLER, c.AnswerOversight, {"order": "order-2"}, "unknown_order"),
        (HANDLER, c.Urge, {}, "wrong_role"),
    ],
)
def test_given_an_order_then_only_the_right_people_take_the_right_step(
    by: Actor, shape: Any, body: dict[str, object], code: str
) -> None:
    story = verifying().when(SUPERVISOR, c.OrderOversight).when(by, shape, **body)
    assert refusal(story) == code


def test_given_an_order_when_listed_twice_then_it_is_listed_once() -> None:
    story = verifying().when(SUPERVISOR, c.OrderOversight).when(SUPERVISOR, c.ListOversight)
    before = len(story.made)
    assert known(story.when(SUPERVISOR, c.ListOversight).state).dossier.orders[0].listed
    assert len(story.made) == before


def test_given_a_case_when_urged_then_whoever_holds_it_is_told_and_nothing_else_changes() -> None:
    story = verifying()
    clocks, steps = CLUE.clocks(story.state), known(story.state).dossier.steps
    story.when(DISPATCHER, c.Urge)
    assert told(story) == {("handler", "clue_urged")}
    assert (CLUE.clocks(story.state), known(story.state).dossier.steps) == (clocks, steps)


def test_given_people_of_the_overseen_department_then_they_settle_nothing_about_themselves() -> None:
    own = Actor(
        account="both", department="370102.market", region=REGION, roles=(Role.HANDLER, Role.SUPERVISOR, Role.HEAD)
    )
    story = verifying().when(SUPERVISOR, c.OrderOversight)
    assert refusal(story.when(own, c.WithdrawOversight)) == "own_order"
    story.when(own, c.AnswerOversight)
    assert refusal(story.when(own, c.AcceptOversightAnswer)) == "own_order"
    office = Actor(account="all", department="370102.12345", region=REGION, roles=(Role.DISPATCHER, Role.SUPERVISOR))
    story = registered().when(SUPERVISOR, c.OrderOversight).when(office, c.AnswerOversight)
    assert refusal(story.when(office, c.AcceptOversightAnswer)) == "own_order", "who answered never accepts"
    assert story.when(SUPERVISOR, c.AcceptOversightAnswer).refused is None


def test_given_an_order_to_the_office_when_the_case_moved_on_then_the_office_is_reminded_and_not_the_department() -> (
    None
):
    story = registered().after(days=8).when(DISPATCHER, c.Dispatch, department="370102.market").after(days=4)
    warned = [entry.event for entry in story.made if getattr(entry.event, "clock", "") == "oversight-2"]
    told = {effect.recipient for event in warned for effect in CLUE.consequences(event, story.state)}
    assert told
    assert not any("market" in recipient for recipient in told)


def test_given_a_category_corrected_to_and_fro_then_nobody_gets_a_deadline_anew() -> None:
    story = verifying().when(HANDLER, c.Correct, category="complaint")
    first = clock(story, "mediation")
    story.after(days=20).when(HANDLER, c.Correct, category="report")
    settled = next(one for one in CLUE.clocks(story.state) if one.clock.id == first.id)
    assert settled.outcome == "settled"
    story.after(days=1).when(HANDLER, c.Correct, category="complaint")
    assert clock(story, "mediation") == first


# Extensions -----------------------------------------------------------------------------------------------------------


def test_given_a_request_when_the_head_approves_then_the_clock_counts_on_and_says_why() -> None:
    story = verifying()
    assert clock(story).due_at == day("2026-03-24")
    story.when(HANDLER, c.RequestExtension, clock=clock(story).id, amount=10)
    assert told(story) == {("head@370102.market", "extension_requested")}
    assert clock(story).due_at == day("2026-03-24"), "a request alone gives no time"
    story.when(HEAD, c.ApproveExtension, clock=clock(story).id)
    assert isinstance(story.made[-1].event, ClockExtended)
    assert clock(story).due_at == day("2026-04-08"), "25 working days, 清明 off"
    assert any("延长10个工作日" in step.text for step in clock(story).steps)
    assert not known(story.state).dossier.extension_requests


def test_given_a_grade_that_was_used_then_the_law_knows_no_further_one() -> None:
    story = verifying()
    name = clock(story).id
    story.when(HANDLER, c.RequestExtension, clock=name, amount=15).when(HEAD, c.ApproveExtension, clock=name)
    assert refusal(story.when(HANDLER, c.RequestExtension, clock=name, amount=1)) == "no_extension"


def test_given_two_grades_then_the_second_is_for_the_coordinating_body() -> None:
    story = registered().when(DISPATCHER, c.Dispatch, department="370102.urban").when(URBAN_ASSIGNER, c.SignFor)
    name, head = clock(story).id, actor("urban.head", Role.HEAD, "370102.urban")
    story.when(URBAN_ASSIGNER, c.RequestExtension, clock=name, amount=15).when(head, c.ApproveExtension, clock=name)
    story.when(URBAN_ASSIGNER, c.RequestExtension, clock=name, amount=5)
    assert told(story) == {("coordinator@370102.12345", "extension_requested")}
    assert refusal(story.when(head, c.ApproveExtension, clock=name)) == "wrong_approver"
    assert story.when(COORDINATOR, c.ApproveExtension, clock=name).refused is None
    assert [given.amount for given in clock(story).extended] == [15, 5]


@pytest.mark.parametrize(
    ("amount", "by", "code"),
    [(16, HANDLER, "extension_too_long"), (5, DISPATCHER, "wrong_department"), (5, HEAD, "wrong_role")],
)
def test_given_a_request_beyond_the_rule_or_by_the_wrong_person_then_refused(amount: int, by: Actor, code: str) -> None:
    story = verifying()
    assert refusal(story.when(by, c.RequestExtension, clock=clock(story).id, amount=amount)) == code


def test_given_an_overdue_clock_then_no_extension_unmisses_it() -> None:
    late = verifying()
    name = clock(late).id
    late.after(days=22)
    assert refusal(late.when(HANDLER, c.RequestExtension, clock=name, amount=5)) == "clock_expired"
    in_time = verifying().when(HANDLER, c.RequestExtension, clock=name, amount=5).after(days=22)
    assert refusal(in_time.when(HEAD, c.ApproveExtension, clock=name)) == "clock_expired"
    assert in_time.when(HEAD, c.RejectExtension, clock=name).refused is None


def test_given_a_head_who_asked_as_handler_then_somebody_else_must_approve() -> None:
    both = Actor(account="handler", department="370102.market", region=REGION, roles=(Role.HANDLER, Role.HEAD))
    story = verifying()
    story.when(both, c.RequestExtension, clock=clock(story).id, amount=5)
    assert refusal(story.when(both, c.ApproveExtension, clock=clock(story).id)) == "own_request"
    stand_in = HEAD.model_copy(update={"account": "deputy", "on_behalf_of": "handler"})
    assert refusal(story.when(stand_in, c.ApproveExtension, clock=clock(story).id)) == "own_request"


def test_given_a_head_of_another_body_who_may_coordinate_then_the_first_grade_is_not_theirs() -> None:
    elsewhere = Actor(account="x", department="370102.12345", region=REGION, roles=(Role.HEAD, Role.COORDINATOR))
    story = verifying()
    story.when(HANDLER, c.RequestExtension, clock=clock(story).id, amount=5)
    assert refusal(story.when(elsewhere, c.ApproveExtension, clock=clock(story).id)) == "wrong_approver"


def test_given_nobody_assigned_then_no_handler_has_it_in_hand() -> None:
    story = dispatched().when(ASSIGNER, c.SignFor)
    assert refusal(story.when(HANDLER, c.RequestExtension, clock=clock(story).id, amount=5)) == "wrong_handler"


def test_given_a_pending_request_when_the_clock_stops_then_nothing_is_left_to_decide() -> None:
    story = dispatched().when(ASSIGNER, c.SignFor)
    name = clock(story).id
    story.when(ASSIGNER, c.RequestExtension, clock=name, amount=5).when(ASSIGNER, c.Return)
    assert not known(story.state).dossier.extension_requests


# Time that does not count ---------------------------------------------------------------------------------------------


def test_given_testing_in_the_past_when_excluded_with_its_document_then_the_clock_moves_by_those_days() -> None:
    story = verifying().after(days=7)
    story.when(HEAD, c.ExcludeTime, since="2026-03-03T09:00:00+08:00", until="2026-03-06T10:00:00+08:00")
    assert isinstance(story.made[-1].event, ClockRecomputed)
    assert clock(story).due_at == day("2026-03-27"), "Wednesday, Thursday and Friday did not count"
    assert any("检测" in step.text for step in clock(story).steps)


def test_given_overlapping_pauses_then_the_same_days_are_left_out_once() -> None:
    story = verifying().after(days=1).when(HEAD, c.Suspend).after(days=3).when(HEAD, c.Resume)
    once = clock(story).due_at
    since = story.made[-1].occurred_at - timedelta(days=2)
    story.after(hours=1).when(
        HEAD, c.ExcludeTime, since=since.isoformat(), until=story.made[-1].occurred_at.isoformat()
    )
    assert story.refused is None
    assert clock(story).due_at == once


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"since": "2026-03-09T09:00:00+08:00", "until": "2026-03-30T09:00:00+08:00"}, "exclusion_out_of_time"),
        ({"since": "2026-03-06T09:00:00+08:00", "until": "2026-03-05T09:00:00+08:00"}, "exclusion_out_of_time"),
        ({"since": "2026-02-01T09:00:00+08:00", "until": "2026-03-05T09:00:00+08:00"}, "exclusion_out_of_time"),
        (
            {"ground": "hearing", "since": "2026-03-04T09:00:00+08:00", "until": "2026-03-05T09:00:00+08:00"},
            "nothing_excluded",
        ),
    ],
)
def test_given_a_stretch_or_a_ground_the_law_does_not_know_then_refused(body: dict[str, object], code: str) -> None:
    assert refusal(verifying().after(days=7).when(HEAD, c.ExcludeTime, **body)) == code


def test_given_an_overdue_clock_when_time_is_excluded_afterwards_then_refused() -> None:
    story = verifying().after(days=30)
    story.when(HEAD, c.ExcludeTime, since="2026-03-03T09:00:00+08:00", until="2026-03-06T10:00:00+08:00")
    assert refusal(story) == "nothing_excluded"


def test_given_a_ground_the_rule_of_a_clock_does_not_know_when_suspended_then_that_clock_runs_on() -> None:
    story = verifying().when(HEAD, c.Suspend, ground="party_unavailable")
    assert timed(story, "handling").paused is None, "SAM-02 knows testing and recognition only"
    story = verifying().when(SUPERVISOR, c.OrderOversight).when(HEAD, c.Suspend, ground="appraisal")
    assert timed(story, "handling").paused is not None
    assert timed(story, "oversight").paused is None, "an answer is owed all the same"
