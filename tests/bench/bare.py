"""The bare loop: a workflow that takes the same signals, keeps the same timer and runs as many activities, and no more.

No record behind it, no search attributes, no order or hash checks, and its activities do nothing. The worker is a
process of its own: `python -m tests.bench.bare ADDRESS`.
"""

import asyncio
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from infra.runtime.exit import run_and_leave
    from tests.bench.measures import Block, ForeignCpu
    from workflows.messages import Recorded

QUEUE = "bare"


@activity.defn
async def nothing(_effect: str) -> None:
    """An activity that is only scheduled, started and completed."""


@workflow.defn(name="bare")
class Bare:
    """Follows signals until one says that the case is closed."""

    def __init__(self) -> None:
        self._told: list[Recorded] = []

    @workflow.signal
    def recorded(self, told: Recorded) -> None:
        self._told.append(told)

    @workflow.run
    async def run(self, _stream: str) -> None:
        timer: asyncio.Task[None] | None = None
        armed, closed = None, False
        running: list[workflow.ActivityHandle[None]] = []
        while not closed:
            await workflow.wait_condition(lambda: bool(self._told))
            batch, self._told = self._told, []
            for told in batch:
                closed = closed or told.closed
                running += [
                    workflow.start_activity(nothing, str(effect.id), start_to_close_timeout=timedelta(seconds=60))
                    for effect in told.effects
                ]
            alarm = batch[-1].alarm
            if alarm != armed:
                if timer is not None:
                    timer.cancel()
                armed = alarm
                delay = alarm.at - workflow.now() if alarm else timedelta()
                timer = asyncio.create_task(workflow.sleep(delay)) if alarm else None
        for handle in running:
            await handle


async def bare_block(client: Client, signals: tuple[Recorded, ...], *, cases: int, in_flight: int) -> Block:
    """Signal `cases` workflows through all their steps, `in_flight` at a time, and wait until all have ended."""
    names = [f"bare-{uuid.uuid4().hex}" for _ in range(cases)]
    waiting = iter(names)
    block = Block(cases, cases * len(signals), 0.0, 0.0)

    async def drive(mine: Iterator[str]) -> None:
        for name in mine:
            for told in signals:
                begun = time.perf_counter()
                await client.start_workflow(
                    "bare",
                    name,
                    id=name,
                    task_queue=QUEUE,
                    start_signal="recorded",
                    start_signal_args=[told],
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                )
                block.millis.append((time.perf_counter() - begun) * 1000)

    with ForeignCpu() as foreign:
        begun = time.perf_counter()
        await asyncio.gather(*(drive(waiting) for _ in range(in_flight)))
        block.answered_seconds = time.perf_counter() - begun
        await asyncio.wait_for(asyncio.gather(*(client.get_workflow_handle(name).result() for name in names)), 300)
        block.done_seconds = time.perf_counter() - begun
    block.foreign_cpu = foreign.share
    return block


async def _serve(address: str) -> None:
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    async with Worker(client, task_queue=QUEUE, workflows=[Bare], activities=[nothing]):
        await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    asyncio.run(_serve(sys.argv[1]))


if __name__ == "__main__":
    run_and_leave(main)
