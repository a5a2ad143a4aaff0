"""Put the reference departments and the demo accounts into the database. Repeating it changes nothing."""

from __future__ import annotations

import asyncio

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.identity import hash_password, password_fits
from infra.postgres import tables
from infra.postgres.session import Session, session
from infra.reference import demo_accounts, departments


async def seed(engine: AsyncEngine, demo_password: str) -> None:
    """Departments, and every demo account with the one demo password. An account switched off stays off."""
    async with session(engine) as opened:
        await _put_departments(opened)
        await _put_accounts(opened, demo_password)


async def _put_departments(opened: Session) -> None:
    put = insert(tables.departments).values(
        [{"code": given.code, "name": given.name, "region": given.region} for given in departments()]
    )
    await opened.run(
        put.on_conflict_do_update(
            index_elements=["code"], set_={"name": put.excluded.name, "region": put.excluded.region}
        )
    )


async def _put_accounts(opened: Session, password: str) -> None:
    hashed = await _hash_for(opened, password)
    put = insert(tables.accounts).values(
        [
            {
                "account": given.account,
                "password_hash": hashed,
                "name": given.name,
                "department": given.department,
                "region": given.region,
                "roles": [given.role.value],
            }
            for given in demo_accounts()
        ]
    )
    changed = {name: put.excluded[name] for name in ("password_hash", "name", "department", "region", "roles")}
    await opened.run(put.on_conflict_do_update(index_elements=["account"], set_=changed))


async def _hash_for(opened: Session, password: str) -> str:
    """The stored hash while it fits the password, else a new one; hashing is slow on purpose, so done once for all."""
    first = demo_accounts()[0].account
    stored = await opened.run(
        select(tables.accounts.c.password_hash).where(tables.accounts.c.account == first)
    )  # fmt: skip
    known: str | None = stored.scalar_one_or_none()
    return await asyncio.to_thread(_fitting_hash, known, password)


def _fitting_hash(known: str | None, password: str) -> str:
    if known is not None and password_fits(known, password):
        return known
    return hash_password(password)
