"""What processes have not been told yet. Delivery is at least once: lease, signal, delete.

A lease is a committed instant, not a lock held while signalling: an open transaction would hold back every reader of
the global order for as long as Temporal takes to answer. A deliverer that dies leaves a lease that runs out.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.record.ports import Advance, Lane
from infra.postgres.engine.session import session
from infra.postgres.record.feed import HORIZON

Sent = tuple[str, int]
"""The identity of a row: stream and last version."""


class Outbox:
    """The queue between the record and its processes."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def lease(self, lane: Lane, limit: int, seconds: float) -> Sequence[Advance]:
        """Take the oldest rows of a lane nobody holds, for so many seconds; in the order of the record."""
        async with session(self._engine) as opened:
            leased = await opened.run(_LEASE, lane=lane, limit=limit, seconds=seconds)
            ordered = sorted(leased, key=lambda row: (int(row.xid), row.position))
            return tuple(Advance.model_validate(row.advance) for row in ordered)

    async def delivered(self, rows: Sequence[Sent]) -> None:
        """Delete rows that were delivered. Unknown ones are passed over."""
        await self._apply(_DELETE, rows)

    async def release(self, rows: Sequence[Sent]) -> None:
        """Give leases back at once, so that nobody waits for their end."""
        await self._apply(_RELEASE, rows)

    async def _apply(self, statement: TextClause, rows: Sequence[Sent]) -> None:
        if rows:
            async with session(self._engine) as opened:
                await opened.run(statement, streams=[stream for stream, _ in rows], lasts=[last for _, last in rows])


_LEASE = text(
    f"""
WITH due AS MATERIALIZED (
  SELECT stream, last FROM outbox
  WHERE xid < {HORIZON} AND (leased_until IS NULL OR leased_until <= clock_timestamp())
    AND lane = :lane
  ORDER BY xid, position LIMIT :limit
  FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET leased_until = clock_timestamp() + make_interval(secs => :seconds)
FROM due WHERE outbox.stream = due.stream AND outbox.last = due.last
RETURNING outbox.xid, outbox.position, outbox.advance
"""  # noqa: S608 — constant
)

_GIVEN = "(SELECT * FROM unnest(CAST(:streams AS text[]), CAST(:lasts AS int[])))"
_DELETE = text(f"DELETE FROM outbox WHERE (stream, last) IN {_GIVEN}")  # noqa: S608 — constant
_RELEASE = text(f"UPDATE outbox SET leased_until = NULL WHERE (stream, last) IN {_GIVEN}")  # noqa: S608 — constant
