"""A random stock of clues with honest histories: driven through the one command handler in memory, then put into
PostgreSQL as appends. Quick enough for tests that need hundreds."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from stdnum.cn import uscc

from domain.clue import CLUE
from domain.people.actors import Actor, Role
from domain.record.decider import fold, next_alarm, placed
from domain.record.envelope import GENESIS, read
from domain.record.handler import Request, handle
from domain.record.ports import Append
from domain.record.vault import VaultEntry
from infra.memory.store import MemoryStore
from infra.postgres.record.store import PostgresStore
from tests.support.record import known_departments, known_officers, world_of

REGIONS = ("370102", "370103", "370105")
KINDS = ("market", "urban_management", "ecology")
CHANNELS = ("hotline_12345", "media", "patrol")
CATEGORIES = ("report", "complaint", "suggestion")
WORDS = ("油烟", "噪音", "占道")
ENTITIES = tuple(f"{stem}{uscc.calc_check_digit(stem)}" for stem in ("91370102MA3CABCD1", "91370103MA3CEFGH3"))
BEGUN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)

_ROLES = {
    "answer": "dispatcher", "dispatch": "dispatcher", "reopen": "dispatcher", "sign_for": "assigner",
    "return": "assigner", "assign": "assigner", "archive": "assigner", "approve_disposition": "head",
}  # fmt: skip
_NEXT: Mapping[str, tuple[tuple[str, int], ...]] = {
    "registered": (("dispatch", 12), ("answer", 1)),
    "dispatched": (("sign_for", 6), ("return", 2)),
    "signed_for": (("assign", 6), ("return", 1)),
    "assigned": (("take_up", 6), ("return", 1)),
    "taken_up": (("open_verification", 1),),
    "verifying": (("record_findings", 1), ("conclude", 2)),
    "verified": (("propose_disposition", 1),),
    "disposition_proposed": (("approve_disposition", 1),),
    "disposed": (("feed_back", 1),),
    "fed_back": (("complete", 1),),
    "completed": (("archive", 2), ("reopen", 1)),
    "archived": (("reopen", 1),),
}
_STAYS = 0.08
"""How likely a clue rests at each step."""


def _actor(role: str, kind: str, region: str) -> Actor:
    roles = {"dispatcher": Role.DISPATCHER, "assigner": Role.DEPARTMENT_ASSIGNER, "head": Role.HEAD}
    if role == "dispatcher":
        return Actor(account=f"dispatcher.{region}", department=f"{region}.12345", region=region, roles=(roles[role],))
    return Actor(
        account=f"{role}.{kind}.{region}",
        department=f"{region}.{kind}",
        region=region,
        roles=(roles.get(role, Role.HANDLER),),
    )


@dataclass
class Stock:
    """Clues in memory. `now` moves on with every command, so that recording times lie apart."""

    dice: random.Random
    now: datetime = BEGUN
    numbers: Any = field(default_factory=count)
    recorded: dict[str, int] = field(default_factory=dict)
    """How many events of each stream are in PostgreSQL already."""

    def __post_init__(self) -> None:
        self.store = MemoryStore(lambda: self.now, departments=known_departments(), officers=known_officers())
        self.world = world_of(self.store)

    async def register(self, clues: int) -> None:
        """More clues, all over the city."""
        for _ in range(clues):
            region, number = self.dice.choice(REGIONS), next(self.numbers)
            clerk = Actor(
                account=f"intake.{region}", department=f"{region}.12345", region=region, roles=(Role.INTAKE_CLERK,)
            )
            entity = self.dice.choice((None, *ENTITIES))
            await self._command(
                clerk,
                "register",
                None,
                region=region,
                channel=self.dice.choice(CHANNELS),
                category=self.dice.choice(CATEGORIES),
                external_id=f"stock-{number}",
                received_at=(self.now - timedelta(hours=1)).isoformat(),
                title=f"第{number}件{self.dice.choice(WORDS)}",
                body="每天都有。",
                reporter=f"{self.dice.choice(WORDS)}来电人",
                **({"entity": {"uscc": entity, "name": "某商行"}} if entity else {}),
            )

    async def go_on(self, steps: int) -> None:
        """Every clue takes some more steps, or rests."""
        for stream in list(self.store.tables.events):
            for _ in range(steps):
                if self.dice.random() < _STAYS:
                    break
                await self._step(stream)

    async def put(self, store: PostgresStore, together: int = 50) -> None:
        """What is not yet in PostgreSQL goes there."""
        waiting = [stream for stream in self.store.tables.events if self._behind(stream)]
        for start in range(0, len(waiting), together):
            streams = sorted(waiting[start : start + together])
            async with store.transaction() as tx:
                await tx.lock(streams)
                for stream in streams:
                    await tx.keep(stream, self._texts(stream))
                await tx.append([self._append(stream) for stream in streams])
            self.recorded.update({stream: len(self.store.tables.events[stream]) for stream in streams})

    async def _step(self, stream: str) -> None:
        summary: Any = self.store.tables.cases[stream].entry
        slugs, weights = zip(*_NEXT[summary.stage], strict=True)
        (slug,) = self.dice.choices(slugs, weights)
        kind = (summary.lead or "x.market").partition(".")[2]
        body: dict[str, Any] = {}
        if slug == "dispatch":
            body["department"] = f"{summary.region}.{self.dice.choice(KINDS)}"
        elif slug == "assign":
            body["handler"] = f"handler.{kind}.{summary.region}"
        elif slug == "archive" and summary.lead is None:
            await self._command(_actor("dispatcher", kind, summary.region), slug, stream)
            return
        await self._command(_actor(_ROLES.get(slug, "handler"), kind, summary.region), slug, stream, **body)

    async def _command(self, actor: Actor, slug: str, stream: str | None, **body: Any) -> None:
        self.now += timedelta(minutes=self.dice.randrange(1, 120))
        shape = CLUE.commands[slug]
        asked = Request(
            actor=actor, key=f"k{next(self.numbers)}", slug=slug, body={**shape.example, **body}, stream=stream
        )
        await handle(self.world, CLUE, asked)  # a refusal is part of life: meanwhile time may have returned the clue

    def _behind(self, stream: str) -> bool:
        return self.recorded.get(stream, 0) < len(self.store.tables.events[stream])

    def _append(self, stream: str) -> Append:
        tables, done = self.store.tables, self.recorded.get(stream, 0)
        events = tables.events[stream]
        state = fold(CLUE, [read(row).happened for row in events])
        return Append(
            stream=stream,
            expected=done,
            previous_hash=events[done - 1].hash if done else GENESIS,
            events=events[done:],
            entry=tables.cases[stream].entry,
            placed=placed(CLUE, state, tables.cases[stream].entry),
            followed=CLUE.process,
            were=tuple(was for (owner, version), was in tables.states.items() if owner == stream and version > done),
            alarm=next_alarm(CLUE, state),
            clocks=tuple(timed for (owner, _), timed in tables.clocks.items() if owner == stream),
            effects=(),
            erased=(),
            advance=None,
            holdings=tuple(held for (owner, _), held in tables.holdings.items() if owner == stream),
            ends=tuple(end for (owner, version, _), end in tables.ends.items() if owner == stream and version > done),
        )

    def _texts(self, stream: str) -> list[VaultEntry]:
        new = self.store.tables.events[stream][self.recorded.get(stream, 0) :]
        refs: list[UUID] = [sealed.ref for row in new for sealed in CLUE.texts(read(row).event)]
        return [self.store.tables.vault[ref] for ref in refs]
