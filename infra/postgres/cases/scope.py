"""Which cases a list holds, as SQL: one condition for any query, or as walks along indexes, in order.

A walk goes along one index per stage: equality on what leads the index, then newest first. A page takes the head
of every walk and merges them, so its cost is that of a page, whatever lies behind it. Walks of one list may overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Subquery, Table, and_, exists, false, func, literal_column, or_, select, true

from domain.lists.worklists import LIVES, CaseFilter, ClockState, Part
from domain.people.visibility import Scope
from infra.postgres.clocks.clock_tables import clocks
from infra.postgres.record.tables import cases

PLACES = 2
"""Departments of a case that have an index each, by their place in the order of involvement; further ones share one."""

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class IndexWalk:
    """Conditions led by what an index leads with, and the stages to walk through."""

    stages: tuple[str, ...]
    where: tuple[Condition, ...]
    narrow: bool
    """Led by somebody's hands or a department: what is open there is little, however large the stock."""


def within(scope: Scope, rows: Table = cases) -> Condition:
    """The one rendering of a scope: which case rows it admits (`Scope.admits` in SQL)."""
    if scope.everything:
        return true()
    admitted: list[Condition] = []
    if scope.region_prefix is not None:
        admitted.append(in_subtree(scope.region_prefix, rows))
    if scope.department is not None:
        admitted.append(or_(*involving(scope.department, rows)))
    return or_(false(), *admitted)


def in_subtree(prefix: str, rows: Table = cases) -> Condition:
    """Regions that begin with these digits, said so that an index by district or by city fits."""
    match len(prefix):
        case 0:
            return true()
        case 6:
            return rows.c.region == prefix
        case length:
            return func.left(rows.c.region, literal_column(str(length))) == prefix


def involving(department: str, rows: Table = cases) -> Iterator[Condition]:
    """Cases the department ever had a part in, by its place among the departments."""
    for place in range(1, PLACES + 1):
        yield rows.c.departments[literal_column(str(place))] == department
    yield and_(func.cardinality(rows.c.departments) > literal_column(str(PLACES)), _holds(rows, department))


def narrowing(parts: Sequence[Part], narrowed: CaseFilter, rows: Table = cases) -> list[Condition]:
    """The cases of a worklist as narrowed by a filter, in no order; conditions on clocks aside."""
    held = [
        and_(
            rows.c.stage.in_(_stages(part, narrowed)),
            *([rows.c.responsible == part.responsible] if part.responsible is not None else []),
            *([rows.c.handler.in_(part.handlers)] if part.handlers else []),
            in_subtree(part.region_prefix, rows),
        )
        for part in parts
    ]
    led = {rows.c.responsible: narrowed.department, rows.c.handler: narrowed.handler}
    involved = [or_(*involving(narrowed.involved, rows))] if narrowed.involved is not None else []
    return [
        rows.c.kind == narrowed.kind,
        or_(false(), *held),
        in_subtree(narrowed.region_prefix, rows),
        *_equal(led),
        *involved,
        *_facets(narrowed, rows),
    ]


def index_walks(scope: Scope, parts: Sequence[Part], narrowed: CaseFilter) -> list[IndexWalk]:
    """The same cases within a scope, as walks over the case rows."""
    return [walk for part in parts for walk in _walks_of_part(scope, part, narrowed)]


