"""The engine on a real server: order, repeats, gaps, restored records, effects once, and what it costs in events."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from domain.record.handler import Handled
from infra.processes.listing import running
from tests.domain.clue.stories import ASSIGNER, CLERK, DISPATCHER, SECURITY
from tests.workflows.casework import STRAIGHT, Casework
from workflows import ClueWorkflow

WITHOUT_EFFECT, WITH_EFFECT = 7, 13
"""History events a command may cost (measured: 4.2 for a bare signal, 13 with an activity)."""


async def _length(casework: Casework, stream: str) -> int:
    return len(await casework.history(stream))


async def test_given_the_straight_path_when_archived_then_effects_are_done_once_and_the_process_ends(
    temporal_client: Client,
) -> None:
    casework = Casework(temporal_client)
    async with casework.working():
        stream = await casework.walk(until="archive", settle=True)
        await casework.process(stream).result()
    assert len(casework.memory.exchange) == 1
    assert max(Counter(casework.memory.acts).values()) == 1
    assert set(casework.memory.done) == set(casework.store.tables.effects)
    assert set(casework.memory.done.values()) == {"done"}


async def test_given_each_command_settled_then_history_grows_within_its_budget(temporal_client: Client) -> None:
    casework, cost = Casework(temporal_client), {}
    async with casework.working():
        stream, before, effects = "", 0, 0
        for actor, slug in STRAIGHT[:-1]:
            stream = await casework.do(actor, slug, stream or None)
            await casework.at_head(stream)
            await asyncio.sleep(0.2)  # the last task may still be on its way
            after, done = await _length(casework, stream), len(casework.store.tables.effects)
            cost[slug] = (after - before, done - effects)
            before, effects = after, done
    print("history events per command (events, effects):", cost)
    for slug, (events, performed) in cost.items():
        assert performed <= 1
        assert events <= (WITH_EFFECT if performed else WITHOUT_EFFECT), slug


@pytest.mark.parametrize("order", ["twice", "backwards", "last alone"])
async def test_given_deliveries_out_of_order_or_repeated_then_the_process_is_at_the_head_and_effects_are_done_once(
    temporal_client: Client, order: str
) -> None:
    casework = Casework(temporal_client)
    told = await _record(casework)
    deliveries = {"twice": [*told, *told], "backwards": told[::-1], "last alone": told[-1:]}[order]
    async with casework.working():
        for handled in deliveries:
            await casework.tell(*handled.advances)
        now = await casework.at_head(told[0].outcome.stream)
    assert now.stage == "assigned"
    assert max(Counter(casework.memory.acts).values()) == 1
    assert set(casework.memory.done) == set(casework.store.tables.effects)


async def test_given_a_gap_while_running_then_the_process_asks_the_record_once(temporal_client: Client) -> None:
    casework = Casework(temporal_client)
    told = await _record(casework)
    stream = told[0].outcome.stream
    async with casework.working():
        await casework.tell(*told[0].advances)
        await _applied(casework, stream, told[0].outcome.last)
        await casework.tell(*told[2].advances)
        await casework.tell(*told[3].advances)
        await casework.at_head(stream)
        await casework.tell(*told[1].advances)  # the late one is known by its hash: nothing is asked
        await asyncio.sleep(0.3)
    assert await _activities(casework, stream, "catch_up") == 1


async def test_given_a_record_set_back_when_other_things_are_recorded_then_the_process_adopts_them(
    temporal_client: Client,
) -> None:
    casework = Casework(temporal_client)
    async with casework.working():
        stream = await casework.walk(until="dispatch")
        await casework.at_head(stream)
        backup = casework.store.tables.copied()
        await casework.walk(stream=stream, since="dispatch", until="take_up")
        await casework.at_head(stream)
        casework.store.tables = backup
        handled = await casework.handle(ASSIGNER, "return", stream)
        await casework.tell(*handled.advances)
        now = await casework.at_head(stream)
    assert now.stage == "registered"


async def test_given_a_record_set_back_when_nudged_then_the_process_goes_back_with_it(temporal_client: Client) -> None:
    casework = Casework(temporal_client)
    async with casework.working():
        stream = await casework.walk(until="dispatch")
        await casework.at_head(stream)
        backup = casework.store.tables.copied()
        await casework.walk(stream=stream, since="dispatch", until="take_up")
        await casework.at_head(stream)
        casework.store.tables = backup
        await casework.tell(await casework.memory.standing(stream), nudge=True)
        now = await casework.at_head(stream)
    assert now.stage == "dispatched"


async def test_given_a_process_whose_case_the_record_never_knew_when_nudged_then_it_ends(
    temporal_client: Client,
) -> None:
    casework = Casework(temporal_client)
    async with casework.working():
        stream = await casework.walk(until="register")
        await casework.at_head(stream)
        advance = await casework.memory.standing(stream)
        casework.store.tables = type(casework.store.tables)()
        await casework.tell(advance, nudge=True)
        await casework.process(stream).result()


async def test_given_an_archived_clue_when_told_late_then_a_new_run_asks_the_record_and_ends(
    temporal_client: Client,
) -> None:
    casework = Casework(temporal_client)
    async with casework.working():
        stream = await casework.walk(until="complete")
        archived = await casework.handle(ASSIGNER, "archive", stream)
        await casework.tell(*archived.advances)
        await casework.process(stream).result()
        await casework.tell(*archived.advances)
        await casework.process(stream).result()
        assert await _activities(casework, stream, "catch_up") == 1
        reopened = await casework.do(DISPATCHER, "reopen", stream)
        now = await casework.at_head(reopened)
    assert now.stage in ("dispatched", "registered")
    assert max(Counter(casework.memory.acts).values()) == 1


async def test_given_signals_racing_the_close_then_nothing_is_lost(temporal_client: Client) -> None:
    casework = Casework(temporal_client)
    async with casework.working():
        stream = await casework.walk(until="complete")
        archived = await casework.handle(ASSIGNER, "archive", stream)
        reopened = await casework.handle(DISPATCHER, "reopen", stream)
        await asyncio.gather(*(casework.tell(*handled.advances) for handled in (archived, reopened) * 6))
        now = await casework.at_head(stream)
    assert now.version == reopened.outcome.last


async def test_given_no_workflow_is_cached_then_every_task_replays_and_the_outcome_is_the_same(
    temporal_client: Client,
) -> None:
    casework = Casework(temporal_client)
    async with casework.working(max_cached_workflows=0):
        stream = await casework.walk(until="archive", settle=True)
        await casework.process(stream).result()
    assert max(Counter(casework.memory.acts).values()) == 1


async def test_given_an_erasure_then_the_ledger_outside_holds_the_references(temporal_client: Client) -> None:
    casework = Casework(temporal_client)
    async with casework.working():
        stream = await casework.walk(until="dispatch")
        ref = next(iter(casework.store.tables.vault))
        await casework.do(SECURITY, "erase_text", stream, texts=[str(ref)])
        await casework.at_head(stream)
    assert list(casework.memory.ledger.values()) == [(ref,)]


async def test_given_an_older_revision_when_restarted_then_one_process_runs_and_has_lost_nothing(
    temporal_client: Client,
) -> None:
    casework = Casework(temporal_client)
    stream = await casework.walk(until="sign_for")  # nobody works: its revision has no worker any more
    old = await temporal_client.get_workflow_handle(stream).describe()
    casework.revision += 1
    async with casework.working():
        await casework.tell(await casework.memory.standing(stream), restart=True)
        await casework.at_head(stream)
    terminated = await temporal_client.get_workflow_handle(stream, run_id=old.run_id).describe()
    assert terminated.status is WorkflowExecutionStatus.TERMINATED


async def test_given_a_running_process_then_lists_and_ui_tell_where_it_stands(temporal_client: Client) -> None:
    casework = Casework(temporal_client)
    async with casework.working():
        stream = await casework.walk(until="dispatch")
        now = await casework.at_head(stream)
        found = await _listed(temporal_client, stream, now.version)
        details = await _details(casework.process(stream))
        described = await casework.process(stream).describe()
    assert found == (now.version, 1)
    assert now.awaiting in details and "签收期限" in details
    assert await described.static_summary() == "问题线索办理流程"
    assert "等待 370102.market 签收" in now.awaiting


async def _record(casework: Casework) -> list[Handled]:
    """Register to assign, recorded and not told."""
    told, stream = [], None
    for actor, slug in STRAIGHT[:4]:
        told.append(await casework.handle(actor, slug, stream))
        stream = told[-1].outcome.stream
    assert told[0].advances and STRAIGHT[0][0] is CLERK
    return told


async def _applied(casework: Casework, stream: str, version: int) -> None:
    async with asyncio.timeout(10):
        while (await casework.awaited(stream)).version < version:
            await asyncio.sleep(0.02)


async def _activities(casework: Casework, stream: str, name: str) -> int:
    events = casework.client.get_workflow_handle(stream).fetch_history_events()
    return len(
        [event async for event in events if event.activity_task_scheduled_event_attributes.activity_type.name == name]
    )


async def _listed(client: Client, stream: str, version: int) -> tuple[int, int] | None:
    """What Temporal's list says, once it has caught up."""
    async with asyncio.timeout(15):
        while True:
            async for process in running(client):
                if process.stream == stream and process.version == version:
                    return process.version, process.revision
            await asyncio.sleep(0.1)


async def _details(process: WorkflowHandle[ClueWorkflow, Any]) -> str:
    metadata: WorkflowMetadata = await process.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details
