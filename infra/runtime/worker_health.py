"""The worker's `/healthz`, `/readyz` and `/metrics`: a few lines of HTTP on a port of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

Answer = tuple[int, str]
Route = Callable[[], Awaitable[Answer]]

_REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}
SECONDS = 10.0
LONGEST_LINE = 4096


@asynccontextmanager
async def serving(host: str, port: int, routes: Mapping[str, Route]) -> AsyncIterator[int]:
    """Answer GETs while inside; gives the port (useful when 0 was asked for)."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(SECONDS):
                status, body = await _answer(await reader.readline(), routes)
                writer.write(_response(status, body))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, host, port, limit=LONGEST_LINE)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _answer(request: bytes, routes: Mapping[str, Route]) -> Answer:
    method, _, rest = request.decode("ascii", "replace").partition(" ")
    route = routes.get(rest.partition(" ")[0].partition("?")[0])
    if method not in ("GET", "HEAD"):
        return 405, "only GET\n"
    return await route() if route else (404, "not found\n")


def _response(status: int, body: str) -> bytes:
    content = body.encode()
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content
