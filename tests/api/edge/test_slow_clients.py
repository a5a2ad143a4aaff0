"""Clients that send or read too slowly, or too much, at the real server: told so, cut off, nothing kept for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.session import session
from tests.api.desks import HANDLER, INTAKE
from tests.support.api_process import ApiProcess, api_process
from tests.support.stack import until

PATIENCE = 1.0
CONNECTIONS = 12


@asynccontextmanager
async def impatient(record_url: str, folder: Path) -> AsyncIterator[ApiProcess]:
    """A server that waits a second for its clients, and has room for a dozen."""
    environment = {"XIEZHI_CLIENT_PATIENCE_SECONDS": str(PATIENCE), "XIEZHI_CONNECTIONS": str(CONNECTIONS)}
    async with api_process(record_url, folder, **environment) as process:
        yield process


class Wire:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def drip(self, data: bytes, *, every: float = 0.2) -> None:
        """Send a byte at a time until all is sent or the other side has closed."""
        for place in range(len(data)):
            try:
                await self.send(data[place : place + 1])
            except ConnectionError:
                return
            await asyncio.sleep(every)

    async def rest(self) -> bytes:
        """All that comes until the other side closes."""
        try:
            return await asyncio.wait_for(self._reader.read(), 20 * PATIENCE)
        except ConnectionResetError:
            return b""

    def close(self) -> None:
        self._writer.close()


async def wire(process: ApiProcess, *, window: int | None = None) -> Wire:
    """Connect; `window`: read ahead no more than so much."""
    opened = await asyncio.open_connection("127.0.0.1", process.port, limit=window or 2**16)
    return Wire(*opened)


def post(path: str, *headers: str) -> bytes:
    lines = (f"POST /api/v1{path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers, "", "")
    return "\r\n".join(lines).encode()


async def test_given_clients_that_dawdle_then_each_is_cut_off_and_others_are_served(
    record_url: str, tmp_path: Path
) -> None:
    async with impatient(record_url, tmp_path) as process:
        bearer = f"Authorization: Bearer {await process.token(INTAKE)}"
        key = "Idempotency-Key: slow"

        async def silent() -> bytes:
            return await (await wire(process)).rest()

        async def head_without_end() -> bytes:
            connection = await wire(process)
            dripping = asyncio.create_task(connection.drip(b"GET /api/v1/clues HTTP/1.1\r\nX-A: " + b"a" * 100))
            answer = await connection.rest()
            dripping.cancel()
            return answer

        async def empty_lines() -> bytes:
            connection = await wire(process)
            dripping = asyncio.create_task(connection.drip(b"\r\n" * 50))
            answer = await connection.rest()
            dripping.cancel()
            return answer

        async def body_byte_by_byte(declared: str) -> bytes:
            connection = await wire(process)
            await connection.send(post("/clues", bearer, key, declared))
            framed = b"1\r\n{\r\n" if "chunked" in declared else b"{"
            dripping = asyncio.create_task(connection.drip(framed + b" " * 100))
            answer = await connection.rest()
            dripping.cancel()
            return answer

        async def body_never_read() -> bytes:
            connection = await wire(process)  # answered 401 before its body has come; the body never ends
            await connection.send(post("/evidence", "Content-Length: 1000000"))
            dripping = asyncio.create_task(connection.drip(b"x" * 100))
            answer = await connection.rest()
            dripping.cancel()
            return answer

        begun = time.monotonic()
        answers = await asyncio.gather(
            silent(),
            head_without_end(),
            empty_lines(),
            body_byte_by_byte("Content-Length: 100000"),
            body_byte_by_byte("Transfer-Encoding: chunked"),
            body_never_read(),
        )
        assert time.monotonic() - begun < 15 * PATIENCE  # cut off at all: dripping on would take longer
        nothing, head, empty, declared, chunked, unread = answers
        assert (nothing, empty) == (b"", b"")
        assert head.startswith(b"HTTP/1.1 408") and b'"code":"body_too_slow"' in head
        for body in (declared, chunked):
            assert body.startswith(b"HTTP/1.1 408") and b'"code":"body_too_slow"' in body
        assert unread.startswith(b"HTTP/1.1 401")
        await _nothing_is_kept(process, record_url)


async def test_given_a_reader_that_never_reads_then_it_is_cut_off(record_url: str, tmp_path: Path) -> None:
    async with impatient(record_url, tmp_path) as process:
        bearer = f"Authorization: Bearer {await process.token(HANDLER)}"
        connection = await wire(process, window=1)
        large = f"GET /openapi.json HTTP/1.1\r\nHost: x\r\n{bearer}\r\n\r\n".encode()
        for _ in range(60):  # far more than the sockets in between can hold
            await connection.send(large)
        await until(lambda: _closed(process), "the reader cut off")
        connection.close()
        await _nothing_is_kept(process, record_url)


async def test_given_a_head_without_measure_or_no_http_at_all_then_a_problem_and_the_end(
    record_url: str, tmp_path: Path
) -> None:
    async with impatient(record_url, tmp_path) as process:
        for sent, status, code in (
            (b"GET /api/v1/clues HTTP/1.1\r\n" + b"X-A: " + b"a" * 40_000, b"431", b"headers_too_large"),
            (b"GET /" + b"a" * 40_000, b"431", b"headers_too_large"),
            (b"hello\r\n\r\n", b"400", b"bad_request"),
            (post("/clues", "Content-Length: 5", "Content-Length: 9"), b"400", b"bad_request"),
            (post("/clues", "Content-Length: -5"), b"400", b"bad_request"),
            (post("/clues", "Content-Length: 5", "Transfer-Encoding: chunked"), b"400", b"bad_request"),
        ):
            connection = await wire(process)
            await connection.send(sent)
            answer = await connection.rest()
            assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
            assert b'"code":"%s"' % code in answer


async def test_given_more_connections_than_there_is_room_for_then_the_last_are_told_to_come_back(
    record_url: str, tmp_path: Path
) -> None:
    async with impatient(record_url, tmp_path) as process:
        held = [await wire(process) for _ in range(CONNECTIONS)]
        answer = await (await wire(process)).rest()
        assert answer.startswith(b"HTTP/1.1 503")
        assert b'"code":"busy"' in answer
        assert b"retry-after: 2" in answer.lower()
        for connection in held:
            connection.close()
        await until(lambda: _closed(process), "room again")
        await process.token(INTAKE)


@pytest.mark.parametrize("trusted", ["", "127.0.0.1"])
async def test_given_an_address_a_client_claims_then_only_a_trusted_proxy_is_believed(
    record_url: str, tmp_path: Path, trusted: str
) -> None:
    rate = {"XIEZHI_STRANGER_REQUESTS_PER_SECOND": "0.1", "XIEZHI_TRUSTED_PROXIES": trusted}
    async with api_process(record_url, tmp_path, **rate) as process:
        statuses = []
        for number in range(3):
            connection = await wire(process)
            claimed = f"X-Forwarded-For: 203.0.113.{number}"
            await connection.send(post("/clues", claimed, "Connection: close", "Content-Length: 0"))
            statuses.append((await connection.rest())[9:12])
    assert statuses == ([b"401", b"401", b"401"] if trusted else [b"401", b"429", b"429"])


async def _closed(process: ApiProcess) -> bool:
    return not _clients(process)


def _clients(process: ApiProcess) -> list[object]:
    connections = psutil.Process(process.child.pid).net_connections(kind="tcp")
    return [open_ for open_ in connections if open_.laddr.port == process.port and open_.status == "ESTABLISHED"]


async def _nothing_is_kept(process: ApiProcess, record_url: str) -> None:
    """No client connection, no open transaction; and the process serves."""
    await until(lambda: _closed(process), "no connection kept")
    engine = create_engine(record_url)
    try:
        async with session(engine) as opened:
            busy = await opened.run(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'xiezhi-api' "
                    "AND datname = current_database() AND state <> 'idle'"
                )
            )
            assert busy.scalar() == 0
    finally:
        await engine.dispose()
    await process.token(INTAKE)
