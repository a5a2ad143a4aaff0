"""What the routes of supervisors ask of the outside: clocks, departments, orders, reports. Satisfied by shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from api.ports import Paged
from domain.lists.department_table import DepartmentTable, TableFilter
from domain.lists.worklists import ClockFilter, ClockGroup, ClockState
from domain.people.visibility import Scope
from domain.report.figures import Content
from domain.report.state import Frozen, ReportEntry
from domain.time.oversight import OrderFilter


class ClockNumbers(Protocol):
    """How many clocks there are of each part; `more`: of ended ones only the newest were counted."""

    @property
    def counts(self) -> Mapping[Any, int]: ...
    @property
    def more(self) -> bool: ...


class ClockLists(Protocol):
    """The clocks of all cases, for supervisors."""

    async def page(self, scope: Scope, narrowed: ClockFilter, *, cursor: str | None, limit: int) -> Paged:
        """One page, each row with the fields of `api.lists.clocks.ClockLineView`. Raises as `Cases.page` does."""
        ...

    async def by_state(self, scope: Scope, narrowed: ClockFilter, states: Sequence[ClockState]) -> ClockNumbers:
        """How many clocks are in each of these states, whatever state the filter names."""
        ...

    async def by(self, scope: Scope, narrowed: ClockFilter, group: ClockGroup) -> ClockNumbers:
        """How many clocks of a list there are of each department, rule, kind or level that has any."""
        ...


class DepartmentTables(Protocol):
    """What departments have open, and how long things take them."""

    async def table(self, scope: Scope, asked: TableFilter) -> DepartmentTable:
        """The figures of all departments over the cases in a scope."""
        ...


class Oversight(Protocol):
    """What supervisors watch beside the clocks."""

    async def orders(self, scope: Scope, of: OrderFilter, *, cursor: str | None = None, limit: int) -> Paged:
        """Oversight orders, newest first."""
        ...

    async def exclusions(self, scope: Scope, *, cursor: str | None = None, limit: int) -> Paged:
        """Time excluded afterwards, newest first."""
        ...


class ReportLine(Protocol):
    """A monthly report of the register."""

    @property
    def stream(self) -> str: ...
    @property
    def entry(self) -> ReportEntry: ...


class ReportPage(Protocol):
    """Monthly reports, newest first, and the cursor of the next page."""

    @property
    def rows(self) -> Sequence[ReportLine]: ...
    @property
    def following(self) -> str | None: ...


class Reports(Protocol):
    """Counting a month, and what was frozen."""

    async def present(self) -> datetime:
        """Now, once everything recorded by now can be read. Raises `XiezhiError` `busy`."""
        ...

    async def counted(self, region: str, month: str, as_of: datetime) -> Content:
        """The figures of a region's month as known at `as_of`."""
        ...

    async def page(self, region: str, *, month: str | None, cursor: str | None, limit: int) -> ReportPage:
        """One page of the reports on a region's subtree; cursors as in `Cases.page`."""
        ...

    async def one(self, stream: str) -> Frozen | None:
        """A report as it was frozen."""
        ...
