"""Lists of cases: what they may be narrowed to, and which cases wait for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from pydantic import model_validator

from domain.clue.life import StageName
from domain.clue.values import Category, Channel, Department, Region
from domain.errors import XiezhiError
from domain.lists.search import Search
from domain.people.actors import Actor, Role, region_prefix
from domain.people.visibility import Scope
from domain.record.entry import CaseEntry
from domain.time.rules import Certainty, ClockKind
from domain.value import Instant, Value

Worklist = Literal["mine", "department", "stock", "completed"]
RunningState = Literal["overdue", "due_soon", "running", "paused"]
EndedState = Literal["met", "missed"]
ClockState = Literal[RunningState, EndedState]
"""What a clock is in now. One that was settled with a hand-over is in none: nobody met it and nobody missed it."""
ClockSort = Literal["due", "late"]
ClockGroup = Literal["department", "rule", "kind", "level"]
Sort = Literal["newest", "due"]
Axis = Literal["recorded", "happened"]


class Life(Value):
    """The stages a kind of case goes through."""

    stages: tuple[str, ...]
    completed: tuple[str, ...]
    """Those in which it is done (`CaseEntry.completed`)."""
    closed: tuple[str, ...]
    """Those in which nothing is awaited and no clock runs (`CaseEntry.closed`)."""

    @property
    def open(self) -> tuple[str, ...]:
        """The stages in which something is still to be done."""
        return tuple(stage for stage in self.stages if stage not in self.completed)


LIVES: Final[Mapping[str, Life]] = {
    "clue": Life(
        stages=tuple(stage for stage in get_args(StageName) if stage != "unregistered"),
        completed=("completed", "archived"),
        closed=("archived",),
    )
}
"""By the kind of case. A list walks stage by stage, so each stage a case can be in must stand here."""


class CannotCombine(XiezhiError):
    """Conditions that no list can be narrowed to together."""

    code = "cannot_combine"


class CaseFilter(Value):
    """What a list is narrowed to; what is not given does not narrow.

    `region` is a GB/T 2260 code and means its subtree; the time of registration is half-open. Raises `CannotCombine`.
    """

    kind: str = "clue"
    worklist: Worklist = "stock"
    stages: tuple[str, ...] = ()
    department: str | None = None
    """Who is responsible."""
    involved: str | None = None
    """Who ever had a part in it."""
    handler: str | None = None
    region: str | None = None
    channel: str | None = None
    category: str | None = None
    entity: str | None = None
    number: str | None = None
    external_id: str | None = None
    registered_from: Instant | None = None
    registered_to: Instant | None = None
    clock: RunningState | None = None
    """Some clock of the case is in this state."""
    clock_kind: str | None = None
    punctual: bool = False
    """No running clock of the case is overdue."""
    sort: Sort | None = None
    """None: the most urgent first when something is asked of clocks, else the newest first."""

    @model_validator(mode="after")
    def _orders_by_what_it_asks_for(self) -> CaseFilter:
        if self.by_clock and (self.sort == "newest" or self.punctual):
            raise CannotCombine("a list by clocks comes the most urgent first, and asks for clocks that run")
        return self

    @property
    def by_clock(self) -> bool:
        """Whether it is a list of cases with certain clocks, the most urgent first; otherwise the newest first."""
        return self.sort == "due" or self.clock is not None or self.clock_kind is not None

    @property
    def region_prefix(self) -> str:
        """The leading digits of the subtree; empty for all regions."""
        return region_prefix(self.region) if self.region is not None else ""


class ClockFilter(Value):
    """What a list of clocks is narrowed to; what is not given does not narrow.

    Region (its subtree), category and channel are those of the case. There are no matters (监管事项) yet: the category
    of the case stands for them.
    """

    state: ClockState = "overdue"
    department: Department | None = None
    """Who owes it."""
    region: Region | None = None
    rule: str | None = None
    kind: ClockKind | None = None
    category: Category | None = None
    channel: Channel | None = None
    level: int = 0
    """The highest rung climbed is this one or a higher one."""
    certainty: Certainty | None = None
    provisional: bool = False
    """Only those whose instants rest on days whose holidays are not published yet."""
    sort: ClockSort = "due"
    """due: what was or will be late first comes first; ended clocks: the one that ended last comes first.

    late: the one most behind comes first. Those in time keep the order by due.
    """

    @property
    def ended(self) -> bool:
        """Whether it asks for clocks that no longer run."""
        return self.state in get_args(EndedState)

    @property
    def region_prefix(self) -> str:
        """The leading digits of the subtree; empty for all regions."""
        return region_prefix(self.region) if self.region is not None else ""


class AsOf(Value):
    """A list as it was: by what had been recorded, or by what had happened, up to an instant (inclusive)."""

    at: Instant
    axis: Axis


class Part(Value):
    """Cases in certain stages, of which all that is given must hold."""

    stages: tuple[str, ...]
    responsible: str | None = None
    handlers: tuple[str, ...] = ()
    """In the hands of one of these accounts; empty: of anybody."""
    region_prefix: str = ""

    def admits(self, case: CaseEntry) -> bool:
        """Whether a case belongs to it."""
        return (
            case.stage in self.stages
            and (self.responsible is None or case.responsible == self.responsible)
            and (not self.handlers or case.handler in self.handlers)
            and case.region.startswith(self.region_prefix)
        )


def parts_of(worklist: Worklist, actor: Actor, kind: str = "clue") -> tuple[Part, ...]:
    """The cases of a worklist as a sum of parts. What the actor may see: `domain.people.visibility`."""
    life = LIVES[kind]
    match worklist:
        case "mine":
            return tuple(_waiting_for(actor, life))
        case "department":
            return (Part(stages=life.open, responsible=actor.department),)
        case "completed":
            return (Part(stages=life.completed),)
        case "stock":
            return (Part(stages=life.stages),)


def _waiting_for(actor: Actor, life: Life) -> Iterator[Part]:
    """What awaits a step of this actor, by role. A case in its handler's hands stays there while the head decides."""
    own = actor.department
    if actor.has(Role.DISPATCHER):
        yield Part(stages=("registered",), region_prefix=region_prefix(actor.region))
        yield Part(stages=("completed",), responsible=own)
    if actor.has(Role.DEPARTMENT_ASSIGNER):
        yield Part(stages=("dispatched", "signed_for", "completed"), responsible=own)
    if actor.has(Role.HEAD):
        yield Part(stages=("disposition_proposed",), responsible=own)
    if actor.has(Role.HANDLER):
        hands = tuple(filter(None, (actor.account, actor.on_behalf_of)))
        yield Part(stages=life.open, responsible=own, handlers=hands)


