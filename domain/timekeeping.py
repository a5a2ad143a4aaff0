"""Clocks in the life of a case: which run, what time has brought, and the events that say so.

The same for every kind of case. The events stand in the case's own stream, so a due date is part of the record with its
explanation, and an expiry has its place in the order of things. Nothing here reads a clock: `now` comes in.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from domain.calendar import Calendar
from domain.clocks import Clock, Mark, RungAt, marks, resume_clock, start_clock
from domain.rules import ClockKind, DayType, Rule, RulePack
from domain.value import SHANGHAI, Instant, Value

Outcome = Literal["met", "missed", "settled"]
"""How a clock ended: in time, too late, or taken away by a hand-over before it expired."""


class ClockStarted(Value):
    """A deadline began to run. The clock carries rule, certainty, all instants and the explanation."""

    clock: Clock


class ClockStopped(Value):
    """A deadline ended."""

    clock: str
    outcome: Outcome


class ClockWarned(Value):
    """The warn point passed while the clock ran (yellow)."""

    clock: str


class ClockExpired(Value):
    """The deadline was breached (red)."""

    clock: str


class ClockPaused(Value):
    """A running deadline stopped counting for a lawful ground (中止). `day` says how its rest will be counted."""

    clock: str
    day: DayType


class ClockResumed(Value):
    """The deadline counts on (恢复); the clock carries its new instants and says how they came about."""

    clock: Clock


class ClockRevived(Value):
    """The stop was a mistake: the deadline runs on as if it had never stopped."""

    clock: str


class ClockPassedOver(Value):
    """Marks that came while another system kept the time of a migrated case: nobody was told of them here."""

    clock: str
    marks: tuple[Mark, ...]


class ClockEscalated(Value):
    """A rung of the escalation ladder was climbed; `to` says who is told."""

    clock: str
    rung: int
    to: str


ClockEvent = (
    ClockStarted
    | ClockStopped
    | ClockWarned
    | ClockExpired
    | ClockEscalated
    | ClockPaused
    | ClockResumed
    | ClockRevived
    | ClockPassedOver
)
Turn = Literal["on", "handed_over", "undone", "paused"]
"""What an event of the case means for its clocks: the case goes on; it was taken from who owed them; a stop was a
mistake; it rests for a lawful ground."""


class Pause(Value):
    """Since when a clock does not count, and how its rest will be counted."""

    since: Instant
    day: DayType


class TimedClock(Value):
    """A clock with what has happened to it."""

    clock: Clock
    reached: tuple[Mark, ...] = ()
    paused: Pause | None = None
    stopped_at: Instant | None = None
    outcome: Outcome | None = None

    @property
    def running(self) -> bool:
        """Not ended; a paused clock runs too, it only does not count."""
        return self.stopped_at is None

    @property
    def counting(self) -> bool:
        """Running and not paused: time can bring something."""
        return self.running and self.paused is None


class Alarm(Value):
    """The earliest instant something is due to happen by itself: the one timer of the case's process."""

    clock: str
    mark: str
    at: Instant


class Wanted(Value):
    """A clock a state asks for: its kind and the department that owes it."""

    kind: ClockKind
    owed_by: str


Timed = tuple[TimedClock, ...]


def apply_clock_event(clocks: Timed, event: ClockEvent, occurred_at: datetime) -> Timed:
    """The clocks after one clock event."""
    match event:
        case ClockStarted(clock=clock):
            return (*clocks, TimedClock(clock=clock))
        case ClockStopped(clock=name, outcome=outcome):
            return _change(clocks, name, {"stopped_at": occurred_at, "outcome": outcome})
        case ClockWarned(clock=name):
            return _reach(clocks, name, "warned")
        case ClockExpired(clock=name):
            return _reach(clocks, name, "expired")
        case ClockEscalated(clock=name, rung=rung):
            return _reach(clocks, name, rung)
        case ClockPaused(clock=name, day=day):
            return _change(clocks, name, {"paused": Pause(since=occurred_at, day=day)})
        case ClockResumed(clock=clock):
            return _change(clocks, clock.id, {"clock": clock, "paused": None})
        case ClockRevived(clock=name):
            return _change(clocks, name, {"stopped_at": None, "outcome": None})
        case ClockPassedOver(clock=name, marks=passed):
            return _reach(clocks, name, *passed)


Change = ClockStopped | ClockStarted | ClockPaused | ClockResumed | ClockRevived


