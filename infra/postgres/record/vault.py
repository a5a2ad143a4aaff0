"""Reading personal texts. They are written with their events and erased with the event that says so (`store`)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.engine.session import session


class Vault:
    """The personal texts. Callers check `text_scope_of` first; nothing read here may be logged or sent to Temporal."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def texts(self, refs: Iterable[UUID]) -> dict[UUID, str | None]:
        """The texts behind references; None for one that was erased. Unknown references are left out."""
        wanted = list(refs)
        if not wanted:
            return {}
        async with session(self._engine) as opened:
            return {row.ref: row.text for row in await opened.run(_TEXTS, refs=wanted)}

    async def text(self, ref: UUID) -> str | None:
        """One text; None when it was erased or never kept."""
        return (await self.texts((ref,))).get(ref)

    async def texts_of(self, stream: str) -> dict[UUID, str]:
        """The texts of a case that were not erased."""
        async with session(self._engine) as opened:
            return {row.ref: row.text for row in await opened.run(_TEXTS_OF, stream=stream)}


_TEXTS = text("SELECT ref, text FROM vault WHERE ref = ANY(:refs)")
_TEXTS_OF = text("SELECT ref, text FROM vault WHERE stream = :stream AND text IS NOT NULL")
