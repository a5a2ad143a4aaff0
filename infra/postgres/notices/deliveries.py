"""What is to be sent outside: made with the inbox row or by the hour of a digest, leased, settled."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.reading.notices import Group, group_of, subjects_of
from domain.record.decider import Effect
from domain.value import SHANGHAI
from infra.notices.outgoing import Outgoing, OutgoingNotice
from infra.postgres.engine.session import Session, session
from infra.postgres.record.statements import HELD_TODAY

DIGEST_LENGTH = 100
"""Notices in one digest; what lies beyond is named as such."""


@dataclass(frozen=True)
class DeliveryHealth:
    """How the postmen fare. Age in seconds of the oldest waiting row; 0 when there is none."""

    notices_waiting: int
    notices_waiting_age: float
    notice_dead_letters: int


async def delivery_health(engine: AsyncEngine) -> DeliveryHealth:
    """Measure now."""
    async with session(engine) as opened:
        row = (await opened.run(_HEALTH)).one()
    return DeliveryHealth(**row._mapping)


async def order(opened: Session, notice: UUID, effect: Effect) -> None:
    """Enter what goes out for a notice, in the transaction that puts it into the inbox: to the account, or to every
    active account that holds the role in the department today, and to whoever stands in for them; where they confirmed
    an address, chose the subject's group and want to hear at once."""
    await opened.run(_ORDER, notice=notice, recipient=effect.recipient, group=group_of(effect.subject))


class DeliveryQueue:
    """`infra.notices.postman.DeliveryQueue` over PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def plan(self, channels: Collection[str], now: datetime) -> None:
        """Enter today's digests whose hour has come (Asia/Shanghai), once an account, channel and day. A digest covers
        what came since the one before it, up to its hour."""
        today = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        async with session(self._engine) as opened:
            await opened.run(_PLAN, channels=list(channels), day=today.date(), midnight=today, now=now)

    async def lease(self, channels: Collection[str], limit: int, seconds: float) -> Sequence[Outgoing]:
        """Take due rows of these channels that nobody holds, for so many seconds, and count the attempt."""
        async with session(self._engine) as opened:
            rows = (await opened.run(_LEASE, channels=list(channels), limit=limit, seconds=seconds)).all()
            notices = await _notices_of(opened, [row.notice for row in rows if row.notice is not None])
            return [
                _outgoing(row, await _unread(opened, row) if row.kind == "digest" else notices.get(row.notice, ()))
                for row in rows
            ]

    async def settle(self, delivery: UUID, outcome: str) -> None:
        """The end of a row; the first outcome stays."""
        async with session(self._engine) as opened:
            await opened.run(_SETTLE, id=delivery, outcome=outcome)

    async def postpone(self, delivery: UUID, seconds: float) -> None:
        """Give the lease back; the row, and all that waits for the same address, is due again after a pause."""
        async with session(self._engine) as opened:
            await opened.run(_POSTPONE, id=delivery, seconds=seconds)

    async def tidy(self) -> None:
        """Forget what ended a month ago, dead letters apart; and the settings and addresses of closed accounts."""
        async with session(self._engine) as opened:
            for statement in (_TIDY, _CLOSED, _UNNAMED):
                await opened.run(statement)


async def _notices_of(opened: Session, notices: Sequence[UUID]) -> Mapping[UUID, Sequence[OutgoingNotice]]:
    if not notices:
        return {}
    return {row.id: (_notice(row),) for row in await opened.run(_NOTICES, ids=list(notices))}


async def _unread(opened: Session, row: Row[Any]) -> Sequence[OutgoingNotice]:
    """What a digest tells: its window's notices in the chosen groups that nobody has read; one more than fits."""
    groups: Sequence[Group] = row.groups or ()
    found = await opened.run(
        _UNREAD,
        account=row.account,
        subjects=list(subjects_of(groups)),
        from_at=row.from_at,
        until_at=row.until_at,
        limit=DIGEST_LENGTH + 1,
    )
    return [_notice(each) for each in found]


def _notice(row: Row[Any]) -> OutgoingNotice:
    departments = {row.params["department"]: row.department} if row.department is not None else {}
    return OutgoingNotice(row.id, row.stream, row.number, row.subject, row.params, departments, row.created_at)


def _outgoing(row: Row[Any], notices: Sequence[OutgoingNotice]) -> Outgoing:
    return Outgoing(
        id=row.id,
        kind=row.kind,
        channel=row.channel,
        ref=row.ref,
        address=row.address,
        attempts=row.attempts,
        created_at=row.created_at,
        day=row.day,
        notices=notices[:DIGEST_LENGTH],
        more=len(notices) > DIGEST_LENGTH,
    )


STANDS_IN_TODAY = (
    "(clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date "
    "BETWEEN (named ->> 'since')::date AND (named ->> 'until')::date"
)

_ORDER = text(
    f"""
WITH holders AS (
  SELECT account, substitutions FROM accounts
  WHERE active AND (account = :recipient OR (
    department = split_part(:recipient, '@', 2) AND split_part(:recipient, '@', 1) = ANY({HELD_TODAY})))
), heard AS (
  SELECT account FROM holders
  UNION
  SELECT named ->> 'substitute' FROM holders, jsonb_array_elements(substitutions) AS named WHERE {STANDS_IN_TODAY}
)
INSERT INTO notice_deliveries (kind, account, channel, ref, notice)
SELECT 'notice', account, channel, ref, :notice
FROM heard JOIN accounts USING (account) JOIN notice_settings USING (account)
WHERE active AND confirmed_at IS NOT NULL AND digest_hour IS NULL AND :group = ANY(groups)
ON CONFLICT DO NOTHING
"""  # noqa: S608 — constants
)

