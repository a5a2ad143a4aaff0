"""Make the file of an export, however long that takes; a killed worker's attempt is made anew by the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity

from activities.errors import coded
from activities.messages import Perform, Performed
from activities.ports import Effects, ExportMaker, Texts
from activities.reminders import ALREADY_DONE, DONE
from domain.export import EXPORT
from domain.export.state import Order, Requested
from domain.people.actors import SYSTEM
from domain.record.decider import fold
from domain.record.envelope import read
from domain.record.handler import HandlerPorts, Request, handle

ATTEMPTS = 10
"""So often a file is begun before people are told that it cannot be made."""
GAVE_UP = "gave_up"
BEAT_SECONDS = 2.0


@dataclass(frozen=True)
class ExportActivities:
    """The file is put in place first, then it is recorded that it lies there: by its digest, so no two are confused."""

    world: HandlerPorts
    effects: Effects
    texts: Texts
    maker: ExportMaker
    keep: timedelta
    """How long a file may be fetched."""
    reached: Callable[[str], None]
    """Where tests stop a process."""

    @activity.defn(name="make_export")
    @coded
    async def make(self, asked: Perform) -> Performed:
        """Make the file and record it, or record why it cannot be made."""
        pending = await self.effects.pending(asked.effect)
        if pending is None:
            return Performed(outcome=ALREADY_DONE)
        order = await self._order(pending.stream)
        if order is not None:
            slug, body = await self._made(pending.stream, order)
            request = Request(SYSTEM, f"{pending.stream}:{slug}", slug, body, pending.stream)
            await handle(self.world, EXPORT, request)
        await self.effects.settle(pending.id, DONE)
        return Performed(outcome=DONE)

    async def _order(self, stream: str) -> Order | None:
        """What was ordered; None when it was cancelled, or an earlier attempt already recorded its end."""
        history = [read(row).happened for row in await self.texts.history(stream)]
        export = fold(EXPORT, history)
        return export.order if isinstance(export, Requested) else None

    async def _made(self, stream: str, order: Order) -> tuple[str, Mapping[str, Any]]:
        """The command that tells how it ended."""
        if activity.info().attempt > ATTEMPTS:
            return "fail", {"code": GAVE_UP}
        async with _heartbeat():
            made = await self.maker.make(stream, order)
        self.reached("export.made")
        if isinstance(made, str):
            return "fail", {"code": made}
        told = {"rows": made.rows, "size": made.size, "digest": made.digest, "with_texts": made.with_texts}
        return "complete", {**told, "expires_at": (made.at + self.keep).isoformat()}


@asynccontextmanager
async def _heartbeat() -> AsyncIterator[None]:
    """Say that the worker lives for as long as the work inside takes."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
