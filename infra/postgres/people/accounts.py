"""The register of accounts, read for lists; and what of an account lies outside of the record: its password."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.record.envelope import StoredEvent
from infra.people.identity import hash_password
from infra.postgres.engine.session import session
from infra.postgres.record.rows import stored_event
from infra.postgres.record.statements import HELD_TODAY


@dataclass(frozen=True)
class AccountRow:
    """An account as lists show it; `roles` are those of today, `name` lies in the vault."""

    account: str
    name: str | None
    department: str
    region: str
    roles: tuple[str, ...]
    grants: Sequence[Mapping[str, Any]]
    substitutions: Sequence[Mapping[str, Any]]
    active: bool
    demo: bool
    has_password: bool
    must_change: bool


@dataclass(frozen=True)
class Page:
    """Lines of a list and the cursor of the next page."""

    rows: Sequence[Any]
    following: str | None


@dataclass(frozen=True)
class StandIn:
    """Whom an account may stand in for today."""

    account: str
    department: str
    region: str
    roles: tuple[str, ...]
    since: date
    until: date


@dataclass(frozen=True)
class DepartmentRow:
    """A department."""

    code: str
    name: str
    region: str
    active: bool


@dataclass(frozen=True)
class LogRow:
    """An event of the administration, and the account it is about."""

    position: int
    event: StoredEvent
    account: str | None


class AccountBook:
    """`api.ports.AccountBook` over PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def one(self, account: str) -> AccountRow | None:
        """The account of this name."""
        async with session(self._engine) as opened:
            row = (await opened.run(_ONE, account=account)).one_or_none()
        return _account(row) if row else None

    async def page(
        self,
        *,
        region_prefix: str | None,
        department: str | None,
        role: str | None,
        active: bool | None,
        after: str | None,
        limit: int,
    ) -> Page:
        """Accounts in the order of their names."""
        async with session(self._engine) as opened:
            found = await opened.run(
                _PAGE,
                prefix=region_prefix,
                department=department,
                role=role,
                active=active,
                after=after or "",
                limit=limit + 1,
            )
            rows = [_account(row) for row in found]
        return Page(rows[:limit], rows[limit - 1].account if len(rows) > limit else None)

    async def stand_ins(self, account: str) -> Sequence[StandIn]:
        """Whom the account may stand in for today."""
        async with session(self._engine) as opened:
            found = await opened.run(_STAND_INS, account=account)
            return [
                StandIn(row.account, row.department, row.region, tuple(row.roles), row.since, row.until)
                for row in found
            ]

    async def departments(self, region_prefix: str) -> Sequence[DepartmentRow]:
        """The departments of a region and what lies below it."""
        async with session(self._engine) as opened:
            found = await opened.run(_DEPARTMENTS, prefix=region_prefix)
            return [DepartmentRow(row.code, row.name, row.region, row.active) for row in found]

    async def administration(self, region_prefix: str, *, before: int | None, limit: int) -> Page:
        """What was done to accounts of a region and to rule books, newest first."""
        async with session(self._engine) as opened:
            found = await opened.run(_ADMINISTRATION, prefix=region_prefix, before=before, limit=limit + 1)
            rows = [LogRow(row.position, stored_event(row), row.account) for row in found]
        return Page(rows[:limit], str(rows[limit - 1].position) if len(rows) > limit else None)

    async def rulebooks(self) -> Sequence[str]:
        """The streams of all rule books."""
        async with session(self._engine) as opened:
            return list((await opened.run(_RULEBOOKS)).scalars())

    async def set_password(self, account: str, password: str) -> None:
        """Store the hash of a password; that it was set is in the record already."""
        hashed = await asyncio.to_thread(hash_password, password)
        await self.store_hash([account], hashed)

    async def store_hash(self, accounts: Sequence[str], hashed: str) -> None:
        """One hash for some accounts."""
        async with session(self._engine) as opened:
            await opened.run(_STORE_HASH, accounts=list(accounts), hashed=hashed)


def _account(row: SqlRow[Any]) -> AccountRow:
    return AccountRow(
        account=row.account,
        name=row.name,
        department=row.department,
        region=row.region,
        roles=tuple(row.roles),
        grants=row.grants,
        substitutions=row.substitutions,
        active=row.active,
        demo=row.demo,
        has_password=row.has_password,
        must_change=row.must_change,
    )


_LISTED = (
    f"SELECT account, vault.text AS name, department, region, {HELD_TODAY} AS roles, grants, "  # noqa: S608 — constant
    "substitutions, active, demo, password_hash <> '' AS has_password, must_change "
    "FROM accounts LEFT JOIN vault ON vault.ref = name_ref "
)
_ONE = text(f"{_LISTED} WHERE account = :account")
_PAGE = text(
    f"{_LISTED} WHERE account > :after "
    "AND (CAST(:prefix AS text) IS NULL OR starts_with(region, CAST(:prefix AS text))) "
    "AND (CAST(:department AS text) IS NULL OR department = CAST(:department AS text)) "
    "AND (CAST(:role AS text) IS NULL OR accounts.roles @> ARRAY[CAST(:role AS text)]) "
    "AND (CAST(:active AS boolean) IS NULL OR active = CAST(:active AS boolean)) "
    "ORDER BY account LIMIT :limit"
)
_STAND_INS = text(
    f"SELECT account, department, region, {HELD_TODAY} AS roles, "  # noqa: S608 — constant
    "(named ->> 'since')::date AS since, (named ->> 'until')::date AS until "
    "FROM accounts, jsonb_array_elements(substitutions) AS named "
    "WHERE active AND substitutions @> jsonb_build_array(jsonb_build_object('substitute', CAST(:account AS text))) "
    "AND named ->> 'substitute' = :account AND (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date "
    "BETWEEN (named ->> 'since')::date AND (named ->> 'until')::date ORDER BY account"
)
_DEPARTMENTS = text(
    "SELECT code, name, region, active FROM departments WHERE starts_with(region, :prefix) ORDER BY region, code"
)
_ADMINISTRATION = text(
    "SELECT events.stream, events.version, events.position, events.type, events.recorded_at, events.body, events.hash, "
    "accounts.account FROM events LEFT JOIN accounts ON accounts.stream = events.stream "
    "WHERE (events.type LIKE 'account.%' OR events.type LIKE 'rulebook.%') "
    "AND (CAST(:before AS bigint) IS NULL OR events.position < CAST(:before AS bigint)) "
    "AND (accounts.region IS NULL OR starts_with(accounts.region, :prefix)) "
    "ORDER BY events.position DESC LIMIT :limit"
)
_RULEBOOKS = text("SELECT stream FROM rulebooks ORDER BY book DESC, name")
_STORE_HASH = text("UPDATE accounts SET password_hash = :hashed WHERE account = ANY(:accounts)")
