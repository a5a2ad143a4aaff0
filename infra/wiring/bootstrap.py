"""Puts the parts together: settings to engine, world and service; the application over them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from api.app import SURFACES, create_app
from api.cases.process import TemporalProcesses
from api.cases.surface import Surface
from api.cases.telling import BackgroundTelling
from api.deps import ListPorts, NoticePorts, PeoplePorts, ProcessPorts, RecordPorts, Service, TakingOut
from api.edge.limits import Limits, Rate
from api.edge.metrics import Lag, Metrics
from domain.nouns import DECIDERS
from domain.record.decider import Decider
from domain.record.handler import HandlerPorts
from infra.files.documents import Documents
from infra.files.evidence import EvidenceFolder
from infra.files.exported_lists import ExportFolder
from infra.notices.channels import offered
from infra.notices.keys import NoticeKeys
from infra.people.first_administrators import FirstAdministrators
from infra.people.identity import CachedDirectory, EmbeddedLogin, Hs256Tokens
from infra.people.reporter_index import marker
from infra.postgres.cases.changes import Changes
from infra.postgres.cases.chronicle import Chronicle
from infra.postgres.cases.listing import Cases
from infra.postgres.cases.lookups import Lookups
from infra.postgres.cases.plain import PlainLists
from infra.postgres.cases.reading import Accounts, Record
from infra.postgres.cases.saved_filters import SavedFilters
from infra.postgres.clocks.lists import ClockLists
from infra.postgres.clocks.oversight import Oversight
from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.health import record_health
from infra.postgres.engine.migrate import check_database
from infra.postgres.exports import Exports
from infra.postgres.figures.department_table import DepartmentTables
from infra.postgres.figures.reports import Reports
from infra.postgres.notices.inbox import Inbox
from infra.postgres.notices.settings import NoticeSettings
from infra.postgres.people.accounts import AccountBook
from infra.postgres.people.attempts import LoginAttempts, LoginPolicy
from infra.postgres.record.outbox import Outbox
from infra.postgres.record.vault import Vault
from infra.processes.client import connect
from infra.processes.tell import Deliverer
from infra.reference import regions
from infra.reference.installation import warn_of_unrecorded
from infra.runtime.failpoints import failpoints
from infra.runtime.feed_hub import FeedHub
from infra.runtime.settings import Settings
from infra.runtime.telemetry import trace_requests, trace_statements
from infra.training.mark import TrainingMark
from infra.wiring.handler_ports import build_handler_ports
from workflows import PROCESSES, CaseProcess

_log = structlog.get_logger("bootstrap")


def build_service(
    settings: Settings,
    engine: AsyncEngine,
    client: Client,
    telling: BackgroundTelling,
    nouns: Mapping[str, Decider[Any]] = DECIDERS,
) -> Service:
    """The API's service over PostgreSQL and Temporal, for these nouns."""
    world = build_handler_ports(settings, engine, nouns)
    return Service(
        world=world,
        record=RecordPorts(
            streams=Record(engine),
            chronicle=Chronicle(engine),
            texts=Vault(engine),
            evidence=EvidenceFolder(settings.evidence_dir),
            feed=FeedHub(Changes(engine, nouns)),
        ),
        processes=ProcessPorts(live=TemporalProcesses(client), telling=telling),
        lists=ListPorts(
            cases=Cases(engine),
            plain=PlainLists(engine),
            clocks=ClockLists(engine),
            department_tables=DepartmentTables(engine),
            oversight=Oversight(engine),
            filters=SavedFilters(engine),
            lookups=Lookups(engine, marker(settings.secret("fingerprint_key"))),
        ),
        people=_people(settings, engine, world),
        notices=NoticePorts(
            inbox=Inbox(engine),
            settings=NoticeSettings(engine, NoticeKeys(settings.secret("fingerprint_key")), offered(settings)),
        ),
        taking_out=TakingOut(
            documents=Documents(),
            exports=_Exports(engine, ExportFolder(settings.exports_dir)),
            reports=Reports(engine),
        ),
        operations=_Operations(engine),
        now=lambda: datetime.now(UTC),
        limits=Limits(
            reads=Rate(settings.account_reads_per_second),
            writes=Rate(settings.account_writes_per_second),
            strangers=Rate(settings.stranger_requests_per_second),
            patience_seconds=settings.client_patience_seconds,
        ),
        regions={region.code: region.name for region in regions()},
        training=TrainingMark(engine),
    )


def _people(settings: Settings, engine: AsyncEngine, world: HandlerPorts) -> PeoplePorts:
    accounts = Accounts(engine)
    tokens = Hs256Tokens(settings.secret("token_secret"), settings.token_ttl_minutes)
    policy = LoginPolicy(per_account=settings.login_failures, per_address=settings.login_failures_of_address)
    return PeoplePorts(
        verifier=tokens,
        directory=CachedDirectory(accounts, demo=settings.embedded_database),
        login=EmbeddedLogin(accounts, tokens, demo=settings.embedded_database),
        attempts=LoginAttempts(engine, world.fingerprint, policy),
        accounts=AccountBook(engine),
        founding=FirstAdministrators(world, engine),
    )


class Application:
    """One API process: the ASGI application, its engine, and whether its database was found fit."""

    def __init__(
        self,
        settings: Settings,
        surfaces: Sequence[Surface[Any]] = SURFACES,
        processes: Sequence[type[CaseProcess]] = PROCESSES,
    ) -> None:
        self._nouns = {**DECIDERS, **{surface.noun.kind: surface.noun for surface in surfaces}}
        self._processes = processes
        self.engine = create_engine(settings.secret("database_url"), application="xiezhi-api")
        self.checked = False
        self._settings = settings
        self._service: Service | None = None
        self.asgi: FastAPI = create_app(self._opened, surfaces)
        trace_requests(self.asgi)
        if settings.otlp_endpoint:
            trace_statements(self.engine)

    async def check(self) -> None:
        """Refuse a database the service cannot stand on. Raises `DatabaseNotReady` or `StoreUnavailable`."""
        await check_database(self.engine)
        self.checked = True

    def stopping(self) -> None:
        """End what would go on for ever, so that the server can stop: the streams of the feed."""
        if self._service is not None:
            self._service.record.feed.stop()

    @asynccontextmanager
    async def _opened(self, metrics: Metrics) -> AsyncIterator[Service]:
        """Temporal may be away: the client connects when it can."""
        try:
            client = await connect(self._settings, lazy=True)
            reached = failpoints(self._settings.failpoint)
            deliver = Deliverer(client, self._settings.history_limit, reached, processes=self._processes)
            telling = BackgroundTelling(deliver, Outbox(self.engine).delivered, metrics.deliveries)
            service = self._service = build_service(self._settings, self.engine, client, telling, self._nouns)
            metrics.unrecorded_rules.set(await warn_of_unrecorded(service.world, self.engine))
            await service.training()  # so that the first answer says it, too
        except Exception:
            _log.exception("api cannot start")  # the server behind would tell no more than that there was a traceback
            raise
        try:
            yield service
        finally:
            await telling.close()
            await self.engine.dispose()
            if isinstance(provider := trace.get_tracer_provider(), TracerProvider):
                provider.force_flush(2_000)


class _Exports(Exports):
    """`api.exports.Exports` over the register and the folder."""

    def __init__(self, engine: AsyncEngine, folder: ExportFolder) -> None:
        super().__init__(engine)
        self.has, self.content = folder.has, folder.content


class _Operations:
    """`api.edge.health.Operations` over the record."""

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
