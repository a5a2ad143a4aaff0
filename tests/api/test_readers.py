"""A thousand people read at the same moment from one API process, while somebody goes on working."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import psycopg
import pytest

from infra.postgres.engine.engine import create_engine
from infra.postgres.record.store import PostgresStore
from tests.support.api_process import api_process
from tests.support.record import REGION, Casebook, world_of
from tests.support.servers import plain_url

READERS = 1_000
ASKING = ("dispatcher.370102", "intake.370102", "supervisor.370102", "auditor.370100", "assigner.market.370102")


@pytest.mark.proof
async def test_given_a_thousand_readers_at_once_then_all_are_served_and_a_command_gets_through(
    record_url: str, tmp_path: Path
) -> None:
    engine = create_engine(record_url)
    casebook = Casebook(world_of(PostgresStore(engine)))
    cases = [await casebook.driven("sign_for") for _ in range(5)]
    fresh = await casebook.registered()
    await engine.dispose()
    async with api_process(record_url, tmp_path) as process:
        tokens = [await process.token(account) for account in ASKING]
        unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(
            base_url=f"{process.url}/api/v1", limits=unlimited, timeout=120.0, trust_env=False
        ) as http:

            async def read(number: int) -> int:
                path = f"/clues/{cases[number % len(cases)]}" if number % 2 else "/clues?limit=20"
                bearer = {"Authorization": f"Bearer {tokens[number % len(tokens)]}"}
                return (await http.get(path, headers=bearer)).status_code

            async def work() -> httpx.Response:
                await asyncio.sleep(0.5)  # in the middle of the crowd
                headers = {"Authorization": f"Bearer {tokens[0]}", "Idempotency-Key": "live"}
                body = {"department": f"{REGION}.market"}
                return await http.post(f"/clues/{fresh}/commands/dispatch", json=body, headers=headers)

            reading = asyncio.gather(*map(read, range(READERS)))
            command = await work()
            assert command.status_code == 200, command.text
            assert Counter(await reading) == {200: READERS}
        held = await _connections(record_url)
    assert held <= 24, "more connections than the pool has"
    assert await _connections(record_url) == 0


async def _connections(url: str) -> int:
    """How many connections the API holds, none of them in a transaction."""
    async with await psycopg.AsyncConnection.connect(plain_url(url), autocommit=True) as connection:
        found = await connection.execute(
            "SELECT state FROM pg_stat_activity WHERE application_name = 'xiezhi-api' AND datname = current_database()"
        )
        states = [row[0] for row in await found.fetchall()]
    assert set(states) <= {"idle"}, states
    return len(states)
