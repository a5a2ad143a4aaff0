"""One trace from the request through workflow and activity to SQL, and nothing in it that could hold a person's data.

Spans are made everywhere (the record and the outbox carry their trace id) and exported only when an OTLP endpoint is
set. Whatever instrumentation put on a span, only allowed attributes leave the process: addresses and queries hold
search terms, exception events hold values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.runtime.settings import Settings

ATTRIBUTES = frozenset(
    {
        "http.method", "http.request.method", "http.route", "http.status_code", "http.response.status_code",
        "db.system", "db.system.name", "db.statement", "db.query.text", "db.operation", "db.operation.name",
        "temporalWorkflowID", "temporalRunID", "temporalActivityID", "temporalUpdateID",
        "service.name",
    }
)  # fmt: skip
"""What a span may carry. Statements hold placeholders; workflow ids are stream ids."""

QUIET = "/healthz,/readyz,/metrics"


class AllowedOnly(SpanExporter):
    """Hands spans on with allowed attributes only, without events and without status texts."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export the reduced spans."""
        return self._exporter.export([_reduced(span) for span in spans])

    def shutdown(self) -> None:
        """Nothing more will come."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is held back."""
        return self._exporter.force_flush(timeout_millis)


def start_tracing(settings: Settings, component: str) -> TracerProvider:
    """The tracer provider of this process; spans leave it when `OTEL_EXPORTER_OTLP_ENDPOINT` is set."""
    provider = TracerProvider(resource=Resource.create({"service.name": f"xiezhi-{component}"}))
    if settings.otlp_endpoint:
        endpoint = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(AllowedOnly(OTLPSpanExporter(endpoint=endpoint))))
    trace.set_tracer_provider(provider)
    return provider


def trace_requests(app: FastAPI) -> None:
    """A span a request, named by its route."""
    FastAPIInstrumentor.instrument_app(app, excluded_urls=QUIET, exclude_spans=["receive", "send"])


def trace_statements(engine: AsyncEngine) -> None:
    """A span a statement, without its parameters.

    Our own listener: the instrumentation package refuses SQLAlchemy 2.1 and records the text of errors.
    """
    tracer = trace.get_tracer("xiezhi.sql")

    def begin(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        context.xiezhi_span = tracer.start_span(
            statement.split(None, 1)[0].upper(),
            kind=SpanKind.CLIENT,
            attributes={"db.system": "postgresql", "db.statement": " ".join(statement.split())},
        )

    def end(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        context.xiezhi_span.end()

    def fail(failed: ExceptionContext) -> None:
        if (span := getattr(failed.execution_context, "xiezhi_span", None)) is not None:
            span.set_status(StatusCode.ERROR)
            span.end()

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)


def _reduced(span: ReadableSpan) -> ReadableSpan:
    attributes: dict[str, Any] = {name: value for name, value in (span.attributes or {}).items() if name in ATTRIBUTES}
    return ReadableSpan(
        name=_name(span, attributes),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _name(span: ReadableSpan, attributes: dict[str, Any]) -> str:
    """A request span whose address matched no route is named after the address, which anybody can choose."""
    method = attributes.get("http.method") or attributes.get("http.request.method")
    if method and "http.route" not in attributes:
        return str(method)
    return span.name
