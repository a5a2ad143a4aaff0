"""The cases of any one noun, newest first."""

from __future__ import annotations

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.cases import CaseOverview
from domain.lists.page import Page
from domain.people.visibility import Scope
from infra.postgres.cases.scope import within
from infra.postgres.engine.cursors import newest_first
from infra.postgres.record.tables import cases, followed

_SHOWN = ("number", "stage", "region", "responsible", "lead", "handler", "registered_at", "completed")


class PlainLists:
    """`api.cases.listing.PlainLists` over PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of_kind(
        self, kind: str, scope: Scope, *, stage: str | None = None, cursor: str | None = None, limit: int
    ) -> Page[CaseOverview]:
        """One page of a noun's cases. Raises `BadCursor`."""
        found = (
            select(cases.c.stream, *(cases.c[name] for name in _SHOWN), followed.c.version)
            .join(followed, followed.c.stream == cases.c.stream)
            .where(cases.c.kind == kind, within(scope))
        )
        if stage is not None:
            found = found.where(cases.c.stage == stage)
        by = (cases.c.registered_at, cases.c.stream)
        return await newest_first(self._engine, found, by, _overview, of=f"{kind} {stage}", cursor=cursor, limit=limit)


def _overview(row: Row[tuple[object, ...]]) -> CaseOverview:
    return CaseOverview(id=row.stream, version=row.version, **{name: getattr(row, name) for name in _SHOWN})