_PLAN = text(
    """
INSERT INTO notice_deliveries (kind, account, channel, ref, day, from_at, until_at)
SELECT 'digest', account, channel, ref, :day, since, until_at
FROM (
  SELECT wanted.account, wanted.channel, wanted.ref,
         CAST(:midnight AS timestamptz) + make_interval(hours => wanted.digest_hour) AS until_at,
         greatest(wanted.since, (
           SELECT max(until_at) FROM notice_deliveries AS before
           WHERE before.account = wanted.account AND before.channel = wanted.channel AND before.day IS NOT NULL
             AND before.outcome IS DISTINCT FROM 'withdrawn'
             AND coalesce(before.outcome NOT LIKE 'dead_letter:%', true))) AS since
  FROM notice_settings AS wanted JOIN accounts ON accounts.account = wanted.account AND accounts.active
  WHERE confirmed_at IS NOT NULL AND digest_hour IS NOT NULL AND channel = ANY(:channels)
) AS planned
WHERE until_at <= :now AND since < until_at
ON CONFLICT DO NOTHING
"""
)

_LEASE = text(
    """
WITH due AS MATERIALIZED (
  SELECT id FROM notice_deliveries
  WHERE settled_at IS NULL AND due_at <= clock_timestamp()
    AND (leased_until IS NULL OR leased_until <= clock_timestamp()) AND channel = ANY(:channels)
  ORDER BY due_at, id LIMIT :limit
  FOR UPDATE SKIP LOCKED
), leased AS (
  UPDATE notice_deliveries
  SET leased_until = clock_timestamp() + make_interval(secs => :seconds), attempts = least(attempts + 1, 32000)
  FROM due WHERE notice_deliveries.id = due.id
  RETURNING notice_deliveries.*
)
SELECT leased.*, wanted.groups, address
FROM leased
LEFT JOIN accounts ON accounts.account = leased.account AND accounts.active
LEFT JOIN notice_settings AS wanted ON wanted.ref = leased.ref AND wanted.account = accounts.account
  AND (wanted.confirmed_at IS NOT NULL) = (leased.kind <> 'confirmation')
LEFT JOIN notice_addresses ON notice_addresses.ref = wanted.ref
ORDER BY leased.due_at, leased.id
"""
)

_TOLD = (
    "SELECT effect_id AS id, inbox.stream, number, subject, params, created_at, departments.name AS department "
    "FROM inbox LEFT JOIN cases ON cases.stream = inbox.stream "
    "LEFT JOIN departments ON departments.code = params ->> 'department' "
)
_NOTICES = text(f"{_TOLD} WHERE effect_id = ANY(:ids)")
_UNREAD = text(
    f"""
WITH names AS (
  SELECT account AS name, department, {HELD_TODAY} AS held FROM accounts
  WHERE active AND (account = :account OR EXISTS (
    SELECT FROM jsonb_array_elements(substitutions) AS named
    WHERE named ->> 'substitute' = :account AND {STANDS_IN_TODAY}))
), recipients AS (
  SELECT name FROM names UNION SELECT role || '@' || department FROM names, unnest(held) AS role
)
{_TOLD}
WHERE recipient IN (SELECT name FROM recipients) AND read_at IS NULL AND subject = ANY(:subjects)
  AND created_at >= :from_at AND created_at < :until_at
ORDER BY created_at, effect_id LIMIT :limit
"""  # noqa: S608 — constants
)

_SETTLE = text(
    "UPDATE notice_deliveries SET settled_at = clock_timestamp(), outcome = :outcome, leased_until = NULL "
    "WHERE id = :id AND settled_at IS NULL"
)
_POSTPONE = text(
    "UPDATE notice_deliveries AS waiting "
    "SET due_at = greatest(waiting.due_at, clock_timestamp() + make_interval(secs => :seconds)), leased_until = NULL "
    "FROM notice_deliveries AS failed WHERE failed.id = :id AND waiting.settled_at IS NULL "
    "AND (waiting.id = failed.id OR (waiting.ref = failed.ref AND waiting.leased_until IS NULL))"
)
"""What else waits for the same address waits, too: one that does not answer must not hold up the others."""
_TIDY = text(
    "DELETE FROM notice_deliveries WHERE settled_at < clock_timestamp() - interval '30 days' "
    "AND outcome NOT LIKE 'dead_letter:%'"
)
_CLOSED = text(
    "DELETE FROM notice_settings USING accounts WHERE accounts.account = notice_settings.account AND NOT active"
)
_UNNAMED = text(
    "DELETE FROM notice_addresses WHERE NOT EXISTS ("
    "SELECT FROM notice_settings WHERE notice_settings.ref = notice_addresses.ref)"
)
_HEALTH = text(
    """
SELECT notices_waiting, notices_waiting_age, notice_dead_letters
FROM (SELECT count(*) AS notices_waiting,
             coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS notices_waiting_age
      FROM notice_deliveries WHERE settled_at IS NULL) AS waiting,
     (SELECT count(*) AS notice_dead_letters FROM notice_deliveries WHERE outcome LIKE 'dead_letter:%') AS dead
"""
)
