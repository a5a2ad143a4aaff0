"""Work on many cases without starving the live ones: so many at once, so many a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Throttle:
    """Hands out starts at a steady rate."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1.0 / per_second
        self._next = time.monotonic()

    async def turn(self) -> None:
        """Wait for the next start."""
        now = time.monotonic()
        self._next = max(self._next, now) + self._gap
        await asyncio.sleep(self._next - self._gap - now)


async def each(items: AsyncIterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """Do `work` for every item, `at_once` in parallel. The first failure ends it."""
    places = asyncio.Semaphore(at_once)

    async def one(item: T) -> None:
        try:
            await work(item)
        finally:
            places.release()

    try:
        async with asyncio.TaskGroup() as group:
            async for item in items:
                await places.acquire()
                group.create_task(one(item))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
