"""Who answered for a case, since when and until when: what the table of departments counts. Pure.

A *holding* is a stretch in which one department, or the dispatching office, answered for a case. It follows from the
events of the case alone and goes by business time:

* It begins when the case is registered, dispatched, given back, or reopened, and ends when the case goes to somebody
  else or is completed (办结). Archiving is paperwork: nobody holds a completed case.
* A *round* begins with the registration and with each reopening. Real time (`real`) runs from the first dispatch of
  the round, whoever got it, until the answer to the sender: signing late, or giving back, does not make it shorter.
* Time that lawfully did not count (中止, 不计入期限) is told beside each duration, so that net figures can leave it out
  (尽职免责). It is what the clock that asked for the case's next step did not count: a pause on a ground its rule does
  not know is none.

Durations are whole seconds, rounded down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

from domain.time.clock_events import ClockPaused, ClockRecomputed, ClockResumed, ClockStopped
from domain.time.counting import Stretch, merged
from domain.time.rules import ClockKind, PauseGround

Ended = Literal["dispatched", "withdrawn", "returned", "completed"]
"""How a holding ended: the office gave the case away, took it back before anybody signed, the department gave it back
(or time did), or it was completed."""

WAITS_ON: Final[tuple[PauseGround, ...]] = ("appraisal", "other_authority")
"""Grounds of a pause on which a department waits for others: for a test or appraisal, for another authority."""

_OF_THE_STAGE: Final[tuple[ClockKind, ...]] = ("dispatch", "sign_for", "handling", "feedback")
"""The clocks that ask for the next step of the case itself; others run beside them."""


@dataclass(frozen=True, slots=True)
class Lasted:
    """How long something took, and how much of that was a lawful pause; seconds."""

    gross: int
    paused: int

    @property
    def net(self) -> int:
        """What is held against a department."""
        return self.gross - self.paused


@dataclass(frozen=True, slots=True)
class Holding:
    """One holding of a case. `number` counts from 1 within the case; what has not happened (yet) is None."""

    number: int
    department: str
    region: str
    channel: str
    category: str
    held_from: datetime
    held_to: datetime | None
    ended: Ended | None
    ground: str | None
    """Why it was given back."""
    first_dispatched_at: datetime | None
    """The first dispatch of the round, perhaps to somebody else."""
    signed_at: datetime | None
    fed_back_at: datetime | None
    paused_ground: str | None
    """Why the case rests now; only of the holding that lasts."""
    handed_back_by: str | None
    """Who gave the case back last while nobody has signed for it since; only of the holding that lasts, and never its
    own department."""
    signing: Lasted | None
    """From the dispatch until it was signed for."""
    handling: Lasted | None
    """From signing until the answer to the sender."""
    real: Lasted | None
    """From the first dispatch of the round until the answer to the sender."""
    held: Lasted | None
    """The whole holding, once it ended."""
    altogether: Lasted | None
    """All holdings of the case by this department, told once: by the last of them, when that has ended."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that a clock of the case did not count."""

    clock: str
    since: datetime
    until: datetime | None
    ground: PauseGround


