"""The trace a request belongs to, as the record and the outbox carry it."""

from __future__ import annotations

from opentelemetry import trace


def traceparent() -> str | None:
    """W3C `traceparent` of the current span, or None outside a trace."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def trace_id() -> str | None:
    """The current trace's id in hex, or None outside a trace."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None
