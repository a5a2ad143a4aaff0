"""Continue-as-new: the second run is the one that must not have forgotten anything."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from tests.domain.clue.stories import ASSIGNER, HANDLER
from tests.workflows.casework import Casework
from tests.workflows.test_time import happened, skipping


async def _runs(client: Client, stream: str) -> int:
    """How many runs the chain has, counted from the newest back."""
    count, run = 0, (await client.get_workflow_handle(stream).describe()).run_id
    while run:
        count += 1
        events = client.get_workflow_handle(stream, run_id=run).fetch_history_events()
        first = await anext(aiter(events))
        run = first.workflow_execution_started_event_attributes.continued_execution_run_id
    return count


async def test_given_history_grows_long_when_signals_come_during_the_switch_then_none_is_lost_or_done_twice(
    temporal_client: Client,
) -> None:
    casework = Casework(temporal_client, history_limit=20)
    async with casework.working():
        stream = await casework.walk(until="open_verification", settle=True)
        told = [await casework.handle(HANDLER, "record_findings", stream) for _ in range(60)]

        async def one(lane: int) -> None:
            for handled in told[lane::4]:
                await casework.tell(*handled.advances)
                await asyncio.sleep(0.01)

        await asyncio.gather(*(one(lane) for lane in range(4)))
        now = await casework.at_head(stream)
        assert now.stage == "verifying"
        await casework.walk(stream=stream, since="record_findings", until="archive", settle=True)
        await casework.process(stream).result()
    assert await _runs(temporal_client, stream) >= 3
    assert max(Counter(casework.memory.acts).values()) == 1
    assert set(casework.memory.done) == set(casework.store.tables.effects)
    assert len(casework.memory.exchange) == 1


async def test_given_a_second_run_then_it_keeps_the_timer_of_the_first(
    skipping_environment: WorkflowEnvironment,
) -> None:
    casework = skipping(skipping_environment, history_limit=12)
    async with casework.working():
        stream = await casework.walk(until="sign_for", settle=True)
        for handler in ("second", "handler") * 3:
            await casework.do(ASSIGNER, "assign", stream, handler=handler)
            await casework.at_head(stream)
        started = (await skipping_environment.client.get_workflow_handle(stream).describe()).run_id
        await skipping_environment.sleep(timedelta(days=400))
        now = await casework.awaited(stream)
    assert started
    assert now.alarm is None
    names = Counter(happened(casework, stream))
    assert names["clue.oversight_ordered"] == 1, (
        "by the ladder of the handling clock, with a clock and a ladder of its own"
    )
    assert (names["clock.warned"], names["clock.expired"], names["clock.escalated"]) == (3, 2, 5)
    assert (now.version, now.head_hash) == casework.head(stream)
