"""What commands make of a clue."""

from __future__ import annotations

from typing import Any

import pytest

from domain.clue import CLUE
from domain.clue.life import Archived, Assigned, Completed, Dispatched, Registered, Verified, known
from tests.domain.clue import steps as c
from tests.domain.clue.stories import (
    ASSIGNER,
    CLERK,
    DISPATCHER,
    HANDLER,
    HEAD,
    SECURITY,
    SUPERVISOR,
    URBAN_ASSIGNER,
    Story,
    actor,
    archived,
    dispatched,
    proposed,
    registered,
    verifying,
)


def test_given_nothing_when_each_step_is_taken_in_order_then_the_clue_ends_archived() -> None:
    story = archived()
    assert story.refused is None
    assert isinstance(story.state, Archived)
    assert story.names == [
        "ClueRegistered",
        "ClueDispatched",
        "ClueSignedFor",
        "ClueAssigned",
        "ClueTakenUp",
        "ClueVerificationOpened",
        "ClueFindingsRecorded",
        "ClueVerificationConcluded",
        "ClueDispositionProposed",
        "ClueDispositionApproved",
        "ClueFedBack",
        "ClueCompleted",
        "ClueArchived",
    ]


def test_given_a_consultation_when_answered_then_completed_by_the_dispatching_office() -> None:
    story = registered().when(DISPATCHER, c.Answer).when(DISPATCHER, c.Archive)
    assert isinstance(story.state, Archived)
    assert story.state.ending == "answered"
    assert story.state.department is None


def test_given_no_clue_when_sent_back_then_completed_with_that_ending() -> None:
    story = registered().when(DISPATCHER, c.SendBack)
    assert isinstance(story.state, Completed)
    assert story.state.ending == "sent_back"


def test_given_a_dispatch_when_the_department_returns_it_then_it_awaits_dispatch_and_the_return_is_counted() -> None:
    story = dispatched().when(ASSIGNER, c.Return)
    assert isinstance(story.state, Registered)
    assert story.state.dossier.returns == 1
    again = story.when(DISPATCHER, c.Dispatch, department="370102.urban")
    assert isinstance(again.state, Dispatched)
    assert again.state.dossier.departments == ("370102.market", "370102.urban")


def test_given_a_rejected_proposal_when_told_then_the_handler_proposes_again() -> None:
    story = proposed().when(HEAD, c.RejectDisposition)
    assert isinstance(story.state, Verified)
    assert story.when(HANDLER, c.ProposeDisposition, measure="file_case").refused is None


def test_given_an_archived_clue_when_reopened_then_the_same_department_must_sign_for_it_again() -> None:
    story = archived().when(SUPERVISOR, c.Reopen)
    assert isinstance(story.state, Dispatched)
    assert story.state.department == "370102.market"
    assert story.state.dossier.reopenings == 1


def test_given_an_answered_clue_when_reopened_then_it_awaits_dispatch() -> None:
    assert isinstance(registered().when(DISPATCHER, c.Answer).when(DISPATCHER, c.Reopen).state, Registered)


def test_given_an_assigned_clue_when_assigned_to_the_same_handler_then_nothing_changes() -> None:
    story = dispatched().when(ASSIGNER, c.SignFor).when(ASSIGNER, c.Assign, handler="handler")
    before = len(story.made)
    assert story.when(ASSIGNER, c.Assign, handler="handler").refused is None
    assert len(story.made) == before


def test_given_an_assigned_clue_when_reassigned_then_the_new_handler_holds_it() -> None:
    story = dispatched().when(ASSIGNER, c.SignFor).when(ASSIGNER, c.Assign, handler="handler")
    story.when(ASSIGNER, c.Assign, handler="second")
    assert isinstance(story.state, Assigned)
    assert story.state.handler == "second"


@pytest.mark.parametrize(
    ("story", "by", "shape", "body", "code"),
    [
        (Story, HANDLER, c.Register, {}, "wrong_role"),
        (Story, CLERK, c.Register, {"region": "370202"}, "wrong_region"),
        (Story, CLERK, c.Register, {"received_at": "2027-01-01T00:00:00Z"}, "received_in_future"),
        (registered, CLERK, c.Register, {}, "already_registered"),
        (registered, DISPATCHER, c.Dispatch, {"department": "370102.nobody"}, "unknown_department"),
        (registered, DISPATCHER, c.Dispatch, {"department": "370103.market"}, "department_out_of_region"),
        (registered, ASSIGNER, c.SignFor, {}, "wrong_stage"),
        (dispatched, URBAN_ASSIGNER, c.SignFor, {}, "wrong_department"),
        (dispatched, HANDLER, c.SignFor, {}, "wrong_role"),
        (verifying, ASSIGNER, c.Return, {}, "wrong_stage"),
        (verifying, HANDLER, c.Conclude, {}, "no_findings"),
        (
            verifying,
            HANDLER,
            c.RecordFindings,
            {"evidence": [{"digest": "cd" * 32, "name": "x"}]},
            "unknown_evidence",
        ),
        (proposed, HANDLER, c.ApproveDisposition, {}, "wrong_role"),
        (archived, HANDLER, c.FeedBack, {}, "wrong_stage"),
        (archived, HANDLER, c.Reopen, {}, "wrong_role"),
        (archived, SECURITY, c.EraseText, {}, "unknown_text"),
        (registered, DISPATCHER, c.Elapse, {}, "wrong_role"),
    ],
)
def test_given_a_rule_when_a_command_breaks_it_then_it_is_refused_by_name_and_nothing_happens(
    story: Any, by: Any, shape: Any, body: dict[str, Any], code: str
) -> None:
    told = story()
    before = len(told.made)
    refused = told.when(by, shape, **body).refused
    assert refused is not None
    assert refused.code == code
    assert len(told.made) == before


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        ("nobody", "unknown_handler"),
        ("gone", "unknown_handler"),
        ("urban.handler", "handler_of_other_department"),
    ],
)
def test_given_a_signed_clue_when_assigned_to_the_wrong_person_then_refused(handler: str, code: str) -> None:
    story = dispatched().when(ASSIGNER, c.SignFor).when(ASSIGNER, c.Assign, handler=handler)
    assert story.refused is not None
    assert story.refused.code == code


def test_given_another_handler_of_the_department_when_he_takes_it_up_then_refused() -> None:
    from domain.people.actors import Role

    story = dispatched().when(ASSIGNER, c.SignFor).when(ASSIGNER, c.Assign, handler="handler")
    story.when(actor("second", Role.HANDLER, "370102.market"), c.TakeUp)
    assert story.refused is not None
    assert story.refused.code == "wrong_handler"


def test_given_a_substitute_named_for_the_handler_when_acting_then_allowed() -> None:
    story = dispatched().when(ASSIGNER, c.SignFor).when(ASSIGNER, c.Assign, handler="handler")
    substitute = HANDLER.model_copy(update={"account": "second", "on_behalf_of": "handler"})
    assert story.when(substitute, c.TakeUp).refused is None


def test_given_texts_when_erased_twice_then_the_second_time_changes_nothing() -> None:
    story = archived()
    ref = str(known(story.state).dossier.body.ref)
    story.when(SECURITY, c.EraseText, texts=[ref])
    assert story.names[-1] == "ClueTextErased"
    before = len(story.made)
    story.when(SECURITY, c.EraseText, texts=[ref, ref])
    assert story.refused is None
    assert len(story.made) == before


def test_given_every_command_then_its_example_fits_its_own_schema() -> None:
    from tests.domain.clue.stories import command

    for shape in CLUE.commands.values():
        assert command(shape).slug == shape.slug
