"""The shape every kind of case has, and how its events are made: decide, let time catch up, follow with clocks.

`Decider` bundles the pure functions of one noun. `advance` and `lapse` are the only ways new events come about, so
order, clocks and legal basis are the same for every noun. Nothing here does I/O or reads a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from uuid import UUID

from domain.errors import Refused
from domain.lists.responsibility import Hold, nobody_holds
from domain.people.actors import SYSTEM, Actor, Role
from domain.record.entry import Entry, Placed, case_of
from domain.record.vault import Sealed
from domain.time.asked_for import Asked, Debtors, asked_for
from domain.time.calendar import Calendars
from domain.time.case_clocks import (
    Alarm,
    Amendment,
    Change,
    Demand,
    Timed,
    Turn,
    amended,
    clock_of,
    earliest,
    follow,
    passed_over,
    reached,
    rung_at,
)
from domain.time.clock import Clock, RungAt
from domain.time.clock_events import ClockEvent
from domain.time.oversight import OversightOrder
from domain.time.rules import NO_CIRCUMSTANCES, Circumstances, PauseGround, RulePack
from domain.time.rules.seen import NOTHING_SEEN, Seen
from domain.value import Instant, Value

if TYPE_CHECKING:
    from domain.record.chapter import Happens, Step


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
    calendars: Calendars
    departments: Mapping[str, str] = {}
    """Known departments among those asked for: code to region."""
    officers: Mapping[str, OfficerFact] = {}
    evidence: tuple[str, ...] = ()
    """Digests among those asked for that the evidence store holds."""
    cases: tuple[str, ...] = ()
    """Streams among those asked for that exist and lie in the actor's scope."""
    holders: Mapping[Role, tuple[str, ...]] = {}
    """Of each role asked for, the accounts that can log in and have it now without end."""
    others: Mapping[str, Any] = {}
    """The states of those streams asked for that exist and that the actor may know; nobody else writes to them now."""


class Needs(Value):
    """Which facts a command asks for."""

    departments: tuple[str, ...] = ()
    officers: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    holders: tuple[Role, ...] = ()
    streams: tuple[str, ...] = ()
    """Other streams the decision rests on or writes to, of any noun."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Events for another stream, decided together with one's own."""

    stream: str
    events: tuple[Any, ...]


def elsewhere(stream: str, *events: Any) -> Elsewhere:
    """In a decision: these events go to another stream, one that was asked for (`Needs.streams`) or a new one.

    A personal text belongs to one of the streams only.
    """
    return Elsewhere(stream, events)


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
    body: Mapping[str, Any] | None = None
    """What is asked of another stream: stands in the record only, and holds no personal text."""

    @property
    def name(self) -> str:
        """What tells it from other effects of the same event for the same recipient."""
        return self.kind if self.body is None else f"{self.kind}:{self.subject}"


ASK = "ask"
"""The kind of an effect that gives a command to another stream."""


