"""kill -9 of every part under load, on rules whose clocks run in seconds: nothing lost or done twice, no mark early."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.chaos.storm import Load, Storm, chosen_seed
from tests.support.driver import driving
from tests.support.messages import registration, synthetic
from tests.support.plans import Offices
from tests.support.servers import plain_url
from tests.support.settling import settled_audit
from tests.support.stack import PrivateStack, private_stack, until

LATENESS = timedelta(seconds=20)


DESKS, SECONDS = 12, 300
RESTING = 100
"""Clues that are registered and left alone, so that their clocks run out in the middle of it."""


@pytest.mark.proof
@pytest.mark.timeout(1200)
async def test_given_load_when_parts_are_killed_for_minutes_then_every_invariant_holds(tmp_path: Path) -> None:
    seed = chosen_seed()
    async with private_stack(XIEZHI_RULES_PACK="training") as stack:
        offices = Offices.of_accounts(list(stack.passwords()))
        regions = offices.busiest(3)
        async with driving([stack.api_url()], stack.passwords(), tmp_path / "client.jsonl", patience=90) as driver:
            for message in synthetic(RESTING, seed=seed):
                body = registration(message, regions, source="resting")
                await driver.register(f"intake.{body['region']}", body)
            load, storm = Load(driver, offices, seed, DESKS, pause=3.0), Storm(stack, random.Random(seed))
            working = asyncio.create_task(load.run())
            try:
                await storm.blow(SECONDS)
                await storm.freeze("worker-1", 15)
            finally:
                load.stopping.set()
            await asyncio.wait_for(working, 120)
            await until(lambda: _marked(stack), "the clocks of the resting clues ran out", seconds=90)
            snapshot, findings = await settled_audit(stack, driver.log.lines, seconds=300, lateness=LATENESS)
            print("\n".join(storm.first_successes(driver.log.lines)), f"\nlives: {load.lived}\n{findings}")
            marked = [row for row in snapshot.clocks.values() if row["reached"]]
            assert load.lived >= DESKS
            assert len(marked) >= RESTING, "the clocks of the resting clues did not run out during the test"
            assert findings.clean, f"seed {seed}\n{findings}"


async def _marked(stack: PrivateStack) -> bool:
    """Whether the clocks of the resting clues have reached a mark."""
    async with await psycopg.AsyncConnection.connect(plain_url(stack.database_url)) as connection:
        counted = await connection.execute("SELECT count(*) FROM events WHERE type = 'clock.warned'")
        row = await counted.fetchone()
    return row is not None and row[0] >= RESTING
