"""What the record holds of a batch of migrated cases, counted from its events and rows."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.record.takeover import ADOPT
from infra.importing.migrating import Sums, key_prefix
from infra.postgres.engine.session import session

_STREAMS = (
    "SELECT outcome->>'stream' AS stream FROM commands "
    "WHERE account = :account AND slug = :slug AND starts_with(key, :prefix) AND outcome->>'status' = 'recorded'"
)
_STAGES = text(f"SELECT stage, count(*) AS cases FROM cases JOIN ({_STREAMS}) AS batch USING (stream) GROUP BY stage")  # noqa: S608 — constant
_MONTHS = text(
    "SELECT to_char((body::jsonb->>'occurred_at')::timestamptz AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, "  # noqa: S608 — constant
    f"count(*) AS steps FROM events JOIN ({_STREAMS}) AS batch USING (stream) "
    "WHERE type NOT LIKE 'clock.%' AND type <> 'clue.numbered' AND body::jsonb->>'migrated' = :batch GROUP BY month"
)


class MigratedCases:
    """The record, asked about batches."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def sums(self, account: str, batch: str) -> Sums:
        """Cases by stage, and steps by month of their own time: what time or numbering added is no step."""
        given = {"account": account, "slug": ADOPT, "prefix": key_prefix(batch)}
        async with session(self._engine) as opened:
            stages = {row.stage: row.cases for row in await opened.run(_STAGES, given)}
            months = {row.month: row.steps for row in await opened.run(_MONTHS, {**given, "batch": batch})}
        return Sums(sum(stages.values()), sum(months.values()), Counter(months), Counter(stages))
