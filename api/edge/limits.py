"""How much one caller may ask for: requests a second, size of the head, pace of the body; and whose turn it is.

Rates are kept per process: with n API processes behind one balancer a caller may have n times as many. That is meant:
they keep one caller from starving the others on a process, they are no quota.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import NoReturn

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import PREFIX
from api.edge.errors import ApiError, Place, problem

MAX_HEAD_BYTES = 32 * 1024
"""Longest address and headers of a request together."""
BURST_SECONDS = 10.0
"""What was not used for so long may be used at once."""
KEPT_CALLERS = 10_000
LEAST_BYTES_PER_SECOND = 4 * 1024
"""A body may be slower than this for `patience_seconds` in all."""
READS_AT_ONCE = 64
"""More than the pool has connections, so that it is never idle, and few enough that nobody waits long for one."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Rate:
    """So many requests a second for each caller, with a burst saved up (the generic cell rate algorithm)."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1.0 / per_second
        self._now = now
        self._until: dict[str, float] = {}
        """When each caller's use will have been worked off; one who is not listed has used nothing lately."""

    def wait(self, caller: str) -> float:
        """Use one request; the seconds to wait when there is none, 0 when it was granted."""
        now = self._now()
        until = max(self._until.get(caller, now), now) + self._interval
        if until - now > BURST_SECONDS:
            return until - now - BURST_SECONDS
        if caller not in self._until and len(self._until) >= KEPT_CALLERS:
            self._forget(now)
        self._until[caller] = until
        return 0.0

    def _forget(self, now: float) -> None:
        self._until = {caller: until for caller, until in self._until.items() if until > now}


@dataclass(frozen=True)
class Limits:
    """The bounds of one API process."""

    reads: Rate = field(default_factory=lambda: Rate(100))
    writes: Rate = field(default_factory=lambda: Rate(50))
    strangers: Rate = field(default_factory=lambda: Rate(20))
    patience_seconds: float = 10.0

    def admit(self, account: str, method: str) -> None:
        """Count a request of a known account. Raises `too_many_requests`."""
        rate = self.reads if method in READING else self.writes
        if (seconds := rate.wait(account)) > 0:
            too_many("too_many_requests", seconds)

    def admit_stranger(self, address: str) -> None:
        """Count a request of nobody known. Raises `too_many_requests`."""
        if (seconds := self.strangers.wait(address)) > 0:
            too_many("too_many_requests", seconds)


def too_many(code: str, seconds: float) -> NoReturn:
    """429, with the time to come back."""
    raise ApiError(code, {"Retry-After": str(max(1, ceil(seconds)))})


def address_of(request: Request) -> str:
    """Where a request comes from; an IPv6 caller by the network its provider gave it (/64)."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
    return host


async def paced(request: Request, patience_seconds: float) -> AsyncIterator[bytes]:
    """The body as it comes. Raises `body_too_slow` when its sender dawdles; our own time is not counted."""
    chunks = request.stream()
    waited, received = 0.0, 0
    while True:
        left = patience_seconds + received / LEAST_BYTES_PER_SECOND - waited
        begun = time.monotonic()
        try:
            async with asyncio.timeout(max(left, 0.0)):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ApiError("body_too_slow", {"Connection": "close"}) from None
        waited += time.monotonic() - begun
        received += len(chunk)
        yield chunk


class Bounded:
    """ASGI middleware: refuses what no route should have to look at: a head too large, a NUL in an address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if _head_bytes(scope) > MAX_HEAD_BYTES:
                await problem("headers_too_large", headers={"Connection": "close"})(scope, receive, send)
                return
            if b"%00" in scope["query_string"] or "\0" in scope["path"]:
                place = Place(at="address", problem="nul_character", detail="地址中不能有空字符")
                await problem("malformed", places=[place])(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Turns:
    """ASGI middleware: so many reads are worked on at once, the others wait in the order they came.

    A crowd is answered one after the other instead of all at the end, nobody waits for a connection until it is
    refused, and commands, which do not wait here, go in between. A turn ends when the answer begins: neither a slow
    reader nor a stream keeps one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turns = asyncio.Semaphore(READS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        await self._turns.acquire()
        ours = True

        def end() -> None:
            nonlocal ours
            if ours:
                ours = False
                self._turns.release()

        async def answering(message: Message) -> None:
            end()
            await send(message)

        try:
            await self._app(scope, receive, answering)
        finally:
            end()


def _head_bytes(scope: Scope) -> int:
    address = len(scope["path"]) + len(scope["query_string"])
    return address + sum(len(name) + len(value) for name, value in scope["headers"])
