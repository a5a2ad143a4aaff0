"""Which processes run, as Temporal's lists tell: quick, and a little behind the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from infra.processes.client import ProcessesAway
from workflows.engine.attributes import REVISION, VERSION

RPC_TIMEOUT = timedelta(seconds=30)
_RUNNING = 'ExecutionStatus = "Running" AND XiezhiRevision IS NOT NULL'
"""Processes of whatever noun: every one shows from its first moment which revision it was started with."""


@dataclass(frozen=True)
class Running:
    """A running process: the stream it follows, how far it says it is, and the revision it was started with."""

    stream: str
    version: int
    revision: int


async def running(client: Client) -> AsyncIterator[Running]:
    """Every running case process. Raises `ProcessesAway`."""
    try:
        async for found in client.list_workflows(_RUNNING, page_size=1000, rpc_timeout=RPC_TIMEOUT):
            shown = found.typed_search_attributes
            yield Running(found.id, shown.get(VERSION) or 0, shown.get(REVISION) or 0)
    except (RPCError, RuntimeError) as error:
        raise ProcessesAway(f"Temporal cannot list its workflows ({type(error).__name__})") from None
