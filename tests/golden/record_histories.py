"""Record the golden histories anew, on a real server with the present code and SDK:

    python -m tests.golden.record_histories && python -m tests.golden.fingerprints

Only together with a higher PROCESS_REVISION (an incompatible change), or to add a path. A compatible change must replay
the histories that are there: those are what open cases look like.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio.client import Client, WorkflowHistory

from infra.processes.client import DATA_CONVERTER, tracing
from infra.runtime.exit import run_and_leave
from tests.domain.clue.stories import ASSIGNER, DISPATCHER
from tests.golden.histories import FOLDER, NAMES
from tests.support.processing import seconds_pack
from tests.support.servers import running_temporal
from tests.workflows.casework import STRAIGHT, Casework

Recorded = dict[str, WorkflowHistory]


async def _straight(casework: Casework) -> Recorded:
    stream = await casework.walk(until="archive", settle=True)
    await casework.process(stream).result()
    return {"straight": await _history(casework, stream)}


async def _returned(casework: Casework) -> Recorded:
    stream = await casework.walk(until="sign_for", settle=True)
    await casework.do(ASSIGNER, "return", stream)
    await casework.at_head(stream)
    await casework.walk(stream=stream, since="register", until="archive", settle=True)
    await casework.process(stream).result()
    return {"returned": await _history(casework, stream)}


async def _reopened(casework: Casework) -> Recorded:
    """Reopened when archived: a new run that began by asking the record."""
    stream = await casework.walk(until="archive", settle=True)
    await casework.process(stream).result()
    await casework.do(DISPATCHER, "reopen", stream)
    await casework.at_head(stream)
    await casework.walk(stream=stream, since="dispatch", until="archive", settle=True)
    await casework.process(stream).result()
    return {"reopened": await _history(casework, stream)}


async def _continued(casework: Casework) -> Recorded:
    casework.history_limit = 60
    stream = await casework.walk(until="archive", settle=True)
    await casework.process(stream).result()
    second = await _history(casework, stream)
    earlier = second.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return {"continued-1": await _history(casework, stream, earlier), "continued-2": second}


async def _gap(casework: Casework) -> Recorded:
    told, stream = [], None
    for actor, slug in STRAIGHT[:5]:
        told.append(await casework.handle(actor, slug, stream))
        stream = told[-1].outcome.stream
    assert stream is not None
    await casework.tell(*told[0].advances)
    await asyncio.sleep(0.5)
    for late in (3, 1, 4, 2):
        await casework.tell(*told[late].advances)
        await asyncio.sleep(0.2)
    await casework.at_head(stream)
    await casework.walk(stream=stream, since="take_up", until="archive", settle=True)
    await casework.process(stream).result()
    return {"gap": await _history(casework, stream)}


async def _elapsed(casework: Casework) -> Recorded:
    """Nobody acts: every timer rings."""
    casework.pack = seconds_pack()
    stream = await casework.walk(until="dispatch", settle=True)
    await asyncio.sleep(12)
    await casework.at_head(stream)
    return {"elapsed": await _history(casework, stream)}


async def _still_open(casework: Casework) -> Recorded:
    stream = await casework.walk(until="record_findings", settle=True)
    return {"still-open": await _history(casework, stream)}


LIVES: tuple[Callable[[Casework], Awaitable[Recorded]], ...] = (
    _straight,
    _returned,
    _reopened,
    _continued,
    _gap,
    _elapsed,
    _still_open,
)


async def _history(casework: Casework, stream: str, run_id: str | None = None) -> WorkflowHistory:
    await asyncio.sleep(timedelta(seconds=0.3).total_seconds())  # the last task may still be on its way
    return await casework.client.get_workflow_handle(stream, run_id=run_id).fetch_history()


def _without_machine(history: str) -> str:
    """Worker identities hold the name of the machine."""
    return re.sub(r'"identity": "[^"]*"', '"identity": "golden"', re.sub(r'"[0-9]+@[^"]*"', '"golden"', history))


async def _record() -> int:
    FOLDER.mkdir(exist_ok=True)
    async with running_temporal() as server:
        client = await Client.connect(server.address, data_converter=DATA_CONVERTER, interceptors=[tracing()])
        recorded: Recorded = {}
        for life in LIVES:
            casework = Casework(client)
            async with casework.working():
                recorded |= await life(casework)
    assert sorted(recorded) == sorted(NAMES)
    for name, history in recorded.items():
        (FOLDER / f"{name}.json").write_text(_without_machine(history.to_json()) + "\n", encoding="utf-8")
        print(f"{name}: {len(history.events)} events")
    return 0


if __name__ == "__main__":
    run_and_leave(lambda: asyncio.run(_record()))
