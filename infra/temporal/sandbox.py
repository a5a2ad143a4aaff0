"""The one workflow runner, shared by worker and replayer.

Passed through is what must not be loaded again for every run: pure code (its purity is checked by tests, because a
module that is passed through loses the sandbox's guard) and what runs in interceptors. The processes themselves are
not.
"""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

PASSED_THROUGH = (
    "domain",
    "activities",
    "workflows.attributes",
    "workflows.messages",
    "workflows.options",
    "workflows.wording",
    "infra.temporal",
    "opentelemetry",
    "rfc8785",
    "chinese_calendar",
    "zoneinfo",
    "tzdata",
)


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox with our pass-through list."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
