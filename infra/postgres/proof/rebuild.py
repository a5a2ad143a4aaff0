"""Make the rows beside the events again: `xiezhi rebuild NAME`. Safe under load, in short transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.reporters import Marker
from domain.nouns import DECIDERS
from domain.record.decider import Decider
from infra.postgres.cases import indexing
from infra.postgres.engine.session import Session, session
from infra.postgres.record import rows, statements
from infra.postgres.record.retelling import Retold, events_of, retell

Rebuildable = Literal["followed", "cases", "states", "clocks", "holdings", "ends", "orders", "search", "reporters"]
REBUILDABLE: tuple[Rebuildable, ...] = get_args(Rebuildable)
_OF_OLD_EVENTS = tuple(name for name in REBUILDABLE if name != "orders")
"""Those for which a record of an older release has events."""
BATCH = 50
"""Streams a transaction: their heads stay locked for its few milliseconds, so no append is written over."""


async def rebuild(
    engine: AsyncEngine,
    name: Rebuildable,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    deciders: Mapping[str, Decider[Any]] = DECIDERS,
    marked: Marker | None = None,
) -> int:
    """Recompute every row of one table from the record; how many streams. `progress` hears (done, of).

    Rows by which texts are found come from the vault and the case rows, those of reporters need what makes their marks.
    """
    async with session(engine) as opened:
        total: int = (await opened.run(_COUNT)).scalar_one()
        await opened.run(_stray(name))
    done, after = 0, ""
    while True:
        async with session(engine) as opened:
            streams = list((await opened.run(_NEXT, after=after, size=BATCH)).scalars())
            if not streams:
                break
            await opened.run(_clear(name), streams=streams)
            if name == "search":
                await indexing.index_texts(opened, streams)
            elif name == "reporters":
                await indexing.index_reporters(opened, streams, marked)
            else:
                events = await events_of(opened, streams)
                await _put(opened, name, [retell(each, events[each], deciders) for each in streams if events[each]])
        done, after = done + len(streams), streams[-1]
        progress(done, max(done, total))
    return done


async def never_built(engine: AsyncEngine) -> tuple[Rebuildable, ...]:
    """The tables that stay empty beside existing cases: a release that is new to this database brought them."""
    async with session(engine) as opened:
        return tuple([name for name in _OF_OLD_EVENTS if (await opened.run(_empty(name))).scalar_one()])


async def _put(
    opened: Session,
    name: Literal["followed", "cases", "states", "clocks", "holdings", "ends", "orders"],
    retold: Sequence[Retold],
) -> None:
    """Rows were cleared before, so that one nothing in the record accounts for goes too."""
    match name:
        case "followed":
            followed = (told.followed for told in retold if told.followed is not None)
            await opened.run(text(statements.PUT_FOLLOWED), followed=rows.as_json(followed))
        case "cases":
            cases = (told.case for told in retold if told.case is not None)
            await opened.run(text(statements.PUT_CASES), cases=rows.as_json(cases))
        case "states":
            states = (row for told in retold for row in told.states)
            await opened.run(text(statements.PUT_STATES), states=rows.as_json(states))
        case "clocks":
            clocks = (row for told in retold for row in told.clocks)
            await opened.run(text(statements.PUT_CLOCKS), clocks=rows.as_json(clocks))
        case "holdings":
            held = (row for told in retold for row in told.holdings)
            await opened.run(text(statements.PUT_HOLDINGS), holdings=rows.as_json(held))
        case "ends":
            ended = (row for told in retold for row in told.ends)
            await opened.run(text(statements.PUT_ENDS), ends=rows.as_json(ended))
        case "orders":
            orders = (row for told in retold for row in told.orders)
            await opened.run(text(statements.PUT_ORDERS), orders=rows.as_json(orders))


TABLES: Mapping[Rebuildable, str] = {
    "followed": "followed",
    "cases": "cases",
    "states": "case_states",
    "clocks": "clocks",
    "holdings": "holdings",
    "ends": "clock_ends",
    "orders": "oversight_orders",
    "search": "search",
    "reporters": "reporter_marks",
}


def _empty(name: Rebuildable) -> TextClause:
    return text(f"SELECT EXISTS (SELECT FROM cases) AND NOT EXISTS (SELECT FROM {TABLES[name]})")  # noqa: S608


def _clear(name: Rebuildable) -> TextClause:
    return text(f"DELETE FROM {TABLES[name]} WHERE stream = ANY(:streams)")  # noqa: S608 — constant


def _stray(name: Rebuildable) -> TextClause:
    table = TABLES[name]
    return text(
        f"DELETE FROM {table} WHERE NOT EXISTS (SELECT FROM streams WHERE streams.stream = {table}.stream)"  # noqa: S608
    )


_COUNT = text("SELECT count(*) FROM streams")
_NEXT = text("SELECT stream FROM streams WHERE stream > :after ORDER BY stream LIMIT :size FOR UPDATE")
