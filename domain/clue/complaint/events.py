"""What happens about a complaint. A changed shape is a new version with an upcaster."""

from __future__ import annotations

from domain.clue.values import DeclineGround
from domain.record.vault import Sealed
from domain.value import Value


class ClueDeclined(Value):
    """不予受理: a complaint was declined; the complainant must still be told."""

    ground: DeclineGround
    reason: Sealed
