"""Make the rows beside the events again: `xiezhi rebuild cases|clocks`. Safe under load, in short transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.cases import DECIDERS
from domain.decider import Decider
from infra.postgres import rows, statements
from infra.postgres.retelling import Retold, events_of, retell
from infra.postgres.session import Session, session

Rebuildable = Literal["cases", "clocks"]
REBUILDABLE: tuple[Rebuildable, ...] = ("cases", "clocks")
BATCH = 50
"""Streams a transaction: their heads stay locked for its few milliseconds, so no append is written over."""


async def rebuild(
    engine: AsyncEngine,
    name: Rebuildable,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    deciders: Mapping[str, Decider[Any]] = DECIDERS,
) -> int:
    """Recompute every row of one table from the events; how many streams. `progress` hears (done, of)."""
    async with session(engine) as opened:
        total: int = (await opened.run(_COUNT)).scalar_one()
        await opened.run(_STRAY[name])
    done, after = 0, ""
    while True:
        async with session(engine) as opened:
            streams = list((await opened.run(_NEXT, after=after, size=BATCH)).scalars())
            if not streams:
                break
            events = await events_of(opened, streams)
            retold = [retell(stream, events[stream], deciders) for stream in streams if events[stream]]
            await _put(opened, name, streams, retold)
        done, after = done + len(streams), streams[-1]
        progress(done, max(done, total))
    return done


async def _put(opened: Session, name: Rebuildable, streams: Sequence[str], retold: Sequence[Retold]) -> None:
    """Rows are replaced, so that one nothing in the record accounts for goes too."""
    await opened.run(_CLEAR[name], streams=list(streams))
    if name == "cases":
        await opened.run(text(statements.PUT_CASES), cases=rows.as_json(told.case for told in retold))
    else:
        await opened.run(
            text(statements.PUT_CLOCKS), clocks=rows.as_json(row for told in retold for row in told.clocks)
        )


_COUNT = text("SELECT count(*) FROM streams")
_NEXT = text("SELECT stream FROM streams WHERE stream > :after ORDER BY stream LIMIT :size FOR UPDATE")
_CLEAR = {
    "cases": text("DELETE FROM cases WHERE stream = ANY(:streams)"),
    "clocks": text("DELETE FROM clocks WHERE stream = ANY(:streams)"),
}
_STRAY = {
    "cases": text("DELETE FROM cases WHERE NOT EXISTS (SELECT FROM streams WHERE streams.stream = cases.stream)"),
    "clocks": text("DELETE FROM clocks WHERE NOT EXISTS (SELECT FROM streams WHERE streams.stream = clocks.stream)"),
}
