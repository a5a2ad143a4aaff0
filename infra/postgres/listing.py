"""Lists over many rows, newest first, in keyset pages: cases, clocks, and what people were told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, func, or_, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.decider import Summary
from domain.visibility import Scope
from infra.postgres.cursors import BadCursor, cursor_of, place_of
from infra.postgres.session import session
from infra.postgres.tables import cases, clocks, inbox

R = TypeVar("R")
ClockState = Literal["overdue", "due_soon", "running"]


@dataclass(frozen=True)
class Page(Generic[R]):
    """Rows, and the cursor of the next page (None on the last)."""

    rows: Sequence[R]
    following: str | None


@dataclass(frozen=True)
class CaseFilter:
    """What a list is narrowed to; None: not narrowed."""

    kind: str | None = None
    stage: str | None = None
    department: str | None = None
    """Who is responsible now."""
    region: str | None = None
    category: str | None = None
    channel: str | None = None
    overdue: bool | None = None
    external_id: str | None = None


@dataclass(frozen=True)
class ClockLine:
    """A running clock of some case."""

    stream: str
    id: str
    kind: str
    rule: str
    certainty: str
    standing: str
    owed_by: str
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    breach_at: datetime
    provisional: bool
    overdue: bool


@dataclass(frozen=True)
class CaseLine:
    """A case and its most urgent running clock."""

    stream: str
    summary: Summary
    version: int
    clock: ClockLine | None


@dataclass(frozen=True)
class Notice:
    """Something somebody was told: codes and references, no personal text."""

    id: UUID
    stream: str
    recipient: str
    subject: str
    params: dict[str, str]
    created_at: datetime
    read_at: datetime | None


class Cases:
    """Lists of cases and of their clocks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self, scope: Scope, narrowed: CaseFilter, *, cursor: str | None = None, limit: int
    ) -> Page[CaseLine]:
        """One page of the cases in a scope, newest first. Raises `BadCursor`."""
        key = tuple_(cases.c.registered_at, cases.c.stream)
        found = select(cases).where(within(scope), *_narrowing(narrowed))
        if cursor is not None:
            found = found.where(key < tuple_(*place_of(cursor)))
        found = found.order_by(cases.c.registered_at.desc(), cases.c.stream.desc()).limit(limit + 1)
        rows = await self._all(found)
        urgent = await self._urgent([row.stream for row in rows[:limit]])
        lines = [CaseLine(row.stream, _summary(row), row.version, urgent.get(row.stream)) for row in rows[:limit]]
        last = lines[-1] if len(rows) > limit else None
        return Page(lines, cursor_of(last.summary.registered_at, last.stream) if last else None)

    async def one(self, scope: Scope, stream: str) -> CaseLine | None:
        """A case, if it lies in the scope."""
        rows = await self._all(select(cases).where(within(scope), cases.c.stream == stream))
        urgent = await self._urgent([row.stream for row in rows])
        return next((CaseLine(row.stream, _summary(row), row.version, urgent.get(row.stream)) for row in rows), None)

    async def clocks(
        self,
        scope: Scope,
        state: ClockState,
        *,
        department: str | None = None,
        cursor: str | None = None,
        limit: int,
    ) -> Page[ClockLine]:
        """Running clocks of the cases in a scope, earliest breach first. Raises `BadCursor`."""
        found = _clock_lines().join(cases, cases.c.stream == clocks.c.stream).where(within(scope), _in_state(state))
        if department is not None:
            found = found.where(clocks.c.owed_by == department)
        if cursor is not None:
            at, place = place_of(cursor)
            found = found.where(tuple_(clocks.c.breach_at, _clock_id()) > tuple_(at, place))
        rows = await self._all(found.order_by(clocks.c.breach_at, _clock_id()).limit(limit + 1))
        lines = [_clock_line(row) for row in rows[:limit]]
        last = lines[-1] if len(rows) > limit else None
        return Page(lines, cursor_of(last.breach_at, f"{last.stream} {last.id}") if last else None)

    async def _urgent(self, streams: Sequence[str]) -> dict[str, ClockLine]:
        if not streams:
            return {}
        found = (
            _clock_lines()
            .where(clocks.c.stream.in_(streams), clocks.c.stopped_at.is_(None))
            .ext(distinct_on(clocks.c.stream))
            .order_by(clocks.c.stream, clocks.c.breach_at, clocks.c.clock)
        )
        return {row.stream: _clock_line(row) for row in await self._all(found)}

    async def _all(self, found: Select[Any]) -> Sequence[Row[Any]]:
        async with session(self._engine) as opened:
            return (await opened.run(found)).all()


