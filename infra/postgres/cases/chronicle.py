"""What is told of a case besides its events: refused commands, names of departments, the newest signed checkpoint."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.reading.timeline import RefusedCommand
from infra.postgres.engine.session import session
from infra.postgres.proof.checkpoint import latest_note


class Chronicle:
    """Reading beside the record."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def refusals(self, stream: str) -> tuple[RefusedCommand, ...]:
        """The commands on a stream that a rule said no to, in order of time."""
        async with session(self._engine) as opened:
            return tuple(
                RefusedCommand(at=row.at, account=row.account, command=row.slug, code=row.code, detail=row.detail)
                for row in await opened.run(_REFUSALS, stream=stream)
            )

    async def departments(self) -> dict[str, str]:
        """The name of every department by its code, those no longer active included."""
        async with session(self._engine) as opened:
            return {row.code: row.name for row in await opened.run(_DEPARTMENTS)}

    async def checkpoint(self) -> str | None:
        """The newest signed note over all stream heads, if one was taken."""
        return await latest_note(self._engine)


_REFUSALS = text(
    "SELECT at, account, slug, outcome #>> '{refusal,code}' AS code, outcome #>> '{refusal,detail}' AS detail "
    "FROM commands WHERE stream = :stream AND outcome ->> 'status' = 'refused' ORDER BY at, account, key"
)
_DEPARTMENTS = text("SELECT code, name FROM departments")
