"""What the dossier keeps of verification."""

from __future__ import annotations

from domain.clue.verification.events import SuspendGround
from domain.record.vault import Sealed
from domain.value import Instant, Value


class Suspension(Value):
    """Why and since when it rests."""

    since: Instant
    ground: SuspendGround
    document: Sealed
    reason: Sealed


class VerificationSlice(Value):
    """Whether it rests."""

    suspension: Suspension | None = None
