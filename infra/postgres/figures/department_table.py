"""The table of departments, counted from the holdings and the clocks: one statement a group of columns.

Each statement walks along one index in the order of departments and looks at no row, as long as the reader sees whole
regions. What stands now is counted beside what happened in the period, over two connections.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    Select,
    Subquery,
    Table,
    and_,
    cast,
    distinct,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.department_table import (
    DepartmentLine,
    DepartmentTable,
    Held,
    Late,
    Spread,
    TableFilter,
    Waiting,
)
from domain.lists.responsibility import WAITS_ON
from domain.lists.worklists import ClockState
from domain.people.visibility import Scope
from infra.postgres.cases.scope import Condition, in_state
from infra.postgres.clocks.clock_tables import clocks
from infra.postgres.engine.session import Session, session
from infra.postgres.record.tables import departments, holdings

Found = dict[str, dict[str, Any]]
"""Figures by department."""
Columns = tuple[tuple[Callable[[Scope, TableFilter], Select[Any]], Callable[[dict[str, Any], Row[Any]], None]], ...]
"""Groups of columns: what counts one, and where a row of it goes."""


class DepartmentTables:
    """Tables of departments."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def table(self, scope: Scope, asked: TableFilter) -> DepartmentTable:
        """The figures of the departments a reader may know of. What stands now is of one instant, `as_of`."""
        found: Found = defaultdict(dict)
        as_of, _ = await asyncio.gather(
            self._count(_STOCK, scope, asked, found), self._count(_FLOW, scope, asked, found)
        )
        async with session(self._engine) as opened:
            names = await _names(opened, found)
        lines = (
            DepartmentLine(department=code, name=names.get(code), **figures) for code, figures in sorted(found.items())
        )
        return DepartmentTable(as_of, tuple(lines))

    async def _count(self, columns: Columns, scope: Scope, asked: TableFilter, found: Found) -> datetime:
        async with session(self._engine) as opened:
            await opened.run(_ONE_INSTANT)
            as_of: datetime = (await opened.run(_BEGIN)).scalar_one()
            for statement, count in columns:
                for row in await opened.run(statement(scope, asked)):
                    count(found[row.department], row)
        return as_of


_ONE_INSTANT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_BEGIN = text(
    "SELECT now() FROM set_config('max_parallel_workers_per_gather', '0', true) AS alone, "
    "set_config('plan_cache_mode', 'force_custom_plan', true) AS planned"
)
"""Helpers take longer to come up than they save, and the other processor has other requests to serve. How much of a
table a period is, only its bounds tell: a plan for any period is a bad one."""


async def _names(opened: Session, codes: Iterable[str]) -> Mapping[str, str]:
    rows = await opened.run(select(departments.c.code, departments.c.name).where(departments.c.code.in_(list(codes))))
    return {row.code: row.name for row in rows}


def _narrowed(rows: Table, counted: ColumnElement[Any], scope: Scope, asked: TableFilter) -> Condition:
    """The rows a reader may know of, in the cases the table is narrowed to; `counted` is the department they count for.

    Rows have the columns of a case that matter.
    """
    wanted = {"channel": asked.channel, "category": asked.category}
    facets = [rows.c[name] == value for name, value in wanted.items() if value is not None]
    return and_(_known_to(scope, rows, counted), _below(asked.region_prefix, rows), *facets)


def _known_to(scope: Scope, rows: Table, counted: ColumnElement[Any]) -> Condition:
    """Whole regions for whoever oversees them; of a department its own line, which rests on cases it had a part in."""
    if scope.everything:
        return true()
    admitted: list[Condition] = [false()]
    if scope.region_prefix is not None:
        admitted.append(_below(scope.region_prefix, rows))
    if scope.department is not None:
        admitted.append(counted == scope.department)
    return or_(*admitted)


def _below(prefix: str, rows: Table) -> Condition:
    """`scope.in_subtree`, said so that the indexes by region do not fit: they would lead to every row of a wide region,
    one by one. A colon sorts right after the digits."""
    if not prefix:
        return true()
    return and_(rows.c.region >= prefix, rows.c.region < f"{prefix}:")


def _in_period(instant: ColumnElement[Any], asked: TableFilter) -> Condition:
    return and_(instant >= asked.since, instant < asked.until)


def _open(scope: Scope, asked: TableFilter) -> Select[Any]:
    lasting = holdings.c.held_to.is_(None)
    return _by_department(holdings.c.department, func.count().label("open")).where(
        lasting, _narrowed(holdings, holdings.c.department, scope, asked)
    )


def _take_open(figures: dict[str, Any], row: Row[Any]) -> None:
    figures["open"] = row.open


def _due_soon(scope: Scope, asked: TableFilter) -> Select[Any]:
    return _clocks("due_soon", _warned(scope, asked))


def _take_due_soon(figures: dict[str, Any], row: Row[Any]) -> None:
    figures["due_soon"] = Late(row.cases, row.clocks)


def _overdue(scope: Scope, asked: TableFilter) -> Select[Any]:
    return _clocks("overdue", _warned(scope, asked))


def _take_overdue(figures: dict[str, Any], row: Row[Any]) -> None:
    figures["overdue"] = Late(row.cases, row.clocks)


def _paused(scope: Scope, asked: TableFilter) -> Select[Any]:
    return _clocks("paused", clocks).where(_narrowed(clocks, clocks.c.owed_by, scope, asked))


def _take_paused(figures: dict[str, Any], row: Row[Any]) -> None:
    figures["paused"] = Late(row.cases, row.clocks)


