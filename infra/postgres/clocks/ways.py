"""Which clocks a list holds, as SQL: one or two ways to find those that lie in a scope.

A clock's row says where its case lies and what it is about, so for those who see a region a walk along an index of the
clocks answers. What a department had a part in only the cases know: they are gathered, and their clocks taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, true, union

from domain.lists.worklists import LIVES, ClockFilter
from domain.people.visibility import Scope
from infra.postgres.cases.scope import Condition, involving, leading, narrower
from infra.postgres.clocks.clock_tables import clocks
from infra.postgres.record.tables import cases

Columns = Sequence[ColumnElement[Any]]


def ways(scope: Scope, narrowed: ClockFilter, wanted: Condition, columns: Columns) -> list[Select[Any]]:
    """The columns of the wanted clocks that lie in a scope and a region. Two ways may find the same clock."""
    found = wide(scope, narrowed, wanted, columns), narrow(scope, narrowed, wanted, columns)
    return [way for way in found if way is not None]


def wide(scope: Scope, narrowed: ClockFilter, wanted: Condition, columns: Columns) -> Select[Any] | None:
    """Those of the regions of a scope, in any order an index has."""
    subtree = "" if scope.everything else scope.region_prefix
    lying = narrower(subtree, narrowed.region_prefix) if subtree is not None else None
    return select(*columns).where(wanted, _in_subtree(lying)) if lying is not None else None


def narrow(scope: Scope, narrowed: ClockFilter, wanted: Condition, columns: Columns) -> Select[Any] | None:
    """Those of the cases the department of a scope had a part in, in no order."""
    if scope.department is None or scope.everything:
        return None
    wanted = and_(wanted, _in_subtree(narrowed.region_prefix))
    if narrowed.department is not None:
        return _looked_up(scope.department, wanted, columns)
    return _gathered(scope.department, wanted, columns, ended=narrowed.ended)


def facets(narrowed: ClockFilter) -> Iterator[Condition]:
    """What the row of a clock is asked for beside its state and its place."""
    equal = {name: getattr(narrowed, name) for name in ("rule", "kind", "category", "channel", "certainty")}
    for name, value in (*equal.items(), ("owed_by", narrowed.department)):
        if value is not None:
            yield clocks.c[name] == value
    if narrowed.level:
        yield clocks.c.level > number(0)  # as the index of those that climbed says it
        yield clocks.c.level >= narrowed.level
    if narrowed.provisional:
        yield clocks.c.provisional


def number(value: int) -> ColumnElement[int]:
    """A number in the statement itself, for the planner to reckon with."""
    return literal_column(str(int(value)))


def _looked_up(department: str, wanted: Condition, columns: Columns) -> Select[Any]:
    """Go through what somebody owes and look at each case. OFFSET 0 keeps it one look-up by key."""
    held = (
        select(cases.c.stream)
        .where(cases.c.stream == clocks.c.stream, or_(*involving(department)))
        .offset(number(0))
        .lateral("held")
    )
    return select(*columns).join_from(clocks, held, true()).where(wanted)


def _gathered(department: str, wanted: Condition, columns: Columns, *, ended: bool) -> Select[Any]:
    """Gather the cases a department had a part in, by the indexes that lead to them, and take their clocks."""
    gathered = [
        select(cases.c.stream).where(cases.c.kind == kind, cases.c.stage.in_(stages), place)
        for kind, life in LIVES.items()
        for place in leading(department)
        if (stages := [stage for stage in life.stages if ended or stage not in life.closed])
    ]
    held = union(*gathered).subquery("held")
    of_case = select(*columns).where(clocks.c.stream == held.c.stream, wanted).offset(number(0)).lateral("of_case")
    return select(of_case).select_from(held).join(of_case, true())


def _in_subtree(prefix: str) -> Condition:
    """Regions that begin with these digits. Indexes lead to a city, and from there to a district."""
    lying = and_(clocks.c.region >= prefix, clocks.c.region < f"{prefix}~") if prefix else true()
    city = func.left(clocks.c.region, number(4)) == prefix[:4]
    match len(prefix):
        case 4:
            return city
        case 6:
            return and_(city, lying)
        case _:
            return lying
