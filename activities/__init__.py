"""What processes do to the world. Ports come through constructors; nothing here knows infra."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from activities.erasure import ErasureActivities
from activities.exports import ExportActivities
from activities.feedback import FeedbackActivities
from activities.ports import (
    CaseRecord,
    Effects,
    ErasureLedger,
    EvidenceSeal,
    ExportMaker,
    FeedbackExchange,
    Texts,
)
from activities.record import RecordActivities
from activities.reminders import ReminderActivities
from activities.sealing import SealingActivities
from domain.record.decider import Decider
from domain.record.handler import HandlerPorts


def _unreached(_name: str) -> None:
    """No failpoints."""


@dataclass(frozen=True)
class Ports:
    """Everything the activities stand on."""

    world: HandlerPorts
    deciders: Mapping[str, Decider[Any]]
    record: CaseRecord
    effects: Effects
    texts: Texts
    exchange: FeedbackExchange
    ledger: ErasureLedger
    evidence: EvidenceSeal
    exports: ExportMaker
    exports_kept: timedelta
    """How long an exported list may be fetched."""
    reached: Callable[[str], None] = _unreached
    """Called at named places where tests may stop the process."""


def build_activities(ports: Ports) -> tuple[Callable[..., Awaitable[Any]], ...]:
    """Every activity a worker serves."""
    record = RecordActivities(ports.world, ports.deciders, ports.record, ports.effects, ports.reached)
    return (
        record.elapse,
        record.catch_up,
        record.bury,
        ReminderActivities(ports.effects).remind,
        FeedbackActivities(ports.effects, ports.texts, ports.exchange, ports.reached).send,
        SealingActivities(ports.effects, ports.evidence).seal,
        ExportActivities(
            ports.world, ports.effects, ports.texts, ports.exports, ports.exports_kept, ports.reached
        ).make,
        ErasureActivities(ports.effects, ports.texts, ports.ledger, ports.exchange).record,
    )


__all__ = ["Ports", "build_activities"]
