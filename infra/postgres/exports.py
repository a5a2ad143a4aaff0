"""The register of exports: who took what out, how far a file has come, which files may still be fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.export.state import ExportEntry
from domain.lists.page import Page
from domain.lists.registers import ExportLine
from infra.postgres.engine.cursors import newest_first
from infra.postgres.engine.session import session
from infra.postgres.record.tables import exports, vault


class Exports:
    """The register as people and the maker of files see it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self, *, account: str | None, region_prefix: str | None, cursor: str | None = None, limit: int
    ) -> Page[ExportLine]:
        """Exports of an account, or by accounts of a region's subtree, newest first. Raises `BadCursor`."""
        found = select(exports, _withdrawn())
        if account is not None:
            found = found.where(exports.c.account == account)
        if region_prefix is not None:
            found = found.where(exports.c.region.startswith(region_prefix, autoescape=True))
        identity, by = f"exports {account} {region_prefix}", (exports.c.requested_at, exports.c.stream)
        return await newest_first(self._engine, found, by, _line, of=identity, cursor=cursor, limit=limit)

    async def one(self, stream: str) -> ExportLine | None:
        """One export."""
        async with session(self._engine) as opened:
            row = (await opened.run(select(exports, _withdrawn()).where(exports.c.stream == stream))).one_or_none()
        return _line(row) if row else None

    async def under_way(self, account: str) -> int:
        """How many lists of an account are being made."""
        found = select(func.count()).select_from(exports).where(exports.c.account == account, ~exports.c.closed)
        async with session(self._engine) as opened:
            return int((await opened.run(found)).scalar_one())

    async def came_to(self, stream: str, done: int, total: int | None) -> None:
        """Write down how far a file has come."""
        changed = update(exports).where(exports.c.stream == stream).values(progress=done, total=total)
        async with session(self._engine) as opened:
            await opened.run(changed)

    async def fetchable(self) -> frozenset[tuple[str, str]]:
        """(stream, digest) of every file somebody may still fetch."""
        found = select(exports.c.stream, exports.c.digest).where(
            exports.c.stage == "made", exports.c.expires_at > func.clock_timestamp(), ~_taken_back()
        )
        async with session(self._engine) as opened:
            return frozenset((row.stream, row.digest) for row in await opened.run(found))

    async def now(self) -> datetime:
        """The clock of the database."""
        async with session(self._engine) as opened:
            now: datetime = (await opened.run(select(func.clock_timestamp()))).scalar_one()
        return now

    async def titles(self, streams: Sequence[str]) -> dict[str, str]:
        """The newest title of each case, those erased left out. Callers check `text_scope_of` first."""
        if not streams:
            return {}
        async with session(self._engine) as opened:
            return {row.stream: row.text for row in await opened.run(_TITLES, streams=list(streams)) if row.text}


def _taken_back() -> ColumnElement[bool]:
    return exports.c.with_texts & exists().where(vault.c.erased_at >= exports.c.requested_at)


def _withdrawn() -> ColumnElement[bool]:
    return _taken_back().label("withdrawn")


def _line(row: Row[Any]) -> ExportLine:
    entry = ExportEntry.model_validate({name: getattr(row, name) for name in ExportEntry.model_fields})
    return ExportLine(row.stream, entry, row.progress, row.total, row.withdrawn)


_TITLES = text(
    "SELECT DISTINCT ON (stream) stream, text FROM vault WHERE stream = ANY(:streams) AND field = 'title' "
    "ORDER BY stream, kept_at DESC"
)
