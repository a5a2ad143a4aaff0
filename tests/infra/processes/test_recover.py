"""Recover and reconcile against a real PostgreSQL and a Temporal of their own, for both look at everything there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from infra.postgres.record.outbox import Outbox
from infra.processes.listing import running
from infra.processes.reconcile import ReconcileReport, reconcile
from infra.processes.recover import RecoverReport, recover
from tests.support.processing import Processing
from tests.support.record import ASSIGNER, DISPATCHER, value_of
from tests.support.servers import running_temporal
from workflows.options import PROCESS_REVISION


@pytest_asyncio.fixture
async def own_client() -> AsyncIterator[Client]:
    """A Temporal server on which nothing else runs."""
    async with running_temporal() as server:
        yield await server.connect()


async def _listed(client: Client, count: int) -> None:
    """Temporal's lists lag: wait until they show so many."""
    async with asyncio.timeout(15):
        while len([process async for process in running(client)]) != count:
            await asyncio.sleep(0.1)


async def test_given_a_lost_temporal_when_recovered_then_every_open_case_goes_on_and_nothing_is_done_twice(
    engine: AsyncEngine, own_client: Client, temporal_client: Client, tmp_path: Path
) -> None:
    before = Processing(engine, temporal_client, tmp_path)
    async with before.working():
        opened = [await before.casebook.driven(until) for until in ("dispatch", "assign", "feed_back")]
        archived = await before.casebook.driven("archive")
        for stream in opened:
            await before.at_head(stream)
        await temporal_client.get_workflow_handle(archived).result()
    inbox = await value_of(engine, "SELECT count(*) FROM inbox")
    after, seen = Processing(engine, own_client, tmp_path), list[tuple[int, int]]()
    async with after.working(relay=False):
        report = await recover(
            own_client, after.process_states, after.deliver, progress=lambda done, of: seen.append((done, of))
        )
        for stream in opened:
            await after.at_head(stream)
        await _listed(own_client, 3)
        again = await recover(own_client, after.process_states, after.deliver)
    assert report == RecoverReport(open=3, started=3)
    assert again == RecoverReport(open=3, running=3)
    assert seen[-1] == (3, 3)
    assert await value_of(engine, "SELECT count(*) FROM inbox") == inbox
    assert len(list((tmp_path / "feedback").glob("*.json"))) == 2


async def test_given_processes_of_an_older_revision_when_recovered_with_revision_then_they_run_on_the_new_one(
    engine: AsyncEngine, own_client: Client, tmp_path: Path
) -> None:
    old = Processing(engine, own_client, tmp_path)
    async with old.working():
        stream = await old.casebook.driven("assign")
        await old.at_head(stream)
    await _listed(own_client, 1)
    new = Processing(engine, own_client, tmp_path)
    async with new.working(relay=False):
        kept = await recover(own_client, new.process_states, new.deliver)
        moved = await recover(own_client, new.process_states, new.deliver, revision=True, current=PROCESS_REVISION + 1)
        await new.at_head(stream)
        await new.casebook.command(ASSIGNER, "assign", stream, handler="handler.market.370102")
    assert kept == RecoverReport(open=1, running=1)
    assert moved == RecoverReport(open=1, restarted=1)


async def test_given_signals_that_never_came_when_reconciled_then_the_processes_are_nudged_to_their_heads(
    engine: AsyncEngine, own_client: Client, tmp_path: Path
) -> None:
    processing = Processing(engine, own_client, tmp_path)
    async with processing.working():
        streams = [await processing.casebook.registered() for _ in range(4)]
        for stream in streams:
            await processing.at_head(stream)
        await _listed(own_client, 4)
    async with processing.working(relay=False):
        behind, ended, orphan, _ = streams
        await processing.casebook.command(DISPATCHER, "dispatch", behind)
        await Outbox(engine).delivered([(behind, 5), (behind, 6), (behind, 7)])  # lost on the way
        await own_client.get_workflow_handle(ended).terminate()
        await value_of(engine, "DELETE FROM followed WHERE stream = :stream RETURNING 1", stream=orphan)
        await _listed(own_client, 3)
        report = await reconcile(own_client, processing.process_states, processing.deliver, grace_seconds=0.1)
        await processing.at_head(behind)
        await processing.at_head(ended)
        await own_client.get_workflow_handle(orphan).result()
        await _listed(own_client, 3)
        await _versions_listed(own_client, processing, [behind, ended])
        thorough = await reconcile(
            own_client, processing.process_states, processing.deliver, thorough=True, grace_seconds=0.1
        )
    assert report == ReconcileReport(checked=4, current=1, behind=1, missing=1, orphaned=1)
    assert report.nudged == 3
    assert thorough == ReconcileReport(checked=3, current=3)


async def test_given_signals_in_the_outbox_when_reconciled_then_the_relay_is_left_to_tell_them(
    engine: AsyncEngine, own_client: Client, tmp_path: Path
) -> None:
    processing = Processing(engine, own_client, tmp_path)
    async with processing.working():
        stream = await processing.casebook.registered()
        await processing.at_head(stream)
        await _listed(own_client, 1)
    async with processing.working(relay=False):
        await processing.casebook.command(DISPATCHER, "dispatch", stream)
        report = await reconcile(own_client, processing.process_states, processing.deliver)
    assert report == ReconcileReport(checked=1, told=1)
    assert report.nudged == 0


async def test_given_no_worker_when_reconciled_then_silent_processes_are_counted_and_not_loaded_further(
    engine: AsyncEngine, own_client: Client, tmp_path: Path
) -> None:
    processing = Processing(engine, own_client, tmp_path)
    async with processing.working():
        stream = await processing.casebook.registered()
        await processing.at_head(stream)
        await _listed(own_client, 1)
    asked = await reconcile(own_client, processing.process_states, processing.deliver, thorough=True)
    left = await reconcile(
        own_client, processing.process_states, processing.deliver, thorough=True, patience_seconds=-1
    )
    assert (asked.unanswered, asked.nudged) == (1, 0)
    assert (left.unasked, left.nudged) == (1, 0)


async def _versions_listed(client: Client, processing: Processing, streams: list[str]) -> None:
    async with asyncio.timeout(15):
        while True:
            shown = {process.stream: process.version async for process in running(client)}
            process_states = [await processing.process_states.standing(stream) for stream in streams]
            if all(now is not None and shown.get(now.stream) == now.last for now in process_states):
                return
            await asyncio.sleep(0.1)
