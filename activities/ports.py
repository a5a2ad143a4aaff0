"""What the activities ask of the outside. Adapters in infra satisfy these by shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.export.state import Order
from domain.record.envelope import StoredEvent
from domain.record.handler import HandlerPorts
from domain.record.ports import Advance, PendingEffect


class CaseRecord(Protocol):
    """Where a case stands, read in one snapshot."""

    async def standing(self, stream: str) -> Advance | None:
        """The case as one advance: `last` and `head_hash` its head, `effects` all undone ones. None if unknown."""
        ...

    async def recent_hashes(self, stream: str, count: int) -> tuple[tuple[int, str], ...]:
        """(version, hash) of the newest events, oldest first."""
        ...


class Effects(Protocol):
    """The rows of what must be done once."""

    async def pending(self, effect: UUID) -> PendingEffect | None:
        """The effect, while it is not done; None when it is done or the record does not know it."""
        ...

    async def settle(self, effect: UUID, outcome: str) -> None:
        """Mark it done with an outcome. The first outcome stays."""
        ...

    async def remind(self, pending: PendingEffect) -> None:
        """Put it into the recipient's inbox, with what goes out to those who want to be told elsewhere, and mark it
        done, in one transaction; once for an effect."""
        ...


class Texts(Protocol):
    """The events, and the personal texts they refer to. What is read here never leaves the activity."""

    async def event(self, stream: str, version: int) -> StoredEvent | None:
        """One event of the record."""
        ...

    async def history(self, stream: str) -> tuple[StoredEvent, ...]:
        """All events of a case, in order."""
        ...

    async def text(self, ref: UUID) -> str | None:
        """A vault text; None when it was erased."""
        ...


class FeedbackExchange(Protocol):
    """The hand-over point to source channels (前置交换目录)."""

    async def deposit(self, name: str, document: bytes) -> None:
        """Leave a document, whole or not at all. The same name again is the same document."""
        ...

    async def withdraw(self, name: str) -> None:
        """Take a document back; one that is not there is no error."""
        ...


class EvidenceSeal(Protocol):
    """The evidence store, as far as files are taken away from readers."""

    async def seal(self, digest: str) -> None:
        """Take a file away from readers and keep it. Sealing twice changes nothing."""
        ...


class ErasureLedger(Protocol):
    """The list of erased texts that is applied again after a restore."""

    async def enter(self, entry: str, texts: tuple[UUID, ...]) -> None:
        """Enter erased texts under an id; the same id again changes nothing."""
        ...


class MadeFile(Protocol):
    """A file in its place: data rows, bytes, SHA-256, whether it holds personal texts, and when it was begun."""

    @property
    def rows(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def with_texts(self) -> bool: ...
    @property
    def at(self) -> datetime: ...


class ExportMaker(Protocol):
    """Makes the file of an ordered list."""

    async def make(self, stream: str, order: Order) -> MadeFile | str:
        """The file, whole in its place, or the code of why it cannot be made."""
        ...


def _unreached(_name: str) -> None:
    """No failpoints."""


@dataclass(frozen=True)
class Ports:
    """Everything the activities stand on."""

    world: HandlerPorts
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
