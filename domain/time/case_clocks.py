"""Clocks in the life of a case: which run, what time has brought, and the events that say so.

The same for every kind of case. The events stand in the case's own stream, so a due date is part of the record with its
explanation, and an expiry has its place in the order of things. Nothing here reads a clock: `now` comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.people.actors import region_of
from domain.time.asked_for import Asked, Debtors, Wanted
from domain.time.calendar import Calendar, Calendars, day_of
from domain.time.clock import Clock, Mark, RungAt, exclude, extend, marks, retime, start_clock
from domain.time.clock_events import (
    ClockEscalated,
    ClockEvent,
    ClockExpired,
    ClockExtended,
    ClockPassedOver,
    ClockPaused,
    ClockRecomputed,
    ClockResumed,
    ClockRevived,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    Outcome,
)
from domain.time.counting import NEVER
from domain.time.rules import Circumstances, PauseGround, RulePack
from domain.time.steps import Excluded, Extended
from domain.value import Instant, Value

Turn = Literal["on", "handed_over", "corrected", "undone"]
"""What an event of the case means for its clocks: the case goes on; it was taken from who owed them; it is not what it
was taken for; a stop was a mistake."""


class Extending(Value):
    """More time for one clock."""

    clock: str
    granted: Extended


Amendment = Excluded | Extending
"""What an event of the case changes about clocks that run: time that does not count for whichever clock the ground
pauses, or more time for one."""


class Pause(Value):
    """Since when a clock does not count, and why."""

    since: Instant
    ground: PauseGround


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
    def level(self) -> int:
        """The highest rung of the ladder that was climbed; 0 before the first."""
        return max((mark for mark in self.reached if isinstance(mark, int)), default=0)

    @property
    def counting(self) -> bool:
        """Running and not paused: time can bring something."""
        return self.running and self.paused is None


class Alarm(Value):
    """The earliest instant something is due to happen by itself: the one timer of the case's process."""

    clock: str
    mark: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the clocks of a case after an event."""

    asked: Asked
    before: Callable[[], Asked]
    """What was asked before the event, looked up when something is to start: that is only what is newly asked for."""
    debtors: Debtors | None
    given: Circumstances
    turn: Turn
    resting: PauseGround | None
    """Why the case rests, if it does."""


Timed = tuple[TimedClock, ...]


def apply_clock_event(clocks: Timed, event: ClockEvent, occurred_at: datetime) -> Timed:
    """The clocks after one clock event."""
    match event:
        case ClockStarted(clock=clock):
            return (*clocks, TimedClock(clock=clock))
        case ClockStopped(clock=name, outcome=outcome):
            return _change(clocks, name, {"stopped_at": occurred_at, "outcome": outcome})
        case ClockWarned(clock=name, point=point):
            return _reach(clocks, name, "warned" if point == 1 else f"warned.{point}")
        case ClockExpired(clock=name):
            return _reach(clocks, name, "expired")
        case ClockEscalated(clock=name, rung=rung):
            return _reach(clocks, name, rung)
        case ClockPaused(clock=name, ground=ground):
            return _change(clocks, name, {"paused": Pause(since=occurred_at, ground=ground)})
        case ClockResumed(clock=clock):
            return _change(clocks, clock.id, {"clock": clock, "paused": None})
        case ClockExtended(clock=clock) | ClockRecomputed(clock=clock):
            return _change(clocks, clock.id, {"clock": clock})
        case ClockRevived(clock=name):
            return _change(clocks, name, {"stopped_at": None, "outcome": None})
        case ClockPassedOver(clock=name, marks=passed):
            return _reach(clocks, name, *passed)


Change = ClockStopped | ClockStarted | ClockPaused | ClockResumed | ClockRevived | ClockExtended | ClockRecomputed


def follow(clocks: Timed, demand: Demand, at: datetime, pack: RulePack, calendars: Calendars) -> tuple[Change, ...]:
    """Stop what is no longer asked for and start what newly is; pause and resume with the case.

    A clock that stops because the case was handed over before expiry is settled, not met. Only clocks whose rule knows
    the ground are paused.
    """
    lasting: list[TimedClock] = []
    stops: list[ClockStopped] = []
    for timed in clocks:
        if timed.running and _lasts(timed, demand, pack):
            lasting.append(timed)
        elif timed.running:
            stops.append(ClockStopped(clock=timed.clock.id, outcome=_outcome(timed, at, demand.turn)))
    turned = (change for timed in lasting for change in _rested(timed, demand.resting, at, calendars))
    kept = {_want(timed) for timed in lasting}
    missing = [want for want in demand.asked if want not in kept]
    revived = _revived(clocks, missing, lasting, demand.turn)
    before = demand.before() if missing else {}
    fresh = [want for want in missing if want not in before and want not in revived]
    started = _started(fresh, clocks, demand, at, pack, calendars)
    return (*stops, *turned, *(ClockRevived(clock=name) for name in revived.values()), *started)


def amended(clocks: Timed, amendment: Amendment, at: datetime, calendars: Calendars) -> tuple[Change, ...]:
    """The clocks that an event gives more time."""
    if isinstance(amendment, Extending):
        timed = named(clocks, amendment.clock)
        calendar = _calendar_of(timed.clock, calendars)
        return (ClockExtended(clock=extend(timed.clock, amendment.granted, timed.reached, calendar, at)),)
    return tuple(
        ClockRecomputed(
            clock=exclude(timed.clock, amendment, timed.reached, _calendar_of(timed.clock, calendars), at),
            cause="excluded",
        )
        for timed in clocks
        if timed.running
        and "expired" not in timed.reached
        and amendment.ground in timed.clock.terms.pauses
        and amendment.until > timed.clock.started_at
    )


def recalculated(clocks: Timed, at: datetime, calendars: Calendars) -> tuple[ClockRecomputed, ...]:
    """The clocks that were provisional and that the calendars now in force settle, or move.

    What is paused is computed anyway when it counts on.
    """
    provisional = [timed for timed in clocks if timed.counting and _is_provisional(timed.clock)]
    anew = (
        (timed.clock, retime(timed.clock, timed.reached, _calendar_of(timed.clock, calendars), at))
        for timed in provisional
    )
    return tuple(ClockRecomputed(clock=new, cause="calendar") for old, new in anew if _instants(new) != _instants(old))


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
    name, _, point = alarm.mark.partition(".")
    if name == "warned":
        return ClockWarned(clock=alarm.clock, point=int(point or 1))
    if alarm.mark == "expired":
        return ClockExpired(clock=alarm.clock)
    rung = rung_at(clocks, alarm)
    return ClockEscalated(clock=alarm.clock, rung=rung.number, to=rung.to)


def rung_at(clocks: Timed, alarm: Alarm) -> RungAt:
    """The rung an alarm climbs."""
    clock = named(clocks, alarm.clock).clock
    return next(rung for rung in clock.rungs if str(rung.number) == alarm.mark)


def clock_of(event: ClockEvent, clocks: Timed) -> Clock:
    """The clock an event is about, as the event carries it or as it stands."""
    return named(clocks, event.clock).clock if isinstance(event.clock, str) else event.clock


def named(clocks: Timed, name: str) -> TimedClock:
    """The clock with this id."""
    return next(timed for timed in clocks if timed.clock.id == name)


def _want(timed: TimedClock) -> Wanted:
    clock = timed.clock
    return Wanted(kind=clock.kind, owed_by=clock.owed_by, about=clock.about, until=clock.until)


def _lasts(timed: TimedClock, demand: Demand, pack: RulePack) -> bool:
    """Whether a running clock goes on. One of a kind this pack has no row of keeps running for whoever owes it: that
    another pack is in force now takes nobody's deadline away."""
    if timed.clock.kind in pack.kinds:
        return _want(timed) in demand.asked
    return demand.debtors is not None and timed.clock.owed_by in demand.debtors.everyone


