"""The shape every kind of case has, and how its events are made: decide, let time catch up, follow with clocks.

`Decider` bundles the pure functions of one noun. `advance` and `lapse` are the only ways new events come about, so
order, clocks and legal basis are the same for every noun. Nothing here does I/O or reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from domain.actors import Actor
from domain.calendar import Calendar
from domain.clocks import RungAt
from domain.errors import Refused
from domain.rules import RulePack
from domain.timekeeping import Alarm, ClockEvent, ClockStarted, Timed, Wanted, earliest, follow, named, reached, rung_at
from domain.value import Instant, Value
from domain.vault import Sealed


class Command(Value):
    """Something asked of a case. `slug` names it in URLs, `example` is shown to callers and run by the tests."""

    slug: ClassVar[str]
    example: ClassVar[Mapping[str, object]]


class OfficerFact(Value):
    """What the directory says of an account at the moment of the decision."""

    account: str
    department: str
    region: str
    roles: tuple[str, ...]
    active: bool


class Facts(Value):
    """What a decision may rest on besides the case itself, loaded in the transaction and frozen."""

    now: Instant
    actor: Actor
    stream: str
    pack: RulePack
    calendar: Calendar
    departments: Mapping[str, str] = {}
    """Known departments among those asked for: code to region."""
    officers: Mapping[str, OfficerFact] = {}
    evidence: tuple[str, ...] = ()
    """Digests among those asked for that the evidence store holds."""


class Needs(Value):
    """Which facts a command asks for."""

    departments: tuple[str, ...] = ()
    officers: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


class Basis(Value):
    """The rule an event rests on, and the version of the pack that held it."""

    rule: str
    pack: str


class Effect(Value):
    """Something to do once because of an event. `recipient` is a department role or an account, never a name."""

    kind: str
    recipient: str
    subject: str
    params: Mapping[str, str] = {}


class Summary(Value):
    """The case row: what lists and the process need to know, all derivable from the record."""

    kind: str
    stage: str
    region: str
    channel: str
    category: str
    external_id: str | None
    lead: str | None
    responsible: str
    handler: str | None
    departments: tuple[str, ...]
    returns: int
    reopenings: int
    steps: int
    registered_at: Instant
    closed: bool
    """Archived: no process runs."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with its business time. `by_time`: the system actor recorded it because an instant had come."""

    event: Any
    occurred_at: datetime
    basis: Basis | None = None
    by_time: bool = False
    cause: int | None = None
    """Index, within the same append, of the event that brought this one about."""


S = TypeVar("S")


@dataclass(frozen=True)
class Decider(Generic[S]):
    """The pure functions of one kind of case."""

    kind: str
    commands: Mapping[str, type[Command]]
    initial: Callable[[], S]
    name_stream: Callable[[Any, Actor, str], str]
    """The stream a command that opens a case gets, from the command, the actor and the idempotency key."""
    needs: Callable[[Any], Needs]
    permit: Callable[[type[Command], S, Actor], Refused | None]
    decide: Callable[[Any, S, Facts], tuple[Any, ...] | Refused]
    evolve: Callable[[S, Happened], S]
    consequences: Callable[[Any, S], tuple[Effect, ...]]
    wanted: Callable[[S], tuple[Wanted, ...]]
    clocks: Callable[[S], Timed]
    climbed: Callable[[S, RungAt], tuple[Any, ...]]
    """What a rung that acts (beyond telling somebody) makes happen."""
    handed_over: Callable[[Any], bool]
    """Whether an event takes the case away from who owed the running clocks."""
    summary: Callable[[S], Summary]
    texts: Callable[[Any], tuple[Sealed, ...]]
    """The vault texts an event brought into the case."""
    erased: Callable[[Any], tuple[Sealed, ...]]
    """The vault texts an event erases."""


def fold(decider: Decider[S], happened: list[Happened]) -> S:
    """The state after these events."""
    state = decider.initial()
    for entry in happened:
        state = decider.evolve(state, entry)
    return state


def advance(
    decider: Decider[S],
    state: S,
    events: tuple[Any, ...],
    facts: Facts,
    made: list[Happened],
    *,
    by: Basis | None = None,
) -> S:
    """Apply events at `facts.now`, each followed by the clocks it stops and starts; all of it is added to `made`."""
    for event in events:
        state = _take(decider, state, Happened(event, facts.now, basis=by, by_time=by is not None), made)
        cause = len(made) - 1
        handed_over = decider.handed_over(event)
        for change in follow(
            decider.clocks(state), decider.wanted(state), facts.now, facts.pack, facts.calendar, handed_over=handed_over
        ):
            basis = _basis_of(decider.clocks(state), change)
            state = _take(decider, state, Happened(change, facts.now, basis=basis, cause=cause), made)
    return state


def lapse(decider: Decider[S], state: S, facts: Facts, made: list[Happened]) -> S:
    """Record every expiry and rung already due at `facts.now`, in order, as the system.

    A mark happened at its instant; what a rung *does* happens now, so its new clocks run from now and one lapse never
    climbs two ladders of a case nobody could yet see.
    """
    while (alarm := earliest(decider.clocks(state))) is not None and alarm.at <= facts.now:
        clocks = decider.clocks(state)
        event = reached(clocks, alarm)
        basis = _basis_of(clocks, event)
        state = _take(decider, state, Happened(event, alarm.at, basis=basis, by_time=True), made)
        if alarm.mark.isdigit():
            state = advance(decider, state, decider.climbed(state, rung_at(clocks, alarm)), facts, made, by=basis)
    return state


def next_alarm(decider: Decider[S], state: S) -> Alarm | None:
    """The earliest instant at which something happens by itself."""
    return earliest(decider.clocks(state))


def _take(decider: Decider[S], state: S, entry: Happened, made: list[Happened]) -> S:
    made.append(entry)
    return decider.evolve(state, entry)


def _basis_of(clocks: Timed, event: ClockEvent) -> Basis:
    clock = event.clock if isinstance(event, ClockStarted) else named(clocks, event.clock).clock
    return Basis(rule=clock.rule, pack=clock.pack)


class EffectRef(Value):
    """An effect waiting to be done, as the process knows it: id and kind, nothing else."""

    id: UUID
    kind: str
