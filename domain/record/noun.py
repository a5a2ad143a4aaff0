"""How a noun says itself: chapters of rows, from which its `Decider` is built.

A row ties a command to its decision and to the stages it is open in, an event to what it makes of the state. There is
no row without its function; two rows for one command or event fail at import. Everything else that must be known of a
command or event (who may, what it is called, whom it tells) stands in its row and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from domain.errors import Refused
from domain.lists.responsibility import Ledger
from domain.people.actors import ROLE_NAMES, Actor, Role
from domain.record.chapter import NOT_SUSPENDED, SUSPENDED, WRONG_ROLE, WRONG_STAGE, Chapter, Decided, Happens, Step
from domain.record.decider import Command, Decider, Effect, Facts, Happened, Needs
from domain.record.entry import Entry
from domain.record.registry import REGISTRY
from domain.record.vault import Sealed
from domain.time.case_clocks import Amendment, Turn
from domain.time.clock_events import CLOCK_EVENTS, ClockEvent
from domain.time.clock_titles import CLOCK_FIELDS
from domain.time.rules import PauseGround
from domain.value import Value

REGISTRY.enlist(CLOCK_EVENTS)


class ImpossibleHistory(Exception):
    """An event that cannot follow this state: the record or the code is wrong, and guessing would hide it."""


N = TypeVar("N")


_COMMON_FIELDS = {
    "stage": "环节",
    "steps": "办理步数",
    "at": "时间",
    "by": "人员",
    "reason": "理由",
    "responsible": "责任部门",
}

Clocked = Callable[[Any, ClockEvent, datetime], Any]
"""The state after one of its clocks moved."""


@dataclass(frozen=True)
class _Rows(Generic[N]):
    """The rows of a noun, found by what they are about."""

    steps: Mapping[type[Command], Step[Any, Any]]
    events: Mapping[type, Happens[Any, Any]]
    misplaced: Callable[[type[Command], N], Refused]
    resting: Callable[[N], PauseGround | None]
    gather: Callable[[N, Happened, Happens[Any, Any]], N] | None
    ticks: Clocked | None
    tells_time: Callable[[ClockEvent, N], tuple[Effect, ...]] | None
    first: frozenset[type]

    def permit(self, command: type[Command], state: N, actor: Actor) -> Refused | None:
        """Why this actor may not take this step now, whatever its body says; None when it is worth trying."""
        step = self.steps[command]
        return self._barred(step, state, actor) or _closed(step, state, actor)

    def decide(self, command: Command, state: N, facts: Facts) -> Decided:
        """The events that follow, in order. A reason the body gives is more precise than the guard's: it comes first,
        and a repeat stays a repeat."""
        step = self.steps[type(command)]
        barred = self._barred(step, state, facts.actor)
        if barred is not None:
            return barred
        decided = step.decide(command, state, facts)
        if isinstance(decided, Refused) or not decided:
            return decided
        return _closed(step, state, facts.actor) or decided

    def _barred(self, step: Step[Any, Any], state: N, actor: Actor) -> Refused | None:
        """The role comes before the stage: it is the firmer reason."""
        return (
            _unfit(step, state, actor)
            or self._off_stage(step, state)
            or _unrelated(step, state, actor)
            or self._at_rest(step, state)
        )

    def _off_stage(self, step: Step[Any, Any], state: N) -> Refused | None:
        if isinstance(state, step.on):
            return None
        return self.misplaced(step.command, state) if step.otherwise is WRONG_STAGE else step.otherwise()

    def _at_rest(self, step: Step[Any, Any], state: N) -> Refused | None:
        rests = self.resting(state) is not None
        if rests and step.at_rest == "never":
            return SUSPENDED()
        return NOT_SUSPENDED() if not rests and step.at_rest == "only" else None

    def evolve(self, state: N, happened: Happened) -> N:
        """The state after one more event. Raises `ImpossibleHistory` when it cannot follow."""
        event = happened.event
        if self.ticks and isinstance(event, ClockEvent):
            ticked: N = self.ticks(state, event, happened.occurred_at)
            return ticked
        row = self.events.get(type(event))
        if row is None or not isinstance(state, row.on):
            raise ImpossibleHistory(f"{type(event).__name__} while {type(state).__name__}")
        after: N = row.then(self.gather(state, happened, row) if self.gather else state, event, happened)
        return after

    def needs(self, command: Command) -> Needs:
        """The facts a command asks for."""
        return self.steps[type(command)].needs(command)

    def consequences(self, event: Any, state: N) -> tuple[Effect, ...]:
        """What must be done because of an event, given the state after it."""
        if isinstance(event, ClockEvent):
            return self.tells_time(event, state) if self.tells_time else ()
        tells = self.events[type(event)].tells
        return tells(event, state) if tells else ()

    def turn(self, event: Any) -> Turn:
        """What an event means for the clocks that run."""
        row = self.events.get(type(event))
        return row.clocks if row else "on"

    def amends(self, event: Any) -> Amendment | None:
        """The time an event gives to clocks that run."""
        row = self.events.get(type(event))
        return row.amends(event) if row and row.amends else None

    def erased(self, event: Any) -> tuple[Sealed, ...]:
        """The vault texts an event erases."""
        row = self.events.get(type(event))
        return row.erases(event) if row and row.erases else ()

    def texts(self, event: Any) -> tuple[Sealed, ...]:
        """The vault texts an event brought in."""
        row = self.events.get(type(event))
        return texts_of(event) if row and not row.erases else ()

    def hold(self, ledger: Ledger | None, event: Any, at: datetime) -> Ledger | None:
        """Who holds the case after an event."""
        row = self.events.get(type(event))
        if row is None or row.holds is None or (ledger is None and type(event) not in self.first):
            return ledger
        return row.holds(ledger, event, at)


def noun(
    kind: str,
    title: str,
    chapters: Iterable[Chapter],
    initial: type[N],
    *,
    name_stream: Callable[[Any, Actor, str], str],
    summary: Callable[[N], Entry],
    admits: Callable[[N, Actor], bool],
    stages: Iterable[type[Any]] = (),
    misplaced: Callable[[type[Command], N], Refused] | None = None,
    resting: Callable[[N], PauseGround | None] = lambda _state: None,
    gather: Callable[[N, Happened, Happens[Any, Any]], N] | None = None,
    ticks: Clocked | None = None,
    tells_time: Callable[[ClockEvent, N], tuple[Effect, ...]] | None = None,
    **more: Any,
) -> Decider[N]:
    """A noun, built from its rows; its events are enlisted in the registry. Two rows for one thing raise `ValueError`.

    `stages` are the classes a state may have, each with its `stage` and its `title`; `misplaced` says what a step is
    answered on a stage it is not for. `gather` does to the state what every event does, before its own row. `ticks`
    and `tells_time`: for nouns with clocks, the state after one moved, and who is told of it. `more`: what no row can
    say, by the names of `Decider`.
    """
    chapters = tuple(chapters)
    steps = tuple(step for chapter in chapters for step in chapter.steps)
    events = tuple(row for chapter in chapters for row in chapter.events)
    named = (pair for chapter in chapters for pair in chapter.fields.items())
    rows: _Rows[N] = _Rows(
        steps=_by_name(kind, ((step.command, step) for step in steps)),
        events=_by_name(kind, ((row.event, row) for row in events)),
        misplaced=misplaced or wrong_stage,
        resting=resting,
        gather=gather,
        ticks=ticks,
        tells_time=tells_time,
        first=frozenset(row.event for row in events if issubclass(initial, row.on)),
    )
    REGISTRY.enlist(events)
    return Decider(
        kind=kind,
        title=title,
        commands=_by_name(kind, ((step.command.slug, step.command) for step in steps)),
        steps=rows.steps,
        events=events,
        fields={**CLOCK_FIELDS, **_COMMON_FIELDS, **_by_name(kind, named)},
        stages={stage.stage: stage.title for stage in stages},
        initial=initial,
        name_stream=name_stream,
        summary=summary,
        admits=admits,
        permit=rows.permit,
        decide=rows.decide,
        evolve=rows.evolve,
        needs=rows.needs,
        consequences=rows.consequences,
        turn=rows.turn,
        amends=rows.amends,
        erased=rows.erased,
        texts=rows.texts,
        hold=rows.hold,
        resting=resting,
        **more,
    )


def _by_name(kind: str, named: Iterable[tuple[Any, N]]) -> dict[Any, N]:
    found: dict[Any, N] = {}
    for name, row in named:
        if name in found:
            raise ValueError(f"{kind}: two rows for {name}")
        found[name] = row
    return found


def wrong_role(command: type[Command], roles: Iterable[Role]) -> Refused:
    """Who must take this step instead."""
    named = "、".join(ROLE_NAMES[role] for role in roles)
    return WRONG_ROLE(params={"command": command.slug}, roles=named)


def wrong_stage(command: type[Command], state: Any) -> Refused:
    """The step is for other stages than this."""
    return WRONG_STAGE(params={"command": command.slug, "stage": state.stage}, stage=state.title)


def _unfit(step: Step[Any, Any], state: Any, actor: Actor) -> Refused | None:
    if callable(step.by):
        return step.by(state, actor)
    fits = any(actor.has(grant.role) for grant in step.by)
    return None if fits else wrong_role(step.command, step.asked_of)


def _unrelated(step: Step[Any, Any], state: Any, actor: Actor) -> Refused | None:
    if callable(step.by):
        return step.reach(state, actor) if step.reach else None
    held = [grant for grant in step.by if actor.has(grant.role)]
    return None if any(grant.of.holds(state, actor) for grant in held) else held[0].of.otherwise()


def _closed(step: Step[Any, Any], state: Any, actor: Actor) -> Refused | None:
    return step.open(state, actor) if step.open else None


def texts_of(event: Value) -> tuple[Sealed, ...]:
    """Every personal text in an event: its own first, then those of the values in it (names of files and entities)."""
    fields = vars(event).values()
    own = tuple(value for value in fields if isinstance(value, Sealed))
    inner = (part for value in fields for part in (value if isinstance(value, tuple) else (value,)))
    return own + tuple(
        text for part in inner if isinstance(part, Value) and not isinstance(part, Sealed) for text in texts_of(part)
    )
