"""Calendars in PostgreSQL: the days of editions, the clocks that rest on unknown days, and the proof that all holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.actors import region_of
from domain.rulebook import content_of, edition_of, stream_of
from domain.time.calendar import Calendar, Calendars
from infra.postgres.engine.session import Session, session
from infra.postgres.record.feed import older_ended, own_id


class RecordPosition(NamedTuple):
    """Where the record of a region's calendar stands: how many editions there were, and its head."""

    editions: int
    head: str


class CalendarShelf:
    """Where the days of editions are kept, by the digest the record names."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, edition: Calendar) -> None:
        """Keep an edition's days; what was damaged under its digest is whole again."""
        content = edition_of(edition)
        async with session(self._engine) as opened:
            await opened.run(_KEEP, digest=content["digest"], content=content_of(edition).decode())

    async def place(self, region: str) -> RecordPosition:
        """Where the record of a region's calendar stands."""
        async with session(self._engine) as opened:
            row = (await opened.run(_PLACE, stream=stream_of("calendar", region))).one_or_none()
        return RecordPosition(row.steps, row.head_hash) if row else RecordPosition(0, "")

    async def adopted(self, region: str) -> Calendar | None:
        """The edition the record names for a region; None for none, or for one whose days are not kept."""
        async with session(self._engine) as opened:
            content = (await opened.run(_ADOPTED, region=region)).scalar_one_or_none()
        return Calendar.model_validate_json(content) if content is not None else None


@dataclass(frozen=True)
class Unsettled:
    """A case with provisional clocks that count: its version; of each such clock, who owes it and its calendar."""

    stream: str
    version: int
    clocks: tuple[tuple[str, str], ...]

    def behind(self, calendars: Calendars) -> bool:
        """Whether any of its clocks was computed under another calendar than that in force for it."""
        return any(calendars.of(region_of(owed_by)).version != version for owed_by, version in self.clocks)


class ClocksToSettle:
    """The running clocks that rest on days no calendar knew when they were computed."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def settled(self) -> None:
        """Wait until every transaction that was open when this began has ended.

        One of those may have taken its decision under the calendar before; a later one cannot.
        """
        async with session(self._engine) as opened:
            now = await own_id(opened)
        await older_ended(self._engine, now)

    async def count(self) -> int:
        """How many cases."""
        async with session(self._engine) as opened:
            return int((await opened.run(_COUNT)).scalar_one())

    async def page(self, after: str, size: int) -> Sequence[Unsettled]:
        """The next cases by stream name."""
        async with session(self._engine) as opened:
            found = (await opened.run(_PAGE, after=after, size=size)).all()
        return [
            Unsettled(row.stream, row.version, tuple(zip(row.owed_by, row.calendars, strict=True))) for row in found
        ]


async def damaged(opened: Session) -> list[tuple[str, str]]:
    """Calendars that are not what the record names, with what is wrong."""
    kept, lost = (await opened.run(_KEPT)).all(), (await opened.run(_LOST)).all()
    changed = (row.digest for row in kept if hashlib.sha256(row.content.encode()).hexdigest() != row.digest)
    return [
        *((f"calendar {digest}", "content does not hash to its digest") for digest in changed),
        *((f"calendar {row.name}", "in force, and its days are not kept") for row in lost),
    ]


_KEEP = text(
    "INSERT INTO calendars (digest, content) VALUES (:digest, :content) "
    "ON CONFLICT (digest) DO UPDATE SET content = excluded.content WHERE calendars.content <> excluded.content"
)
_PLACE = text("SELECT steps, head_hash FROM rulebooks WHERE stream = :stream")
_ADOPTED = text(
    "SELECT content FROM rulebooks JOIN calendars USING (digest) WHERE book = 'calendar' AND name = :region"
)
_KEPT = text("SELECT digest, content FROM calendars ORDER BY digest")
_LOST = text(
    "SELECT name FROM rulebooks LEFT JOIN calendars USING (digest) "
    "WHERE book = 'calendar' AND calendars.digest IS NULL ORDER BY name"
)
_WAITING = "stopped_at IS NULL AND unsettled AND paused_at IS NULL"
_COUNT = text(f"SELECT count(DISTINCT stream) FROM clocks WHERE {_WAITING}")  # noqa: S608 — constant
_PAGE = text(
    "SELECT clocks.stream, streams.version, array_agg(owed_by) AS owed_by, array_agg(calendar) AS calendars "  # noqa: S608
    f"FROM clocks JOIN streams USING (stream) WHERE {_WAITING} AND clocks.stream > :after "
    "GROUP BY clocks.stream, streams.version ORDER BY clocks.stream LIMIT :size"
)
