"""A clock of some case as lists show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from domain.lists.clocks import ClockLine
from domain.time.counting import NEVER
from infra.postgres.clocks.clock_tables import clocks
from infra.postgres.engine.session import Session
from infra.postgres.record.tables import cases

SECOND = timedelta(seconds=1)


async def lines_of(opened: Session, keys: Sequence[Any]) -> list[ClockLine]:
    """The clocks of these keys (stream, clock), in their order."""
    wanted = tuple_(clocks.c.stream, clocks.c.clock).in_([(key.stream, key.clock) for key in keys])
    found = {(row.stream, row.clock): row for row in await opened.run(_shown().where(wanted))} if keys else {}
    return [_line(found[key.stream, key.clock]) for key in keys]


async def most_urgent(opened: Session, streams: Sequence[str]) -> dict[str, ClockLine]:
    """The most urgent clock of each case that has not ended."""
    if not streams:
        return {}
    found = (
        _shown()
        .where(clocks.c.stream.in_(streams), clocks.c.stopped_at.is_(None))
        .ext(distinct_on(clocks.c.stream))
        .order_by(clocks.c.stream, clocks.c.breach_at, clocks.c.clock)
    )
    return {row.stream: _line(row) for row in await opened.run(found)}


def _shown() -> Select[Any]:
    now = func.statement_timestamp().label("now")
    return select(clocks, cases.c.number, cases.c.handler, now).join(cases, cases.c.stream == clocks.c.stream)


def _line(row: Row[Any]) -> ClockLine:
    until = row.paused_at or row.stopped_at or row.now
    return ClockLine(
        **{name: getattr(row, name) for name in _AS_STORED},
        id=row.clock,
        warn_at=_if_ever(row.warn_at),
        due_at=_if_ever(row.due_at),
        breach_at=_if_ever(row.breach_at),
        overdue=row.outcome == "missed" if row.stopped_at else row.breach_at <= until,
        late_seconds=max(0, (until - row.breach_at) // SECOND),
        age_seconds=((row.stopped_at or row.now) - row.started_at) // SECOND,
    )


_AS_STORED = (
    "stream", "number", "handler", "region", "channel", "category", "kind", "about", "rule", "pack", "certainty",
    "standing", "owed_by", "started_at", "paused_at", "stopped_at", "outcome", "provisional", "level", "extensions",
)  # fmt: skip


def _if_ever(instant: datetime) -> datetime | None:
    return None if instant == NEVER else instant
