"""The relay: delivers what stands in the outbox, because the API could not or died before it did.

Rows are leased (a short transaction), signalled, then deleted in one go; nothing is held open while Temporal answers.
Rows of one case keep their order. The live lane goes first; the bulk lane (imports, recovery) is held to a rate, so
people do not wait behind it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import structlog

from domain.errors import XiezhiError
from domain.record.ports import Advance, Lane
from infra.processes.client import ProcessesAway

log = structlog.get_logger(__name__)

Deliver = Callable[[Advance], Awaitable[None]]


Sent = tuple[str, int]
"""The identity of an outbox row: stream and last version."""


class Outbox(Protocol):
    """What processes have not been told yet."""

    async def lease(self, lane: Lane, limit: int, seconds: float) -> Sequence[Advance]:
        """Take the oldest rows of a lane nobody holds, for so many seconds; in the order of the record."""
        ...

    async def delivered(self, rows: Sequence[Sent]) -> None:
        """Delete rows that were delivered."""
        ...

    async def release(self, rows: Sequence[Sent]) -> None:
        """Give leases back at once."""
        ...


@dataclass(frozen=True)
class RelayOptions:
    """How fast and how much."""

    batch: int = 100
    lease_seconds: float = 30.0
    concurrency: int = 16
    bulk_per_second: float = 50.0
    idle_seconds: float = 0.25
    longest_pause_seconds: float = 15.0


class Relay:
    """One relay; as many as wanted may run, the leases keep them apart."""

    def __init__(
        self,
        outbox: Outbox,
        deliver: Deliver,
        options: RelayOptions,
        reached: Callable[[str], None] = lambda _name: None,
        count: Callable[[int], None] = lambda _rows: None,
    ) -> None:
        self._outbox = outbox
        self._deliver = deliver
        self._options = options
        self._reached = reached
        self._places = asyncio.Semaphore(options.concurrency)
        self._bulk_from = 0.0
        self._count = count
        self.behind = False
        """True while Temporal or the database does not answer."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Deliver until asked to stop; what is under way is finished."""
        pause = self._options.idle_seconds
        while not stopping.is_set():
            try:
                moved = await self.turn()
            except XiezhiError as away:
                if not self.behind:
                    log.warning("relay_waits", code=away.code)
                self.behind, moved = True, 0
                pause = min(pause * 2, self._options.longest_pause_seconds)
            else:
                self.behind, pause = False, self._options.idle_seconds
            if not moved:
                await _sleep(stopping, pause)

    async def turn(self) -> int:
        """Deliver one batch of each lane; how many rows. Raises `ProcessesAway` or what the database raised."""
        return await self._turn("live", self._options.batch) + await self._turn("bulk", self._bulk_allowance())

    async def _turn(self, lane: Lane, limit: int) -> int:
        if limit < 1:
            return 0
        rows = await self._outbox.lease(lane, limit, self._options.lease_seconds)
        if not rows:
            return 0
        if lane == "bulk":
            self._bulk_from = time.monotonic() + len(rows) / self._options.bulk_per_second
        sent: list[Sent] = []
        streams = [list(of_one) for _, of_one in groupby(sorted(rows, key=_place), key=lambda row: row.stream)]
        outcomes = await asyncio.gather(*(self._stream(of_one, sent) for of_one in streams), return_exceptions=True)
        if sent:
            self._reached("relay.after_signal")
            await self._outbox.delivered(sent)
            self._count(len(sent))
        if len(sent) < len(rows):
            await self._outbox.release([place for place in map(_place, rows) if place not in sent])
        _raise_first(outcomes)
        return len(sent)

    async def _stream(self, rows: Iterable[Advance], sent: list[Sent]) -> None:
        """One case's rows, one after the other; the first failure leaves the rest for later."""
        async with self._places:
            for row in rows:
                await self._deliver(row)
                sent.append(_place(row))

    def _bulk_allowance(self) -> int:
        if time.monotonic() < self._bulk_from:
            return 0
        return max(1, min(self._options.batch, int(self._options.bulk_per_second)))


def _place(row: Advance) -> Sent:
    return row.stream, row.last


def _raise_first(outcomes: Sequence[BaseException | None]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, ProcessesAway):
            raise outcome
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


async def _sleep(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
