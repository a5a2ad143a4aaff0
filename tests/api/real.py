"""The whole service in this process over real PostgreSQL and Temporal: API, worker, and a relay turned by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from api.app import create_app
from api.cases.telling import BackgroundTelling
from api.deps import Service
from api.edge.metrics import Metrics
from domain.record.ports import Advance
from infra.postgres.engine.engine import create_engine
from infra.postgres.record.outbox import Outbox
from infra.processes.client import connect
from infra.processes.relay import Relay, RelayOptions
from infra.processes.tell import Deliverer
from infra.runtime.settings import Settings
from infra.runtime.telemetry import AllowedOnly, trace_requests, trace_statements
from infra.wiring.bootstrap import build_service
from infra.wiring.worker import build_ports, build_worker
from tests.api.desks import Desks, client_of
from tests.support.record import DEMO_PASSWORD
from tests.support.servers import TemporalServer


@dataclass
class Running:
    """The running service. `told` False: nothing is delivered right after the commit, only by `relay.turn()`."""

    desks: Desks
    engine: AsyncEngine
    client: Client
    relay: Relay
    settings: Settings


@lru_cache(maxsize=1)
def exported() -> InMemorySpanExporter:
    """What leaves this process as spans; the provider can be set only once a process."""
    exporter = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(AllowedOnly(exporter)))
    return exporter


def spans() -> Sequence[ReadableSpan]:
    """All spans exported since the last clearing."""
    return exported().get_finished_spans()


@asynccontextmanager
async def running_service(
    database_url: str, temporal: TemporalServer, folder: Path, *, told: bool = True, first_lease: float = 5.0
) -> AsyncIterator[Running]:
    """Run it all; `temporal` should be the test's own, since every worker serves the same queue."""
    exported().clear()
    settings = Settings(
        data_dir=folder,
        database_url=SecretStr(database_url),
        embedded_database=True,
        temporal_address=temporal.address,
        temporal_namespace=temporal.namespace,
        token_secret=SecretStr("a secret of the tests, long enough for HS256"),
        fingerprint_key=SecretStr("another secret of the tests"),
    )
    engine, worker_engine = create_engine(database_url), create_engine(database_url)
    trace_statements(engine)
    trace_statements(worker_engine)
    client = await connect(settings)
    deliverer = Deliverer(client)

    @asynccontextmanager
    async def opened(metrics: Metrics) -> AsyncIterator[Service]:
        telling = BackgroundTelling(
            deliverer if told else _nobody, Outbox(engine).delivered if told else _nothing, metrics.deliveries
        )
        try:
            yield build_service(settings, engine, client, telling)
        finally:
            await telling.close()

    app = create_app(opened)
    trace_requests(app)
    worker = build_worker(client, build_ports(settings, worker_engine, lambda _name: None))
    relay = Relay(Outbox(worker_engine), deliverer, RelayOptions())
    try:
        async with worker, app.router.lifespan_context(app), client_of(app) as http:
            yield Running(Desks(http, DEMO_PASSWORD), engine, client, relay, settings)
    finally:
        await engine.dispose()
        await worker_engine.dispose()


async def _nobody(_advance: Advance) -> None:
    return


async def _nothing(_rows: Sequence[tuple[str, int]]) -> None:
    return
