"""Puts the parts together: settings to engine, world and service; the application over them."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from api.app import create_app
from api.deliveries import BackgroundDeliveries
from api.deps import Service
from api.observe import Metrics
from api.ports import CaseFilter, CasePage, ClockPage, ClockState, Lag
from api.processes import TemporalProcesses
from domain.calendar import national_calendar
from domain.envelope import StoredEvent
from domain.handling import World
from domain.rules import load_pack
from domain.visibility import Scope
from infra.deliver import Deliverer
from infra.evidence import EvidenceFolder
from infra.failpoints import failpoints
from infra.identity import CachedDirectory, EmbeddedLogin, Hs256Tokens
from infra.postgres import listing
from infra.postgres.engine import create_engine
from infra.postgres.health import record_health
from infra.postgres.migrate import check_database
from infra.postgres.outbox import Outbox
from infra.postgres.reading import Accounts, Record
from infra.postgres.store import PostgresStore
from infra.postgres.vault import Vault
from infra.settings import Settings
from infra.telemetry import trace_requests, trace_statements
from infra.temporal.client import connect

_log = structlog.get_logger("bootstrap")


def build_world(settings: Settings, engine: AsyncEngine) -> World:
    """What the command handler stands on, over PostgreSQL and a local evidence folder."""
    key = settings.secret("fingerprint_key").encode()
    return World(
        store=PostgresStore(engine),
        evidence=EvidenceFolder(settings.evidence_dir),
        pack=load_pack(settings.rules_pack),
        calendar=national_calendar(),
        entropy=os.urandom,
        fingerprint=lambda content: hmac.new(key, content, hashlib.sha256).hexdigest(),
    )


def build_service(settings: Settings, engine: AsyncEngine, client: Client, deliveries: BackgroundDeliveries) -> Service:
    """The API's service over PostgreSQL and Temporal."""
    accounts = Accounts(engine)
    tokens = Hs256Tokens(settings.secret("token_secret"), settings.token_ttl_minutes)
    return Service(
        world=build_world(settings, engine),
        verifier=tokens,
        login=EmbeddedLogin(accounts, tokens),
        directory=CachedDirectory(accounts),
        cases=_Cases(engine),
        texts=Vault(engine),
        inbox=listing.Inbox(engine),
        evidence=EvidenceFolder(settings.evidence_dir),
        processes=TemporalProcesses(client),
        deliveries=deliveries,
        operations=_Operations(engine),
        now=lambda: datetime.now(UTC),
    )


class Application:
    """One API process: the ASGI application, its engine, and whether its database was found fit."""

    def __init__(self, settings: Settings) -> None:
        self.engine = create_engine(settings.secret("database_url"), application="xiezhi-api")
        self.checked = False
        self._settings = settings
        self.asgi: FastAPI = create_app(self._opened)
        trace_requests(self.asgi)
        if settings.otlp_endpoint:
            trace_statements(self.engine)

    async def check(self) -> None:
        """Refuse a database the service cannot stand on. Raises `DatabaseNotReady` or `StoreUnavailable`."""
        await check_database(self.engine)
        self.checked = True

    @asynccontextmanager
    async def _opened(self, metrics: Metrics) -> AsyncIterator[Service]:
        """Temporal may be away: the client connects when it can."""
        try:
            client = await connect(self._settings, lazy=True)
            deliver = Deliverer(client, self._settings.history_limit, failpoints(self._settings.failpoint))
            deliveries = BackgroundDeliveries(deliver, Outbox(self.engine).delivered, metrics.deliveries)
            service = build_service(self._settings, self.engine, client, deliveries)
        except Exception:
            _log.exception("api cannot start")  # the server behind would tell no more than that there was a traceback
            raise
        try:
            yield service
        finally:
            await deliveries.close()
            await self.engine.dispose()
            if isinstance(provider := trace.get_tracer_provider(), TracerProvider):
                provider.force_flush(2_000)


class _Cases:
    """`api.ports.Cases` over the record and its rows."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._record = Record(engine)
        self._lists = listing.Cases(engine)

    async def history(self, stream: str) -> tuple[StoredEvent, ...]:
        """All events of a stream in order."""
        return await self._record.history(stream)

    async def page(self, scope: Scope, narrowed: CaseFilter, *, cursor: str | None, limit: int) -> CasePage:
        """One page of the cases in a scope."""
        return await self._lists.page(scope, listing.CaseFilter(**vars(narrowed)), cursor=cursor, limit=limit)

    async def clocks(
        self, scope: Scope, state: ClockState, *, department: str | None, cursor: str | None, limit: int
    ) -> ClockPage:
        """One page of the running clocks in a scope."""
        return await self._lists.clocks(scope, state, department=department, cursor=cursor, limit=limit)


class _Operations:
    """`api.ports.Operations` over the record."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def lag(self) -> Lag:
        """The ages behind the alarms. A process has applied what it was told and has nothing left to do."""
        health = await record_health(self._engine)
        return Lag(
            outbox_rows=health.outbox_rows,
            outbox_age=health.outbox_age,
            undone_effect_age=health.undone_effect_age,
            horizon_age=health.horizon_age,
            applied_lag=max(health.outbox_age, health.undone_effect_age),
        )