class Inbox:
    """What people were told."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self, recipients: Sequence[str], *, unread: bool = False, cursor: str | None = None, limit: int
    ) -> Page[Notice]:
        """Notices to any of the recipients, newest first. Raises `BadCursor`."""
        found = select(inbox).where(inbox.c.recipient.in_(recipients))
        if unread:
            found = found.where(inbox.c.read_at.is_(None))
        if cursor is not None:
            at, place = place_of(cursor)
            found = found.where(tuple_(inbox.c.created_at, inbox.c.effect_id) < tuple_(at, _uuid(place)))
        found = found.order_by(inbox.c.created_at.desc(), inbox.c.effect_id.desc()).limit(limit + 1)
        async with session(self._engine) as opened:
            rows = (await opened.run(found)).all()
        notices = [
            Notice(row.effect_id, row.stream, row.recipient, row.subject, row.params, row.created_at, row.read_at)
            for row in rows[:limit]
        ]
        last = notices[-1] if len(rows) > limit else None
        return Page(notices, cursor_of(last.created_at, str(last.id)) if last else None)

    async def read(self, message: UUID, recipients: Sequence[str], account: str) -> bool:
        """Mark as read, by whom first; False when there is no such notice for these recipients."""
        marked = (
            update(inbox)
            .where(inbox.c.effect_id == message, inbox.c.recipient.in_(recipients))
            .values(
                read_at=func.coalesce(inbox.c.read_at, func.clock_timestamp()),
                read_by=func.coalesce(inbox.c.read_by, account),
            )
        )
        async with session(self._engine) as opened:
            return (await opened.run(marked)).rowcount == 1


def within(scope: Scope) -> ColumnElement[bool]:
    """The one rendering of a scope: which case rows it admits (`Scope.admits` in SQL)."""
    if scope.everything:
        return true()
    admitted: list[ColumnElement[bool]] = []
    if scope.region_prefix is not None:
        admitted.append(cases.c.region.startswith(scope.region_prefix, autoescape=True))
    if scope.department is not None:
        admitted.append(cases.c.departments.contains([scope.department]))
    return or_(false(), *admitted)


def _narrowing(narrowed: CaseFilter) -> list[ColumnElement[bool]]:
    equal = {
        cases.c.kind: narrowed.kind,
        cases.c.stage: narrowed.stage,
        cases.c.responsible: narrowed.department,
        cases.c.region: narrowed.region,
        cases.c.category: narrowed.category,
        cases.c.channel: narrowed.channel,
        cases.c.external_id: narrowed.external_id,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    if narrowed.overdue is not None:
        late = exists().where(clocks.c.stream == cases.c.stream, _in_state("overdue"))
        conditions.append(late if narrowed.overdue else ~late)
    return conditions


def _in_state(state: ClockState) -> ColumnElement[bool]:
    running, now = clocks.c.stopped_at.is_(None), func.statement_timestamp()
    match state:
        case "running":
            return running
        case "overdue":
            return and_(running, clocks.c.breach_at <= now)
        case "due_soon":
            return and_(running, clocks.c.warn_at <= now, clocks.c.breach_at > now)


def _clock_lines() -> Select[Any]:
    return select(clocks, (clocks.c.breach_at <= func.statement_timestamp()).label("overdue"))


def _clock_id() -> ColumnElement[str]:
    return clocks.c.stream.concat(" ").concat(clocks.c.clock)


def _clock_line(row: Row[Any]) -> ClockLine:
    told = {name: getattr(row, name) for name in ClockLine.__dataclass_fields__ if name != "id"}
    return ClockLine(id=row.clock, **told)


def _summary(row: Row[Any]) -> Summary:
    return Summary.model_validate({name: getattr(row, name) for name in Summary.model_fields})


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadCursor("翻页游标无效,请从第一页重新查询") from None


__all__ = ["BadCursor", "CaseFilter", "CaseLine", "Cases", "ClockLine", "Inbox", "Notice", "Page", "within"]
