"""What the worker shows of itself, besides what the Temporal SDK counts."""

from __future__ import annotations

import asyncio
import urllib.request
from dataclasses import asdict

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from infra.postgres.engine.health import RecordHealth
from infra.postgres.notices.deliveries import DeliveryHealth
from infra.processes.reconcile import ReconcileReport

_SECONDS = 2.0


class WorkerMetrics:
    """Metrics of one worker process, in a registry of their own."""

    def __init__(self, sdk_port: int | None = None) -> None:
        self._sdk_port = sdk_port
        self.registry = CollectorRegistry()
        self.delivered = Counter("xiezhi_relay_delivered", "Advances told by the relay.", registry=self.registry)
        self.unrecorded_rules = Gauge(
            "xiezhi_unrecorded_rules",
            "Rule packs and calendars at work here that the record does not name as in force.",
            registry=self.registry,
        )
        self._up = {
            name: Gauge(f"xiezhi_{name}_up", f"1 when {name} answers.", registry=self.registry)
            for name in ("database", "temporal")
        }
        self._record = {
            name: Gauge(f"xiezhi_{name}{'_seconds' if name.endswith('age') else ''}", text, registry=self.registry)
            for name, text in {
                "outbox_rows": "Advances not yet told to their process.",
                "outbox_age": "Age of the oldest of them.",
                "undone_effects": "Effects not yet done.",
                "undone_effect_age": "Age of the oldest of them.",
                "dead_letters": "Effects given up.",
                "horizon_age": "Age of the oldest open transaction.",
            }.items()
        }
        self._letters = Counter(
            "xiezhi_letters",
            "Notices sent outside, by channel and outcome.",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self._notices = {
            name: Gauge(f"xiezhi_{name}{'_seconds' if name.endswith('age') else ''}", text, registry=self.registry)
            for name, text in {
                "notices_waiting": "Notices not yet sent outside.",
                "notices_waiting_age": "Age of the oldest of them.",
                "notice_dead_letters": "Notices to the outside given up.",
            }.items()
        }
        self._compared = {
            name: Gauge(f"xiezhi_reconcile_{name}", "As found by the last comparison.", registry=self.registry)
            for name in asdict(ReconcileReport())
        }

    def up(self, name: str, answers: bool) -> None:
        """Whether the database or Temporal answers."""
        self._up[name].set(answers)

    def record(self, health: RecordHealth) -> None:
        """The ages behind the alarms."""
        for name, gauge in self._record.items():
            gauge.set(getattr(health, name))

    def letter(self, channel: str, outcome: str) -> None:
        """A notice was sent outside, postponed or given up."""
        self._letters.labels(channel, outcome).inc()

    def notices(self, health: DeliveryHealth) -> None:
        """What waits to be sent outside, and what was given up."""
        for name, gauge in self._notices.items():
            gauge.set(getattr(health, name))

    def compared(self, report: ReconcileReport) -> None:
        """The last comparison of record and processes."""
        for name, value in asdict(report).items():
            self._compared[name].set(value)

    async def text(self) -> str:
        """Everything in Prometheus' text format, the SDK's metrics included."""
        return generate_latest(self.registry).decode() + await asyncio.to_thread(self._sdk_text)

    def _sdk_text(self) -> str:
        if self._sdk_port is None:
            return ""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._sdk_port}/metrics", timeout=_SECONDS) as answer:
                answered: bytes = answer.read()
                return answered.decode()
        except OSError:
            return ""
