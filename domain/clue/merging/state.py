"""What the dossier keeps of other clues it has to do with."""

from __future__ import annotations

from domain.clue.merging.events import Relation
from domain.record.vault import Sealed
from domain.value import Value


class Link(Value):
    """Another clue this one has to do with."""

    case: str
    relation: Relation
    reason: Sealed | None


class MergingSlice(Value):
    """The clues it has to do with."""

    links: tuple[Link, ...] = ()
    duplicate_of: str | None = None
    """The clue that already reports the same."""
