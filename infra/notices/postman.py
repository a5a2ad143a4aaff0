"""The postman: sends what is to go out, because people asked to hear elsewhere than in their inbox.

Rows are leased (a short transaction), sent, then settled; nothing is held open while a server answers. A failure that
may pass is tried again after a pause that doubles, for about a day; then, or at once when it can not pass, the row
stands as a dead letter. A crash between sending and settling repeats a letter under the same id.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import structlog

from domain.errors import XiezhiError
from infra.notices.letters import Composer
from infra.notices.outgoing import DEAD_LETTER, NOTHING, SENT, WITHDRAWN, Channel, NotSent, Outgoing

log = structlog.get_logger("postman")


class DeliveryQueue(Protocol):
    """What is to be sent."""

    async def plan(self, channels: Collection[str], now: datetime) -> None:
        """Enter today's digests whose hour has come, once an account, channel and day."""
        ...

    async def lease(self, channels: Collection[str], limit: int, seconds: float) -> Sequence[Outgoing]:
        """Take due rows of these channels that nobody holds, for so many seconds, and count the attempt."""
        ...

    async def settle(self, delivery: UUID, outcome: str) -> None:
        """The end of a row; the first outcome stays."""
        ...

    async def postpone(self, delivery: UUID, seconds: float) -> None:
        """Give the lease back; the row is due again after a pause."""
        ...

    async def tidy(self) -> None:
        """Forget what ended long ago, dead letters apart, and the addresses of closed accounts."""
        ...


@dataclass(frozen=True)
class PostmanOptions:
    """How fast and how long."""

    batch: int = 32
    at_once: int = 8
    send_seconds: float = 30.0
    """No letter takes longer, whatever its channel does."""
    stop_seconds: float = 5.0
    lease_seconds: float = 120.0
    idle_seconds: float = 1.0
    longest_idle_seconds: float = 15.0
    attempts: int = 14
    first_pause_seconds: float = 30.0
    longest_pause_seconds: float = 4 * 3600.0
    """With `attempts` about a day in all."""
    plan_seconds: float = 20.0
    tidy_seconds: float = 3600.0


class Postman:
    """One postman; as many as wanted may run, the leases keep them apart."""

    def __init__(
        self,
        deliveries: DeliveryQueue,
        channels: Mapping[str, Channel],
        composer: Composer,
        training: Callable[[], Awaitable[bool]],
        options: PostmanOptions | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        reached: Callable[[str], None] = lambda _name: None,
        count: Callable[[str, str], None] = lambda _channel, _outcome: None,
    ) -> None:
        self._deliveries = deliveries
        self._channels = channels
        self._composer = composer
        self._training = training
        self._options = options or PostmanOptions()
        self._now = now
        self._reached = reached
        self._count = count
        self._places = asyncio.Semaphore(self._options.at_once)
        self._plan_after = self._tidy_after = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until asked to stop; what is under way then has a few seconds."""
        pause, behind = self._options.idle_seconds, False
        while not stopping.is_set():
            try:
                moved = await self._turn_until(stopping)
            except XiezhiError as away:
                if not behind:
                    log.warning("postman waits", code=away.code)
                behind, moved, pause = True, 0, min(pause * 2, self._options.longest_idle_seconds)
            else:
                behind, pause = False, self._options.idle_seconds
            if not moved:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), pause)

    async def _turn_until(self, stopping: asyncio.Event) -> int:
        """A turn, ended soon after the request to stop: what it leaves behind is sent when its lease has run out."""
        turn, asked = asyncio.create_task(self.turn()), asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({turn, asked}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({turn}, timeout=self._options.stop_seconds)
            return turn.result() if turn.done() else 0
        finally:
            asked.cancel()
            turn.cancel()
            await asyncio.wait({turn})

    async def turn(self) -> int:
        """Send one batch; how many rows were taken. Raises what the database raised."""
        await self._keep_house()
        ends = time.monotonic() + self._options.lease_seconds
        rows = await self._deliveries.lease(tuple(self._channels), self._options.batch, self._options.lease_seconds)
        training = await self._training() if rows else False
        outcomes = await asyncio.gather(*(self._deliver(row, training, ends) for row in rows), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
        return len(rows)

    async def _keep_house(self) -> None:
        if time.monotonic() >= self._plan_after:
            await self._deliveries.plan(tuple(self._channels), self._now())
            self._plan_after = time.monotonic() + self._options.plan_seconds
        if time.monotonic() >= self._tidy_after:
            await self._deliveries.tidy()
            self._tidy_after = time.monotonic() + self._options.tidy_seconds

    async def _deliver(self, row: Outgoing, training: bool, ends: float) -> None:
        async with self._places:
            if time.monotonic() + self._options.send_seconds > ends:
                return  # the lease may run out under way: whoever leases the row next sends it
            try:
                outcome = await self._sent(row, training)
            except NotSent as failed:
                await self._failed(row, failed)
                return
            self._reached("postman.after_send")
            await self._settle(row, outcome)

    async def _sent(self, row: Outgoing, training: bool) -> str:
        """Send a row; its outcome. Raises `NotSent`."""
        if row.address is None:
            return WITHDRAWN
        if row.kind != "confirmation" and not row.notices:
            return NOTHING
        try:
            letter = self._composer.letter(row, training=training)
            async with asyncio.timeout(self._options.send_seconds):
                await self._channels[row.channel].send(row.address, letter)
        except NotSent:
            raise
        except TimeoutError:
            raise NotSent("no_answer", again=True) from None
        except Exception:  # one letter must not stop all others
            log.exception("letter not sent", kind=row.channel)
            raise NotSent("unforeseen", again=True) from None
        return SENT

    async def _failed(self, row: Outgoing, failed: NotSent) -> None:
        if failed.again and row.attempts < self._options.attempts:
            self._count(row.channel, "postponed")
            await self._deliveries.postpone(row.id, self._pause(row.attempts))
            return
        log.warning("letter given up", kind=row.channel, code=failed.code, attempt=row.attempts)
        await self._settle(row, f"{DEAD_LETTER}{failed.code}")

    async def _settle(self, row: Outgoing, outcome: str) -> None:
        await self._deliveries.settle(row.id, outcome)
        self._count(row.channel, "dead_letter" if outcome.startswith(DEAD_LETTER) else outcome)

    def _pause(self, attempts: int) -> float:
        pause = self._options.first_pause_seconds * 2.0 ** min(attempts - 1, 30)
        return min(pause, self._options.longest_pause_seconds) * random.uniform(0.8, 1.2)  # noqa: S311 — spreads load
