"""Finding cases by what their texts say, newest first.

No one way is good at every query, so a page is filled by several in turn, each going on where the one before stopped:
look into the texts of the newest cases (a frequent term comes soon, and a narrow list ends soon); gather all a term
proposes when that is little (a rare term); gather what it proposes period by period. All of them give the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    Subquery,
    and_,
    case,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from domain.lists.search import PERIODS, Query, excerpt, period_of, probes_of
from domain.people.visibility import Scope
from infra.postgres.cases.scope import within
from infra.postgres.engine.session import Session
from infra.postgres.record.tables import cases, search, vault

Place = tuple[datetime, str]
GLANCE, WALK = 100, 2_000
"""How many of the newest cases are looked into at first, and how many more at most when a query is frequent in them."""
FREQUENT = 4
"""Matches at a glance from which on a query is frequent."""
RARE = 1_000
"""Texts a rare term stands in at most."""

_BEHIND = "~"
"""Sorts behind everything the name of a stream or a code may hold."""
_INSTANT = timedelta(microseconds=1)

_NEWEST = (cases.c.registered_at.desc(), cases.c.stream.desc())


Listing = Callable[[Place | None, int], Select[Any] | None]
"""The next cases of a list behind a place, newest first, as the list's own indexes give them; None: there are none."""


