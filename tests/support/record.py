"""A migrated, seeded database for each test, and clues driven through the one command handler against it."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from domain.nouns import DECIDERS
from domain.people.actors import Actor
from domain.record.decider import OfficerFact
from domain.record.handler import Handled, HandlerPorts, Request, handle
from domain.record.ports import Store
from domain.time.calendar import national_calendars
from domain.time.rules import load_pack
from infra.postgres.engine.engine import create_engine, create_maintenance_engine
from infra.postgres.engine.migrate import migrate
from infra.postgres.engine.session import session
from infra.postgres.record.store import PostgresStore
from infra.reference import demo_accounts, departments
from infra.reference.seed import seed
from tests.support.servers import PostgresServer

DEMO_PASSWORD = "demo"
REGION = "370102"


def demo(account: str) -> Actor:
    """The actor behind a demo account."""
    found = next(known for known in demo_accounts() if known.account == account)
    return Actor(account=account, department=found.department, region=found.region, roles=(found.role,))


CLERK = demo("intake.370102")
DISPATCHER = demo("dispatcher.370102")
ASSIGNER = demo("assigner.market.370102")
HANDLER = demo("handler.market.370102")
HEAD = demo("head.market.370102")
SECURITY = demo("security.370100")
SUPERVISOR = demo("supervisor.370102")

STRAIGHT: tuple[tuple[Actor, str], ...] = (
    (DISPATCHER, "dispatch"),
    (ASSIGNER, "sign_for"),
    (ASSIGNER, "assign"),
    (HANDLER, "take_up"),
    (HANDLER, "open_verification"),
    (HANDLER, "record_findings"),
    (HANDLER, "conclude"),
    (HANDLER, "propose_disposition"),
    (HEAD, "approve_disposition"),
    (HANDLER, "feed_back"),
    (HANDLER, "complete"),
    (ASSIGNER, "archive"),
)
"""Who takes which step on the straight path, after registration."""


class AnyEvidence:
    """An evidence store that holds everything."""

    async def has(self, digest: str) -> bool:
        return True


def world_of(store: Store) -> HandlerPorts:
    """The world around a store, with real entropy."""
    return HandlerPorts(
        nouns=DECIDERS,
        store=store,
        evidence=AnyEvidence(),
        pack=load_pack("national"),
        calendars=national_calendars(),
        entropy=os.urandom,
        fingerprint=lambda body: hmac.new(b"test", body, hashlib.sha256).hexdigest(),
    )


def known_departments() -> dict[str, str]:
    """The seeded departments, as the memory store takes them."""
    return {department.code: department.region for department in departments()}


def known_officers() -> dict[str, OfficerFact]:
    """The seeded accounts, as the memory store takes them."""
    return {
        known.account: OfficerFact(
            account=known.account,
            department=known.department,
            region=known.region,
            roles=(known.role,),
            active=True,
        )
        for known in demo_accounts()
    }


@dataclass
class Casebook:
    """Clues driven by commands; every command has a key of its own unless given one."""

    world: HandlerPorts
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def command(
        self,
        actor: Actor,
        slug: str,
        stream: str | None = None,
        *,
        key: str | None = None,
        lane: Any = "live",
        **body: Any,
    ) -> Handled:
        """One command with its example as body, changed where given."""
        shape = CLUE.commands[slug]
        return await handle(
            self.world,
            CLUE,
            Request(
                actor=actor,
                key=key or f"key-{next(self.numbers)}",
                slug=slug,
                body={**shape.example, **body},
                stream=stream,
                lane=lane,
            ),
        )

    async def registered(self, **body: Any) -> str:
        """A new clue."""
        given = {"external_id": f"case-{next(self.numbers)}", "received_at": "2026-03-02T11:00:00+08:00", **body}
        return (await self.command(CLERK, "register", **given)).outcome.stream

    async def driven(self, until: str = "archive", **body: Any) -> str:
        """A new clue on the straight path up to and including a step."""
        stream = await self.registered(**body)
        for actor, slug in STRAIGHT:
            done = await self.command(actor, slug, stream)
            assert done.outcome.status == "recorded", (slug, done.outcome)
            if slug == until:
                break
        return stream


async def prepared(url: str) -> None:
    """Bring an empty database to the service's schema, with the reference data."""
    engine = create_maintenance_engine(url)
    await migrate(engine)
    await seed(world_of(PostgresStore(engine)), engine, DEMO_PASSWORD)
    await engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def record_template(postgres_server: PostgresServer) -> str:
    """A migrated, seeded database to copy; its name."""
    url = postgres_server.create_database()
    await prepared(url)
    return url.rsplit("/", 1)[1]


@pytest.fixture
def record_url(postgres_server: PostgresServer, record_template: str) -> Iterator[str]:
    """The URL of a migrated, seeded database of this test alone."""
    url = postgres_server.create_database(template=record_template)
    yield url
    postgres_server.drop_database(url)


@pytest_asyncio.fixture
async def engine(record_url: str) -> AsyncIterator[AsyncEngine]:
    """A serving engine on a fresh record."""
    made = create_engine(record_url)
    yield made
    await made.dispose()


@pytest_asyncio.fixture
async def maintenance(record_url: str) -> AsyncIterator[AsyncEngine]:
    """A maintenance engine on the same record."""
    made = create_maintenance_engine(record_url)
    yield made
    await made.dispose()


@pytest.fixture
def casebook(engine: AsyncEngine) -> Casebook:
    """Clues in PostgreSQL."""
    return Casebook(world_of(PostgresStore(engine)))


async def tamper(engine: AsyncEngine, statement: str, **parameters: Any) -> None:
    """Change the record behind its back, past the trigger that forbids it."""
    async with session(engine) as opened:
        await opened.run(text("ALTER TABLE events DISABLE TRIGGER ALL"))
        await opened.run(text(statement), parameters)
        await opened.run(text("ALTER TABLE events ENABLE TRIGGER ALL"))


async def value_of(engine: AsyncEngine, statement: str, **parameters: Any) -> Any:
    """The first column of the first row."""
    async with session(engine) as opened:
        return (await opened.run(text(statement), parameters)).scalar()


__all__ = [
    "ASSIGNER",
    "CLERK",
    "DEMO_PASSWORD",
    "DISPATCHER",
    "HANDLER",
    "HEAD",
    "REGION",
    "SECURITY",
    "STRAIGHT",
    "Casebook",
    "casebook",
    "demo",
    "engine",
    "known_departments",
    "known_officers",
    "maintenance",
    "prepared",
    "record_template",
    "record_url",
    "tamper",
    "value_of",
    "world_of",
]
