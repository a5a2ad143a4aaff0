"""What processes do to the world. Ports come through constructors; nothing here knows infra."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from activities.effects import EFFECTS
from activities.ports import Ports
from activities.record import RecordActivities


def build_activities(ports: Ports) -> tuple[Callable[..., Awaitable[Any]], ...]:
    """Every activity a worker serves."""
    record = RecordActivities(ports.world, ports.record, ports.effects, ports.reached)
    return (record.elapse, record.catch_up, record.bury, *(kind.bound(ports) for kind in EFFECTS.values()))


__all__ = ["Ports", "build_activities"]
