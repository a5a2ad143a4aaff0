"""The supervisors' lists of clocks: those of the cases the caller may see, page by page, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol, get_args

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api import PREFIX
from api.deps import Caller, Service, Svc
from api.edge.errors import described
from domain.clue.values import Category, Channel, Department, Region
from domain.lists.clocks import ClockLine, ClockNumbers
from domain.lists.page import Page
from domain.lists.worklists import ClockFilter, ClockGroup, ClockSort, ClockState
from domain.people.visibility import Scope, scope_of
from domain.time.clock_titles import CLOCK_VALUES, CLOCKS
from domain.time.rules import Certainty, ClockKind

router = APIRouter(prefix=PREFIX, tags=["clocks"])

RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
CountedBy = Literal["state", ClockGroup]


class ClockLists(Protocol):
    """The clocks of all cases, for supervisors."""

    async def page(self, scope: Scope, narrowed: ClockFilter, *, cursor: str | None, limit: int) -> Page[ClockLine]:
        """One page; cursors as in `CaseLists.page`."""
        ...

    async def by_state(self, scope: Scope, narrowed: ClockFilter, states: Sequence[ClockState]) -> ClockNumbers:
        """How many clocks are in each of these states, whatever state the filter names."""
        ...

    async def by(self, scope: Scope, narrowed: ClockFilter, group: ClockGroup) -> ClockNumbers:
        """How many clocks of a list there are of each department, rule, kind or level that has any."""
        ...


class ClockConditions(BaseModel):
    """Conditions on clocks. All that are given must hold; an unknown one is refused.

    There are no matters (监管事项) yet: the category of the case stands for them.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    department: Department | None = Field(default=None, description="Who owes it.")
    region: Region | None = Field(default=None, description="Of the case, with all regions below it.")
    rule: RuleId | None = None
    kind: ClockKind | None = None
    category: Category | None = Field(default=None, description="Of the case.")
    channel: Channel | None = Field(default=None, description="Of the case.")
    level: int = Field(default=0, ge=0, le=99, description="The highest rung climbed is at least this one.")
    certainty: Certainty | None = Field(default=None, description="How sure the rule is.")
    provisional: bool = Field(
        default=False, description="Only those whose instants rest on days whose holidays are not published yet."
    )

    def narrowed(self, state: ClockState = "overdue", sort: ClockSort = "due") -> ClockFilter:
        """The filter."""
        given = {name: getattr(self, name) for name in ClockConditions.model_fields}
        return ClockFilter(state=state, sort=sort, **given)


class ClockQuery(ClockConditions):
    """One page of clocks in a state."""

    state: ClockState = Field(
        default="overdue",
        description="due_soon: warned, not yet late; running: all that count; paused; met, missed: ended so.",
    )
    sort: ClockSort = Field(
        default="due",
        description="due: the most urgent first, of ended ones the one that ended last; late: the most behind first.",
    )
    cursor: str | None = Field(default=None, max_length=300)
    limit: int = Field(default=50, ge=1, le=200)


class ClockNumbersQuery(ClockConditions):
    """What to count, and by what."""

    by: CountedBy
    state: ClockState | None = Field(
        default=None, description="By default every state is counted by state, and what is overdue by anything else."
    )


class ClockNumber(BaseModel):
    """How many clocks of one state, department, rule, kind or level; `title` where it has one."""

    value: str | int
    title: str | None
    count: int


class ClockNumbersView(BaseModel):
    """Numbers, the largest first; by state in the order of states, which overlap.

    Of ended clocks the newest 100,000 are counted; `more`: there may be older ones.
    """

    by: CountedBy
    items: list[ClockNumber]
    more: bool


@router.get("/clocks", responses=described("malformed"))
async def list_clocks(service: Svc, actor: Caller, query: Annotated[ClockQuery, Query()]) -> Page[ClockLine]:
    """Clocks of the cases the caller may see: overdue, due soon, running, paused, met or missed."""
    narrowed = query.narrowed(query.state, query.sort)
    return await service.lists.clocks.page(scope_of(actor), narrowed, cursor=query.cursor, limit=query.limit)


@router.get("/clocks/counts", responses=described("malformed"))
async def count_clocks(service: Svc, actor: Caller, query: Annotated[ClockNumbersQuery, Query()]) -> ClockNumbersView:
    """How many clocks such a list holds, by state, by who owes them, by rule, kind or level of escalation."""
    scope, by = scope_of(actor), query.by
    if by == "state":
        states: tuple[ClockState, ...] = (query.state,) if query.state else get_args(ClockState)
        numbers = await service.lists.clocks.by_state(scope, query.narrowed(), states)
        counted = list(numbers.counts.items())
    else:
        numbers = await service.lists.clocks.by(scope, query.narrowed(query.state or "overdue"), by)
        counted = sorted(numbers.counts.items(), key=lambda item: (-item[1], item[0]))
    titles = await _titles(service, by)
    items = [ClockNumber(value=value, title=titles.get(value), count=count) for value, count in counted]
    return ClockNumbersView(by=by, items=items, more=numbers.more)


async def _titles(service: Service, by: CountedBy) -> Mapping[Any, str]:
    match by:
        case "department":
            return await service.record.chronicle.departments()
        case "kind":
            return CLOCKS
        case "state":
            return CLOCK_VALUES["clock_state"]
        case "rule" | "level":
            return {}
