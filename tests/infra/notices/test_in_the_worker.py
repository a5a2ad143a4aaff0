"""The worker as it is run sends notices by itself: an address is confirmed, a case is dispatched, the webhook comes."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.notices.keys import NoticeKeys
from infra.postgres.notices.settings import NoticeSettings
from infra.wiring.worker import run_worker
from tests.infra.notices.telling import Outside
from tests.support.processing import Processing, settings_in
from tests.support.record import ASSIGNER, DISPATCHER
from tests.support.servers import any_port, running_temporal


async def until(came: Callable[[], bool], running: asyncio.Task[int]) -> None:
    """Wait for what the worker does."""
    async with asyncio.timeout(40):
        while not came():
            assert not running.done(), running.exception()
            await asyncio.sleep(0.05)


async def test_given_a_worker_and_nothing_configured_but_the_network_then_notices_go_out(
    record_url: str, engine: AsyncEngine, out: Outside, tmp_path: Path
) -> None:
    async with running_temporal() as server:
        settings, stopping = (
            settings_in(
                tmp_path,
                database_url=SecretStr(record_url),
                temporal_address=server.address,
                worker_health_port=any_port(),
                webhook_networks="127.0.0.0/8",
            ),
            asyncio.Event(),
        )
        running = asyncio.create_task(run_worker(settings, stopping))
        wishes = NoticeSettings(engine, NoticeKeys(settings.secret("fingerprint_key")), ("webhook",))
        account = ASSIGNER.account
        await wishes.put(account, "webhook", address=out.hook.url(), groups=["steps"], digest_hour=None)
        await until(lambda: len(out.hook.posted) == 1, running)
        assert await wishes.confirm(account, "webhook", out.hook.posted[0].told["data"]["code"]) is None

        processing = Processing(engine, await server.connect(), tmp_path)
        stream = await processing.casebook.registered()
        await processing.casebook.command(DISPATCHER, "dispatch", stream)
        await until(lambda: len(out.hook.posted) == 2, running)
        told = out.hook.posted[1].told
        assert (told["type"], told["data"]["subject"]) == ("notice", "clue_dispatched")

        def metrics() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.worker_health_port}/metrics", timeout=5) as answer:
                read: bytes = answer.read()
                return read.decode()

        async with asyncio.timeout(20):
            while 'xiezhi_letters_total{channel="webhook",outcome="sent"} 2.0' not in (
                shown := await asyncio.to_thread(metrics)
            ):
                await asyncio.sleep(0.1)
        assert "xiezhi_notice_dead_letters 0.0" in shown and "xiezhi_notices_waiting_age_seconds" in shown
        stopping.set()
        async with asyncio.timeout(20):
            assert await running == 0
