"""What the routes of supervisors ask of the outside: clocks, departments, orders, reports. Satisfied by shape."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.lists.clocks import ClockLine, ClockNumbers
from domain.lists.department_table import DepartmentTable, TableFilter
from domain.lists.oversight import ExclusionLine, OrderLine
from domain.lists.page import Page
from domain.lists.registers import ReportLine
from domain.lists.worklists import ClockFilter, ClockGroup, ClockState
from domain.people.visibility import Scope
from domain.report.figures import Content
from domain.report.state import Frozen
from domain.time.oversight import OrderFilter


class ClockLists(Protocol):
    """The clocks of all cases, for supervisors."""

    async def page(self, scope: Scope, narrowed: ClockFilter, *, cursor: str | None, limit: int) -> Page[ClockLine]:
        """One page; cursors as in `Cases.page`."""
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

    async def orders(self, scope: Scope, of: OrderFilter, *, cursor: str | None = None, limit: int) -> Page[OrderLine]:
        """Oversight orders, newest first."""
        ...

    async def exclusions(self, scope: Scope, *, cursor: str | None = None, limit: int) -> Page[ExclusionLine]:
        """Time excluded afterwards, newest first."""
        ...


class Reports(Protocol):
    """Counting a month, and what was frozen."""

    async def present(self) -> datetime:
        """Now, once everything recorded by now can be read. Raises `XiezhiError` `busy`."""
        ...

    async def counted(self, region: str, month: str, as_of: datetime) -> Content:
        """The figures of a region's month as known at `as_of`."""
        ...

    async def page(self, region: str, *, month: str | None, cursor: str | None, limit: int) -> Page[ReportLine]:
        """One page of the reports on a region's subtree; cursors as in `Cases.page`."""
        ...

    async def one(self, stream: str) -> Frozen | None:
        """A report as it was frozen."""
        ...
