"""What is seen of each request: route template, status, duration. Never a path, a query or a body."""

from __future__ import annotations

import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.edge.errors import problem
from api.edge.tracing import trace_id

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody reads

_log = structlog.get_logger("api")
CLIENT_GONE = 499
"""Noted, never sent: the caller hung up before the answer."""

_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Lag(BaseModel):
    """How far the parts are behind, in seconds."""

    outbox_rows: int = 0
    outbox_age: float = 0.0
    undone_effect_age: float = 0.0
    horizon_age: float = 0.0
    applied_lag: float = 0.0


class Metrics:
    """The metrics of one API process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "xiezhi_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "xiezhi_http_request_seconds",
            "Time to answer.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.deliveries = Counter(
            "xiezhi_deliveries", "Processes told right after the commit.", ("result",), registry=self.registry
        )
        self.unrecorded_rules = self._gauge(
            "xiezhi_unrecorded_rules",
            "Rule packs and calendars at work here that the record does not name as in force.",
        )
        self._database = self._gauge("xiezhi_database_up", "1 when the database answers.")
        self._lag = {
            "outbox_rows": self._gauge("xiezhi_outbox_rows", "Advances not yet told to their process."),
            "outbox_age": self._gauge("xiezhi_outbox_age_seconds", "Age of the oldest of them."),
            "undone_effect_age": self._gauge("xiezhi_undone_effect_age_seconds", "Age of the oldest undone effect."),
            "horizon_age": self._gauge("xiezhi_horizon_age_seconds", "Age of the oldest open transaction."),
            "applied_lag": self._gauge("xiezhi_applied_lag_seconds", "How far read models are behind the record."),
        }

    def set_lag(self, lag: Lag | None) -> None:
        """Show the ages; without a database the last ones stand and `xiezhi_database_up` is 0."""
        self._database.set(lag is not None)
        if lag is not None:
            for name, gauge in self._lag.items():
                gauge.set(getattr(lag, name))

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self.registry)


class Observed:
    """ASGI middleware: one metric and one log line a request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started, began = 500, False, time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            status = CLIENT_GONE
        except Exception:
            _log.exception("unforeseen")
            if not started:
                await problem("internal")(scope, receive, watch)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if route not in _QUIET:
            _log.info(
                "request",
                method=method,
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                trace=trace_id(),
            )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
