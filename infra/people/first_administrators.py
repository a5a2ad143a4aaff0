"""The first three administrators, opened by somebody who can read the console of the host: a secret, good for once.

There are administrators as soon as somebody can log in as system administrator. Until then the secret may be made anew
on the host; the newest one counts, and only its hash is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from domain.people.account.passwords import Founder
from domain.people.actors import ADMINISTRATORS, Role, dispatch_office
from domain.record.handler import HandlerPorts
from infra.people.identity import hash_password
from infra.postgres.engine.session import Session, session
from infra.reference.installation import instate


class AdministratorsExist(XiezhiError):
    """There are administrators already; they open further accounts."""

    code = "administrators_exist"


class WrongSecret(XiezhiError):
    """Not the newest one-time secret."""

    code = "wrong_secret"


class NameTaken(XiezhiError):
    """An account of one of these names exists already."""

    code = "account_exists"


async def new_secret(engine: AsyncEngine) -> str | None:
    """A fresh one-time secret, the only one that counts; None when there are administrators."""
    async with session(engine) as opened:
        if await _have_administrator(opened):
            return None
        secret = secrets.token_urlsafe(24)
        await opened.run(_KEEP, hashed=_hash_of(secret))
    return secret


class FirstAdministrators:
    """`api.people.administration.Founding` over PostgreSQL."""

    def __init__(self, ports: HandlerPorts, engine: AsyncEngine) -> None:
        self._ports = ports
        self._engine = engine

    async def found(self, secret: str, region: str, founders: Mapping[Role, Founder]) -> None:
        """Open one administrator of each kind. Works once; what broke off before its end can be tried again.

        Raises `AdministratorsExist`, `WrongSecret`, `NameTaken`.
        """
        async with session(self._engine) as opened:
            await self._admit(opened, secret)
            await _require_free([founder.account for founder in founders.values()], opened)
            hashes = [await asyncio.to_thread(hash_password, founder.password) for founder in founders.values()]
            await instate(
                self._ports,
                [
                    {
                        "account": founder.account,
                        "department": dispatch_office(region),
                        "region": region,
                        "roles": [role.value],
                        "name": founder.name,
                    }
                    for role, founder in founders.items()
                ],
            )
            for founder, hashed in zip(founders.values(), hashes, strict=True):
                await opened.run(_SET, account=founder.account, hashed=hashed)
            await opened.run(_FORGET)

    async def _admit(self, opened: Session, secret: str) -> None:
        """Let one at a time pass, with the newest secret."""
        kept = (await opened.run(_TAKE)).scalar_one_or_none()
        if await _have_administrator(opened):
            raise AdministratorsExist("已有管理员")
        if kept is None or not hmac.compare_digest(kept, _hash_of(secret)):
            raise WrongSecret("一次性口令不正确或已失效")


async def _require_free(accounts: Sequence[str], opened: Session) -> None:
    """One that a broken-off attempt left behind has no password yet."""
    if (await opened.run(_TAKEN, accounts=list(accounts), roles=list(ADMINISTRATORS))).first() is not None:
        raise NameTaken("已有同名账号")


async def _have_administrator(opened: Session) -> bool:
    return bool((await opened.run(_HAVE, role=Role.SYSTEM_ADMINISTRATOR.value)).scalar_one())


def _hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


_HAVE = text(
    "SELECT EXISTS (SELECT FROM accounts WHERE active AND password_hash <> '' AND NOT demo AND :role = ANY(roles))"
)
_KEEP = text(
    "INSERT INTO founding (secret_hash) VALUES (:hashed) "
    "ON CONFLICT (single) DO UPDATE SET secret_hash = excluded.secret_hash, made_at = clock_timestamp()"
)
_TAKE = text("SELECT secret_hash FROM founding FOR UPDATE")
_TAKEN = text(
    "SELECT FROM accounts WHERE account = ANY(:accounts) "
    "AND (password_hash <> '' OR NOT roles && CAST(:roles AS text[]))"
)
_SET = text("UPDATE accounts SET password_hash = :hashed WHERE account = :account")
_FORGET = text("DELETE FROM founding")
