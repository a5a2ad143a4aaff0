"""Lists of cases, in keyset pages, and how long they are.

Cases come newest first, by the walks of `infra.postgres.cases.scope`, or most urgent first, by the clocks that run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    Text,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue.entry import ClueEntry
from domain.lists.cases import CaseLine
from domain.lists.clocks import ClockLine
from domain.lists.page import Page
from domain.lists.worklists import LIVES, AsOf, CaseFilter, Count, Part, Selection
from domain.people.visibility import Scope
from infra.postgres.cases.scope import index_walks, narrowing, within
from infra.postgres.cases.searching import newest, snippets
from infra.postgres.cases.urgency import clocked, mark_of, ticking
from infra.postgres.clocks.lines import most_urgent
from infra.postgres.engine.cursors import Place, cursor_of, page_of, place_of
from infra.postgres.engine.session import Session, session
from infra.postgres.record.tables import case_states, cases

COUNTED = 10_000
"""A list is counted so far; what is longer is only said to be longer."""
BADGE = 1_000
"""The same for the numbers on a start page, of which there are many."""
EXPORT_PAGE = 500

_UNSEARCHED: Final[Mapping[str, str]] = MappingProxyType({})


class Cases:
    """Lists of cases."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, of: Selection, *, cursor: str | None = None, limit: int) -> Page[CaseLine]:
        """One page of the cases, newest or most urgent first. Raises `BadCursor`."""
        before = place_of(cursor, of.identity, (datetime, str)) if cursor is not None else None
        async with session(self._engine) as opened:
            found = await _rows(opened, of, before, limit + 1)
            page = page_of(found, limit, lambda placed: cursor_of(placed[1], of.identity))
            streams = [row.stream for row, _ in page.items]
            urgent = {} if of.as_of else await most_urgent(opened, streams)
            said = await snippets(opened, streams, of.search.query, of.search.readable) if of.search else {}
        return page.mapped(lambda placed: _line(placed[0], urgent, said))

    async def one(self, scope: Scope, stream: str) -> CaseLine | None:
        """A case, if it lies in the scope."""
        async with session(self._engine) as opened:
            row = (await opened.run(select(cases).where(within(scope), cases.c.stream == stream))).one_or_none()
            urgent = await most_urgent(opened, [stream] if row else [])
        return _line(row, urgent) if row else None

    async def each(self, of: Selection, *, size: int = EXPORT_PAGE) -> AsyncIterator[Sequence[CaseLine]]:
        """All cases, a page at a time, each page read when it is asked for: for exports. No transaction stays open."""
        following: str | None = None
        while True:
            page = await self.page(of, cursor=following, limit=size)
            if page.items:
                yield page.items
            if (following := page.next) is None:
                return

    async def count(self, of: Selection) -> Count:
        """How many cases, exact up to `COUNTED`."""
        return (await self.counts({"": of}, bound=COUNTED))[""]

    async def counts(self, of: Mapping[str, Selection], *, bound: int = BADGE) -> dict[str, Count]:
        """How many cases of several lists, each exact up to the bound, in one statement."""
        if not of:
            return {}
        counted = select(*(_length(_streams(each, bound + 1)).label(f"c{n}") for n, each in enumerate(of.values())))
        async with session(self._engine) as opened:
            found = (await opened.run(counted)).one()
        return {name: Count(min(length, bound), length > bound) for name, length in zip(of, found, strict=True)}

    async def by_stage(self, scope: Scope, kind: str = "clue", *, bound: int = BADGE) -> dict[str, Count]:
        """How many cases are in each stage, exact up to the bound. Stages without cases are there too."""
        stages = LIVES[kind].stages
        given = func.unnest(literal(list(stages), ARRAY(Text))).table_valued("stage").render_derived("given")
        heads = [
            select(cases.c.stream)
            .where(cases.c.kind == kind, cases.c.stage == given.c.stage, *walk.where)
            .limit(_number(bound + 1))
            .correlate(given)
            for walk in index_walks(scope, (Part(stages=stages),), CaseFilter(kind=kind))
        ]
        if not heads:
            return dict.fromkeys(stages, Count(0, more=False))
        length = _length(
            select(_united([select(head.subquery()) for head in heads]).subquery()).limit(_number(bound + 1))
        )
        async with session(self._engine) as opened:
            found = (await opened.run(select(given.c.stage, length.label("length")))).all()
        return {row.stage: Count(min(row.length, bound), row.length > bound) for row in found}


