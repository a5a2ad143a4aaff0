"""The one workflow runner, shared by worker and replayer.

Passed through is what must not be loaded again for every run: that would cost more than all else a case's process does.
A module passed through loses the sandbox's guard against clocks and randomness; tests/architecture checks ours instead.
"""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

PASSED_THROUGH = (
    "domain",
    "activities",
    "workflows",
    "infra.processes",
    "opentelemetry",
    "rfc8785",
    "chinese_calendar",
    "zoneinfo",
    "tzdata",
)


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox with our pass-through list."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
