"""The worker as it is run: refuses a world that is not ready, serves health and metrics, stops in order."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.engine.migrate import DatabaseNotReady
from infra.runtime.settings import Settings
from infra.runtime.worker_health import Answer, serving
from infra.wiring.worker import run_worker
from tests.support.processing import Processing, settings_in
from tests.support.record import DISPATCHER
from tests.support.servers import TemporalServer, any_port, running_temporal


async def _get(port: int, path: str) -> Answer:
    def get() -> Answer:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    return await asyncio.to_thread(get)


def _settings(folder: Path, url: str, address: str) -> Settings:
    return settings_in(
        folder,
        database_url=SecretStr(url),
        temporal_address=address,
        worker_health_port=any_port(),
        reconcile_interval_seconds=0.5,
    )


async def test_given_all_is_ready_then_it_relays_and_tells_how_it_is_until_stopped(
    record_url: str, engine: AsyncEngine, tmp_path: Path
) -> None:
    async with running_temporal() as server:
        settings, stopping = _settings(tmp_path, record_url, server.address), asyncio.Event()
        port = settings.worker_health_port
        running = asyncio.create_task(run_worker(settings, stopping))
        async with asyncio.timeout(30):
            while (await _get(port, "/readyz"))[0] != 200:
                assert not running.done(), running.exception()
                await asyncio.sleep(0.1)
        processing = Processing(engine, await server.connect(), tmp_path)
        stream = await processing.casebook.registered()
        await processing.casebook.command(DISPATCHER, "dispatch", stream)
        await processing.at_head(stream)
        async with asyncio.timeout(20):
            while "xiezhi_reconcile_current 1.0" not in (metrics := (await _get(port, "/metrics"))[1]):
                await asyncio.sleep(0.1)
        assert "xiezhi_relay_delivered_total 2.0" in metrics
        assert "xiezhi_outbox_age_seconds 0.0" in metrics
        assert "temporal_workflow_task_execution_latency" in metrics
        assert await _get(port, "/healthz") == (200, "alive\n")
        assert (await _get(port, "/elsewhere"))[0] == 404
        stopping.set()
        async with asyncio.timeout(20):
            assert await running == 0
        assert (await _get(port, "/healthz"))[0] == 0


async def test_given_a_database_without_schema_then_it_refuses_and_names_the_command(
    database_url: str, temporal_server: TemporalServer, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseNotReady, match="xiezhi migrate"):
        await run_worker(_settings(tmp_path, database_url, temporal_server.address), asyncio.Event())


async def test_given_requests_that_are_no_gets_then_the_health_port_answers_all_the_same() -> None:
    async def fine() -> Answer:
        return 200, "fine\n"

    async with serving("127.0.0.1", 0, {"/healthz": fine}) as port:
        for sent, status in ((b"POST /healthz HTTP/1.1\r\n\r\n", b"405"), (b"\xff\x00\r\n", b"405")):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            assert (await reader.readline()).split()[1] == status
            writer.close()
        assert await _get(port, "/healthz?probe=1") == (200, "fine\n")
