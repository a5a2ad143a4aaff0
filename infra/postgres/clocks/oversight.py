"""Oversight orders as supervisors see them, and time that was excluded afterwards."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.oversight import ExclusionLine, OrderLine
from domain.lists.page import Page
from domain.people.actors import region_prefix
from domain.people.visibility import Scope
from domain.time.oversight import STANDING, OrderFilter
from infra.postgres.cases.scope import Condition, in_subtree, within
from infra.postgres.engine.cursors import newest_first
from infra.postgres.record.tables import cases, events, oversight_orders

EXCLUDED = "clue.time_excluded"


class Oversight:
    """What supervisors watch beside the clocks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def orders(self, scope: Scope, of: OrderFilter, *, cursor: str | None = None, limit: int) -> Page[OrderLine]:
        """Orders in cases of the scope, newest first. Raises `BadCursor`."""
        table = oversight_orders.c
        found = (
            select(oversight_orders, cases.c.number, cases.c.stage)
            .join(cases, cases.c.stream == table.stream)
            .where(within(scope), *_narrowed(of))
        )
        by = (table.ordered_at, table.stream, table.name)
        return await newest_first(self._engine, found, by, _order, of=repr(of), cursor=cursor, limit=limit)

    async def exclusions(self, scope: Scope, *, cursor: str | None = None, limit: int) -> Page[ExclusionLine]:
        """Time excluded afterwards in cases of the scope, newest first. Raises `BadCursor`."""
        found = (
            select(events, cases.c.number, cases.c.responsible, cases.c.region)
            .join(cases, cases.c.stream == events.c.stream)
            .where(events.c.type == EXCLUDED, within(scope))
        )
        by = (events.c.position,)
        return await newest_first(self._engine, found, by, _exclusion, of=EXCLUDED, cursor=cursor, limit=limit)


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
    return OrderLine(order=row.name, **{name: getattr(row, name) for name in _AS_STORED})


_AS_STORED = tuple(field.name for field in fields(OrderLine) if field.name != "order")


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
