"""What processes, their activities and recovery read of the record in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.record.ports import Advance
from infra.postgres.cases.reading import Record
from infra.postgres.engine.session import session
from infra.postgres.record.rows import alarm_of
from infra.postgres.record.vault import Vault


class ProcessStates(Record):
    """`activities.ports.CaseRecord` and `Texts`, and `infra.processes.open_cases.OpenCases`."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._cases = engine
        self._vault = Vault(engine)

    async def text(self, ref: UUID) -> str | None:
        """A vault text; None when it was erased."""
        return (await self._vault.texts([ref])).get(ref)

    async def open_cases(self, after: str, limit: int) -> Sequence[Advance]:
        """The next cases by stream name that need a process: not closed, or with something left to do."""
        async with session(self._cases) as opened:
            return [_advance(row) for row in await opened.run(_OPEN, after=after, limit=limit)]

    async def waiting(self) -> frozenset[str]:
        """Cases about which something still stands in the outbox."""
        async with session(self._cases) as opened:
            return frozenset((await opened.run(_WAITING)).scalars())

    async def count_open(self) -> int:
        """How many cases need a process."""
        async with session(self._cases) as opened:
            return int((await opened.run(_COUNT)).scalar_one())


def _advance(row: Row[Any]) -> Advance:
    return Advance(
        stream=row.stream,
        first=1,
        last=row.version,
        previous_hash="",
        head_hash=row.head_hash,
        stage=row.stage,
        department=row.responsible,
        alarm=alarm_of(row),
        effects=row.undone,
        closed=row.closed,
    )


_UNDONE = "FROM effects WHERE effects.stream = followed.stream AND done_at IS NULL"
_NEEDS_A_PROCESS = f"(NOT closed OR EXISTS (SELECT {_UNDONE}))"
_OPEN = text(
    "SELECT stream, version, head_hash, stage, responsible, closed, alarm_clock, alarm_mark, alarm_at, "  # noqa: S608
    "(SELECT coalesce(json_agg(json_build_object('id', id, 'kind', effects.kind) ORDER BY effects.version, id), '[]') "
    f"{_UNDONE}) AS undone FROM followed WHERE stream > :after AND {_NEEDS_A_PROCESS} ORDER BY stream LIMIT :limit"
)
_WAITING = text("SELECT DISTINCT stream FROM outbox")
_COUNT = text(f"SELECT count(*) FROM followed WHERE {_NEEDS_A_PROCESS}")  # noqa: S608 — constant
