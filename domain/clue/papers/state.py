"""What the dossier keeps of papers."""

from __future__ import annotations

from domain.clue.papers.events import ContactResult, Means, SealGround
from domain.clue.values import Evidence
from domain.record.vault import Sealed
from domain.value import Instant, Value


class Note(Value):
    """A note for the offices."""

    at: Instant
    by: str
    text: Sealed


class Contact(Value):
    """An attempt to reach the caller."""

    at: Instant
    by: str
    means: Means
    result: ContactResult
    note: Sealed | None


class SealedFile(Value):
    """A file nobody may open any more."""

    digest: str
    ground: SealGround
    reason: Sealed


class PapersSlice(Value):
    """Notes, contacts and files, and which texts were erased."""

    notes: tuple[Note, ...] = ()
    contacts: tuple[Contact, ...] = ()
    files: tuple[Evidence, ...] = ()
    """Every file the case rests on or was given, in order."""
    sealed_files: tuple[SealedFile, ...] = ()
    erased: tuple[Sealed, ...] = ()
