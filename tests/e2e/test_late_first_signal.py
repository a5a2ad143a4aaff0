"""The signal of a registration is held back until the case has been archived: its process must not live on."""

from pathlib import Path

import psycopg
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from tests.e2e.lives import import_messages
from tests.support.driver import driving, registered
from tests.support.messages import synthetic
from tests.support.plans import straight
from tests.support.servers import plain_url
from tests.support.settling import settled_audit
from tests.support.stack import PrivateStack, private_stack

_HELD = "UPDATE outbox SET leased_until = clock_timestamp() + interval '1 hour'"
_FREED = "UPDATE outbox SET leased_until = NULL"


async def test_given_an_archived_case_when_its_first_signal_comes_late_then_its_process_ends_again(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    async with private_stack(seeded_stack, workers=0, durable=False) as stack:
        messages = list(synthetic(1))
        offices = await import_messages(stack, messages, tmp_path, source="late")
        await _change(stack, _HELD)
        await stack.start_worker()
        async with driving([stack.api_url()], stack.passwords(), tmp_path / "client.jsonl") as driver:
            listed = [row for region in offices.regions for row in await driver.list_clues(f"dispatcher.{region}")]
            (clue,) = registered(listed, {"late-1": messages[0]["reply"]})
            await driver.live(straight(clue, offices))
            client = await Client.connect(stack.temporal.address, data_converter=pydantic_data_converter)
            await client.get_workflow_handle(clue.stream).result()
            await _change(stack, _FREED)
            _, findings = await settled_audit(stack, driver.log.lines, seconds=8)  # before any reconcile
            assert findings.clean, str(findings)


async def _change(stack: PrivateStack, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(plain_url(stack.database_url), autocommit=True) as connection:
        await connection.execute(statement.encode())
