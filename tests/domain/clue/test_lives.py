"""What is true of every clue at every moment of every life: no case without a clock, no clock that acts early or twice.

The lives are random (`random_lives`); all that is asked is asked of each event, in the order they were recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from domain.clue import CLUE
from domain.clue.life import Archived, Clue, Dispatched, Known, Registered, Unregistered, known, responsible_of
from domain.record.decider import Happened, fold
from domain.record.registry import REGISTRY
from domain.time.case_clocks import TimedClock, named
from domain.time.clock import Clock, marks
from domain.time.clock_events import (
    ClockEscalated,
    ClockExpired,
    ClockExtended,
    ClockRevived,
    ClockStarted,
    ClockStopped,
    ClockWarned,
)
from domain.time.rules import EVERY_CASE
from tests.domain.clue import steps as c
from tests.domain.clue.random_lives import Life
from tests.domain.clue.stories import HANDLER, HEAD, PACK, SUPERVISOR, verifying

LIVES = 200
STEPS = 40
RULES = {rule.id: rule for rule in PACK.rules}


@dataclass(frozen=True)
class Moment:
    """One event with the clue before and after it."""

    before: Clue
    happened: Happened
    after: Clue

    @property
    def event(self) -> Any:
        return self.happened.event

    def clock(self, name: str) -> TimedClock:
        """A clock as it stood before."""
        return named(CLUE.clocks(self.before), name)


@lru_cache(maxsize=1)
def lives() -> tuple[Life, ...]:
    """Lives lived to the end, checked after each step."""
    return tuple(_lived(seed) for seed in range(LIVES))


def _lived(seed: int) -> Life:
    life = Life(seed)
    for _ in range(STEPS):
        life.step()
        _hold_now(life, seed)
    return life


def _hold_now(life: Life, seed: int) -> None:
    """What is true whenever nothing is under way."""
    clue = known(life.state)
    running = [timed for timed in clue.dossier.clocks if timed.running]
    kinds = Counter(timed.clock.kind for timed in running)
    assert responsible_of(clue), seed
    assert bool(running) is not isinstance(clue, Archived), (seed, clue.stage)
    if not isinstance(clue, Archived):
        assert sum(kinds[kind] for kind in EVERY_CASE if kind != "oversight") == 1, (seed, clue.stage, kinds)
    asked = sorted(order.order for order in clue.dossier.orders if order.status == "open")
    assert sorted(timed.clock.about or "" for timed in running if timed.clock.kind == "oversight") == asked, seed
    ground = clue.dossier.suspension.ground if clue.dossier.suspension else None
    revived = {happened.event.clock for happened in life.made if isinstance(happened.event, ClockRevived)}
    for timed in running:
        assert (timed.paused is not None) is (ground in timed.clock.terms.pauses), (seed, timed.clock.id)
        assert timed.clock.owed_by in (responsible_of(clue), *clue.dossier.departments, clue.dossier.office), seed
        if timed.counting and timed.clock.id not in revived:
            assert all(at >= life.now for at, mark in marks(timed.clock) if mark not in timed.reached), seed


def moments() -> Iterator[Moment]:
    """Every event of every life."""
    for life in lives():
        clue: Clue = CLUE.initial()
        for happened in life.made:
            after = CLUE.evolve(clue, happened)
            yield Moment(clue, happened, after)
            clue = after


def brought(moment: Moment) -> tuple[str, str | int] | None:
    """The clock and the mark, when time brought it."""
    match moment.event:
        case ClockWarned(clock=clock, point=point):
            return clock, "warned" if point == 1 else f"warned.{point}"
        case ClockExpired(clock=clock):
            return clock, "expired"
        case ClockEscalated(clock=clock, rung=rung):
            return clock, rung
        case _:
            return None


def test_given_random_lives_when_lived_then_each_moment_has_its_clock_and_they_get_everywhere() -> None:
    assert {moment.after.stage for moment in moments()} == set(CLUE.stages) - {Unregistered.stage}
    happened = {type(moment.event).__name__ for moment in moments()}
    missing = {row.cls.__name__ for row in REGISTRY.rows if row.name.startswith(("clue.", "clock."))} - happened
    assert missing == {"ClueNumbered", "ClockPassedOver"}


def test_given_any_event_then_the_responsible_department_can_be_named() -> None:
    for moment in moments():
        assert isinstance(moment.after, Known)
        assert responsible_of(moment.after)
        if isinstance(moment.after, Registered):
            assert responsible_of(moment.after) == moment.after.dossier.office
        if isinstance(moment.after, Dispatched):
            assert responsible_of(moment.after) in moment.after.dossier.departments


def test_given_any_started_or_stopped_clock_then_its_rule_names_the_event_that_did_it() -> None:
    """So the rows in domain/time/rules are honest about when their clocks begin and end."""
    started, stopped = set(), set()
    for life in lives():
        clocks: dict[str, Clock] = {}
        for happened in life.made:
            event = happened.event
            if isinstance(event, ClockStarted):
                clocks[event.clock.id] = event.clock
                started.add((event.clock.rule, _cause(life.made, happened)))
            if isinstance(event, ClockStopped):
                stopped.add((clocks[event.clock].rule, _cause(life.made, happened)))
    assert {(rule, event) for rule, event in started if event not in RULES[rule].starts} == set()
    assert {(rule, event) for rule, event in stopped if event not in RULES[rule].stops} == set()


def _cause(made: list[Happened], happened: Happened) -> str:
    assert happened.cause is not None
    return REGISTRY.row_of(type(made[happened.cause].event)).name


def test_given_any_mark_then_it_comes_once_in_its_order_never_early_and_never_while_the_clock_rests() -> None:
    for life in lives():
        seen: dict[str, list[str | int]] = {}
        clue: Clue = CLUE.initial()
        for happened in life.made:
            moment = Moment(clue, happened, clue := CLUE.evolve(clue, happened))
            if (mark := brought(moment)) is None:
                continue
            timed = moment.clock(mark[0])
            assert timed.counting
            assert {name: at for at, name in marks(timed.clock)}[mark[1]] == happened.occurred_at
            assert timed.clock.started_at <= happened.occurred_at <= life.now
            assert happened.basis is not None
            assert happened.basis.rule == timed.clock.rule
            seen.setdefault(mark[0], []).append(mark[1])
        for reached in seen.values():
            assert len(set(reached)) == len(reached)
            rungs = [mark for mark in reached if isinstance(mark, int)]
            assert rungs == list(range(1, len(rungs) + 1))
            assert not rungs or "expired" in reached
            assert reached == [mark for mark in reached if isinstance(mark, str)] + rungs


def test_given_any_extension_then_its_clock_was_not_overdue() -> None:
    extended = [moment for moment in moments() if isinstance(moment.event, ClockExtended)]
    assert extended
    for moment in extended:
        assert "expired" not in moment.clock(moment.event.clock.id).reached


def test_given_an_overdue_clock_when_an_extension_is_asked_for_or_granted_then_it_is_refused() -> None:
    story = verifying()
    name = next(timed.clock.id for timed in CLUE.clocks(story.state) if timed.running)
    story.when(HANDLER, c.RequestExtension, clock=name, amount=5).after(days=60)
    story.when(HEAD, c.ApproveExtension, clock=name)
    assert story.refused is not None
    assert story.refused.code == "clock_expired"
    story.when(HEAD, c.RejectExtension, clock=name).when(HANDLER, c.RequestExtension, clock=name, amount=5)
    assert story.refused.code == "clock_expired"


def test_given_an_order_with_a_date_when_its_answer_is_rejected_after_it_then_time_runs_anew_by_the_rule() -> None:
    story = verifying().when(SUPERVISOR, c.OrderOversight, answer_by="2026-03-06")
    story.after(days=2).when(HANDLER, c.AnswerOversight)
    story.after(days=10).when(SUPERVISOR, c.RejectOversightAnswer)
    anew = [timed for timed in CLUE.clocks(story.state) if timed.clock.kind == "oversight"][-1].clock
    assert anew.started_at == story.now < anew.due_at
    assert anew.until is None


def test_given_any_stopped_clock_then_it_is_missed_exactly_when_its_time_was_over() -> None:
    outcomes = Counter[str]()
    for moment in moments():
        if isinstance(moment.event, ClockStopped):
            outcomes[moment.event.outcome] += 1
            timed = moment.clock(moment.event.clock)
            counted_until = timed.paused.since if timed.paused else moment.happened.occurred_at
            over = "expired" in timed.reached or timed.clock.breach_at <= counted_until
            assert over is (moment.event.outcome == "missed")
    assert set(outcomes) == {"met", "missed", "settled"}


def test_given_any_life_when_folded_then_the_same_state_comes_back() -> None:
    for life in lives():
        assert fold(CLUE, life.made) == life.state
