"""Finding cases by the marks of who reported them, and the register of who did so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.lookups import FoundCase, LookupLine
from domain.lists.page import Page
from domain.lists.reporters import Identifier, Marker
from domain.people.actors import region_prefix
from domain.people.visibility import Scope
from infra.postgres.cases.scope import in_subtree, within
from infra.postgres.engine.cursors import newest_first
from infra.postgres.engine.session import session
from infra.postgres.record.tables import cases, lookups, reporter_marks, vault


class Lookups:
    """Cases by who reported them. Callers put a lookup on record before they show what it found."""

    def __init__(self, engine: AsyncEngine, marked: Marker) -> None:
        self._engine = engine
        self._marked = marked

    def mark(self, identifier: Identifier) -> str:
        """The keyed mark of what is sought."""
        return self._marked(identifier)

    async def cases(self, mark: str, scope: Scope, limit: int) -> Sequence[FoundCase]:
        """The newest cases in a scope that were registered with what the mark stands for."""
        named = exists().where(reporter_marks.c.stream == cases.c.stream, reporter_marks.c.mark == bytes.fromhex(mark))
        shown = [cases.c[field.name] for field in fields(FoundCase)]
        found = select(*shown).where(within(scope), named).order_by(cases.c.registered_at.desc(), cases.c.stream.desc())
        async with session(self._engine) as opened:
            return [FoundCase(**row._mapping) for row in await opened.run(found.limit(limit))]

    async def page(
        self, region: str, *, account: str | None = None, cursor: str | None = None, limit: int
    ) -> Page[LookupLine]:
        """Who looked up what for which purpose in a region's subtree, newest first. Raises `BadCursor`."""
        found = (
            select(lookups, vault.c.text)
            .outerjoin(vault, vault.c.ref == lookups.c.reason)
            .where(in_subtree(region_prefix(region), lookups))
        )
        if account is not None:
            found = found.where(lookups.c.account == account)
        identity, by = f"lookups {region} {account}", (lookups.c.made_at, lookups.c.stream)
        return await newest_first(self._engine, found, by, _line, of=identity, cursor=cursor, limit=limit)


def _line(row: Row[Any]) -> LookupLine:
    same = ("stream", "account", "region", "sought", "mark", "purpose", "made_at", "hits")
    return LookupLine(**{name: getattr(row, name) for name in same}, department=row.responsible, reason=row.text)
