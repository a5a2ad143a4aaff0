"""What Temporal kept of a case's process, run through today's code once more."""

from collections.abc import Iterable

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from infra.processes.sandbox import workflow_runner
from workflows import PROCESSES


async def replay_failures(client: Client, streams: Iterable[str]) -> list[str]:
    """The cases whose history the present code would not have made."""
    replayer = Replayer(workflows=PROCESSES, workflow_runner=workflow_runner(), data_converter=pydantic_data_converter)
    failed = []
    for stream in streams:
        history = await client.get_workflow_handle(stream).fetch_history()
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        if result.replay_failure is not None:
            failed.append(f"{stream}: {type(result.replay_failure).__name__} {result.replay_failure}")
    return failed
