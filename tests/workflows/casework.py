"""Cases handled by the real handler on the memory store, their processes on a real server: for engine tests."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowHandle

from activities import Ports
from domain.clue import CLUE
from domain.export.state import Order
from domain.nouns import DECIDERS
from domain.people.actors import Actor
from domain.record.decider import EffectRef
from domain.record.envelope import StoredEvent
from domain.record.handler import Handled, HandlerPorts, Request, handle
from domain.record.ports import Advance, PendingEffect
from domain.time.rules import RulePack, load_pack
from infra.memory.store import MemoryStore
from infra.processes.tell import deliver
from infra.wiring.worker import build_worker
from tests.domain.clue import stories
from tests.domain.clue.stories import ASSIGNER, CALENDARS, CLERK, DISPATCHER, HANDLER, HEAD, MARKET
from workflows import ClueWorkflow
from workflows.messages import Awaited

STRAIGHT: tuple[tuple[Actor, str], ...] = (
    (CLERK, "register"),
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
BODIES: dict[str, dict[str, Any]] = {"dispatch": {"department": MARKET}, "assign": {"handler": "handler"}}


@dataclass
class MemoryPorts:
    """The activities' ports over a memory store; outside acts are lists. `refuse` makes the exchange fail."""

    store: MemoryStore
    done: dict[UUID, str] = field(default_factory=dict)
    inbox: list[PendingEffect] = field(default_factory=list)
    exchange: dict[str, bytes] = field(default_factory=dict)
    ledger: dict[str, tuple[UUID, ...]] = field(default_factory=dict)
    sealed: set[str] = field(default_factory=set)
    acts: list[UUID] = field(default_factory=list)
    refuse: bool = False

    async def standing(self, stream: str) -> Advance | None:
        tables = self.store.tables
        events = tables.events.get(stream)
        if not events:
            return None
        case = tables.cases[stream]
        undone = [pending for pending in tables.effects.values() if pending.stream == stream]
        return Advance(
            stream=stream,
            first=1,
            last=len(events),
            previous_hash="",
            head_hash=events[-1].hash,
            stage=case.entry.stage,
            department=case.entry.responsible,
            alarm=case.alarm,
            effects=tuple(
                EffectRef(id=pending.id, kind=pending.effect.kind) for pending in undone if pending.id not in self.done
            ),
            closed=case.entry.closed,
        )

    async def recent_hashes(self, stream: str, count: int) -> tuple[tuple[int, str], ...]:
        return tuple((event.version, event.hash) for event in self.store.tables.events.get(stream, ())[-count:])

    async def pending(self, effect: UUID) -> PendingEffect | None:
        return None if effect in self.done else self.store.tables.effects.get(effect)

    async def settle(self, effect: UUID, outcome: str) -> None:
        self.done.setdefault(effect, outcome)

    async def remind(self, pending: PendingEffect) -> None:
        self.acts.append(pending.id)
        if pending.id not in self.done:
            self.inbox.append(pending)
            self.done[pending.id] = "done"

    async def event(self, stream: str, version: int) -> StoredEvent | None:
        return self.store.tables.events[stream][version - 1]

    async def history(self, stream: str) -> tuple[StoredEvent, ...]:
        return tuple(self.store.tables.events[stream])

    async def text(self, ref: UUID) -> str | None:
        entry = self.store.tables.vault.get(ref)
        return entry.text if entry else None

    async def deposit(self, name: str, document: bytes) -> None:
        if self.refuse:
            raise OSError(28, "No space left: 陈先生的答复")
        self.exchange[name] = document

    async def withdraw(self, name: str) -> None:
        self.exchange.pop(name, None)

    async def enter(self, entry: str, texts: tuple[UUID, ...]) -> None:
        self.ledger[entry] = texts

    async def seal(self, digest: str) -> None:
        self.sealed.add(digest)

    async def has(self, digest: str) -> bool:
        return True

    async def make(self, stream: str, order: Order) -> str:
        raise NotImplementedError("exports are made over PostgreSQL")


