"""The schema, and what the service refuses to stand on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.engine.engine import create_engine, create_maintenance_engine
from infra.postgres.engine.faults import StoreUnavailable
from infra.postgres.engine.migrate import DatabaseNotReady, check_database, head_revision, migrate
from infra.postgres.record.tables import Xid8, metadata
from infra.stack.embedded.postgres import ADMIN
from tests.support.record import tamper, value_of
from tests.support.servers import PostgresServer, any_port, plain_url


@pytest_asyncio.fixture
async def bare(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on an empty database."""
    made = create_maintenance_engine(database_url)
    yield made
    await made.dispose()


async def test_given_an_empty_database_then_the_service_refuses_it_and_names_the_command(bare: AsyncEngine) -> None:
    with pytest.raises(DatabaseNotReady, match="Run `xiezhi migrate`"):
        await check_database(bare)
    assert await migrate(bare) == head_revision()
    await check_database(bare)


async def test_given_a_migrated_database_then_it_is_exactly_what_the_tables_say(engine: AsyncEngine) -> None:
    ischema_names["xid8"] = Xid8

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_given_several_processes_when_they_migrate_at_once_then_all_succeed(bare: AsyncEngine) -> None:
    assert set(await asyncio.gather(*(migrate(bare) for _ in range(3)))) == {head_revision()}
    assert await migrate(bare) == head_revision()


async def test_given_the_schema_of_a_newer_release_when_it_only_added_then_this_build_runs_on_it(
    engine: AsyncEngine,
) -> None:
    await tamper(engine, "UPDATE alembic_version SET version_num = '9999'")
    await check_database(engine)
    assert await migrate(engine) == "9999"


async def test_given_the_schema_of_a_newer_release_when_its_floor_lies_above_then_it_is_refused_untouched(
    engine: AsyncEngine,
) -> None:
    await tamper(engine, "UPDATE alembic_version SET version_num = '9999'")
    await tamper(engine, "UPDATE schema_floor SET revision = '9998'")
    for refuse in (check_database, migrate):
        with pytest.raises(DatabaseNotReady, match="newer one"):
            await refuse(engine)
    assert await value_of(engine, "SELECT version_num FROM alembic_version") == "9999"


async def test_given_transaction_ids_of_another_server_then_the_database_is_refused(engine: AsyncEngine) -> None:
    await tamper(
        engine,
        "INSERT INTO events (stream, version, xid, type, recorded_at, body, hash) "
        "VALUES ('clue-1', 1, '99999999', 'x', now(), '{}', 'h')",
    )
    with pytest.raises(DatabaseNotReady, match="--after-restore"):
        await check_database(engine)


@pytest.mark.parametrize(
    "options", ["ENCODING 'SQL_ASCII' LOCALE 'C'", "ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"]
)
async def test_given_another_encoding_or_locale_then_the_database_is_refused(
    postgres_server: PostgresServer, options: str
) -> None:
    admin = plain_url(postgres_server.embedded.url("postgres", user=ADMIN))
    name = f"odd_{any_port()}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER xiezhi TEMPLATE template0 " + options).format(sql.Identifier(name))
        )
    url = postgres_server.embedded.url(name)
    engine = create_engine(url)
    try:
        for refuse in (check_database, migrate):
            with pytest.raises(DatabaseNotReady, match="LOCALE"):
                await refuse(engine)
    finally:
        await engine.dispose()
        postgres_server.drop_database(url)


async def test_given_no_server_then_it_is_unavailable_not_broken() -> None:
    engine = create_engine(f"postgresql+psycopg://nobody:nothing@127.0.0.1:{any_port()}/nowhere")
    with pytest.raises(StoreUnavailable):
        await check_database(engine)
    await engine.dispose()


@pytest.mark.parametrize("statement", ["UPDATE events SET body = '{}'", "DELETE FROM events", "TRUNCATE events"])
async def test_given_recorded_events_then_plain_sql_can_not_change_them(engine: AsyncEngine, statement: str) -> None:
    await tamper(
        engine,
        "INSERT INTO events (stream, version, type, recorded_at, body, hash) "
        "VALUES ('clue-1', 1, 'x', now(), '{}', 'h')",
    )
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="23001"):
            await connection.exec_driver_sql(statement)
    assert await value_of(engine, "SELECT count(*) FROM events WHERE stream = 'clue-1'") == 1
