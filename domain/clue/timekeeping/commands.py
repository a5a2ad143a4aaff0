"""What may be asked about time. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import ClassVar

from domain.record.decider import Command


class Recalculate(Command):
    """The system's own command: compute provisional clocks anew under the calendars now in force."""

    slug: ClassVar[str] = "recalculate"
    example: ClassVar[dict[str, object]] = {}