def asked(stream: str, slug: str, **body: Any) -> Effect:
    """Later, this command is given to another stream as the system; what its noun answers is the effect's outcome.

    `stream`: an existing one, or only the kind of a noun, of which the command then opens one. The body is JSON.
    """
    return Effect(kind=ASK, recipient=stream, subject=slug, body=body)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with its business time and who brought it about (the system: time itself)."""

    event: Any
    occurred_at: datetime
    basis: Basis | None = None
    actor: Actor = SYSTEM
    cause: int | None = None
    """Index, within the same append, of the event that brought this one about."""
    migrated: bool = False
    """Recorded later from another system, with its original time."""


@dataclass(frozen=True)
class Series:
    """A row of case numbers without gaps: what stands before the serial."""

    region: str
    office: str
    year: int

    @property
    def name(self) -> str:
        """`370102-12345-2026`."""
        return f"{self.region}-{self.office}-{self.year}"

    def number(self, serial: int) -> str:
        """The case number of the serial, which counts from 1."""
        return f"{self.name}-{serial:06d}"


S = TypeVar("S")


@dataclass(frozen=True)
class Decider(Generic[S]):
    """The pure functions of one noun. What has a default is only of use to cases with clocks and a process."""

    kind: str
    commands: Mapping[str, type[Command]]
    initial: Callable[[], S]
    name_stream: Callable[[Any, Actor, str], str]
    """The stream a command that opens one gets, from the command, the actor and the idempotency key."""
    permit: Callable[[type[Command], S, Actor], Refused | None]
    decide: Callable[[Any, S, Facts], tuple[Any, ...] | Refused]
    """The events a command makes, and those it makes `elsewhere`."""
    evolve: Callable[[S, Happened], S]
    summary: Callable[[S], Entry]
    admits: Callable[[S, Actor], bool]
    """Whether the actor may know that the stream exists."""
    needs: Callable[[Any], Needs] = lambda _command: Needs()
    texts: Callable[[Any], tuple[Sealed, ...]] = lambda _event: ()
    """The vault texts an event brought in."""
    erased: Callable[[Any], tuple[Sealed, ...]] = lambda _event: ()
    """The vault texts an event erases."""
    consequences: Callable[[Any, S], tuple[Effect, ...]] = lambda _event, _state: ()
    seen: Callable[[S], Seen] = lambda _state: NOTHING_SEEN
    """What has happened to the case, for the rows that ask whether a clock of theirs has started and not stopped."""
    debtors: Callable[[S], Debtors | None] = lambda _state: None
    """Who owes its clocks now; None when nothing is owed."""
    clocks: Callable[[S], Timed] = lambda _state: ()
    orders: Callable[[S], tuple[OversightOrder, ...]] = lambda _state: ()
    """The oversight orders of a case."""
    climbed: Callable[[S, RungAt, Clock], tuple[Any, ...]] = lambda _state, _rung, _clock: ()
    """What a rung that acts (beyond telling somebody) makes happen."""
    circumstances: Callable[[S], Circumstances] = lambda _state: NO_CIRCUMSTANCES
    """What deadline rules may ask of the case."""
    turn: Callable[[Any], Turn] = lambda _event: "on"
    """What an event means for the clocks that run."""
    resting: Callable[[S], PauseGround | None] = lambda _state: None
    """Why the case rests, if it does."""
    amends: Callable[[Any], Amendment | None] = lambda _event: None
    """The time an event gives to clocks that run."""
    series: Callable[[Any, Actor, datetime], Series | None] = lambda _event, _actor, _at: None
    """The series an event takes a case number from."""
    numbered: Callable[[str], Any] | None = None
    """The event that gives the number."""
    hold: Hold = nobody_holds
    """What an event means for who holds the case."""
    title: str = ""
    """What the noun is called."""
    stages: Mapping[str, str] = field(default_factory=dict)
    """What its stages are called."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What the fields of its events and states are called."""
    steps: Mapping[type[Command], Step[Any, Any]] = field(default_factory=dict)
    """The rows of its commands."""
    events: tuple[Happens[Any, Any], ...] = ()
    """The rows of its events; those of clocks are shared by all (`domain.time.chapter`)."""
    process: bool = True
    """Whether a long-running process follows the stream."""

    def stage_title(self, stage: str) -> str:
        """What a stage is called; its name when a newer release added it."""
        return self.stages.get(stage, stage)

    def field_title(self, name: str) -> str:
        """What a field is called; its name when nobody said."""
        return self.fields.get(name, name)

    def command_title(self, slug: str) -> str:
        """What a command is called; its slug when this build does not know it."""
        command = self.commands.get(slug)
        return self.steps[command].title if command else slug


def fold(decider: Decider[S], happened: list[Happened]) -> S:
    """The state after these events."""
    state = decider.initial()
    for entry in happened:
        state = decider.evolve(state, entry)
    return state


