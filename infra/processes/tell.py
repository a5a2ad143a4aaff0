"""Tell a case's process what was recorded: signal-with-start, so a dormant or lost process comes up by itself.

At least once: a repeat is ignored by the process, a gap makes it ask the record. The API calls this right after its
commit, the relay for whatever was not sent then; both through here, so both look the same to the process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from domain.record.ids import kind_of
from domain.record.ports import Advance
from infra.processes.client import ProcessesAway
from infra.processes.tracing import under
from workflows import PROCESSES, CaseProcess, noun_of
from workflows.engine.attributes import at_start
from workflows.messages import SIGNAL, CaseInput, Recorded
from workflows.options import PROCESS_REVISION, task_queue

RPC_TIMEOUT = timedelta(seconds=5)
TITLES = {noun_of(process): process.title for process in PROCESSES}
"""What the process of each noun is called."""


async def deliver(
    client: Client,
    advance: Advance,
    *,
    titles: Mapping[str, str] = TITLES,
    nudge: bool = False,
    restart: bool = False,
    revision: int = PROCESS_REVISION,
    history_limit: int | None = None,
) -> None:
    """Signal the case's process with an advance, starting it if it does not run.

    With `nudge` the process asks the record instead of believing the rest; with `restart` a running one is ended first
    and a new one takes its place in the same call. A process that had already ended may not be started again by what an
    old signal says: it is nudged, so that it learns from the record whether anything is left. Raises `ProcessesAway`.
    """
    noun = kind_of(advance.stream)
    ask_record = nudge or restart
    with under(advance.traceparent):
        try:
            await client.start_workflow(
                noun,
                CaseInput(stream=advance.stream, history_limit=history_limit),
                id=advance.stream,
                task_queue=task_queue(revision),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE
                if ask_record
                else WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING
                if restart
                else WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=at_start(advance.stage, advance.department, advance.last),
                static_summary=titles[noun],
                start_signal=SIGNAL,
                start_signal_args=[Recorded.of(advance, nudge=ask_record)],
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            await deliver(client, advance, titles=titles, nudge=True, revision=revision, history_limit=history_limit)
        except RPCError as error:
            raise ProcessesAway(f"Temporal did not take the signal ({error.status.name})") from None
        except RuntimeError:  # a lazy client that cannot connect
            raise ProcessesAway("Temporal cannot be reached") from None


@dataclass(frozen=True)
class Deliverer:
    """`deliver` bound to a client, as the API, the relay and recovery use it."""

    client: Client
    history_limit: int | None = None
    reached: Callable[[str], None] = lambda _name: None
    revision: int = PROCESS_REVISION
    processes: Sequence[type[CaseProcess]] = PROCESSES

    async def __call__(self, advance: Advance, *, nudge: bool = False, restart: bool = False) -> None:
        """Deliver one advance. Raises `ProcessesAway`."""
        self.reached("deliver.before_signal")
        await deliver(
            self.client,
            advance,
            titles={noun_of(process): process.title for process in self.processes},
            nudge=nudge,
            restart=restart,
            revision=self.revision,
            history_limit=self.history_limit,
        )
