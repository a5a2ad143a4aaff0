"""How far the record is ahead of those who follow it, as numbers for `/metrics` and alarms."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.engine.session import session


@dataclass(frozen=True)
class RecordHealth:
    """Ages are seconds of the oldest; 0 when there is none."""

    outbox_rows: int
    outbox_age: float
    undone_effects: int
    undone_effect_age: float
    dead_letters: int
    horizon_age: float
    """Age of the oldest open writing transaction: readers of the global order wait behind it."""


async def record_health(engine: AsyncEngine) -> RecordHealth:
    """Measure now. One statement; needs `pg_monitor` to see transactions of other roles."""
    async with session(engine) as opened:
        row = (await opened.run(_HEALTH)).one()
    return RecordHealth(**row._mapping)


async def answers(engine: AsyncEngine) -> None:
    """The readiness probe: one statement. Raises `StoreUnavailable`."""
    async with session(engine) as opened:
        await opened.run(text("SELECT 1"))


_HEALTH = text(
    """
SELECT outbox_rows, outbox_age, undone_effects, undone_effect_age, dead_letters, horizon_age
FROM (SELECT count(*) AS outbox_rows,
             coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS outbox_age
      FROM outbox) AS waiting,
     (SELECT count(*) AS undone_effects,
             coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS undone_effect_age
      FROM effects WHERE done_at IS NULL) AS undone,
     (SELECT count(*) AS dead_letters FROM effects WHERE outcome LIKE 'dead_letter%') AS dead,
     (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)), 0)::float8 AS horizon_age
      FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()) AS open
"""
)
