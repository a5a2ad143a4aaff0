"""What happens about the disposition. A changed shape is a new version with an upcaster."""

from __future__ import annotations

from domain.clue.values import Measure
from domain.record.vault import Sealed
from domain.value import Value


class ClueDispositionProposed(Value):
    """A disposition (处置) was proposed to the head."""

    measure: Measure
    reason: Sealed


class ClueDispositionApproved(Value):
    """The head approved the proposed disposition."""

    measure: Measure


class ClueDispositionRejected(Value):
    """The head rejected it; the handler proposes again."""

    reason: Sealed
