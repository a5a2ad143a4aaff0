"""Finding cases by the marks of who reported them, and the register of who did so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.reporters import Identifier, Marker
from domain.people.actors import region_prefix
from domain.people.visibility import Scope
from infra.postgres.cases.scope import in_subtree, within
from infra.postgres.engine.cursors import cursor_of, place_of
from infra.postgres.engine.session import session
from infra.postgres.record.tables import cases, lookups, reporter_marks, vault


@dataclass(frozen=True)
class FoundCase:
    """A case as an answer shows it."""

    stream: str
    number: str | None
    stage: str
    region: str
    responsible: str
    registered_at: datetime


@dataclass(frozen=True)
class LookupLine:
    """A lookup as those who oversee see it. `reason` is None once erased; `hits` while no answer was given."""

    stream: str
    account: str
    department: str
    region: str
    sought: str
    mark: str
    purpose: str
    reason: str | None
    made_at: datetime
    hits: int | None


@dataclass(frozen=True)
class LookupPage:
    """Lookups, newest first, and the cursor of the next page."""

    rows: Sequence[LookupLine]
    following: str | None


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
        shown = [cases.c[name] for name in FoundCase.__dataclass_fields__]
        found = select(*shown).where(within(scope), named).order_by(cases.c.registered_at.desc(), cases.c.stream.desc())
        async with session(self._engine) as opened:
            return [FoundCase(**row._mapping) for row in await opened.run(found.limit(limit))]

    async def page(
        self, region: str, *, account: str | None = None, cursor: str | None = None, limit: int
    ) -> LookupPage:
        """Who looked up what for which purpose in a region's subtree, newest first. Raises `BadCursor`."""
        identity = f"lookups {region} {account}"
        found = (
            select(lookups, vault.c.text)
            .outerjoin(vault, vault.c.ref == lookups.c.reason)
            .where(in_subtree(region_prefix(region), lookups))
        )
        if account is not None:
            found = found.where(lookups.c.account == account)
        if cursor is not None:
            found = found.where(tuple_(lookups.c.made_at, lookups.c.stream) < tuple_(*place_of(cursor, identity)))
        newest = found.order_by(lookups.c.made_at.desc(), lookups.c.stream.desc()).limit(limit + 1)
        async with session(self._engine) as opened:
            rows = (await opened.run(newest)).all()
        lines = [_line(row) for row in rows[:limit]]
        last = lines[-1] if len(rows) > limit else None
        return LookupPage(lines, cursor_of(last.made_at, last.stream, identity) if last else None)


def _line(row: Row[Any]) -> LookupLine:
    same = ("stream", "account", "region", "sought", "mark", "purpose", "made_at", "hits")
    told = {name: getattr(row, name) for name in same}
    return LookupLine(**told, department=row.responsible, reason=row.text)
