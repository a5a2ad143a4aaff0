"""Deadline rows say which events start and stop their clocks; the life of a clue does exactly that, on every path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clue import CLUE
from domain.people.actors import Actor
from domain.record.decider import Facts, Happened
from domain.record.registry import REGISTRY
from domain.time.clock_events import ClockStarted, ClockStopped
from domain.time.rules import Rule, load_pack
from tests.domain.clue import steps as c
from tests.domain.clue.stories import ASSIGNER, CLERK, DISPATCHER, HANDLER, HEAD, MARKET, SUPERVISOR, Story

PACK = load_pack("shandong")
"""The national rows and those of one province, so that what callers were promised runs, too."""
RULES = {rule.id: rule for rule in PACK.rules}

PEOPLE: dict[str, Actor] = {
    **dict.fromkeys(("answer", "send_back", "dispatch", "withdraw_dispatch"), DISPATCHER),
    **dict.fromkeys(("sign_for", "return", "assign", "reassign", "archive"), ASSIGNER),
    **dict.fromkeys(("approve_disposition", "reject_disposition", "suspend", "resume"), HEAD),
    **dict.fromkeys(("reopen", "undo_completion"), SUPERVISOR),
    "correct": CLERK,
}
BODIES: dict[str, dict[str, object]] = {
    "dispatch": {"department": MARKET},
    "assign": {"handler": "handler"},
    "reassign": {"handler": "handler"},
    "record_findings": {"evidence": []},
}
STRAIGHT = (
    "dispatch",
    "sign_for",
    "assign",
    "take_up",
    "open_verification",
    "record_findings",
    "conclude",
    "propose_disposition",
    "approve_disposition",
    "feed_back",
    "complete",
    "archive",
)
ASIDE = (
    "answer",
    "send_back",
    "return",
    "withdraw_dispatch",
    "decline",
    "reject_disposition",
    "suspend",
    "resume",
    "reopen",
    "undo_completion",
    "correct",
)


class Provincial(Story):
    """A clue's life under the rows of the province."""

    def _facts(self, by: Actor) -> Facts:
        return super()._facts(by).model_copy(update={"pack": PACK})


def lived(category: str, steps: list[tuple[str, int]]) -> Provincial:
    """A clue of that category through these steps, each after so many hours; what a rule refuses changes nothing.

    A correction makes a complaint of a report, or a report of a complaint.
    """
    story = Provincial()
    bodies: dict[str, dict[str, object]] = {
        **BODIES,
        "correct": {"category": "report" if category == "complaint" else "complaint"},
    }
    story.when(CLERK, c.Register, received_at="2026-03-02T11:00:00+08:00", category=category)
    for slug, hours in steps:
        story.after(hours=hours).when(PEOPLE.get(slug, HANDLER), CLUE.commands[slug], **bodies.get(slug, {}))
    return story


def name_of(event: Any) -> str:
    return REGISTRY.row_of(type(event)).name


def crossed(made: list[Happened]) -> Iterator[tuple[Rule, str, str]]:
    """Of every clock that started or stopped: its row, which of both, and the event that brought it about."""
    rules: dict[str, Rule] = {}
    for entry in made:
        cause = name_of(made[entry.cause].event) if entry.cause is not None else ""
        if isinstance(entry.event, ClockStarted):
            rules[entry.event.clock.id] = RULES[entry.event.clock.rule]
            yield rules[entry.event.clock.id], "starts", cause
        elif isinstance(entry.event, ClockStopped):
            yield rules[entry.event.clock], "stops", cause


@pytest.mark.parametrize("category", ["complaint", "report"])
def test_given_the_straight_path_then_every_row_a_clue_asks_for_is_started_and_stopped_by_its_own_events(
    category: str,
) -> None:
    story = lived(category, [(slug, 1) for slug in STRAIGHT])
    found = {(rule.kind, edge) for rule, edge, _ in crossed(story.made)}
    kinds = {"dispatch", "sign_for", "handling", "feedback", "archive", "answer"}
    assert found == {
        (kind, edge)
        for kind in kinds | ({"acceptance", "mediation"} if category == "complaint" else set())
        for edge in ("starts", "stops")
    }


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["complaint", "report"]),
    st.lists(st.tuples(st.sampled_from((*STRAIGHT, *ASIDE)), st.integers(0, 40)), max_size=6),
    st.integers(0, len(STRAIGHT)),
    st.lists(st.tuples(st.sampled_from((*STRAIGHT, *ASIDE)), st.integers(0, 300)), max_size=12),
)
def test_given_any_path_then_clocks_start_and_stop_only_with_the_events_their_rows_name(
    category: str, before: list[tuple[str, int]], straight: int, after: list[tuple[str, int]]
) -> None:
    story = lived(category, [*before, *((slug, 1) for slug in STRAIGHT[:straight]), *after])
    for rule, edge, cause in crossed(story.made):
        assert cause in getattr(rule, edge), f"{rule.id} {edge} with {cause}"
