"""What people were told, newest first, and what they have read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.cursors import BadCursor, cursor_of, place_of
from infra.postgres.listing import Page
from infra.postgres.session import session
from infra.postgres.tables import inbox

_LIST = "inbox"


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
            at, place = place_of(cursor, _LIST)
            found = found.where(tuple_(inbox.c.created_at, inbox.c.effect_id) < tuple_(at, _uuid(place)))
        found = found.order_by(inbox.c.created_at.desc(), inbox.c.effect_id.desc()).limit(limit + 1)
        async with session(self._engine) as opened:
            rows = (await opened.run(found)).all()
        notices = [
            Notice(row.effect_id, row.stream, row.recipient, row.subject, row.params, row.created_at, row.read_at)
            for row in rows[:limit]
        ]
        last = notices[-1] if len(rows) > limit else None
        return Page(notices, cursor_of(last.created_at, str(last.id), _LIST) if last else None)

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


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadCursor("翻页游标无效,请从第一页重新查询") from None