@dataclass(frozen=True)
class Selection:
    """A list somebody asks for: what the reader may see, of a worklist, narrowed, and perhaps searched or as it was.

    Raises `CannotCombine`.
    """

    scope: Scope
    parts: tuple[Part, ...]
    narrowed: CaseFilter
    search: Search | None = None
    as_of: AsOf | None = None
    """The list as it was; the reader's scope is always judged by the cases as they stand now."""

    def __post_init__(self) -> None:
        of_clocks = self.narrowed.by_clock or self.narrowed.punctual
        if (self.search and self.narrowed.by_clock) or (self.as_of and (self.search or of_clocks)):
            raise CannotCombine("texts and clocks are known as they stand now, and a search comes the newest first")

    @property
    def identity(self) -> str:
        """What a cursor is bound to: another worklist, filter, order or query makes another list."""
        given = (self.narrowed, *self.parts, self.as_of, self.search.query if self.search else None)
        return "\n".join(value.model_dump_json() if value is not None else "" for value in given)


@dataclass(frozen=True)
class Count:
    """How many; `more` when there are more than were counted."""

    count: int
    more: bool


class SavedFilter(Value):
    """A filter somebody keeps. `query` is what a list was asked for when it was kept; lists may take it no longer."""

    slug: str
    title: str
    query: Mapping[str, Any]
    pinned: bool
    place: int
    """Its place among the others, the lowest first."""