def _warned(scope: Scope, asked: TableFilter) -> Subquery:
    """The running clocks that warn, or have: what is due soon or overdue is among them.

    OFFSET 0 keeps further conditions out, so that the one index serves which holds all they ask for; that none of these
    clocks has stopped need not be read from the rows.
    """
    columns = (clocks.c.owed_by, clocks.c.stream, clocks.c.warn_at, clocks.c.breach_at, clocks.c.paused_at)
    warned = clocks.c.warn_at <= func.statement_timestamp()
    return (
        select(*columns, cast(null(), DateTime(timezone=True)).label("stopped_at"))
        .where(clocks.c.stopped_at.is_(None), warned, _narrowed(clocks, clocks.c.owed_by, scope, asked))
        .offset(literal_column("0"))
        .subquery("warned")
    )


def _clocks(state: ClockState, rows: Table | Subquery) -> Select[Any]:
    counted = func.count().label("clocks"), func.count(distinct(rows.c.stream)).label("cases")
    return _by_department(rows.c.owed_by, *counted).where(in_state(state, rows))


def _resting(scope: Scope, asked: TableFilter) -> Select[Any]:
    counted = (func.count().filter(holdings.c.paused_ground == ground).label(ground) for ground in WAITS_ON)
    return _by_department(holdings.c.department, *counted).where(
        holdings.c.paused_ground.is_not(None), _narrowed(holdings, holdings.c.department, scope, asked)
    )


def _handed_back(scope: Scope, asked: TableFilter) -> Select[Any]:
    return _by_department(holdings.c.handed_back_by, func.count().label("handed_back")).where(
        holdings.c.handed_back_by.is_not(None), _narrowed(holdings, holdings.c.handed_back_by, scope, asked)
    )


def _take_waiting(figures: dict[str, Any], row: Row[Any]) -> None:
    known = figures.get("waiting", Waiting())
    waiting = {each.name: getattr(known, each.name) + getattr(row, each.name, 0) for each in fields(Waiting)}
    figures["waiting"] = Waiting(**waiting)


def _returned(scope: Scope, asked: TableFilter) -> Select[Any]:
    returned = and_(holdings.c.ended == literal_column("'returned'"), _in_period(holdings.c.held_to, asked))
    counted = holdings.c.ground, func.count().label("times")
    return (
        _by_department(holdings.c.department, *counted)
        .group_by(holdings.c.ground)
        .where(returned, _narrowed(holdings, holdings.c.department, scope, asked))
    )


def _take_returned(figures: dict[str, Any], row: Row[Any]) -> None:
    figures.setdefault("returned", {})[row.ground] = row.times


def _signed(scope: Scope, asked: TableFilter) -> Select[Any]:
    return _spreads(("signing",), _in_period(holdings.c.signed_at, asked), scope, asked)


def _take_signed(figures: dict[str, Any], row: Row[Any]) -> None:
    figures["signing"] = _spread(row, "signing")


def _fed_back(scope: Scope, asked: TableFilter) -> Select[Any]:
    return _spreads(("handling", "real_time"), _in_period(holdings.c.fed_back_at, asked), scope, asked)


def _take_fed_back(figures: dict[str, Any], row: Row[Any]) -> None:
    figures["handling"], figures["real"] = _spread(row, "handling"), _spread(row, "real_time")


def _let_go(scope: Scope, asked: TableFilter) -> Select[Any]:
    last = and_(holdings.c.altogether.is_not(None), _in_period(holdings.c.held_to, asked))
    counted = (
        func.count().label("cases"),
        func.sum(holdings.c.altogether).label("total"),
        func.sum(holdings.c.altogether - holdings.c.altogether_paused).label("net"),
    )
    return _by_department(holdings.c.department, *counted).where(
        last, _narrowed(holdings, holdings.c.department, scope, asked)
    )


def _take_let_go(figures: dict[str, Any], row: Row[Any]) -> None:
    figures["held"] = Held(row.cases, row.total, row.net)


_STOCK: Columns = (
    (_open, _take_open),
    (_due_soon, _take_due_soon),
    (_overdue, _take_overdue),
    (_paused, _take_paused),
    (_resting, _take_waiting),
    (_handed_back, _take_waiting),
)
_FLOW: Columns = (
    (_returned, _take_returned),
    (_signed, _take_signed),
    (_fed_back, _take_fed_back),
    (_let_go, _take_let_go),
)


def _by_department(department: ColumnElement[Any], *counted: ColumnElement[Any]) -> Select[Any]:
    return select(department.label("department"), *counted).group_by(department)


def _spreads(names: Iterable[str], ended: Condition, scope: Scope, asked: TableFilter) -> Select[Any]:
    """Median and p90 of durations that ended in the period. What has ended has a duration, so each counts them all."""
    counted = [func.count().label("times")]
    for name in names:
        gross, paused = holdings.c[name], holdings.c[f"{name}_paused"]
        counted.append(_quantiles(gross).label(name))
        counted.append(_quantiles(gross - paused).label(f"net_{name}"))
    return _by_department(holdings.c.department, *counted).where(
        ended, _narrowed(holdings, holdings.c.department, scope, asked)
    )


def _quantiles(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.percentile_disc(text("'{0.5,0.9}'::float8[]")).within_group(value)


def _spread(row: Row[Any], name: str) -> Spread:
    (median, p90), (net_median, net_p90) = getattr(row, name), getattr(row, f"net_{name}")
    return Spread(row.times, median, p90, net_median, net_p90)