def placed(decider: Decider[S], state: S, entry: Entry) -> Placed:
    """What lists of clocks ask of the stream, as far as its noun says. `entry`: its row."""
    case, given = case_of(entry), decider.circumstances(state)
    return Placed(region=case.region if case else "", channel=given.channel or "", category=given.category or "")


def advance(
    decider: Decider[S],
    state: S,
    events: tuple[Any, ...],
    facts: Facts,
    made: list[Happened],
    *,
    by: Basis | None = None,
    migrated: bool = False,
) -> S:
    """Apply events at `facts.now`, each followed by the clocks it stops and starts; all of it is added to `made`.

    `by`: a rule did it when its time had come, nobody in person.
    """
    actor = SYSTEM if by else facts.actor
    for event in events:
        before = state
        basis = by or (_basis_of(decider.clocks(state), event) if isinstance(event, ClockEvent) else None)
        state = _take(decider, state, Happened(event, facts.now, basis, actor, migrated=migrated), made)
        cause = len(made) - 1
        for change in _changes(decider, before, event, state, facts):
            basis = _basis_of(decider.clocks(state), change)
            state = _take(decider, state, Happened(change, facts.now, basis, actor, cause, migrated), made)
    return state


def _changes(decider: Decider[S], before: S, event: Any, state: S, facts: Facts) -> tuple[Change, ...]:
    """What an event does to the clocks."""
    clocks, amendment = decider.clocks(state), decider.amends(event)
    demand = Demand(
        asked=_asked(decider, state, facts.pack),
        before=lambda: _asked(decider, before, facts.pack),
        debtors=decider.debtors(state),
        given=decider.circumstances(state),
        turn=decider.turn(event),
        resting=decider.resting(state),
    )
    changed = amended(clocks, amendment, facts.now, facts.calendars) if amendment is not None else ()
    return (*changed, *follow(clocks, demand, facts.now, facts.pack, facts.calendars))


def _asked(decider: Decider[S], state: S, pack: RulePack) -> Asked:
    """The clocks that a state is asked for."""
    debtors = decider.debtors(state)
    return asked_for(pack, decider.seen(state), debtors, decider.circumstances(state)) if debtors else {}


def lapse(decider: Decider[S], state: S, facts: Facts, made: list[Happened]) -> S:
    """Record every expiry and rung already due at `facts.now`, in order, as the system.

    A mark happened at its instant; what a rung *does* happens now, so its new clocks run from now and one lapse never
    climbs two ladders of a case nobody could yet see.
    """
    while (alarm := earliest(decider.clocks(state))) is not None and alarm.at <= facts.now:
        clocks = decider.clocks(state)
        event = reached(clocks, alarm)
        basis = _basis_of(clocks, event)
        state = _take(decider, state, Happened(event, alarm.at, basis), made)
        if alarm.mark.isdigit():
            climbed = decider.climbed(state, rung_at(clocks, alarm), clock_of(event, clocks))
            state = advance(decider, state, climbed, facts, made, by=basis)
    return state


def settle_clocks(decider: Decider[S], state: S, now: datetime, made: list[Happened]) -> S:
    """Pass over every mark that lies before `now` in a migrated case: it came while another system kept the time.

    The due instants stand, so a late case is shown as late; nobody is told of what is long past.
    """
    for change in passed_over(decider.clocks(state), now):
        basis = _basis_of(decider.clocks(state), change)
        state = _take(decider, state, Happened(change, now, basis, migrated=True), made)
    return state


def next_alarm(decider: Decider[S], state: S) -> Alarm | None:
    """The earliest instant at which something happens by itself."""
    return earliest(decider.clocks(state))


def _take(decider: Decider[S], state: S, entry: Happened, made: list[Happened]) -> S:
    made.append(entry)
    return decider.evolve(state, entry)


def _basis_of(clocks: Timed, event: ClockEvent) -> Basis:
    clock = clock_of(event, clocks)
    return Basis(rule=clock.rule, pack=clock.pack)


class EffectRef(Value):
    """An effect waiting to be done, as the process knows it: id and kind, nothing else."""

    id: UUID
    kind: str
