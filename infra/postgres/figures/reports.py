"""Monthly reports: counting one, and the register of those that were frozen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from domain.lists.page import Page
from domain.lists.registers import ReportLine
from domain.people.actors import region_prefix
from domain.record.decider import fold
from domain.record.envelope import read
from domain.report import REPORT
from domain.report.figures import Content
from domain.report.state import Frozen, ReportEntry
from infra.postgres.cases.reading import Record
from infra.postgres.cases.scope import in_subtree
from infra.postgres.engine.cursors import newest_first
from infra.postgres.engine.session import session
from infra.postgres.figures.monthly import counted
from infra.postgres.record.feed import older_ended, own_id
from infra.postgres.record.tables import reports

SETTLING_SECONDS = 10
WAITING_SECONDS = 20
"""How long somebody waits for the reports of others."""


class Unsettled(XiezhiError):
    """Something that began earlier is still being written."""

    code = "busy"


class Reports:
    """Counts months, one at a time, and finds what was frozen."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._record = Record(engine)
        self._turn = asyncio.Semaphore(1)

    async def present(self) -> datetime:
        """Now, once everything recorded by now can be read: counted as of then, a month is the same ever after.

        An instant is written into an event before its transaction ends, so those that were open are waited for. Raises
        `Unsettled` when one does not end.
        """
        async with self._own_turn():
            async with session(self._engine) as opened:
                now: datetime = (await opened.run(_NOW)).scalar_one()
                asking = await own_id(opened)
            if not await older_ended(self._engine, asking, within=SETTLING_SECONDS):
                raise Unsettled("另有记录正在写入,请稍后重试")
            return now

    async def counted(self, region: str, month: str, as_of: datetime) -> Content:
        """The figures of a region's month as known at `as_of`, which should lie in the past or come from `present`."""
        async with self._own_turn(), session(self._engine) as opened:
            return await counted(opened, region, month, as_of)

    @asynccontextmanager
    async def _own_turn(self) -> AsyncIterator[None]:
        """One at a time, so that reports never take the connections of the daily work; who waits too long is told."""
        try:
            async with asyncio.timeout(WAITING_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise Unsettled("另有月报正在统计,请稍后重试") from None
        try:
            yield
        finally:
            self._turn.release()

    async def page(self, region: str, *, month: str | None, cursor: str | None = None, limit: int) -> Page[ReportLine]:
        """The reports on a region's subtree, newest first. Raises `BadCursor`."""
        found = select(reports).where(in_subtree(region_prefix(region), reports))
        if month is not None:
            found = found.where(reports.c.month == month)
        identity, by = f"reports {region} {month}", (reports.c.frozen_at, reports.c.stream)
        return await newest_first(self._engine, found, by, _line, of=identity, cursor=cursor, limit=limit)

    async def one(self, stream: str) -> Frozen | None:
        """A report as it was frozen, from its own events."""
        events = await self._record.history(stream)
        state = fold(REPORT, [read(row).happened for row in events])
        return state if isinstance(state, Frozen) else None


def _line(row: Row[Any]) -> ReportLine:
    return ReportLine(row.stream, ReportEntry.model_validate({name: getattr(row, name) for name in _ENTRY}))


_ENTRY = tuple(ReportEntry.model_fields)
_NOW = text("SELECT clock_timestamp()")
