"""`GET /oversight/departments`: what each department has open, late and waiting, and how long things take it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api import PREFIX
from api.deps import Caller, Svc
from api.edge.errors import described
from api.lists.queries import DayOrInstant, instant_of
from domain.clue.values import Category, Channel, Region
from domain.errors import Malformed
from domain.lists.department_table import (
    NOTES,
    DepartmentLine,
    DepartmentTable,
    Held,
    Late,
    Spread,
    TableFilter,
    Waiting,
    month_of,
)
from domain.lists.worklists import LIVES
from domain.people.visibility import Scope, scope_of
from domain.value import Instant

router = APIRouter(prefix=PREFIX, tags=["clocks"])


class DepartmentTables(Protocol):
    """What departments have open, and how long things take them."""

    async def table(self, scope: Scope, asked: TableFilter) -> DepartmentTable:
        """The figures of all departments over the cases in a scope."""
        ...


class TableQuery(BaseModel):
    """Conditions on the table. All that are given must hold; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    since: DayOrInstant | None = Field(
        default=None,
        alias="from",
        description="What ended from this day (Asia/Shanghai) or instant; by default from the beginning of the month.",
    )
    until: DayOrInstant | None = Field(
        default=None,
        alias="to",
        description="What ended before this day (Asia/Shanghai) or instant; by default before the end of the month.",
    )
    region: Region | None = Field(default=None, description="Of the case, with all regions below it.")
    channel: Channel | None = Field(default=None, description="Of the case.")
    category: Category | None = Field(default=None, description="Of the case.")

    def narrowed(self, now: datetime) -> TableFilter:
        """The filter; a bound not given is that of the month (Asia/Shanghai) of the other one, or of now.

        Raises `Malformed`.
        """
        since, until = self._period(now)
        if since >= until:
            raise Malformed([{"at": "to", "problem": "empty_period"}])
        return TableFilter(since=since, until=until, region=self.region, channel=self.channel, category=self.category)

    def _period(self, now: datetime) -> tuple[datetime, datetime]:
        since, until = instant_of("from", self.since), instant_of("to", self.until)
        try:
            first, following = month_of(since or (until - _BEFORE if until else now))
            return (since or first).astimezone(UTC), (until or following).astimezone(UTC)
        except OverflowError:
            raise Malformed([{"at": "from" if since else "to", "problem": "out_of_range"}]) from None


_BEFORE = timedelta(microseconds=1)


class DepartmentFiguresView(BaseModel):
    """A department's figures. `links` lead to the cases and clocks they rest on, as far as the caller may see them."""

    department: str
    name: str | None
    open: int = Field(description="Cases it answers for now that are not completed.")
    due_soon: Late
    overdue: Late
    paused: Late
    waiting: Waiting
    returned: Mapping[str, int] = Field(description="How often cases were given back in the period, by ground.")
    returns: int = Field(description="All of them.")
    signing: Spread = Field(description="From the dispatch until it was signed for, in the period.")
    handling: Spread = Field(description="From signing until the answer to the sender, in the period.")
    real: Spread = Field(
        description="From the first dispatch of the round, whoever got it, until the answer to the sender."
    )
    held: Held
    links: Mapping[str, str]


class DepartmentTableView(BaseModel):
    """The table: `as_of` is when the stock was counted, [from, to) the period of what ended; `notes` say how to read
    it."""

    model_config = ConfigDict(populate_by_name=True)

    as_of: Instant
    since: Instant = Field(serialization_alias="from")
    until: Instant = Field(serialization_alias="to")
    items: list[DepartmentFiguresView]
    notes: list[str]


@router.get("/oversight/departments", responses=described("malformed"))
async def tabulate_departments(
    service: Svc, actor: Caller, query: Annotated[TableQuery, Query()]
) -> DepartmentTableView:
    """What each department has open, late and waiting now, and how long things took it in a period.

    Whoever oversees a region is told of all departments in it, a department's own people of theirs. Departments without
    any figure are left out; checks and fines are not counted.
    """
    asked = query.narrowed(service.now())
    table = await service.lists.department_tables.table(scope_of(actor), asked)
    return _view(table, asked)


def _view(table: DepartmentTable, asked: TableFilter) -> DepartmentTableView:
    return DepartmentTableView(
        as_of=table.as_of,
        since=asked.since,
        until=asked.until,
        items=[_line(line, asked) for line in table.lines],
        notes=list(NOTES),
    )


def _line(line: DepartmentLine, asked: TableFilter) -> DepartmentFiguresView:
    return DepartmentFiguresView(
        department=line.department,
        name=line.name,
        open=line.open,
        due_soon=line.due_soon,
        overdue=line.overdue,
        paused=line.paused,
        waiting=line.waiting,
        returned=line.returned,
        returns=sum(line.returned.values()),
        signing=line.signing,
        handling=line.handling,
        real=line.real,
        held=line.held,
        links=_links(line.department, asked),
    )


_CLOCKS: Final = ("due_soon", "overdue", "paused")


def _links(department: str, asked: TableFilter) -> dict[str, str]:
    """Where the figures can be looked at case by case: with the same conditions, page by page."""
    facets = {"region": asked.region, "channel": asked.channel, "category": asked.category}
    given = {name: value for name, value in facets.items() if value is not None}
    return {
        "open": _link("/clues", {"department": department, **given, "stage": list(LIVES["clue"].open)}),
        "involved": _link("/clues", {"involved": department, **given}),
        **{state: _link("/clocks", {"state": state, "department": department, **given}) for state in _CLOCKS},
    }


def _link(path: str, conditions: Mapping[str, str | list[str]]) -> str:
    return f"{PREFIX}{path}?{urlencode(conditions, doseq=True)}"