def follow(
    clocks: Timed, wanted: Iterable[Wanted], at: datetime, pack: RulePack, calendar: Calendar, *, turn: Turn
) -> tuple[Change, ...]:
    """Stop what the new state no longer asks for and start what it newly does; pause and resume with the case.

    A clock that stops because the case was handed over before expiry is settled, not met.
    """
    if turn == "paused":
        return tuple(
            ClockPaused(clock=timed.clock.id, day=_rule_of(timed.clock, pack).length.day)
            for timed in clocks
            if timed.counting
        )
    asked = tuple(wanted)
    stops = tuple(
        ClockStopped(clock=timed.clock.id, outcome=_outcome(timed, at, turn))
        for timed in clocks
        if timed.running and _want(timed) not in asked
    )
    resumed = tuple(
        ClockResumed(clock=resume_clock(timed.clock, timed.paused.day, timed.paused.since, at, timed.reached, calendar))
        for timed in clocks
        if timed.paused and timed.running and _want(timed) in asked
    )
    running = {_want(timed) for timed in clocks if timed.running}
    missing = [want for want in asked if want not in running]
    revived = tuple(_last_of(clocks, want) for want in missing) if turn == "undone" else ()
    if revived:
        return (*stops, *resumed, *(ClockRevived(clock=name) for name in revived))
    started = tuple(
        ClockStarted(clock=_start(want, clocks, index, at, pack, calendar)) for index, want in enumerate(missing)
    )
    return (*stops, *resumed, *started)


def passed_over(clocks: Timed, now: datetime) -> tuple[ClockPassedOver, ...]:
    """The marks of running clocks that lie before `now` and were never reached here."""
    found = (
        (timed.clock.id, tuple(mark for at, mark in marks(timed.clock) if at <= now and mark not in timed.reached))
        for timed in clocks
        if timed.counting
    )
    return tuple(ClockPassedOver(clock=name, marks=passed) for name, passed in found if passed)


def earliest(clocks: Timed) -> Alarm | None:
    """The next unreached instant of any running clock; ties go to the clock started first."""
    pending = [
        (instant, index, mark, timed.clock.id)
        for index, timed in enumerate(clocks)
        if timed.counting
        for instant, mark in marks(timed.clock)
        if mark not in timed.reached
    ]
    if not pending:
        return None
    instant, _, mark, name = min(pending, key=lambda entry: (entry[0], entry[1]))
    return Alarm(clock=name, mark=str(mark), at=instant)


def reached(clocks: Timed, alarm: Alarm) -> ClockWarned | ClockExpired | ClockEscalated:
    """The event of one alarm going off."""
    if alarm.mark == "warned":
        return ClockWarned(clock=alarm.clock)
    if alarm.mark == "expired":
        return ClockExpired(clock=alarm.clock)
    rung = rung_at(clocks, alarm)
    return ClockEscalated(clock=alarm.clock, rung=rung.number, to=rung.to)


def rung_at(clocks: Timed, alarm: Alarm) -> RungAt:
    """The rung an alarm climbs."""
    clock = named(clocks, alarm.clock).clock
    return next(rung for rung in clock.rungs if str(rung.number) == alarm.mark)


def named(clocks: Timed, name: str) -> TimedClock:
    """The clock with this id."""
    return next(timed for timed in clocks if timed.clock.id == name)


def _want(timed: TimedClock) -> Wanted:
    return Wanted(kind=timed.clock.kind, owed_by=timed.clock.owed_by)


def _rule_of(clock: Clock, pack: RulePack) -> Rule:
    """The row the clock started under: rows are dated, so it still is the one of that day."""
    return pack.rule_for(clock.kind, clock.started_at.astimezone(SHANGHAI).date(), clock.owed_by)


def _start(want: Wanted, clocks: Timed, index: int, at: datetime, pack: RulePack, calendar: Calendar) -> Clock:
    rule = pack.rule_for(want.kind, at.astimezone(SHANGHAI).date(), want.owed_by)
    name = f"{want.kind}-{len(clocks) + index + 1}"
    return start_clock(id=name, rule=rule, pack=pack, calendar=calendar, started_at=at, owed_by=want.owed_by)


def _last_of(clocks: Timed, want: Wanted) -> str:
    """The clock of that kind that was stopped last."""
    return next(timed.clock.id for timed in reversed(clocks) if _want(timed) == want)


def _outcome(timed: TimedClock, at: datetime, turn: Turn) -> Outcome:
    counted_until = timed.paused.since if timed.paused else at
    if counted_until >= timed.clock.breach_at:
        return "missed"
    return "settled" if turn == "handed_over" else "met"


def _reach(clocks: Timed, name: str, *passed: Mark) -> Timed:
    return _change(clocks, name, {"reached": (*named(clocks, name).reached, *passed)})


def _change(clocks: Timed, name: str, update: dict[str, object]) -> Timed:
    return tuple(timed.model_copy(update=update) if timed.clock.id == name else timed for timed in clocks)
