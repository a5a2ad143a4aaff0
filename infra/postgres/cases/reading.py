"""Reading one case: its events, where it stands, and the accounts that act on it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.actors import Actor
from domain.record.decider import EffectRef
from domain.record.envelope import StoredEvent
from domain.record.ports import Advance
from infra.people.identity import KnownAccount
from infra.postgres.engine.session import session
from infra.postgres.record.rows import alarm_of, stored_event
from infra.postgres.record.statements import HELD_TODAY


class Record:
    """The record of single cases."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def history(self, stream: str, until: datetime | None = None) -> tuple[StoredEvent, ...]:
        """A stream's events in order, up to what was recorded at an instant; empty when there is none."""
        async with session(self._engine) as opened:
            return tuple(stored_event(row) for row in await opened.run(_HISTORY, stream=stream, until=until))

    async def event(self, stream: str, version: int) -> StoredEvent | None:
        """One event."""
        async with session(self._engine) as opened:
            row = (await opened.run(_EVENT, stream=stream, version=version)).one_or_none()
        return stored_event(row) if row else None

    async def standing(self, stream: str) -> Advance | None:
        """Where a case stands, in one snapshot: `last` and `head_hash` its head, `effects` all undone ones."""
        async with session(self._engine) as opened:
            row = (await opened.run(_STANDING, stream=stream)).one_or_none()
        if row is None:
            return None
        return Advance(
            stream=stream,
            first=1,
            last=row.version,
            previous_hash="",
            head_hash=row.head_hash,
            stage=row.stage,
            department=row.responsible,
            alarm=alarm_of(row),
            effects=tuple(EffectRef(id=id_, kind=kind) for id_, kind in zip(row.ids, row.kinds, strict=True)),
            closed=row.closed,
        )

    async def recent_hashes(self, stream: str, count: int) -> tuple[tuple[int, str], ...]:
        """(version, hash) of the newest events, oldest first."""
        async with session(self._engine) as opened:
            newest = (await opened.run(_RECENT, stream=stream, count=count)).all()
        return tuple((row.version, row.hash) for row in reversed(newest))

    async def heads(self, after: str = "", limit: int = 500) -> tuple[tuple[str, int, str, bool], ...]:
        """(stream, version, hash, closed) of all followed streams in the order of their names, a page at a time."""
        async with session(self._engine) as opened:
            found = await opened.run(_HEADS, after=after, limit=limit)
            return tuple((row.stream, row.version, row.head_hash, row.closed) for row in found)


class Accounts:
    """Who may act, as the directory stands today: roles and substitutes are those of the day in Asia/Shanghai."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def account(self, account: str) -> KnownAccount | None:
        """The account of this name."""
        async with session(self._engine) as opened:
            row = (await opened.run(_ACCOUNT, account=account)).one_or_none()
        if row is None:
            return None
        actor = Actor(account=row.account, department=row.department, region=row.region, roles=tuple(row.roles))
        return KnownAccount(
            actor=actor,
            password_hash=row.password_hash,
            active=row.active,
            demo=row.demo,
            passwords=row.passwords,
            must_change=row.must_change,
            substitutes=tuple(row.substitutes),
        )


_COLUMNS = "stream, version, type, recorded_at, body, hash"
_HISTORY = text(
    f"SELECT {_COLUMNS} FROM events WHERE stream = :stream "  # noqa: S608 — constant
    "AND (CAST(:until AS timestamptz) IS NULL OR recorded_at <= :until) ORDER BY version"
)
_EVENT = text(f"SELECT {_COLUMNS} FROM events WHERE stream = :stream AND version = :version")  # noqa: S608 — constant
_STANDING = text(
    "SELECT version, head_hash, stage, responsible, closed, alarm_clock, alarm_mark, alarm_at, ids, kinds "
    "FROM followed, LATERAL ("
    " SELECT coalesce(array_agg(id ORDER BY effects.version, id), '{}') AS ids,"
    "        coalesce(array_agg(effects.kind ORDER BY effects.version, id), '{}') AS kinds"
    " FROM effects WHERE effects.stream = :stream AND done_at IS NULL) AS undone WHERE followed.stream = :stream"
)
_RECENT = text("SELECT version, hash FROM events WHERE stream = :stream ORDER BY version DESC LIMIT :count")
_HEADS = text(
    "SELECT stream, version, head_hash, closed FROM followed WHERE stream > :after ORDER BY stream LIMIT :limit"
)
_ACCOUNT = text(
    f"SELECT account, password_hash, department, region, {HELD_TODAY} AS roles, active, demo, "  # noqa: S608 — constant
    "passwords, must_change, ARRAY(SELECT named ->> 'substitute' FROM jsonb_array_elements(substitutions) AS named "
    "WHERE (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date "
    "BETWEEN (named ->> 'since')::date AND (named ->> 'until')::date) AS substitutes "
    "FROM accounts WHERE account = :account"
)
