"""Supervisors' lists of clocks, in keyset pages, and how many clocks there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, and_, func, literal, select, text, tuple_, union
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.clocks import ClockLine, ClockNumbers
from domain.lists.page import Page
from domain.lists.worklists import ClockFilter, ClockGroup, ClockState, EndedState, RunningState
from domain.people.visibility import Scope
from domain.time.counting import NEVER
from infra.postgres.cases.scope import Condition, in_state
from infra.postgres.clocks.clock_tables import clocks
from infra.postgres.clocks.lines import lines_of
from infra.postgres.clocks.ways import facets, narrow, number, ways, wide
from infra.postgres.engine.cursors import BadCursor, cursor_of, page_of, place_of
from infra.postgres.engine.session import Session, session

COUNTED = 100_000
"""Ended clocks are counted so far, those that ended last first; the ones that run are all counted."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOW = text("SELECT statement_timestamp()")
_PARTS = {"department": clocks.c.owed_by, "rule": clocks.c.rule, "kind": clocks.c.kind, "level": clocks.c.level}


class ClockLists:
    """Lists of the clocks of all cases."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self, scope: Scope, narrowed: ClockFilter, *, cursor: str | None = None, limit: int
    ) -> Page[ClockLine]:
        """One page of the clocks of the cases in a scope. Raises `BadCursor`."""
        identity = f"clocks {narrowed.model_dump_json()}"
        place = _place_of(cursor, identity, narrowed) if cursor is not None else None
        async with session(self._engine) as opened:
            at = place.at if place else await _now(opened, narrowed)
            found = _page(scope, narrowed, at, place, limit + 1)
            keys = (await opened.run(found)).all() if found is not None else []
            page = page_of(keys, limit, lambda key: _cursor_of(key, at, identity))
            return Page(await lines_of(opened, page.items), page.next)

    async def by_state(self, scope: Scope, narrowed: ClockFilter, states: Sequence[ClockState]) -> ClockNumbers:
        """How many clocks are in each of these states, whatever state the filter names. States overlap."""
        counts, more = dict[Any, int].fromkeys(states, 0), False
        running = [state for state in states if state in get_args(RunningState)]
        found = _counted_states(scope, narrowed, running) if running else None
        if found is not None:
            async with session(self._engine) as opened:
                counts.update((await opened.run(found)).one()._mapping)
        for state in [state for state in states if state in get_args(EndedState)]:
            ended = await self.by(scope, narrowed.model_copy(update={"state": state}), "kind")
            counts[state], more = sum(ended.counts.values()), more or ended.more
        return ClockNumbers(counts, more)

    async def by(self, scope: Scope, narrowed: ClockFilter, group: ClockGroup) -> ClockNumbers:
        """How many clocks of a list there are of each department, rule, kind or level that has any."""
        found = _counted(scope, narrowed, _PARTS[group])
        async with session(self._engine) as opened:
            counts = {row.part: row.number for row in await opened.run(found)} if found is not None else {}
        return ClockNumbers(counts, more=narrowed.ended and sum(counts.values()) >= COUNTED)


# Pages ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Where a page ended. `at` is when the first one was asked for: from page to page no clock grows later."""

    at: datetime
    key: Any
    stream: str
    clock: str


@dataclass(frozen=True)
class _Walk:
    """Clocks in one order: by a key, then stream and clock, all in one direction.

    With `since` the key is that instant and a length of time more: an index can only be in the order of the length.
    """

    by: ColumnElement[Any]
    where: Condition | None = None
    descending: bool = False
    since: datetime | None = None

    @property
    def key(self) -> ColumnElement[Any]:
        """What merges this walk with others."""
        return self.by if self.since is None else literal(self.since) + self.by

    def through(self, place: _Place | None) -> Iterator[Condition]:
        """Which clocks it goes through, those of the pages before left out."""
        if self.where is not None:
            yield self.where
        if place is not None:
            reached = place.key if self.since is None else place.key - self.since
            row, last = tuple_(self.by, clocks.c.stream, clocks.c.clock), (reached, place.stream, place.clock)
            yield row < tuple_(*last) if self.descending else row > tuple_(*last)


def _walks(narrowed: ClockFilter, at: datetime) -> tuple[_Walk, ...]:
    """The walks whose clocks, merged by their keys, are the list in its order. All go in one direction.

    How late a paused clock is no longer grows: it stands among the others by the instant since which one that counts
    would be as late.
    """
    match narrowed.sort, narrowed.state:
        case "late", "overdue":
            counting, rested = clocks.c.paused_at.is_(None), clocks.c.breach_at - clocks.c.paused_at
            held_late = and_(~counting, clocks.c.breach_at <= clocks.c.paused_at)  # as the index says it
            return _Walk(clocks.c.breach_at, counting), _Walk(rested, held_late, since=at)
        case "late", "paused":
            return (_Walk(_as_late_since(at)),)
        case "late", "missed":
            until = func.coalesce(clocks.c.paused_at, clocks.c.stopped_at)
            return (_Walk(until - clocks.c.breach_at, descending=True),)
        case _ if narrowed.ended:
            return (_Walk(clocks.c.stopped_at, descending=True),)
        case _:
            return (_Walk(clocks.c.breach_at),)


