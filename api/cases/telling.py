"""Telling a case's process right after the commit, without making the caller wait.

What is not sent here stays in the outbox, and the relay in the worker sends it. So this part may drop work: when
Temporal is away it pauses instead of piling up attempts, and when too much is under way it leaves the rest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from prometheus_client import Counter

from domain.record.ports import Advance

_log = structlog.get_logger("api.cases.telling")

AT_ONCE = 32
WAITING = 1_000
SECONDS = 5.0
PAUSE_SECONDS = 2.0
FLUSH_SECONDS = 0.05

Deliver = Callable[[Advance], Awaitable[None]]
Sent = Callable[[Sequence[tuple[str, int]]], Awaitable[None]]
"""Takes (stream, last) of what was delivered off the outbox."""


class BackgroundTelling:
    """`api.cases.commands.Telling`: bounded in number and time, one batch of deletions after another."""

    def __init__(self, deliver: Deliver, sent: Sent, count: Counter) -> None:
        self._deliver = deliver
        self._sent = sent
        self._count = count
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._delivered: list[tuple[str, int]] = []
        self._flushing = False
        self._paused_until = 0.0

    def submit(self, advance: Advance) -> None:
        """Deliver soon. Never raises and never blocks."""
        if time.monotonic() < self._paused_until or len(self._tasks) >= WAITING:
            self._count.labels("left").inc()
            return
        self._run(self._tell(advance))

    async def close(self, seconds: float = SECONDS) -> None:
        """Finish what is under way, or leave it to the relay."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        await self._flush()

    async def _tell(self, advance: Advance) -> None:
        async with self._turn:
            if time.monotonic() < self._paused_until:
                self._count.labels("left").inc()
                return
            try:
                async with asyncio.timeout(SECONDS):
                    await self._deliver(advance)
            except Exception:
                self._paused_until = time.monotonic() + PAUSE_SECONDS
                self._count.labels("failed").inc()
                _log.warning("not delivered, left to the relay", exc_info=True, stream=advance.stream)
                return
        self._count.labels("sent").inc()
        self._delivered.append((advance.stream, advance.last))
        if not self._flushing:
            self._flushing = True
            self._run(self._flush_soon())

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        self._flushing = False
        await self._flush()

    async def _flush(self) -> None:
        done, self._delivered = self._delivered, []
        if not done:
            return
        try:
            await self._sent(done)
        except Exception:
            _log.warning("delivered, but still in the outbox", exc_info=True, count=len(done))

    def _run(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
