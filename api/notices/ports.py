"""What the API asks of the outside for notices: inboxes, and where people want to be told besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from domain.lists.notices import Notice, NoticeSetting
from domain.lists.page import Page
from domain.lists.worklists import Count
from domain.reading.notices import Group


class Inbox(Protocol):
    """What the process told people."""

    async def page(
        self,
        recipients: Sequence[str],
        *,
        unread: bool,
        subjects: Sequence[str],
        case: str | None,
        cursor: str | None,
        limit: int,
    ) -> Page[Notice]:
        """Messages to any of the recipients; cursors as in `api.ports.Cases.page`."""
        ...

    async def unread(self, recipients: Sequence[str]) -> Mapping[str, Count]:
        """How many unread messages each recipient has, exact up to a bound."""
        ...

    async def read(self, message: UUID, recipients: Sequence[str], account: str) -> bool:
        """Mark as read; False when there is no such message for these recipients."""
        ...

    async def read_up_to(self, message: UUID, recipients: Sequence[str], account: str) -> int | None:
        """Mark a message and all older ones as read: how many were unread; None when there is no such message."""
        ...


class NoticeSettings(Protocol):
    """Where people want to be told besides their inbox."""

    @property
    def channels(self) -> Sequence[str]:
        """The channels this installation sends through."""
        ...

    async def of(self, account: str) -> Sequence[NoticeSetting]:
        """An account's settings."""
        ...

    async def put(
        self, account: str, channel: str, *, address: str, groups: Sequence[Group], digest_hour: int | None
    ) -> NoticeSetting:
        """Set a channel; a new address is sent a code. Raises a `too_many_codes` error."""
        ...

    async def drop(self, account: str, channel: str) -> bool:
        """Forget a setting and its address; False when there is none."""
        ...

    async def confirm(self, account: str, channel: str, code: str) -> str | None:
        """Confirm an address by its code; else why not: `unknown_setting`, `wrong_code`, `code_over`."""
        ...