async def _now(opened: Session, narrowed: ClockFilter) -> datetime:
    """When a list is asked for, where its order rests on it."""
    return (await opened.run(_NOW)).scalar_one() if narrowed.sort == "late" else _EPOCH


def _as_late_since(at: datetime) -> ColumnElement[Any]:
    """The key of both walks of the latest clocks."""
    rested = literal(at) - func.coalesce(clocks.c.paused_at, literal(at))
    return func.least(clocks.c.breach_at + rested, literal(NEVER))


def _page(scope: Scope, narrowed: ClockFilter, at: datetime, place: _Place | None, limit: int) -> Select[Any] | None:
    """The first of every walk, merged. What is gathered is sorted anyway: it takes one walk by the keys of all."""
    walks = _walks(narrowed, at)
    whole = _Walk(_as_late_since(at)) if len(walks) > 1 else walks[0]
    heads = []
    for way, walk in (*((wide, walk) for walk in walks), (narrow, whole)):
        wanted = and_(_wanted(narrowed), *walk.through(place))
        found = way(scope, narrowed, wanted, (walk.key.label("key"), clocks.c.stream, clocks.c.clock))
        by = walk.by if way is wide else None
        heads += [_first(found, limit, by, descending=walk.descending)] if found is not None else []
    return _merged(heads, limit, descending=whole.descending) if heads else None


def _cursor_of(last: Row[Any], at: datetime, identity: str) -> str:
    key = last.key if isinstance(last.key, datetime) else _EPOCH + last.key
    return cursor_of((key, at, last.stream, last.clock), identity)


def _place_of(cursor: str, identity: str, narrowed: ClockFilter) -> _Place:
    key, at, stream, clock = place_of(cursor, identity, (datetime, datetime, str, str))
    if not _EPOCH <= at < NEVER:
        raise BadCursor("翻页游标无效,请从第一页重新查询")
    by_length = (narrowed.sort, narrowed.state) == ("late", "missed")
    return _Place(at, key - _EPOCH if by_length else key, stream, clock)


# Numbers ----------------------------------------------------------------------------------------------------------


def _counted(scope: Scope, narrowed: ClockFilter, part: ColumnElement[Any]) -> Select[Any] | None:
    """How many clocks of a list there are of each part."""
    columns = (part.label("part"), clocks.c.stopped_at.label("key"), clocks.c.stream, clocks.c.clock)
    found = ways(scope, narrowed, _wanted(narrowed), columns)
    if not found:
        return None
    if narrowed.ended:
        heads = [_first(each, COUNTED, descending=True) for each in found]
        listed = _merged(heads, COUNTED, descending=True).subquery()
    else:
        listed = _united(found).subquery()
    return select(listed.c.part, func.count().label("number")).group_by(listed.c.part)


def _counted_states(scope: Scope, narrowed: ClockFilter, states: Sequence[ClockState]) -> Select[Any] | None:
    """How many clocks are in each of these states, in one go through those that run."""
    columns = (clocks.c.stream, clocks.c.clock, *(in_state(state).label(state) for state in states))
    running = narrowed.model_copy(update={"state": "running"})
    found = ways(scope, running, and_(clocks.c.stopped_at.is_(None), *facets(narrowed)), columns)
    if not found:
        return None
    listed = _united(found).subquery()
    numbers: list[Any] = [func.count().filter(listed.c[state]).label(state) for state in states]
    return select(*numbers)


# Their rows -------------------------------------------------------------------------------------------------------


def _wanted(narrowed: ClockFilter) -> Condition:
    return and_(in_state(narrowed.state), *facets(narrowed))


def _merged(heads: Sequence[Select[Any]], limit: int, *, descending: bool) -> Select[Any]:
    """The first rows of several heads."""
    if len(heads) == 1:
        return heads[0]
    return _first(select(_united(heads).subquery()), limit, descending=descending)


def _first(found: Select[Any], limit: int, by: ColumnElement[Any] | None = None, *, descending: bool) -> Select[Any]:
    """The first rows by key, stream and clock; `by`: the key as the index says it."""
    columns = found.selected_columns
    order = [columns["key"] if by is None else by, columns["stream"], columns["clock"]]
    return found.order_by(*(column.desc() if descending else column for column in order)).limit(number(limit))


def _united(found: Sequence[Select[Any]]) -> Select[Any] | CompoundSelect[Any]:
    """What several ways found, each once."""
    return found[0] if len(found) == 1 else union(*(select(each.subquery()) for each in found))
