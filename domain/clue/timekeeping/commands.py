"""What may be asked about time. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import ClassVar

from domain.record.decider import Command
from domain.value import Instant


class Recalculate(Command):
    """The system's own command: compute provisional clocks anew under the calendars now in force."""

    slug: ClassVar[str] = "recalculate"
    example: ClassVar[dict[str, object]] = {}


class Elapse(Command):
    """The process's own command: record what time has brought. Repeats change nothing."""

    slug: ClassVar[str] = "elapse"
    example: ClassVar[dict[str, object]] = {"until": "2026-11-24T16:00:00+00:00"}
    until: Instant
