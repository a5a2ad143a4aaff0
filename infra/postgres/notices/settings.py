"""Where people want to be told. Each account has its own setting for each channel; nobody sees those of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from domain.lists.notices import NoticeSetting
from domain.reading.notices import Group
from infra.notices.keys import NoticeKeys
from infra.notices.outgoing import DEAD_LETTER
from infra.postgres.engine.session import Session, session

CODES_PER_HOUR = 5
"""So many codes an account may have sent: addresses may be those of others, who did not ask for mail."""
TRIES = 5
CODE_HOURS = 24


class TooManyCodes(XiezhiError):
    """The account had too many codes sent within an hour."""

    code = "too_many_codes"


class NoticeSettings:
    """`api.notices.settings.NoticeSettings` over PostgreSQL. `channels`: those this installation sends through."""

    def __init__(self, engine: AsyncEngine, keys: NoticeKeys, channels: Sequence[str]) -> None:
        self._engine = engine
        self._keys = keys
        self.channels = tuple(channels)

    async def of(self, account: str) -> Sequence[NoticeSetting]:
        """An account's settings."""
        async with session(self._engine) as opened:
            return [_setting(row) for row in await opened.run(_OF, account=account)]

    async def put(
        self, account: str, channel: str, *, address: str, groups: Sequence[Group], digest_hour: int | None
    ) -> NoticeSetting:
        """Set a channel. An address that is not confirmed yet is sent a code; a confirmed one stays confirmed. Raises
        `TooManyCodes`."""
        wanted = {"account": account, "channel": channel, "groups": list(groups), "digest_hour": digest_hour}
        async with session(self._engine) as opened:
            await opened.run(_ONE_AT_A_TIME, account=account)
            known = (await opened.run(_KNOWN, account=account, channel=channel)).one_or_none()
            if known is not None and known.confirmed and known.address == address:
                ref: UUID = known.ref
                await opened.run(_CHANGE, wanted)
            else:
                ref = uuid4()
                await self._readdress(opened, wanted, known.ref if known is not None else None, ref, address)
            row = (await opened.run(_ONE, ref=ref)).one()
        return _setting(row, self._keys.secret(ref) if channel == "webhook" else None)

    async def drop(self, account: str, channel: str) -> bool:
        """Forget a setting and its address; False when there is none. What was still to be sent there is withdrawn."""
        async with session(self._engine) as opened:
            await opened.run(_ONE_AT_A_TIME, account=account)
            gone = (await opened.run(_DROP, account=account, channel=channel)).one_or_none()
            if gone is not None:
                await opened.run(_FORGET, ref=gone.ref)
                await opened.run(_WITHDRAW, ref=gone.ref)
        return gone is not None

    async def confirm(self, account: str, channel: str, code: str) -> str | None:
        """Confirm an address by the code that was sent there; else the code of why not."""
        async with session(self._engine) as opened:
            known = (await opened.run(_KNOWN, account=account, channel=channel)).one_or_none()
            if known is None:
                return "unknown_setting"
            if known.confirmed:
                return None
            tried = (await opened.run(_TRY, ref=known.ref, tries=TRIES, hours=CODE_HOURS)).rowcount == 1
        if not tried:
            return "code_over"
        if not self._keys.fits(known.ref, code):
            return "wrong_code"
        async with session(self._engine) as opened:
            await opened.run(_CONFIRM, ref=known.ref)
        return None

    async def _readdress(
        self, opened: Session, wanted: dict[str, Any], before: UUID | None, ref: UUID, address: str
    ) -> None:
        """Keep a new address in place of the one before, and have a code sent there."""
        sent = (await opened.run(_CODES, account=wanted["account"])).scalar_one()
        if sent >= CODES_PER_HOUR:
            raise TooManyCodes("确认码发送过多")
        if before is not None:
            await opened.run(_FORGET, ref=before)
            await opened.run(_WITHDRAW, ref=before)
        await opened.run(_SET, {**wanted, "ref": ref})
        await opened.run(_KEEP, ref=ref, address=address)
        await opened.run(_ASK, account=wanted["account"], channel=wanted["channel"], ref=ref)


def _setting(row: Row[Any], secret: str | None = None) -> NoticeSetting:
    failed = row.outcome is not None and row.outcome.startswith(DEAD_LETTER)
    return NoticeSetting(
        channel=row.channel,
        address=row.address,
        groups=tuple(row.groups),
        digest_hour=row.digest_hour,
        confirmed=row.confirmed,
        trouble=row.outcome.removeprefix(DEAD_LETTER) if failed else None,
        secret=secret,
    )


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('notice_settings ' || :account, 0))")
"""Two changes at once would both find room for one more code."""

_SHOWN = (
    "SELECT channel, ref, address, groups, digest_hour, confirmed_at IS NOT NULL AS confirmed, "
    "(SELECT outcome FROM notice_deliveries WHERE notice_deliveries.ref = wanted.ref AND settled_at IS NOT NULL "
    " ORDER BY settled_at DESC LIMIT 1) AS outcome "
    "FROM notice_settings AS wanted JOIN notice_addresses USING (ref) "
)
_OF = text(f"{_SHOWN} WHERE account = :account ORDER BY channel")
_ONE = text(f"{_SHOWN} WHERE ref = :ref")
_KNOWN = text(
    "SELECT ref, address, confirmed_at IS NOT NULL AS confirmed FROM notice_settings JOIN notice_addresses USING (ref) "
    "WHERE account = :account AND channel = :channel"
)
_CHANGE = text(
    "UPDATE notice_settings SET groups = :groups, "
    "since = CASE WHEN digest_hour IS NULL THEN clock_timestamp() ELSE since END, digest_hour = :digest_hour "
    "WHERE account = :account AND channel = :channel"
)
"""What came before the change to digests was told at once."""
_SET = text(
    "INSERT INTO notice_settings (account, channel, ref, groups, digest_hour) "
    "VALUES (:account, :channel, :ref, :groups, :digest_hour) "
    "ON CONFLICT (account, channel) DO UPDATE SET ref = excluded.ref, groups = excluded.groups, "
    "digest_hour = excluded.digest_hour, asked_at = clock_timestamp(), tries = 0, confirmed_at = NULL, since = NULL"
)
_KEEP = text("INSERT INTO notice_addresses (ref, address) VALUES (:ref, :address)")
_FORGET = text("DELETE FROM notice_addresses WHERE ref = :ref")
_DROP = text("DELETE FROM notice_settings WHERE account = :account AND channel = :channel RETURNING ref")
_WITHDRAW = text(
    "UPDATE notice_deliveries SET settled_at = clock_timestamp(), outcome = 'withdrawn', leased_until = NULL "
    "WHERE ref = :ref AND settled_at IS NULL"
)
_ASK = text(
    "INSERT INTO notice_deliveries (kind, account, channel, ref) VALUES ('confirmation', :account, :channel, :ref)"
)
_CODES = text(
    "SELECT count(*) FROM notice_deliveries WHERE kind = 'confirmation' AND account = :account "
    "AND created_at > clock_timestamp() - interval '1 hour'"
)
_TRY = text(
    "UPDATE notice_settings SET tries = tries + 1 WHERE ref = :ref AND confirmed_at IS NULL AND tries < :tries "
    "AND asked_at > clock_timestamp() - make_interval(hours => :hours)"
)
_CONFIRM = text(
    "UPDATE notice_settings SET confirmed_at = clock_timestamp(), since = clock_timestamp() "
    "WHERE ref = :ref AND confirmed_at IS NULL"
)
