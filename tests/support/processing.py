"""Cases in PostgreSQL, their processes on a real Temporal: worker and relay inside one test."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.time.rules import Length, RulePack, load_pack
from infra.postgres.record.outbox import Outbox
from infra.postgres.record.store import PostgresStore
from infra.processes.process_states import ProcessStates
from infra.processes.relay import Relay, RelayOptions
from infra.processes.tell import Deliverer
from infra.runtime.settings import Settings
from infra.wiring.worker import build_ports, build_worker
from tests.support.record import Casebook
from workflows import ClueWorkflow
from workflows.messages import Awaited


def seconds_pack(length: int = 1) -> RulePack:
    """The training rules with every clock and rung `length` seconds, one after the other."""

    def quick(count: int) -> Length:
        return Length(amount=count * length, day="seconds")

    pack = load_pack("training")
    rules = tuple(
        rule.model_copy(
            update={
                "length": quick(2),
                "warn_before": (quick(1),),
                "ladder": tuple(
                    rung.model_copy(update={"after": quick(number)}) for number, rung in enumerate(rule.ladder, 1)
                ),
            }
        )
        for rule in pack.rules
    )
    return RulePack.model_validate(pack.model_copy(update={"rules": rules}).model_dump())


def settings_in(folder: Path, **given: Any) -> Settings:
    """Settings of a process that keeps its files in a test's folder."""
    return Settings(data_dir=folder, token_secret=SecretStr("t" * 32), fingerprint_key=SecretStr("f" * 32), **given)


class Processing:
    """The parts of a worker process around one record."""

    def __init__(self, engine: AsyncEngine, client: Client, folder: Path, pack: RulePack | None = None) -> None:
        self.engine = engine
        self.client = client
        self.revision = random.randrange(10_000, 10_000_000)
        self.settings = settings_in(folder)
        ports = build_ports(self.settings, engine, lambda _name: None)
        self.ports = replace(ports, world=replace(ports.world, store=PostgresStore(engine, first_lease=0.0)))
        if pack is not None:
            self.ports = replace(self.ports, world=replace(self.ports.world, pack=pack))
        self.casebook = Casebook(self.ports.world, itertools.count(random.getrandbits(48)))  # ids are derived from keys
        self.deliver = Deliverer(client, revision=self.revision)
        self.process_states = ProcessStates(engine)
        self.relay = Relay(Outbox(engine), self.deliver, RelayOptions(idle_seconds=0.05))

    @asynccontextmanager
    async def working(self, *, relay: bool = True) -> AsyncIterator[None]:
        """Worker and relay run inside."""
        stopping = asyncio.Event()
        async with build_worker(self.client, self.ports, revision=self.revision):
            relaying = asyncio.create_task(self.relay.run(stopping)) if relay else None
            try:
                yield
            finally:
                stopping.set()
                if relaying:
                    await relaying

    async def awaited(self, stream: str) -> Awaited:
        """What the process says."""
        return await self.client.get_workflow_handle_for(ClueWorkflow.run, stream).query(ClueWorkflow.awaited)

    async def at_head(self, stream: str, *, seconds: float = 20.0) -> Awaited:
        """Wait until the process stands at the record's head with nothing left to do."""
        async with asyncio.timeout(seconds):
            while True:
                recorded = await self.process_states.standing(stream)
                assert recorded is not None
                try:
                    now = await self.awaited(stream)
                except Exception as not_yet:
                    if "not found" not in str(not_yet):
                        raise
                else:
                    if (now.version, now.head_hash) == (recorded.last, recorded.head_hash) and not recorded.effects:
                        return now
                await asyncio.sleep(0.05)