def _walks_of_part(scope: Scope, part: Part, narrowed: CaseFilter) -> Iterator[IndexWalk]:
    """An index for what is most telling: whose hands, then whose desk, then who had a part in it, then the scope."""
    stages, subtree = _stages(part, narrowed), narrower(part.region_prefix, narrowed.region_prefix)
    responsible = {wanted for wanted in (part.responsible, narrowed.department) if wanted is not None}
    if not stages or subtree is None or len(responsible) > 1:
        return
    desk = [cases.c.responsible == department for department in responsible]
    involved = [or_(*involving(narrowed.involved))] if narrowed.involved is not None else []
    rest = [*_facets(narrowed, cases)]
    seen = [within(scope), in_subtree(subtree)]
    if part.handlers or narrowed.handler is not None:
        for handler in _hands(part, narrowed):
            yield IndexWalk(stages, (cases.c.handler == handler, *desk, *involved, *seen, *rest), narrow=True)
    elif desk:
        yield IndexWalk(stages, (*desk, *involved, *seen, *rest), narrow=True)
    elif narrowed.involved is not None:
        for place in leading(narrowed.involved):
            yield IndexWalk(stages, (place, *seen, *rest), narrow=True)
    else:
        yield from (IndexWalk(stages, (*admitted, *rest), narrow) for narrow, admitted in _admitted(scope, subtree))


def _admitted(scope: Scope, subtree: str) -> Iterator[tuple[bool, tuple[Condition, ...]]]:
    if scope.everything:
        yield False, (in_subtree(subtree),)
        return
    if scope.region_prefix is not None and (common := narrower(scope.region_prefix, subtree)) is not None:
        yield False, (in_subtree(common),)
    if scope.department is not None:
        for place in leading(scope.department):
            yield True, (place, in_subtree(subtree))


def leading(department: str) -> Iterator[Condition]:
    """Involvement as indexes lead to it. Cases beyond the indexed places are few and looked up first: the planner would
    take them for many and hope to meet them on a walk through everything."""
    *places, further = involving(department)
    yield from places
    yield cases.c.stream == func.any(
        func.array(select(cases.c.stream).where(further).correlate(None).scalar_subquery())
    )


def _stages(part: Part, narrowed: CaseFilter) -> tuple[str, ...]:
    return tuple(stage for stage in part.stages if not narrowed.stages or stage in narrowed.stages)


def _hands(part: Part, narrowed: CaseFilter) -> tuple[str, ...]:
    if narrowed.handler is None:
        return part.handlers
    return (narrowed.handler,) if not part.handlers or narrowed.handler in part.handlers else ()


def narrower(one: str, other: str) -> str | None:
    """The smaller of two subtrees; None when neither lies in the other."""
    if one.startswith(other):
        return one
    return other if other.startswith(one) else None


def _facets(narrowed: CaseFilter, rows: Table) -> list[Condition]:
    facets = _equal({getattr(rows.c, name): getattr(narrowed, name) for name in _FACETS})
    if narrowed.registered_from is not None:
        facets.append(rows.c.registered_at >= narrowed.registered_from)
    if narrowed.registered_to is not None:
        facets.append(rows.c.registered_at < narrowed.registered_to)
    if narrowed.punctual:
        late = exists().where(clocks.c.stream == rows.c.stream, in_state("overdue"))
        facets.append(or_(rows.c.stage.in_(LIVES[narrowed.kind].closed), ~late))
    return facets


_FACETS = ("channel", "category", "entity", "number", "external_id")


def _equal(wanted: dict[Any, Any]) -> list[Condition]:
    return [column == value for column, value in wanted.items() if value is not None]


def _holds(rows: Table, department: str) -> Condition:
    holds: Condition = rows.c.departments.contains([department])
    return holds


def in_state(state: ClockState, rows: Table | Subquery = clocks) -> Condition:
    """Clocks in a state now. A paused one is overdue only if it was when the pause began."""
    lasting, counting, now = rows.c.stopped_at.is_(None), rows.c.paused_at.is_(None), func.statement_timestamp()
    match state:
        case "running":
            return and_(lasting, counting)
        case "paused":
            return and_(lasting, ~counting)
        case "overdue":
            return and_(lasting, rows.c.breach_at <= now, or_(counting, rows.c.breach_at <= rows.c.paused_at))
        case "due_soon":
            return and_(lasting, counting, rows.c.warn_at <= now, rows.c.breach_at > now)
        case "met" | "missed":
            return and_(~lasting, rows.c.outcome == literal_column(f"'{state}'"))
