"""Changes of cases in the global order, as those outside may be told of them: what happened, where the case is then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from domain.record.decider import Decider
from domain.record.entry import CaseEntry, Entry
from domain.record.envelope import StoredEvent, read
from infra.postgres.engine.session import session
from infra.postgres.record.feed import HORIZON, Place, Recorded, read_after
from infra.postgres.record.rows import stored_event
from infra.postgres.record.tables import cases


@dataclass(frozen=True, eq=False)
class Change:
    """One event of a case. `after` is the case right after it, None when this build cannot read the event."""

    place: Place
    event: StoredEvent
    after: Entry | None
    standing: CaseEntry
    """The case when the change was read: who may hear of it is judged by that."""

    @property
    def cursor(self) -> str:
        """Where a reader goes on after this change."""
        return str(self.place)


@dataclass(frozen=True)
class Stretch:
    """A stretch of the global order: the changes in it, and the place up to which nothing else will appear."""

    changes: Sequence[Change]
    upto: Place
    full: bool
    """There was more than one stretch could take."""


class Changes:
    """The record as changes of cases. Events of other streams only move the place."""

    def __init__(self, engine: AsyncEngine, deciders: Mapping[str, Decider[Any]]) -> None:
        self._engine = engine
        self._deciders = deciders

    async def now(self) -> Place:
        """The place right before whatever is still open or yet to come."""
        async with session(self._engine) as opened:
            return Place(int((await opened.run(_HORIZON)).scalar_one()), 0)

    async def after(self, place: Place, limit: int) -> Stretch:
        """The next settled stretch."""
        found = await read_after(self._engine, place, limit)
        if not found:
            return Stretch((), place, full=False)
        streams = sorted({recorded.event.stream for recorded in found})
        standing = await self._standing(streams)
        after = await self._after(standing)
        changes = [_change(recorded, standing, after) for recorded in found if recorded.event.stream in standing]
        return Stretch(changes, found[-1].place, full=len(found) == limit)

    async def _standing(self, streams: Sequence[str]) -> dict[str, CaseEntry]:
        wanted = select(cases).where(cases.c.stream.in_(streams), cases.c.kind.in_(self._deciders))
        async with session(self._engine) as opened:
            return {row.stream: _summary(row) for row in await opened.run(wanted)}

    async def _after(self, standing: Mapping[str, CaseEntry]) -> dict[tuple[str, int], Entry]:
        """The case after each event of these streams, as far as this build can read them."""
        async with session(self._engine) as opened:
            rows = [stored_event(row) for row in await opened.run(_HISTORIES, streams=list(standing))]
        after: dict[tuple[str, int], Entry] = {}
        for stream, history in groupby(rows, key=lambda row: row.stream):
            decider = self._deciders[standing[stream].kind]
            state = decider.initial()
            try:
                for row in history:
                    state = decider.evolve(state, read(row).happened)
                    after[stream, row.version] = decider.summary(state)
            except XiezhiError:
                continue
            await asyncio.sleep(0)  # a long stretch lets others have their turn
        return after


def _change(recorded: Recorded, standing: Mapping[str, CaseEntry], after: Mapping[tuple[str, int], Entry]) -> Change:
    event = recorded.event
    return Change(recorded.place, event, after.get((event.stream, event.version)), standing[event.stream])


def _summary(row: Row[Any]) -> CaseEntry:
    return CaseEntry.model_validate({name: getattr(row, name) for name in CaseEntry.model_fields})


_HORIZON = text(f"SELECT {HORIZON}")
_HISTORIES = text(
    "SELECT stream, version, type, recorded_at, body, hash FROM events WHERE stream = ANY(:streams) "
    "ORDER BY stream, version"
)
