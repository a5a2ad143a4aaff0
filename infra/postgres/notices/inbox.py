"""What people were told, newest first, and what they have read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.notices import Notice
from domain.lists.page import Page
from domain.lists.worklists import Count
from infra.postgres.engine.cursors import newest_first
from infra.postgres.engine.session import session
from infra.postgres.record.tables import cases, inbox

COUNTED = 1_000
"""Unread notices of one recipient are counted up to here."""


class Inbox:
    """What people were told."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self,
        recipients: Sequence[str],
        *,
        unread: bool = False,
        subjects: Sequence[str] = (),
        case: str | None = None,
        cursor: str | None = None,
        limit: int,
    ) -> Page[Notice]:
        """Notices to any of the recipients, newest first, of some subjects or one case only. Raises `BadCursor`."""
        found = _narrowed(_NUMBERED.where(inbox.c.recipient.in_(recipients)), unread, subjects, case)
        identity, by = f"inbox {unread} {','.join(sorted(subjects))} {case}", (inbox.c.created_at, inbox.c.effect_id)
        return await newest_first(self._engine, found, by, _notice, of=identity, cursor=cursor, limit=limit)

    async def unread(self, recipients: Sequence[str]) -> Mapping[str, Count]:
        """How many unread notices each recipient has, exact up to `COUNTED`."""
        async with session(self._engine) as opened:
            found = (await opened.run(_UNREAD, recipients=list(recipients), limit=COUNTED + 1)).all()
        return {row.recipient: Count(min(row.unread, COUNTED), more=row.unread > COUNTED) for row in found}

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

    async def read_up_to(self, message: UUID, recipients: Sequence[str], account: str) -> int | None:
        """Mark a notice and all older ones of these recipients as read: how many were unread. None when there is no
        such notice for them."""
        async with session(self._engine) as opened:
            known = (await opened.run(_KNOWN, id=message, recipients=list(recipients))).one_or_none()
            if known is None:
                return None
            marked = await opened.run(
                _READ_UP_TO, at=known.created_at, id=message, recipients=list(recipients), account=account
            )
            return marked.rowcount


def _narrowed(found: Select[Any], unread: bool, subjects: Sequence[str], case: str | None) -> Select[Any]:
    if unread:
        found = found.where(inbox.c.read_at.is_(None))
    if subjects:
        found = found.where(inbox.c.subject.in_(subjects))
    if case is not None:
        found = found.where(inbox.c.stream == case)
    return found


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        row.effect_id,
        row.stream,
        row.number,
        row.recipient,
        row.subject,
        row.params,
        row.created_at,
        row.read_at,
    )


_NUMBERED = select(inbox, cases.c.number).join_from(inbox, cases, cases.c.stream == inbox.c.stream, isouter=True)
_UNREAD = text(
    "SELECT recipient, unread FROM unnest(CAST(:recipients AS text[])) AS recipient, LATERAL ("
    " SELECT count(*) AS unread FROM (SELECT FROM inbox WHERE inbox.recipient = recipient.recipient"
    "  AND read_at IS NULL LIMIT :limit) AS counted) AS counts"
)
_KNOWN = text("SELECT created_at FROM inbox WHERE effect_id = :id AND recipient = ANY(:recipients)")
_READ_UP_TO = text(
    "UPDATE inbox SET read_at = clock_timestamp(), read_by = :account "
    "WHERE recipient = ANY(:recipients) AND read_at IS NULL AND (created_at, effect_id) <= (:at, :id)"
)
