"""Oversight orders as supervisors see them, and time that was excluded afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.actors import region_prefix
from domain.people.visibility import Scope
from domain.time.oversight import STANDING, OrderFilter
from infra.postgres.cases.scope import Condition, in_subtree, within
from infra.postgres.engine.cursors import BadCursor, cursor_of, place_of
from infra.postgres.engine.session import session
from infra.postgres.record.tables import cases, events, oversight_orders

EXCLUDED = "clue.time_excluded"


@dataclass(frozen=True)
class OrderLine:
    """An order with the case it is about. `clock` is the overdue clock whose ladder ordered it."""

    stream: str
    order: str
    number: str | None
    stage: str
    department: str
    region: str
    ordered_at: datetime
    ordered_by: str
    clock: str | None
    answer_by: date | None
    listed: bool
    status: str
    answers: int


@dataclass(frozen=True)
class ExclusionLine:
    """A stretch of time that was excluded after it had passed: by whom, when recorded, and in which case."""

    stream: str
    version: int
    number: str | None
    responsible: str
    region: str
    ground: str
    since: datetime
    until: datetime
    account: str
    department: str
    recorded_at: datetime


@dataclass(frozen=True)
class OrderPage:
    """Orders, newest first, and the cursor of the next page."""

    rows: Sequence[OrderLine]
    following: str | None


@dataclass(frozen=True)
class ExclusionPage:
    """Exclusions, newest first, and the cursor of the next page."""

    rows: Sequence[ExclusionLine]
    following: str | None


class Oversight:
    """What supervisors watch beside the clocks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def orders(self, scope: Scope, of: OrderFilter, *, cursor: str | None = None, limit: int) -> OrderPage:
        """Orders in cases of the scope, newest first. Raises `BadCursor`."""
        bound, table = repr(of), oversight_orders.c
        found = (
            select(oversight_orders, cases.c.number, cases.c.stage)
            .join(cases, cases.c.stream == table.stream)
            .where(within(scope), *_narrowed(of))
            .order_by(table.ordered_at.desc(), table.stream.desc(), table.name.desc())
            .limit(limit + 1)
        )
        if cursor is not None:
            at, place = place_of(cursor, bound)
            found = found.where(
                tuple_(table.ordered_at, table.stream, table.name) < tuple_(at, *place.partition(" ")[::2])
            )
        async with session(self._engine) as opened:
            rows = [_order(row) for row in await opened.run(found)]
        shown, last = rows[:limit], rows[limit - 1] if len(rows) > limit else None
        return OrderPage(shown, cursor_of(last.ordered_at, f"{last.stream} {last.order}", bound) if last else None)

    async def exclusions(self, scope: Scope, *, cursor: str | None = None, limit: int) -> ExclusionPage:
        """Time excluded afterwards in cases of the scope, newest first. Raises `BadCursor`."""
        found = (
            select(events, cases.c.number, cases.c.responsible, cases.c.region)
            .join(cases, cases.c.stream == events.c.stream)
            .where(events.c.type == EXCLUDED, within(scope))
            .order_by(events.c.position.desc())
            .limit(limit + 1)
        )
        if cursor is not None:
            _, position = place_of(cursor, EXCLUDED)
            found = found.where(events.c.position < _position(position))
        async with session(self._engine) as opened:
            rows = (await opened.run(found)).all()
        last = rows[limit - 1] if len(rows) > limit else None
        following = cursor_of(last.recorded_at, str(last.position), EXCLUDED) if last else None
        return ExclusionPage([_exclusion(row) for row in rows[:limit]], following)


def _narrowed(of: OrderFilter) -> list[Condition]:
    table = oversight_orders.c
    conditions: list[Condition] = []
    if of.standing is not None:
        standing = table.status.in_(STANDING)
        conditions.append(standing if of.standing else ~standing)
    if of.by_ladder is not None:
        conditions.append(table.clock.is_not(None) if of.by_ladder else table.clock.is_(None))
    if of.region is not None:
        conditions.append(in_subtree(region_prefix(of.region)))
    equal = {table.status: of.status, table.listed: of.listed, table.department: of.department}
    return conditions + [column == value for column, value in equal.items() if value is not None]


def _order(row: Row[Any]) -> OrderLine:
    return OrderLine(
        order=row.name, **{name: getattr(row, name) for name in OrderLine.__dataclass_fields__ if name != "order"}
    )


def _position(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadCursor("翻页游标无效,请从第一页重新查询")
    return int(text)


def _exclusion(row: Row[Any]) -> ExclusionLine:
    body = json.loads(row.body)
    data, actor = body["data"], body["actor"]
    return ExclusionLine(
        stream=row.stream,
        version=row.version,
        number=row.number,
        responsible=row.responsible,
        region=row.region,
        ground=data["ground"],
        since=datetime.fromisoformat(data["since"]),
        until=datetime.fromisoformat(data["until"]),
        account=actor["account"],
        department=actor["department"],
        recorded_at=row.recorded_at,
    )
