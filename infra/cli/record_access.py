"""What commands open: the record beside live cases or for upkeep, a case's history, the account to act as."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from domain.errors import UnknownCase, XiezhiError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from domain.people.actors import Actor
    from domain.record.envelope import StoredEvent
    from infra.runtime.settings import Settings


class UnknownAccount(XiezhiError):
    """The account to act as does not exist or is switched off."""

    code = "unknown_account"


@asynccontextmanager
async def serving_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine for work beside live cases; refuses a database of another schema."""
    from infra.postgres.engine.engine import create_engine
    from infra.postgres.engine.migrate import check_database

    engine = create_engine(settings.secret("database_url"), application="xiezhi-command")
    try:
        await check_database(engine)
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def maintenance_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine for work on the whole record, of whatever schema."""
    from infra.postgres.engine.engine import create_maintenance_engine

    engine = create_maintenance_engine(settings.secret("database_url"))
    try:
        yield engine
    finally:
        await engine.dispose()


async def read_history(engine: AsyncEngine, case: str) -> tuple[StoredEvent, ...]:
    """All events of a case. Raises `UnknownCase`."""
    from infra.postgres.cases.reading import Record

    rows = await Record(engine).history(case)
    if not rows:
        raise UnknownCase(f"没有案件 {case}")
    return rows


async def read_watermark(settings: Settings) -> str | None:
    """What must stand above whatever is printed of this record; None where cases may be real."""
    from infra.training.mark import WATERMARK, is_training

    async with serving_engine(settings) as engine:
        return WATERMARK if await is_training(engine) else None


async def acting_account(settings: Settings, engine: AsyncEngine, account: str) -> Actor:
    """Who the account is. Raises `UnknownAccount`, and `DemoRefused` for a demo account where cases may be real."""
    from infra.people.identity import DemoRefused
    from infra.postgres.cases.reading import Accounts

    known = await Accounts(engine).account(account)
    if known is None or not known.active:
        raise UnknownAccount(f"没有账号“{account}”,或其已停用。先运行 `xiezhi seed`,或用 --account 指定")
    if known.demo and not settings.embedded_database:
        raise DemoRefused(f"“{account}”是演示账号,不能在这个数据库中办理;请用 --account 指定来源系统的账号")
    return known.actor
