"""`xiezhi worker`: runs the processes, relays what they do not know yet, sends notices, compares record and processes
now and then.

As many as wanted may run against one database and one Temporal. It refuses to start when its world is not ready: a
database of another version, a namespace without our search attributes.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Replayer, Worker

from activities import Ports, build_activities
from domain.errors import XiezhiError
from domain.nouns import DECIDERS
from domain.record.decider import Decider
from infra.files.evidence import EvidenceFolder
from infra.files.exchange import FeedbackFolder
from infra.files.exported_lists import ExportFolder, ListMaker, sweep
from infra.notices.channels import build_channels
from infra.notices.keys import NoticeKeys
from infra.notices.letters import Composer
from infra.notices.postman import Postman
from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.health import record_health
from infra.postgres.engine.migrate import check_database
from infra.postgres.notices.deliveries import DeliveryQueue, delivery_health
from infra.postgres.proof.restore import ErasureLedger
from infra.postgres.record.effects import Effects
from infra.postgres.record.outbox import Outbox
from infra.processes.client import DATA_CONVERTER, connect, tracing
from infra.processes.process_states import ProcessStates
from infra.processes.reconcile import reconcile
from infra.processes.relay import Relay, RelayOptions
from infra.processes.sandbox import workflow_runner
from infra.processes.search_attributes import require_search_attributes
from infra.processes.tell import Deliverer
from infra.reference.installation import warn_of_unrecorded
from infra.runtime.failpoints import failpoints
from infra.runtime.settings import Settings
from infra.runtime.telemetry import trace_statements
from infra.runtime.worker_health import Answer, Route, serving
from infra.runtime.worker_metrics import WorkerMetrics
from infra.stack.state_file import free_port
from infra.training.mark import TrainingMark
from infra.wiring.handler_ports import build_handler_ports
from workflows import PROCESSES, CaseProcess
from workflows.options import PROCESS_REVISION, task_queue

log = structlog.get_logger("worker")

T = TypeVar("T")

START_PATIENCE_SECONDS = 45.0
"""How long a starting worker waits for a database or a Temporal that is away."""
GRACEFUL_SHUTDOWN = timedelta(seconds=10)
FIRST_RECONCILE_SECONDS = 20.0
SWEEP_SECONDS = 60.0
ACTIVITIES_AT_ONCE = 32
_AWAY = frozenset({"store_unavailable", "processes_away"})


def build_worker(
    client: Client,
    ports: Ports,
    *,
    processes: Sequence[type[CaseProcess]] = PROCESSES,
    revision: int = PROCESS_REVISION,
    max_cached_workflows: int = 1000,
) -> Worker:
    """The Temporal worker of one revision: every process and activity, in the shared sandbox."""
    return Worker(
        client,
        task_queue=task_queue(revision),
        workflows=processes,
        activities=build_activities(ports),
        workflow_runner=workflow_runner(),
        max_cached_workflows=max_cached_workflows,
        max_concurrent_activities=ACTIVITIES_AT_ONCE,
        graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
    )


def build_replayer() -> Replayer:
    """Replays recorded histories exactly as a worker would."""
    return Replayer(
        workflows=PROCESSES,
        data_converter=DATA_CONVERTER,
        interceptors=[tracing()],
        workflow_runner=workflow_runner(),
    )


def build_ports(
    settings: Settings,
    engine: AsyncEngine,
    reached: Callable[[str], None],
    nouns: Mapping[str, Decider[Any]] = DECIDERS,
) -> Ports:
    """What the activities stand on, over PostgreSQL and local folders."""
    process_states = ProcessStates(engine)
    return Ports(
        world=build_handler_ports(settings, engine, nouns),
        record=process_states,
        effects=Effects(engine),
        texts=process_states,
        exchange=FeedbackFolder(settings.feedback_dir),
        ledger=ErasureLedger(settings.erasure_ledger),
        evidence=EvidenceFolder(settings.evidence_dir),
        exports=ListMaker(engine, ExportFolder(settings.exports_dir), settings.export_rows),
        exports_kept=timedelta(days=settings.export_days),
        reached=reached,
    )


def build_postman(
    settings: Settings,
    engine: AsyncEngine,
    reached: Callable[[str], None] = lambda _name: None,
    count: Callable[[str, str], None] = lambda _channel, _outcome: None,
) -> Postman:
    """Sends what goes out, through the channels the environment gives. Raises as `build_channels` does."""
    keys = NoticeKeys(settings.secret("fingerprint_key"))
    return Postman(
        DeliveryQueue(engine),
        build_channels(settings, keys),
        Composer(keys, settings.public_url),
        TrainingMark(engine),
        reached=reached,
        count=count,
    )


async def run_worker(
    settings: Settings,
    stopping: asyncio.Event | None = None,
    *,
    nouns: Mapping[str, Decider[Any]] = DECIDERS,
    processes: Sequence[type[CaseProcess]] = PROCESSES,
) -> int:
    """Run until SIGTERM or SIGINT, or until `stopping` is set; 0 after an orderly stop. Raises what forbids it."""
    stopping = stopping or _event_of_stop_signals()
    service = _Service(settings, nouns, processes)
    try:
        async with serving("127.0.0.1", settings.worker_health_port, service.routes):
            await service.start()
            await service.serve(stopping)
    finally:
        await service.engine.dispose()
    return 0


class _Service:
    """One worker process: its parts, and how it is."""

    def __init__(
        self, settings: Settings, nouns: Mapping[str, Decider[Any]], processes: Sequence[type[CaseProcess]]
    ) -> None:
        self._nouns = nouns
        self._processes = processes
        self.engine = create_engine(settings.secret("database_url"), application="xiezhi-worker")
        if settings.otlp_endpoint:
            trace_statements(self.engine)
        self._settings = settings
        self._sdk_port = free_port(settings.worker_health_port + 1000, set())
        self._metrics = WorkerMetrics(self._sdk_port)
        self._client: Client | None = None
        self._serving = False
        self._process_states = ProcessStates(self.engine)

    @property
    def routes(self) -> Mapping[str, Route]:
        """What the health port answers."""
        return {"/healthz": self._alive, "/readyz": self._ready, "/metrics": self._measured}

    async def start(self) -> None:
        """Wait for database and Temporal, and refuse what cannot be stood on."""
        await _try_until_back(lambda: check_database(self.engine))
        runtime = Runtime(
            telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=f"127.0.0.1:{self._sdk_port}"))
        )
        self._client = await _try_until_back(lambda: connect(self._settings, runtime=runtime))
        await require_search_attributes(self._client)

    async def serve(self, stopping: asyncio.Event) -> None:
        """Run worker, relay, postman and comparison until asked to stop. A failure of any stops all and is raised."""
        assert self._client is not None  # noqa: S101 — set by `start`
        reached = failpoints(self._settings.failpoint)
        ports = build_ports(self._settings, self.engine, reached, self._nouns)
        self._metrics.unrecorded_rules.set(await warn_of_unrecorded(ports.world, self.engine))
        worker = build_worker(self._client, ports, processes=self._processes)
        deliverer = Deliverer(self._client, self._settings.history_limit, reached, processes=self._processes)
        options = RelayOptions(batch=self._settings.relay_batch, lease_seconds=self._settings.relay_lease_seconds)
        relay = Relay(Outbox(self.engine), deliverer, options, reached, self._metrics.delivered.inc)
        postman = build_postman(self._settings, self.engine, reached, self._metrics.letter)
        running = [
            asyncio.create_task(worker.run()),
            asyncio.create_task(relay.run(stopping)),
            asyncio.create_task(postman.run(stopping)),
            asyncio.create_task(self._compare(deliverer, stopping)),
            asyncio.create_task(self._sweep(stopping)),
        ]
        asked = asyncio.create_task(stopping.wait())
        self._serving = True
        log.info("worker runs", queue=task_queue(), revision=PROCESS_REVISION, pid=os.getpid())
        try:
            await asyncio.wait([*running, asked], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._serving = False
            stopping.set()
            if worker.is_running:
                await worker.shutdown()
            outcomes = await asyncio.gather(*running, return_exceptions=True)
            asked.cancel()
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _compare(self, deliverer: Deliverer, stopping: asyncio.Event) -> None:
        """Compare record and processes soon after the start and then periodically."""
        assert self._client is not None  # noqa: S101 — set by `start`
        seconds = self._settings.reconcile_interval_seconds
        async for _ in _now_and_then(stopping, seconds, first=min(FIRST_RECONCILE_SECONDS, seconds)):
            try:
                report = await reconcile(self._client, self._process_states, deliverer)
            except XiezhiError as error:
                log.warning("record and processes not compared", code=error.code)
                continue
            self._metrics.compared(report)
            if report.nudged:
                log.warning("processes nudged", count=report.nudged)

    async def _sweep(self, stopping: asyncio.Event) -> None:
        """Remove exported files nobody may fetch any more, soon after they were taken back."""
        folder = ExportFolder(self._settings.exports_dir)
        async for _ in _now_and_then(stopping, SWEEP_SECONDS, first=SWEEP_SECONDS):
            try:
                removed = await sweep(self.engine, folder)
            except (XiezhiError, OSError) as error:
                log.warning("exports not swept", code=getattr(error, "code", type(error).__name__))
                continue
            if removed:
                log.info("exports removed", count=removed)

    async def _alive(self) -> Answer:
        return 200, "alive\n"

    async def _ready(self) -> Answer:
        if not self._serving:
            return 503, "starting or stopping\n"
        database, temporal = await self._database_answers(), await self._temporal_answers()
        if database and temporal:
            return 200, "ready\n"
        return 503, f"database: {'up' if database else 'away'}, temporal: {'up' if temporal else 'away'}\n"

    async def _measured(self) -> Answer:
        self._metrics.up("database", await self._database_answers())
        self._metrics.up("temporal", await self._temporal_answers())
        return 200, await self._metrics.text()

    async def _database_answers(self) -> bool:
        try:
            self._metrics.record(await record_health(self.engine))
            self._metrics.notices(await delivery_health(self.engine))
        except XiezhiError:
            return False
        return True

    async def _temporal_answers(self) -> bool:
        if self._client is None:
            return False
        with suppress(Exception):
            return await self._client.service_client.check_health(timeout=timedelta(seconds=2))
        return False


async def _try_until_back(attempt: Callable[[], Awaitable[T]]) -> T:
    """Try until it works; what is merely away has a while to come back."""
    deadline, pause = asyncio.get_running_loop().time() + START_PATIENCE_SECONDS, 0.25
    while True:
        try:
            return await attempt()
        except XiezhiError as error:
            if error.code not in _AWAY or asyncio.get_running_loop().time() > deadline:
                raise
            log.warning("worker waits", code=error.code)
        await asyncio.sleep(pause)
        pause = min(pause * 2, 3.0)


async def _now_and_then(stopping: asyncio.Event, seconds: float, *, first: float) -> AsyncIterator[None]:
    """About every so many seconds until asked to stop; workers that start together do so at different times."""
    pause = first
    while not await _wait_for_stop(stopping, pause * random.uniform(0.75, 1.25)):  # noqa: S311 — spreads load
        yield
        pause = seconds


async def _wait_for_stop(stopping: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
    return stopping.is_set()


def _event_of_stop_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    for asked in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(asked, stopping.set)
    return stopping
