"""What the dossier keeps of supervision."""

from __future__ import annotations

from domain.record.vault import Sealed
from domain.time.oversight import OversightOrder
from domain.time.rules import Approver
from domain.value import Instant, Value


class ExtensionRequest(Value):
    """An extension that was asked for and not decided yet. `asked_by`: who asked, and on whose behalf."""

    at: Instant
    asked_by: tuple[str, ...]
    clock: str
    grade: int
    amount: int
    approver: Approver
    reason: Sealed
    document: Sealed | None


class SupervisionSlice(Value):
    """Orders, and extensions not decided yet."""

    orders: tuple[OversightOrder, ...] = ()
    extension_requests: tuple[ExtensionRequest, ...] = ()
