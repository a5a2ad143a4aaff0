"""What happens about the answer. A changed shape is a new version with an upcaster."""

from __future__ import annotations

from domain.record.vault import Sealed
from domain.value import Value


class ClueFedBack(Value):
    """反馈: the sender was answered with the public reply; `handling` is what the offices keep to themselves."""

    reply: Sealed
    handling: Sealed | None


class ClueCompleted(Value):
    """办结."""
