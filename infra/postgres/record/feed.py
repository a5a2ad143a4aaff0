"""The record in one global order, for readers that follow it: read models, exports, checkpoints.

Order and place are the pair (xid, position). A position alone is handed out before its transaction commits, so a reader
that kept only the last position would pass over a slower neighbour for good. Readers stay below the oldest transaction
still open (`pg_snapshot_xmin`): whatever lies there is complete and never changes.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.record.envelope import StoredEvent
from infra.postgres.engine.cursors import BadCursor
from infra.postgres.engine.session import Session, session
from infra.postgres.record.rows import stored_event

HORIZON = "pg_snapshot_xmin(pg_current_snapshot())"
"""SQL: the oldest transaction id still open; everything below it is settled."""
POLL_SECONDS = 0.05


async def own_id(opened: Session) -> str:
    """The id of this transaction: whatever wrote before has a lower one (a snapshot's xmax may itself be open)."""
    return str((await opened.run(_OWN_ID)).scalar_one())


async def older_ended(engine: AsyncEngine, id: str, *, within: float = math.inf) -> bool:
    """Wait until every transaction with a lower id has ended; False when that takes longer than so many seconds."""
    latest = time.monotonic() + within
    while True:
        async with session(engine) as opened:
            if (await opened.run(_OLDER_ENDED, id=id)).scalar_one():
                return True
        if time.monotonic() >= latest:
            return False
        await asyncio.sleep(POLL_SECONDS)


_OWN_ID = text("SELECT pg_current_xact_id()::text")
_OLDER_ENDED = text(f"SELECT {HORIZON} >= CAST(:id AS xid8)")


@dataclass(frozen=True, order=True)
class Place:
    """A place in the global order: everything up to and including it has been read."""

    xid: int
    position: int

    def __str__(self) -> str:
        return f"{self.xid}.{self.position}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """The place a reader was told as text. Raises `BadCursor`."""
        if _PLACE_TEXT.fullmatch(text) is None:
            raise BadCursor("游标无效,请不带游标重新订阅")
        xid, position = map(int, text.split("."))
        if xid > _LARGEST or position > _LARGEST:
            raise BadCursor("游标无效,请不带游标重新订阅")
        return cls(xid, position)


_PLACE_TEXT = re.compile(r"[0-9]{1,19}\.[0-9]{1,19}")
_LARGEST = 2**63 - 1

START = Place(0, 0)
"""Before the first event."""


@dataclass(frozen=True)
class Recorded:
    """An event with its place."""

    place: Place
    event: StoredEvent


async def read_after(engine: AsyncEngine, place: Place, limit: int = 500) -> tuple[Recorded, ...]:
    """The next settled events after a place, in order."""
    async with session(engine) as opened:
        found = await opened.run(_AFTER, xid=str(place.xid), position=place.position, limit=limit)
        return tuple(
            Recorded(
                Place(int(row.xid), row.position),
                stored_event(row),
            )
            for row in found
        )


async def place_of(opened: Session, projection: str) -> Place:
    """How far a read model has come."""
    row = (await opened.run(_PLACE, name=projection)).one_or_none()
    return Place(int(row.xid), row.position) if row else START


async def move_to(opened: Session, projection: str, place: Place) -> None:
    """Note how far a read model has come, in the transaction that wrote its rows."""
    await opened.run(_MOVE, name=projection, xid=str(place.xid), position=place.position)


_AFTER = text(
    f"SELECT xid, position, stream, version, type, recorded_at, body, hash FROM events "  # noqa: S608 — constant
    f"WHERE (xid, position) > (CAST(:xid AS xid8), CAST(:position AS bigint)) AND xid < {HORIZON} "
    f"ORDER BY xid, position LIMIT :limit"
)
_PLACE = text("SELECT xid, position FROM projections WHERE name = :name FOR UPDATE")
_MOVE = text(
    "INSERT INTO projections (name, xid, position) VALUES (:name, CAST(:xid AS xid8), :position) "
    "ON CONFLICT (name) DO UPDATE SET xid = excluded.xid, position = excluded.position, updated_at = clock_timestamp()"
)
