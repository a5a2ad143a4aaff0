"""Real servers for tests: one PostgreSQL and one Temporal per test session, and as many empty databases as wanted."""

import os
import shutil
import sysconfig
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from infra.stack.children import Child
from infra.stack.embedded import EmbeddedPostgres, EmbeddedTemporal
from infra.stack.embedded.postgres import ADMIN, OWNER
from infra.stack.state_file import free_port
from tests.support.as_of import ahead
from tests.support.database_clock import set_ahead


@dataclass(frozen=True)
class PostgresServer:
    """A running server on which tests make their own databases."""

    embedded: EmbeddedPostgres
    child: Child

    def create_database(self, *, template: str | None = None) -> str:
        """The URL of a fresh database owned by the plain role; empty, or a copy of the database named `template`."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}").format(
            sql.Identifier(name),
            sql.Identifier(OWNER),
            sql.Identifier(template or "template0"),
            sql.Identifier("file_copy"),
        )
        self._as_admin(statement)
        url = self.embedded.url(name)
        if ahead():
            set_ahead(plain_url(url), ahead())
        return url

    def drop_database(self, url: str) -> None:
        """Drop a database and end whoever is still connected to it."""
        name = url.rsplit("/", 1)[1]
        self._as_admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _as_admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(plain_url(self.embedded.url("postgres", user=ADMIN)), autocommit=True) as connection:
            connection.execute(statement)


@dataclass(frozen=True)
class TemporalServer:
    """A running dev server with the service's search attributes."""

    address: str
    namespace: str
    ui: str

    async def connect(self) -> Client:
        """A client with the service's data converter."""
        return await Client.connect(self.address, namespace=self.namespace, data_converter=pydantic_data_converter)


@contextmanager
def server_folder() -> Iterator[Path]:
    """A scratch folder that also an unprivileged account can reach: pytest's own is closed to all but its owner."""
    folder = Path(tempfile.mkdtemp(prefix="xiezhi-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def running_postgres(*, durable: bool = False) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL server of its own, for tests that stop, kill or damage it."""
    with server_folder() as folder:
        embedded = EmbeddedPostgres(
            folder / "postgres",
            port=any_port(),
            admin_password=uuid.uuid4().hex,
            password=uuid.uuid4().hex,
            durable=durable,
        )
        child = await embedded.start(folder / "postgres.log")
        try:
            yield PostgresServer(embedded, child)
        finally:
            await child.stop()


@asynccontextmanager
async def running_temporal() -> AsyncIterator[TemporalServer]:
    """A Temporal server of its own, for tests that stop, kill or damage it."""
    with server_folder() as folder:
        taken: set[int] = set()
        embedded = EmbeddedTemporal(folder / "temporal", port=any_port(taken), ui_port=any_port(taken))
        child = await embedded.start(folder / "temporal.log")
        try:
            yield TemporalServer(embedded.address, "default", f"http://127.0.0.1:{embedded.ui_port}")
        finally:
            await child.stop()


@asynccontextmanager
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """The time-skipping server. It cannot list workflows, and activities see the real date."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(Path(sysconfig.get_path("scripts")) / "temporal-test-server"),
        data_converter=pydantic_data_converter,
    ) as environment:
        yield environment


def plain_url(url: str) -> str:
    """The same address for psycopg and the PostgreSQL programs, which know nothing of SQLAlchemy drivers."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def any_port(taken: set[int] | None = None) -> int:
    """A port that nobody holds, away from the product's defaults."""
    return free_port(10_000 + os.getpid() % 20_000, taken if taken is not None else set())
