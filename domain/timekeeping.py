"""Clocks in the life of a case: which run, what time has brought, and the events that say so.

The same for every kind of case. The events stand in the case's own stream, so a due date is part of the record with its
explanation, and an expiry has its place in the order of things. Nothing here reads a clock: `now` comes in.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from domain.calendar import Calendar
from domain.clocks import Clock, Mark, RungAt, marks, start_clock
from domain.rules import ClockKind, RulePack
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


class ClockEscalated(Value):
    """A rung of the escalation ladder was climbed; `to` says who is told."""

    clock: str
    rung: int
    to: str


ClockEvent = ClockStarted | ClockStopped | ClockWarned | ClockExpired | ClockEscalated


class TimedClock(Value):
    """A clock with what has happened to it."""

    clock: Clock
    reached: tuple[Mark, ...] = ()
    stopped_at: Instant | None = None
    outcome: Outcome | None = None

    @property
    def running(self) -> bool:
        return self.stopped_at is None


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


def follow(
    clocks: Timed, wanted: Iterable[Wanted], at: datetime, pack: RulePack, calendar: Calendar, *, handed_over: bool
) -> tuple[ClockStopped | ClockStarted, ...]:
    """Stop what the new state no longer asks for and start what it newly does.

    A clock that stops because the case was handed over before expiry is settled, not met.
    """
    asked = tuple(wanted)
    stops = tuple(
        ClockStopped(clock=timed.clock.id, outcome=_outcome(timed.clock, at, handed_over))
        for timed in clocks
        if timed.running and _want(timed) not in asked
    )
    running = {_want(timed) for timed in clocks if timed.running}
    return (
        *stops,
        *(
            ClockStarted(clock=_start(want, clocks, index, at, pack, calendar))
            for index, want in enumerate(want for want in asked if want not in running)
        ),
    )


def earliest(clocks: Timed) -> Alarm | None:
    """The next unreached instant of any running clock; ties go to the clock started first."""
    pending = [
        (instant, index, mark, timed.clock.id)
        for index, timed in enumerate(clocks)
        if timed.running
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


def _start(want: Wanted, clocks: Timed, index: int, at: datetime, pack: RulePack, calendar: Calendar) -> Clock:
    rule = pack.rule_for(want.kind, at.astimezone(SHANGHAI).date(), want.owed_by)
    name = f"{want.kind}-{len(clocks) + index + 1}"
    return start_clock(id=name, rule=rule, pack=pack, calendar=calendar, started_at=at, owed_by=want.owed_by)


def _outcome(clock: Clock, at: datetime, handed_over: bool) -> Outcome:
    if at >= clock.breach_at:
        return "missed"
    return "settled" if handed_over else "met"


def _reach(clocks: Timed, name: str, mark: Mark) -> Timed:
    return _change(clocks, name, {"reached": (*named(clocks, name).reached, mark)})


def _change(clocks: Timed, name: str, update: dict[str, object]) -> Timed:
    return tuple(timed.model_copy(update=update) if timed.clock.id == name else timed for timed in clocks)
