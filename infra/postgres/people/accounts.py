"""The register of accounts, read for lists; and what of an account lies outside of the record: its password."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.accounts import AccountLine, AdministrationAct, Department, GrantLine, StandIn, SubstitutionLine
from domain.lists.page import Page
from infra.people.identity import hash_password
from infra.postgres.engine.cursors import cursor_of, page_of, place_of
from infra.postgres.engine.session import session
from infra.postgres.record.rows import stored_event
from infra.postgres.record.statements import HELD_TODAY


class AccountBook:
    """`api.people.accounts.AccountBook` over PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def one(self, account: str) -> AccountLine | None:
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
        cursor: str | None,
        limit: int,
    ) -> Page[AccountLine]:
        """Accounts in the order of their names. Raises `BadCursor`."""
        after = place_of(cursor, _BY_NAME, (str,))[0] if cursor is not None else ""
        async with session(self._engine) as opened:
            found = await opened.run(
                _PAGE,
                prefix=region_prefix,
                department=department,
                role=role,
                active=active,
                after=after,
                limit=limit + 1,
            )
            lines = [_account(row) for row in found]
        return page_of(lines, limit, lambda line: cursor_of((line.account,), _BY_NAME))

    async def stand_ins(self, account: str) -> Sequence[StandIn]:
        """Whom the account may stand in for today."""
        async with session(self._engine) as opened:
            found = await opened.run(_STAND_INS, account=account)
            return [
                StandIn(row.account, row.department, row.region, tuple(row.roles), row.since, row.until)
                for row in found
            ]

    async def departments(self, region_prefix: str) -> Sequence[Department]:
        """The departments of a region and what lies below it."""
        async with session(self._engine) as opened:
            found = await opened.run(_DEPARTMENTS, prefix=region_prefix)
            return [Department(row.code, row.name, row.region, row.active) for row in found]

    async def administration(self, region_prefix: str, *, cursor: str | None, limit: int) -> Page[AdministrationAct]:
        """What was done to accounts of a region and to rule books, newest first. Raises `BadCursor`."""
        before = place_of(cursor, _ACTS, (int,))[0] if cursor is not None else None
        async with session(self._engine) as opened:
            found = await opened.run(_ADMINISTRATION, prefix=region_prefix, before=before, limit=limit + 1)
            acts = [AdministrationAct(row.position, stored_event(row), row.account) for row in found]
        return page_of(acts, limit, lambda act: cursor_of((act.position,), _ACTS))

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


def _account(row: SqlRow[Any]) -> AccountLine:
    return AccountLine(
        account=row.account,
        name=row.name,
        department=row.department,
        region=row.region,
        roles=tuple(row.roles),
        grants=[GrantLine(grant["role"], _day(grant["since"]), _day_or_none(grant["until"])) for grant in row.grants],
        substitutions=[_substitution(named) for named in row.substitutions],
        active=row.active,
        demo=row.demo,
        has_password=row.has_password,
        must_change=row.must_change,
    )


def _substitution(named: Mapping[str, Any]) -> SubstitutionLine:
    return SubstitutionLine(named["substitute"], _day(named["since"]), _day(named["until"]), named["ground"])


_day = date.fromisoformat


def _day_or_none(given: str | None) -> date | None:
    return _day(given) if given is not None else None


_BY_NAME, _ACTS = "accounts", "administration"
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
