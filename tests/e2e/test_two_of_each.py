"""Two workers and two API processes on one record, and signals of one case that arrive out of order."""

import asyncio
import signal
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from tests.e2e.desks import desk_of
from tests.support.driver import ClientLog, Driver, driving
from tests.support.plans import Plan
from tests.support.settling import settled_audit
from tests.support.stack import PrivateStack, private_stack
from workflows.messages import Recorded

ROUNDS = 12


async def test_given_two_of_each_when_signals_of_a_case_overtake_each_other_then_it_is_followed_in_order(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    async with private_stack(seeded_stack, workers=2, apis=2) as stack:
        passwords, log = stack.passwords(), ClientLog(tmp_path / "client.jsonl")
        first, second = stack.api_url("api-1"), stack.api_url("api-2")
        async with driving([first], passwords, log) as one, driving([second], passwords, log) as other:
            client = await Client.connect(stack.temporal.address, data_converter=pydantic_data_converter)
            desk = desk_of(stack, other)
            cases = await asyncio.gather(*(desk.clue(seed=2) for _ in range(ROUNDS)))
            for plan in cases:
                await one.get(plan.steps[0].account, f"/clues/{plan.stream}")  # logged in and connected
                await _while_the_first_is_frozen(stack, one, other, plan)
            async with driving([first, second], passwords, log) as both:
                await asyncio.gather(*(both.take(plan, 4, len(plan.steps)) for plan in cases))
            _, findings = await settled_audit(stack, log.lines, seconds=90)
            assert findings.clean, str(findings)
            overtaken = [await _out_of_order(client, plan.stream) for plan in cases]
            print(f"signals that arrived after a later one, by case: {overtaken}")
            assert any(overtaken), "no signal overtook another: the test has shown nothing"
            assert await _workers_that_took_part(client, cases) == 2


async def _while_the_first_is_frozen(stack: PrivateStack, one: Driver, other: Driver, plan: Plan) -> None:
    """Take a step at one API, stop that process before it can tell, take the next steps at the other."""
    process = stack.children["api-1"].process
    await one.take(plan, 1, 1)
    process.send_signal(signal.SIGSTOP)
    try:
        await other.take(plan, 2, 3)
        await asyncio.sleep(0.2)
    finally:
        process.send_signal(signal.SIGCONT)


async def _out_of_order(client: Client, stream: str) -> int:
    """How many signals arrived after one that told of later versions."""
    seen, late = 0, 0
    async for event in client.get_workflow_handle(stream).fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            given = event.workflow_execution_signaled_event_attributes.input.payloads
            told = client.data_converter.payload_converter.from_payload(given[0], Recorded)
            late += told.first < seen
            seen = max(seen, told.first)
    return late


async def _workers_that_took_part(client: Client, cases: list[Plan]) -> int:
    """How many different workers completed a task of these cases."""
    identities = set()
    for plan in cases:
        async for event in client.get_workflow_handle(plan.stream).fetch_history_events():
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
                identities.add(event.workflow_task_completed_event_attributes.identity)
    return len(identities)