class Casework:
    """One world of cases with a worker of its own revision, so that tests share a server without meeting."""

    def __init__(
        self,
        client: Client,
        *,
        pack: RulePack | None = None,
        clock: Callable[[], datetime] | None = None,
        history_limit: int | None = None,
    ) -> None:
        self.client = client
        self.revision = random.randrange(10_000, 10_000_000)
        self.history_limit = history_limit
        self.store = MemoryStore(
            clock or (lambda: datetime.now(UTC)), departments=stories.DEPARTMENTS, officers=stories.DIRECTORY
        )
        self.memory = MemoryPorts(self.store)
        self.pack = pack or load_pack("national")
        self._keys = itertools.count(1)

    @property
    def world(self) -> HandlerPorts:
        return HandlerPorts(
            nouns=DECIDERS,
            store=self.store,
            evidence=self.memory,
            pack=self.pack,
            calendars=CALENDARS,
            entropy=os.urandom,
            fingerprint=lambda body: hashlib.sha256(body).hexdigest(),
        )

    @property
    def ports(self) -> Ports:
        memory = self.memory
        return Ports(
            self.world,
            record=memory,
            effects=memory,
            texts=memory,
            exchange=memory,
            ledger=memory,
            evidence=memory,
            exports=memory,
            exports_kept=timedelta(days=7),
        )

    @asynccontextmanager
    async def working(self, *, ports: Ports | None = None, **options: Any) -> AsyncIterator[None]:
        """A worker runs inside."""
        async with build_worker(self.client, ports or self.ports, revision=self.revision, **options):
            yield

    async def handle(self, actor: Actor, slug: str, stream: str | None = None, **body: Any) -> Handled:
        """One command on the record; nobody is told."""
        given = {**CLUE.commands[slug].example, **BODIES.get(slug, {}), **body}
        if slug == "register":
            given = {
                **given,
                "external_id": f"T-{random.getrandbits(64):x}",
                "received_at": "2026-03-02T11:00:00+08:00",
            }
        if slug == "record_findings":
            given["evidence"] = []
        request = Request(
            actor=actor, key=f"k-{next(self._keys)}-{random.getrandbits(64):x}", slug=slug, body=given, stream=stream
        )
        handled = await handle(self.world, CLUE, request)
        assert handled.outcome.refusal is None, handled.outcome.refusal
        return handled

    async def tell(self, *advances: Advance | None, **options: Any) -> None:
        """Deliver as the API and the relay do."""
        assert advances
        for advance in advances:
            assert advance is not None
            await deliver(self.client, advance, revision=self.revision, history_limit=self.history_limit, **options)

    async def do(self, actor: Actor, slug: str, stream: str | None = None, **body: Any) -> str:
        """A command, recorded and delivered."""
        handled = await self.handle(actor, slug, stream, **body)
        await self.tell(*handled.advances)
        return handled.outcome.stream

    async def walk(
        self, *, until: str, stream: str | None = None, since: str | None = None, settle: bool = False
    ) -> str:
        """The straight path up to and with a command; `settle` waits for the process after each."""
        steps = [slug for _, slug in STRAIGHT]
        begin = steps.index(since) + 1 if since else 0
        for actor, slug in STRAIGHT[begin : steps.index(until) + 1]:
            stream = await self.do(actor, slug, stream)
            if settle and slug != "archive":
                await self.at_head(stream)
        assert stream is not None
        return stream

    def process(self, stream: str) -> WorkflowHandle[ClueWorkflow, None]:
        return self.client.get_workflow_handle_for(ClueWorkflow.run, stream)

    async def awaited(self, stream: str) -> Awaited:
        return await self.process(stream).query(ClueWorkflow.awaited)

    def head(self, stream: str) -> tuple[int, str]:
        last = self.store.tables.events[stream][-1]
        return last.version, last.hash

    async def at_head(self, stream: str, *, seconds: float = 20.0) -> Awaited:
        """Wait until the process has applied the head and performed all effects."""
        async with asyncio.timeout(seconds):
            while True:
                now = await self.awaited(stream)
                if (now.version, now.head_hash) == self.head(stream) and not now.effects:
                    return now
                await asyncio.sleep(0.02)

    async def history(self, stream: str, run_id: str | None = None) -> list[str]:
        """Event type names of the latest run."""
        handle = self.client.get_workflow_handle(stream, run_id=run_id)
        return [event.event_type_name async for event in _named(handle)]


@dataclass(frozen=True)
class _Named:
    event_type_name: str


async def _named(handle: WorkflowHandle[Any, Any]) -> AsyncIterator[_Named]:
    from temporalio.api.enums.v1 import EventType

    async for event in handle.fetch_history_events():
        yield _Named(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_"))