async def _rows(opened: Session, of: Selection, before: Place | None, limit: int) -> Sequence[tuple[Row[Any], Place]]:
    """The rows of a page, each with its place in the order."""
    if of.narrowed.by_clock:
        keys = await ticking(opened, of, before, limit)
        found = {row.stream: row for row in await opened.run(_these(keys))} if keys else {}
        return [(found[key.stream], (key.breach_at, mark_of(key))) for key in keys]
    if of.search is not None:
        searched = select(cases.c.registered_at, cases.c.stream)
        readable = replace(of, scope=of.search.readable, search=None)
        keys = await newest(
            opened,
            searched.where(within(of.scope), *narrowing(of.parts, of.narrowed)),
            lambda place, count: _keys_by_age(readable, place, count),
            of.search.query,
            readable.scope,
            before=before,
            limit=limit,
        )
        found = {row.stream: row for row in await opened.run(_these(keys))}
        return [(found[key.stream], (key.registered_at, key.stream)) for key in keys]
    page = _by_age(of, before, limit)
    rows = (await opened.run(page)).all() if page is not None else []
    return [(row, (row.registered_at, row.stream)) for row in rows]


def _these(keys: Sequence[Row[Any]]) -> Select[Any]:
    return select(cases).where(cases.c.stream.in_([key.stream for key in keys]))


def _by_age(of: Selection, before: Place | None, limit: int) -> Select[Any] | None:
    """The newest of every walk and stage, merged."""
    keys = _keys_by_age(of, before, limit)
    if keys is None:
        return None
    page = keys.subquery("page")
    rows = cases if of.as_of is None else case_states
    same = [rows.c.stream == page.c.stream, *([rows.c.version == page.c.version] if rows is case_states else [])]
    return select(rows).join(page, and_(*same)).order_by(*_newest(page))


def _keys_by_age(of: Selection, before: Place | None, limit: int) -> Select[Any] | None:
    walks = _walks(of, limit, before)
    if not walks:
        return None
    heads = _united(walks).subquery()
    return select(heads).order_by(*_newest(heads)).limit(_number(limit))


def _walks(of: Selection, limit: int, before: Place | None = None, *, ordered: bool = True) -> list[Select[Any]]:
    """The first cases of every walk in each of its stages: the head of one index each.

    A list as it was walks through the cases as they stand now and looks at the state each was in.
    """
    if of.as_of is None:
        walks, was = index_walks(of.scope, of.parts, of.narrowed), None
    else:
        everything = (Part(stages=LIVES[of.narrowed.kind].stages),)
        walks = index_walks(of.scope, everything, CaseFilter(kind=of.narrowed.kind))
        was = _was(of, of.as_of)
    heads = []
    for walk in walks:
        stages = func.unnest(literal(list(walk.stages), ARRAY(Text))).table_valued("stage").render_derived()
        found = select(cases.c.registered_at, cases.c.stream)
        if was is not None:
            found = found.add_columns(case_states.c.version).select_from(cases).join(case_states, was)
        found = found.where(cases.c.kind == of.narrowed.kind, cases.c.stage == stages.c.stage, *walk.where)
        if before is not None:
            found = found.where(tuple_(cases.c.registered_at, cases.c.stream) < tuple_(*before))
        if ordered:
            found = found.order_by(*_newest(cases))
        head = found.limit(_number(limit)).lateral()
        heads.append(select(head).select_from(stages).join(head, true()))
    return heads


def _was(of: Selection, as_of: AsOf) -> ColumnElement[bool]:
    """The state a case was in at that instant, when the list would have held it."""
    begun, ended = (
        (case_states.c.recorded_at, case_states.c.superseded_at)
        if as_of.axis == "recorded"
        else (case_states.c.happened_at, case_states.c.outlived_at)
    )
    return and_(
        case_states.c.stream == cases.c.stream,
        begun <= as_of.at,
        or_(ended.is_(None), ended > as_of.at),
        cases.c.registered_at <= as_of.at,
        *narrowing(of.parts, of.narrowed, case_states),
    )


def _united(walks: Sequence[Select[Any]]) -> Select[Any] | CompoundSelect[Any]:
    return walks[0] if len(walks) == 1 else union(*walks)


def _newest(rows: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return rows.c.registered_at.desc(), rows.c.stream.desc()


def _streams(of: Selection, limit: int) -> Select[Any] | None:
    """The cases of a list in no order, as many as are counted."""
    if of.narrowed.by_clock:
        return clocked(of).limit(_number(limit))
    walks = [select(walk.limit(_number(limit)).subquery().c.stream) for walk in _walks(of, limit, ordered=False)]
    return select(_united(walks).subquery().c.stream).limit(_number(limit)) if walks else None


def _length(streams: Select[Any] | None) -> ColumnElement[int]:
    if streams is None:
        return literal_column("0")
    counted: ColumnElement[int] = select(func.count()).select_from(streams.subquery()).scalar_subquery()
    return counted


def _number(limit: int) -> ColumnElement[int]:
    """A limit in the statement itself: as a parameter it would be planned for as if it were a tenth of everything."""
    return literal_column(str(int(limit)))


def _line(row: Row[Any], urgent: Mapping[str, ClockLine], said: Mapping[str, str] = _UNSEARCHED) -> CaseLine:
    return CaseLine(row.stream, summary_of(row), urgent.get(row.stream), said.get(row.stream))


def summary_of(row: Row[Any]) -> ClueEntry:
    """The summary a case row holds."""
    return ClueEntry.model_validate({name: getattr(row, name) for name in ClueEntry.model_fields})
