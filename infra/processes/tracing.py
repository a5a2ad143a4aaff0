"""One trace from the HTTP request through the process to the effect's SQL, however much later it runs.

The SDK's interceptor hangs everything a workflow does under whatever started the run. A case lives for months and each
command has a trace of its own, so here a signal's span goes under the signal's sender, and an activity whose input
names a `traceparent` goes under that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import opentelemetry.context
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.worker import (
    HandleSignalInput,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

_W3C = TraceContextTextMapPropagator()


@contextmanager
def under(traceparent: str | None, onto: Context | None = None) -> Iterator[None]:
    """Spans begun inside belong to this trace; without one nothing changes."""
    if not traceparent:
        yield
        return
    token = opentelemetry.context.attach(_W3C.extract({"traceparent": traceparent}, onto))
    try:
        yield
    finally:
        opentelemetry.context.detach(token)


class CaseTracing(TracingInterceptor):
    """The SDK's interceptor with the parents put right."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[TracingWorkflowInboundInterceptor]:
        """Also brings the functions by which a workflow reaches the tracer outside its sandbox."""
        super().workflow_interceptor_class(input)
        return _Inbound


class _Inbound(TracingWorkflowInboundInterceptor):
    def __init__(self, next: WorkflowInboundInterceptor) -> None:
        super().__init__(_Causes(next))

    async def handle_signal(self, input: HandleSignalInput) -> None:
        """The signal's span belongs to whoever recorded what it tells."""
        with under(_traceparent_of(input.args), self._set_on_context(Context())):
            self._completed_span(f"HandleSignal:{input.signal}", kind=SpanKind.SERVER)
        await self.next.handle_signal(input)


class _Causes(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        """Comes after the tracing one, so its outbound stands before it."""
        super().init(_Outbound(outbound))


class _Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:
        """Under the command that caused the effect, not under what started the run."""
        with under(_traceparent_of(input.args), opentelemetry.context.get_current()):
            return super().start_activity(input)


def _traceparent_of(arguments: Any) -> str | None:
    traceparent = getattr(arguments[0], "traceparent", None) if arguments else None
    return traceparent if isinstance(traceparent, str) else None