@dataclass(frozen=True, slots=True)
class _Turn:
    """A holding as events tell it."""

    department: str
    since: datetime
    first_dispatched_at: datetime | None
    until: datetime | None = None
    ended: Ended | None = None
    ground: str | None = None
    signed_at: datetime | None = None
    fed_back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the events of a case tell of its holdings so far."""

    office: str
    region: str
    channel: str
    category: str
    turns: tuple[_Turn, ...]
    first_dispatched_at: datetime | None = None
    handed_back_by: str | None = None
    pauses: tuple[Pause, ...] = ()


class Told(Protocol):
    """An event with its business time, as far as the ledger asks (`domain.record.decider.Happened`)."""

    @property
    def event(self) -> Any: ...
    @property
    def occurred_at(self) -> datetime: ...


Hold = Callable[[Ledger | None, Any, datetime], Ledger | None]
"""What an event of a noun means for who holds the case, with its business time; the same ledger where it means nothing.
None: nobody holds it (yet)."""


def nobody_holds(ledger: Ledger | None, _event: Any, _at: datetime) -> Ledger | None:
    """For nouns that are handed to nobody."""
    return ledger


def follow(hold: Hold, ledger: Ledger | None, happened: Iterable[Told]) -> Ledger | None:
    """The ledger after some more events; the same object when nothing in it changed."""
    for one in happened:
        counted = _COUNTED.get(type(one.event))
        if counted is None:
            ledger = hold(ledger, one.event, one.occurred_at)
        elif ledger is not None:
            ledger = counted(ledger, one.event, one.occurred_at)
    return ledger


def begun(department: str, region: str, channel: str, category: str, at: datetime) -> Ledger:
    """The ledger of a case that its dispatching office holds from its first event on."""
    return Ledger(department, region, channel, category, turns=(_Turn(department, at, None),))


def begun_again(ledger: Ledger, department: str | None, at: datetime) -> Ledger:
    """A new round: given straight to a department, or back at the office."""
    first = at if department is not None else None
    turn = _Turn(department or ledger.office, at, first)
    return replace(ledger, turns=(*ledger.turns, turn), first_dispatched_at=first, handed_back_by=None)


def holdings_of(ledger: Ledger | None) -> tuple[Holding, ...]:
    """The holdings, in order."""
    return tuple(_holding(ledger, number) for number in range(1, len(ledger.turns) + 1)) if ledger else ()


def changed(before: Ledger | None, after: Ledger | None) -> tuple[Holding, ...]:
    """The holdings that are new or not as they were."""
    if before is after:
        return ()
    known = frozenset(holdings_of(before))
    return tuple(holding for holding in holdings_of(after) if holding not in known)


def _paused(ledger: Ledger, event: ClockPaused, at: datetime) -> Ledger:
    if not event.clock.startswith(_PREFIXES):
        return ledger
    return replace(ledger, pauses=(*ledger.pauses, Pause(event.clock, at, None, event.ground)))


def _stopped(ledger: Ledger, event: ClockStopped, at: datetime) -> Ledger:
    """A pause ends with its clock."""
    if not any(pause.clock == event.clock and pause.until is None for pause in ledger.pauses):
        return ledger
    return replace(
        ledger,
        pauses=tuple(
            replace(pause, until=at) if pause.clock == event.clock and pause.until is None else pause
            for pause in ledger.pauses
        ),
    )


def _counted_anew(ledger: Ledger, event: ClockResumed | ClockRecomputed, _at: datetime) -> Ledger:
    """A clock that counts on, or anew, brings all stretches it did not count; no earlier time can be among them."""
    clock = event.clock
    if clock.kind not in _OF_THE_STAGE:
        return ledger
    rests = isinstance(event, ClockRecomputed)
    kept = (pause for pause in ledger.pauses if pause.clock != clock.id or (rests and pause.until is None))
    told = (
        Pause(clock.id, max(stretch.since, clock.started_at), stretch.until, stretch.ground)
        for stretch in clock.excluded
        if stretch.until > clock.started_at
    )
    return replace(ledger, pauses=(*told, *kept))


_PREFIXES = tuple(f"{kind}-" for kind in _OF_THE_STAGE)


_COUNTED: Mapping[type, Callable[[Ledger, Any, datetime], Ledger]] = {
    ClockPaused: _paused,
    ClockStopped: _stopped,
    ClockResumed: _counted_anew,
    ClockRecomputed: _counted_anew,
}
"""What clock events mean for the time that counts; the same for every noun."""


def hand_over(ledger: Ledger, to: str, at: datetime, ended: Ended, ground: str | None = None) -> Ledger:
    """The case goes to somebody else."""
    closed = last_turn(ledger, until=at, ended=ended, ground=ground)
    return replace(closed, turns=(*closed.turns, _Turn(to, at, ledger.first_dispatched_at)))


def last_turn(ledger: Ledger, **changes: Any) -> Ledger:
    """The holding that lasts, or lasted longest, changed."""
    return replace(ledger, turns=(*ledger.turns[:-1], replace(ledger.turns[-1], **changes)))


def _holding(ledger: Ledger, number: int) -> Holding:
    turn, pauses = ledger.turns[number - 1], ledger.pauses
    lasts = turn.until is None
    resting = next((pause.ground for pause in pauses if lasts and pause.until is None), None)
    waits = ledger.handed_back_by if lasts and ledger.handed_back_by != turn.department else None
    return Holding(
        number=number,
        department=turn.department,
        region=ledger.region,
        channel=ledger.channel,
        category=ledger.category,
        held_from=turn.since,
        held_to=turn.until,
        ended=turn.ended,
        ground=turn.ground,
        first_dispatched_at=turn.first_dispatched_at,
        signed_at=turn.signed_at,
        fed_back_at=turn.fed_back_at,
        paused_ground=resting,
        handed_back_by=waits,
        signing=_lasted(pauses, turn.since, turn.signed_at),
        handling=_lasted(pauses, turn.signed_at, turn.fed_back_at),
        real=_lasted(pauses, turn.first_dispatched_at, turn.fed_back_at),
        held=_lasted(pauses, turn.since, turn.until),
        altogether=_altogether(ledger, number),
    )


def _altogether(ledger: Ledger, number: int) -> Lasted | None:
    department = ledger.turns[number - 1].department
    if any(turn.department == department for turn in ledger.turns[number:]):
        return None
    own = [_lasted(ledger.pauses, turn.since, turn.until) for turn in ledger.turns if turn.department == department]
    ended = [lasted for lasted in own if lasted is not None]
    if len(ended) < len(own):
        return None
    return Lasted(gross=sum(each.gross for each in ended), paused=sum(each.paused for each in ended))


def _lasted(pauses: Iterable[Pause], since: datetime | None, until: datetime | None) -> Lasted | None:
    if since is None or until is None:
        return None
    gross = max(timedelta(), until - since)  # a step told later may have been taken before its forerunner was recorded
    return Lasted(gross=gross // _SECOND, paused=_rested(pauses, since, until) // _SECOND)


_SECOND = timedelta(seconds=1)


def _rested(pauses: Iterable[Pause], since: datetime, until: datetime) -> timedelta:
    """How much of [since, until) did not count."""
    cut = (Stretch(max(pause.since, since), min(pause.until or until, until)) for pause in pauses)
    rested = merged(stretch for stretch in cut if stretch.since < stretch.until)
    return sum((stretch.until - stretch.since for stretch in rested), timedelta())