async def newest(
    opened: Session,
    found: Select[Any],
    listed: Listing,
    query: Query,
    readable: Scope,
    *,
    before: Place | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The cases of `found` that match, newest first after `before`, at most `limit`; each as registered_at and stream.

    `found` selects these two from `cases`, narrowed but neither ordered nor limited; `listed` gives those of them that
    lie in `readable`. Texts of cases outside `readable` are not looked into: there only a code finds.
    """
    texts = await _Finding(opened, found.where(within(readable)), listed, query.terms, before, limit).rows()
    codes = await _by_code(opened, found, query, before, limit)
    rows = {row.stream: row for row in (*texts, *codes)}
    return sorted(rows.values(), key=lambda row: (row.registered_at, row.stream), reverse=True)[:limit]


async def snippets(opened: Session, streams: Sequence[str], query: Query, readable: Scope) -> dict[str, str]:
    """For cases in the readable scope, a short stretch of the first text in which a term of the query stands."""
    said = (
        select(search.c.stream, vault.c.text)
        .join(vault, vault.c.ref == search.c.ref)
        .join(cases, cases.c.stream == search.c.stream)
        .where(
            search.c.stream.in_(streams),
            within(readable),
            vault.c.text.is_not(None),
            or_(false(), *(_says(term) for term in query.terms)),
        )
        .order_by(search.c.stream, vault.c.kept_at, vault.c.ref)
    )
    shown: dict[str, str] = {}
    for row in await opened.run(said):
        if row.stream not in shown and (stretch := excerpt(row.text, query.terms)) is not None:
            shown[row.stream] = stretch
    return shown


class _Finding:
    """One page in the making: what was found, and the place behind which nothing was looked for yet."""

    def __init__(
        self,
        opened: Session,
        found: Select[Any],
        listed: Listing,
        terms: tuple[str, ...],
        before: Place | None,
        limit: int,
    ) -> None:
        self._opened = opened
        self._found = found
        self._listed = listed
        self._terms = terms
        self._limit = limit
        self._reached = before
        self._rows: list[Row[Any]] = []
        self._over = False

    async def rows(self) -> Sequence[Row[Any]]:
        """The page."""
        await self._walk(GLANCE)
        if self._wanted and len(self._rows) >= FREQUENT:
            await self._walk(_stretch(2 * GLANCE * self._wanted // len(self._rows)))
        if self._wanted:
            await self._gather(await self._rarest())
        return self._rows

    @property
    def _wanted(self) -> int:
        return 0 if self._over else max(0, self._limit - len(self._rows))

    async def _walk(self, cases_looked_into: int) -> None:
        """Look into the next cases of the list."""
        listed = self._listed(self._reached, cases_looked_into)
        if listed is None:
            self._over = True
        if not self._wanted or listed is None:
            return
        near = listed.subquery("near")
        says_all = and_(*(_says_of(near.c.stream, term) for term in self._terms))
        seen = self._found.where(cases.c.stream == near.c.stream).offset(_number(0)).exists()
        matching = (
            select(near)
            .where(case((says_all, seen), else_=false()))
            .order_by(near.c.registered_at.desc(), near.c.stream.desc())
        )
        await self._take(matching.limit(_number(self._limit)))
        if self._wanted:
            last = listed.offset(_number(cases_looked_into - 1))
            self._go_on_after((await self._opened.run(last)).first())

    async def _rarest(self) -> str:
        """The term that stands in the fewest of the next cases: what it proposes is the least to look into."""
        listed = self._listed(self._reached, GLANCE) if len(self._terms) > 1 else None
        if listed is None:
            return self._terms[0]
        near = listed.subquery("near")
        says = (func.count(case((_says_of(near.c.stream, term), 1))) for term in self._terms)
        counted = (await self._opened.run(select(*says).select_from(near))).one()
        return min(zip(counted, self._terms, strict=True))[1]

    async def _gather(self, term: str) -> None:
        """All that a term proposes when that is little, else from the newest periods to the oldest."""
        proposed = select(search.c.stream).where(*_matches(term)).limit(_number(RARE + 1))
        streams = (await self._opened.run(proposed)).scalars().all()
        if len(streams) > RARE:
            await self._gather_by_period(term)
            return
        others = [_says_of(cases.c.stream, other) for other in self._terms if other != term]
        few = self._found.where(cases.c.stream == func.any(literal(streams, ARRAY(search.c.stream.type))))
        await self._take(_page(few.where(*others), self._reached, self._limit))
        self._over = True

    async def _gather_by_period(self, term: str) -> None:
        """What the term proposes, period by period, which grow longer; the texts of each case taken are looked into."""
        oldest = (await self._opened.run(select(func.min(cases.c.registered_at)))).scalar_one()
        for length in chain(PERIODS, repeat(PERIODS[-1])):
            assert self._reached is not None  # noqa: S101 — a walk that went to the end leaves nothing to gather
            number, start = period_of(self._reached[0], length)
            proposed = _proposed(term, number, start, self._reached)
            fitting = self._found.where(*(_says_of(cases.c.stream, term) for term in self._terms))
            await self._take(_cases_of(fitting, proposed, self._limit))
            self._reached = (start - _INSTANT, _BEHIND)
            if not self._wanted or start <= oldest:
                return

    def _go_on_after(self, last: Row[Any] | None) -> None:
        self._reached = (last.registered_at, last.stream) if last is not None else None
        self._over = last is None

    async def _take(self, page: Select[Any]) -> None:
        """Add to the page, perhaps more than it needs: a statement whose limit never changes is compiled once.

        Between two statements a case may have come in, and one be met twice.
        """
        known = {row.stream for row in self._rows}
        self._rows += [row for row in await self._opened.run(page) if row.stream not in known]


def _stretch(asked_for: int) -> int:
    """How many cases to look into next, in few sizes: each is a statement of its own."""
    size = GLANCE
    while size < min(asked_for, WALK):
        size *= 2
    return size


def _cases_of(found: Select[Any], hit: Subquery, limit: int) -> Select[Any]:
    """The newest cases of a list among hits, looked up one by one: nobody knows beforehand how many hits there are."""
    newest = select(hit).order_by(hit.c.registered_at.desc(), hit.c.stream.desc())
    ordered = newest.cte("ordered").prefix_with("MATERIALIZED")
    listed = found.where(cases.c.stream == ordered.c.stream).offset(_number(0)).lateral("listed")
    page = select(listed).select_from(ordered.join(listed, true()))
    return page.order_by(ordered.c.registered_at.desc(), ordered.c.stream.desc()).limit(_number(limit))


def _proposed(term: str, period: int, start: datetime, before: Place) -> Subquery:
    """The cases of a period with the grams of a term, each once."""
    place = tuple_(search.c.registered_at, search.c.stream)
    return (
        select(search.c.registered_at, search.c.stream)
        .where(_has_grams(term, period), search.c.registered_at >= start, place < tuple_(*before))
        .distinct()
        .subquery("proposed")
    )


async def _by_code(
    opened: Session, found: Select[Any], query: Query, before: Place | None, limit: int
) -> Sequence[Row[Any]]:
    if query.code is None:
        return ()
    return (await opened.run(_page(found.where(_has_code(query.code)), before, limit))).all()


def _has_code(code: str) -> ColumnElement[bool]:
    """A case number or a source's ticket begins with it, or it is the entity's credit code."""
    beyond = f"{code}{_BEHIND}"
    return or_(
        and_(cases.c.external_id >= code, cases.c.external_id < beyond),
        and_(cases.c.number >= code, cases.c.number < beyond),
        cases.c.entity == code.upper(),
    )


def _page(found: Select[Any], before: Place | None, limit: int) -> Select[Any]:
    if before is not None:
        found = found.where(tuple_(cases.c.registered_at, cases.c.stream) < tuple_(*before))
    return found.order_by(*_NEWEST).limit(_number(limit))


def _matches(term: str) -> tuple[ColumnElement[bool], ...]:
    """The grams propose, the text decides."""
    return _has_grams(term), _says(term)


def _has_grams(term: str, *periods: int) -> ColumnElement[bool]:
    """Whether a text has the grams of a term and was registered in these periods."""
    held: ColumnElement[bool] = search.c.grams.contains(literal([*probes_of(term), *periods], ARRAY(Integer)))
    return held


def _says(term: str) -> ColumnElement[bool]:
    return func.strpos(search.c.folded, term) > 0


def _says_of(stream: ColumnElement[str], term: str) -> ColumnElement[bool]:
    """Whether a text of the case says it. The offset keeps the planner from turning this into a join over all texts."""
    return select(search.c.ref).where(search.c.stream == stream, _says(term)).offset(_number(0)).exists()


def _number(limit: int) -> ColumnElement[int]:
    """A limit in the statement itself: as a parameter it would be planned for as if it were a tenth of everything."""
    return literal_column(str(int(limit)))
