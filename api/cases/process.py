"""The live workflows, as the API asks them: one Query each, answered in time or not at all."""

from __future__ import annotations

from datetime import timedelta

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from api.cases.reading import ProcessView
from domain.time.case_clocks import Alarm
from workflows.messages import QUERY, Awaited

RPC_SECONDS = timedelta(seconds=1.2)
_AWAY = (RPCError, RuntimeError)
"""What a call raises while Temporal is away; a lazy client that cannot connect raises the latter."""


class TemporalProcesses:
    """`api.cases.reading.Processes` over a lazy Temporal client: the server may come and go."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def view(self, stream: str) -> ProcessView:
        """What the case's process waits for."""
        try:
            handle = self._client.get_workflow_handle(stream)
            described = await handle.describe(rpc_timeout=RPC_SECONDS)
            if described.status is not WorkflowExecutionStatus.RUNNING:
                done = described.status is WorkflowExecutionStatus.COMPLETED
                return ProcessView(status="completed" if done else "missing")
            awaited = await handle.query(QUERY, result_type=Awaited, rpc_timeout=RPC_SECONDS)
        except WorkflowQueryFailedError:
            return ProcessView(status="unavailable")
        except _AWAY as error:
            unknown = isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND
            return ProcessView(status="missing" if unknown else "unavailable")
        return _view_of(awaited)

    async def reachable(self) -> bool:
        """Whether Temporal answers."""
        try:
            return await self._client.service_client.check_health(timeout=RPC_SECONDS)
        except _AWAY:
            return False


def _view_of(awaited: Awaited) -> ProcessView:
    alarm = awaited.alarm
    return ProcessView(
        status="running",
        applied=awaited.version,
        awaited=awaited.awaiting,
        alarm=Alarm.model_validate(alarm.model_dump()) if alarm else None,
        trouble=awaited.trouble,
    )
