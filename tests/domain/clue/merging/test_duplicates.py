"""A clue that reports what another already does is marked, and goes on."""

from __future__ import annotations

import pytest

from domain.clue import CLUE
from domain.clue.life import known
from domain.clue.merging.commands import MarkDuplicate
from domain.clue.merging.events import ClueMarkedDuplicate
from domain.people.actors import Actor
from domain.reading.timeline import Reading, said
from tests.domain.clue.random_lives import COORDINATOR
from tests.domain.clue.stories import (
    ASSIGNER,
    CLERK,
    DISPATCHER,
    HANDLER,
    HEAD,
    LINKED,
    Story,
    archived,
    registered,
    verifying,
)

ITSELF = "clue-" + "0" * 32
UNSEEN = "clue-" + "9" * 32


def refused(story: Story) -> str:
    """The code of the last refusal."""
    return story.refused.code if story.refused else ""


@pytest.mark.parametrize("by", [DISPATCHER, COORDINATOR, HANDLER], ids=lambda by: by.account)
def test_given_an_open_clue_when_marked_then_it_says_of_which_and_stands_where_it_stood(by: Actor) -> None:
    story = verifying()
    before, etag = known(story.state).stage, CLUE.summary(story.state).steps
    story.when(by, MarkDuplicate, of=LINKED)
    clue = known(story.state)
    assert (clue.dossier.duplicate_of, clue.stage, clue.dossier.steps) == (LINKED, before, etag)
    event = story.made[-1].event
    assert isinstance(event, ClueMarkedDuplicate)
    assert said("clue.marked_duplicate", event, Reading()) == f"标记为 {LINKED} 的重复件"
    assert event.reason in clue.dossier.texts


def test_given_a_mark_then_nobody_sets_a_second_one_and_nobody_is_offered_it() -> None:
    story = registered().when(DISPATCHER, MarkDuplicate, of=LINKED).when(DISPATCHER, MarkDuplicate, of=LINKED)
    assert refused(story) == "already_marked"
    offered = CLUE.permit(MarkDuplicate, story.state, DISPATCHER)
    assert offered is not None and offered.code == "already_marked"


@pytest.mark.parametrize(("of", "code"), [(ITSELF, "duplicate_of_itself"), (UNSEEN, "unknown_original")])
def test_given_itself_or_a_case_nobody_may_see_then_it_is_no_original(of: str, code: str) -> None:
    assert refused(registered().when(DISPATCHER, MarkDuplicate, of=of)) == code


@pytest.mark.parametrize("by", [CLERK, ASSIGNER, HEAD], ids=lambda by: by.account)
def test_given_others_then_they_may_not(by: Actor) -> None:
    assert refused(verifying().when(by, MarkDuplicate, of=LINKED)) == "wrong_role"


def test_given_a_closed_clue_then_it_is_too_late() -> None:
    assert refused(archived().when(DISPATCHER, MarkDuplicate, of=LINKED)) == "wrong_stage"
