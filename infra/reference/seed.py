"""Put the reference departments and the demo accounts into the database. Repeating it changes nothing."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.account import ACCOUNT, stream_of
from domain.record.handler import HandlerPorts, Request, handle
from infra.people.identity import hash_password, password_fits
from infra.postgres.engine.session import session
from infra.postgres.people.accounts import AccountBook
from infra.postgres.record import tables
from infra.reference import demo_accounts, departments
from infra.reference.installation import INSTALLATION, instate


async def seed(ports: HandlerPorts, engine: AsyncEngine, demo_password: str) -> None:
    """Departments, and every demo account with the one demo password. An account switched off stays off."""
    await seed_departments(engine)
    await instate(
        ports,
        [
            {
                "account": given.account,
                "department": given.department,
                "region": given.region,
                "roles": [given.role.value],
                "name": given.name,
                "demo": True,
            }
            for given in demo_accounts()
        ],
    )
    await _put_password(ports, engine, demo_password)


async def seeded(engine: AsyncEngine) -> bool:
    """Whether every demo account of this release is there."""
    names = [given.account for given in demo_accounts()]
    there = select(func.count()).select_from(tables.accounts).where(tables.accounts.c.account.in_(names))
    async with session(engine) as opened:
        return int((await opened.run(there)).scalar_one()) == len(names)


async def seed_departments(engine: AsyncEngine) -> None:
    """The reference departments; others that stand there stay."""
    put = insert(tables.departments).values(
        [{"code": given.code, "name": given.name, "region": given.region} for given in departments()]
    )
    async with session(engine) as opened:
        await opened.run(
            put.on_conflict_do_update(
                index_elements=["code"], set_={"name": put.excluded.name, "region": put.excluded.region}
            )
        )


async def _put_password(ports: HandlerPorts, engine: AsyncEngine, password: str) -> None:
    """One hash for all: hashing is slow on purpose. A password that takes another's place is a fact of the record."""
    names = [given.account for given in demo_accounts()]
    table = tables.accounts.c
    async with session(engine) as opened:
        found = await opened.run(select(table.account, table.password_hash).where(table.account.in_(names)))
        hashes = {row.account: row.password_hash for row in found}
    known = hashes[names[0]]
    if known and await asyncio.to_thread(password_fits, known, password):
        await AccountBook(engine).store_hash([name for name in names if not hashes[name]], known)
        return
    hashed = await asyncio.to_thread(hash_password, password)
    if known:
        for name in names:
            key, stream = f"password-{name}-{hashed[-16:]}", stream_of(name)
            await handle(ports, ACCOUNT, Request(INSTALLATION, key, slug="set_password", body={}, stream=stream))
    await AccountBook(engine).store_hash(names, hashed)