def _rested(
    timed: TimedClock, resting: PauseGround | None, at: datetime, calendars: Calendars
) -> Iterator[ClockPaused | ClockResumed]:
    """A clock rests with its case when its rule knows the ground, and counts on when the case does."""
    if timed.paused is None and resting in timed.clock.terms.pauses and resting is not None:
        yield ClockPaused(clock=timed.clock.id, ground=resting)
    elif timed.paused is not None and resting is None:
        stretch = Excluded(since=timed.paused.since, until=at, ground=timed.paused.ground)
        calendar = _calendar_of(timed.clock, calendars)
        yield ClockResumed(clock=exclude(timed.clock, stretch, timed.reached, calendar, at))


def _started(
    fresh: Sequence[Wanted], clocks: Timed, demand: Demand, at: datetime, pack: RulePack, calendars: Calendars
) -> Iterator[ClockStarted | ClockPaused]:
    """A clock for each want by the row that is open and in force; one that starts while the case rests is paused."""
    number = len(clocks)
    for want in fresh:
        rule = pack.rule_for(want.kind, day_of(at), want.owed_by, demand.given, demand.asked[want])
        if rule is None:
            continue
        number += 1
        clock = start_clock(
            id=f"{want.kind}-{number}",
            rule=rule,
            pack=pack,
            calendar=calendars.of(region_of(want.owed_by)),
            started_at=at,
            owed_by=want.owed_by,
            about=want.about,
            until=want.until,
        )
        yield ClockStarted(clock=clock)
        if demand.resting is not None and demand.resting in clock.terms.pauses:
            yield ClockPaused(clock=clock.id, ground=demand.resting)


def _calendar_of(clock: Clock, calendars: Calendars) -> Calendar:
    return calendars.of(region_of(clock.owed_by))


def _instants(clock: Clock) -> tuple[object, ...]:
    """What a reader sees of a clock's times, and how sure they are."""
    return clock.warn_points, clock.due_at, clock.breach_at, clock.rungs, clock.provisional


def _is_provisional(clock: Clock) -> bool:
    return clock.provisional or any(rung.provisional for rung in clock.rungs)


def _revived(clocks: Timed, missing: Sequence[Wanted], lasting: Sequence[TimedClock], turn: Turn) -> dict[Wanted, str]:
    """The clocks that go on where they stopped: after a mistake, and when a correction is corrected while the
    department still has the case, so that correcting to and fro gives nobody a deadline anew."""
    if turn not in ("corrected", "undone"):
        return {}
    since = min((timed.clock.started_at for timed in lasting), default=NEVER) if turn == "corrected" else None
    found = {}
    for want in missing:
        for timed in reversed(clocks):
            if _want(timed) == want and (since is None or timed.clock.started_at >= since):
                found[want] = timed.clock.id
                break
    return found


def _outcome(timed: TimedClock, at: datetime, turn: Turn) -> Outcome:
    counted_until = timed.paused.since if timed.paused else at
    if "expired" in timed.reached or timed.clock.overdue(counted_until):
        return "missed"
    return "settled" if turn in ("handed_over", "corrected") else "met"


def _reach(clocks: Timed, name: str, *passed: Mark) -> Timed:
    return _change(clocks, name, {"reached": (*named(clocks, name).reached, *passed)})


def _change(clocks: Timed, name: str, update: dict[str, object]) -> Timed:
    return tuple(timed.model_copy(update=update) if timed.clock.id == name else timed for timed in clocks)
