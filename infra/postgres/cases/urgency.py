"""Cases by the clocks that run in them, the most urgent first.

Two ways, since neither is good for every list: go through the clocks by urgency and look at their cases (a wide list
soon has a page full); where that takes too long, and for what lies with a department or a person, gather the cases and
sort their clocks (a narrow list has little to sort). Both give the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, exists, literal_column, select, true, tuple_, union

from domain.lists.worklists import LIVES, CaseFilter, Part, Selection
from infra.postgres.cases.scope import Condition, IndexWalk, in_state, index_walks, narrowing, within
from infra.postgres.clocks.clock_tables import clocks
from infra.postgres.engine.cursors import Place
from infra.postgres.engine.session import Session
from infra.postgres.record.tables import cases

WALKED = 1_000
"""Clocks gone through before the cases are gathered instead."""


def wanted_clock(narrowed: CaseFilter) -> Condition:
    """The clocks a list is about. Those of any state have not ended."""
    state = in_state(narrowed.clock) if narrowed.clock is not None else clocks.c.stopped_at.is_(None)
    return state if narrowed.clock_kind is None else and_(state, clocks.c.kind == narrowed.clock_kind)


def unclosed(of: Selection) -> tuple[Part, ...]:
    """The parts of a list without the stages in which no clock runs."""
    closed = LIVES[of.narrowed.kind].closed
    return tuple(
        part.model_copy(update={"stages": tuple(stage for stage in part.stages if stage not in closed)})
        for part in of.parts
    )


def clocked(of: Selection) -> Select[Any]:
    """The cases of a list by clocks, in no order."""
    ticking = exists().where(clocks.c.stream == cases.c.stream, wanted_clock(of.narrowed))
    return select(cases.c.stream).where(within(of.scope), *narrowing(unclosed(of), of.narrowed), ticking)


async def ticking(opened: Session, of: Selection, after: Place | None, limit: int) -> Sequence[Row[Any]]:
    """The most urgent clock (stream, clock, breach_at) of each case of a list, the most urgent first.

    `after` is the breach and the `mark_of` the last clock of the page before.
    """
    walks = index_walks(of.scope, unclosed(of), of.narrowed)
    if not walks:
        return []
    wanted = wanted_clock(of.narrowed)
    place = (after[0], *after[1].partition(" ")[::2]) if after is not None else None
    if not all(walk.narrow for walk in walks):
        walked = select(clocks.c.stream, clocks.c.clock, clocks.c.breach_at).where(wanted, *_beyond(clocks, place))
        walked = walked.order_by(*_urgency(clocks))
        rows = (await opened.run(_through_clocks(of, walked, limit))).all()
        if len(rows) >= limit or (await opened.run(_nth(walked, WALKED))).first() is None:
            return rows
    return (await opened.run(_through_cases(of, walks, wanted, place, limit))).all()


def _nth(walked: Select[Any], n: int) -> Select[Any]:
    return walked.offset(literal_column(str(n - 1))).limit(literal_column("1"))


def mark_of(row: Any) -> str:
    """A clock's place among those of the same breach."""
    return f"{row.stream} {row.clock}"


def _through_clocks(of: Selection, walked: Select[Any], limit: int) -> Select[Any]:
    """Look at the case of each clock in turn. OFFSET 0 keeps it one look-up by key, whatever the planner believes."""
    due = walked.limit(literal_column(str(WALKED))).subquery("due")
    held = (
        select(cases.c.stream)
        .where(cases.c.stream == due.c.stream, within(of.scope), *narrowing(of.parts, of.narrowed))
        .offset(literal_column("0"))
        .lateral("held")
    )
    first = _of_case(due.c.stream, wanted_clock(of.narrowed)).limit(literal_column("1")).scalar_subquery()
    return (
        select(due)
        .join(held, true())
        .where(due.c.clock == first)
        .order_by(*_urgency(due))
        .limit(literal_column(str(limit)))
    )


def _through_cases(of: Selection, walks: Sequence[IndexWalk], wanted: Condition, place: Any, limit: int) -> Select[Any]:
    """Gather the cases by the indexes that lead to them, and sort their clocks."""
    gathered = [
        select(cases.c.stream).where(cases.c.kind == of.narrowed.kind, cases.c.stage.in_(walk.stages), *walk.where)
        for walk in walks
    ]
    held = (gathered[0] if len(gathered) == 1 else union(*gathered)).subquery("held")
    of_case = _of_case(held.c.stream, wanted).add_columns(clocks.c.stream, clocks.c.breach_at)
    due = of_case.limit(literal_column("1")).lateral("due")
    found = select(due.c.stream, due.c.clock, due.c.breach_at).select_from(held).join(due, true())
    return found.where(*_beyond(due, place)).order_by(*_urgency(due)).limit(literal_column(str(limit)))


def _of_case(stream: Any, wanted: Condition) -> Select[Any]:
    """The clocks of a case, the most urgent first."""
    return select(clocks.c.clock).where(clocks.c.stream == stream, wanted).order_by(clocks.c.breach_at, clocks.c.clock)


def _urgency(rows: Any) -> tuple[Any, Any, Any]:
    return rows.c.breach_at, rows.c.stream, rows.c.clock


def _beyond(rows: Any, place: Any) -> list[Condition]:
    return [tuple_(*_urgency(rows)) > tuple_(*place)] if place is not None else []
