"""The filters people keep for themselves."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Integer, Text, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.worklists import SavedFilter
from infra.postgres.engine.session import session
from infra.postgres.record.tables import saved_filters as filters


class SavedFilters:
    """Rows of `saved_filters`; nobody sees those of another account."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, account: str) -> Sequence[SavedFilter]:
        """An account's filters in their order."""
        found = select(filters).where(filters.c.account == account).order_by(filters.c.place, filters.c.slug)
        async with session(self._engine) as opened:
            rows = (await opened.run(found)).all()
        return [SavedFilter(**{name: getattr(row, name) for name in SavedFilter.model_fields}) for row in rows]

    async def put(self, account: str, saved: SavedFilter, *, at_most: int) -> bool:
        """Keep a filter under its slug, new or changed; False when it would be one too many."""
        async with session(self._engine) as opened:
            await opened.run(_ONE_AT_A_TIME, account=account)
            put = await opened.run(_PUT, {"account": account, "at_most": at_most, **saved.model_dump()})
            return put.rowcount == 1

    async def drop(self, account: str, slug: str) -> bool:
        """Forget a filter; False when there is none of this slug."""
        gone = delete(filters).where(filters.c.account == account, filters.c.slug == slug)
        async with session(self._engine) as opened:
            return (await opened.run(gone)).rowcount == 1


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('saved_filters ' || :account, 0))")
"""Two that are kept at once would both find room for one."""

_PUT = text(
    """
INSERT INTO saved_filters (account, slug, title, query, pinned, place)
SELECT :account, :slug, :title, :query, :pinned, :place
WHERE EXISTS (SELECT FROM saved_filters WHERE account = :account AND slug = :slug)
   OR (SELECT count(*) FROM saved_filters WHERE account = :account) < :at_most
ON CONFLICT (account, slug) DO UPDATE
SET title = excluded.title, query = excluded.query, pinned = excluded.pinned, place = excluded.place,
    changed_at = clock_timestamp()
"""
).bindparams(
    bindparam("account", type_=Text),
    bindparam("slug", type_=Text),
    bindparam("title", type_=Text),
    bindparam("query", type_=JSONB),
    bindparam("place", type_=Integer),
    bindparam("at_most", type_=Integer),
)
