"""What happens to links with other clues. A stored shape is never edited: a change is a new version."""

from __future__ import annotations

from typing import Literal

from domain.clue.values import Case
from domain.record.vault import Sealed
from domain.value import Value

Relation = Literal["duplicate", "same_entity", "same_matter", "follow_up"]


class ClueLinked(Value):
    """关联: it has to do with another clue."""

    case: Case
    relation: Relation
    reason: Sealed | None


class ClueUnlinked(Value):
    """A link was a mistake."""

    case: Case
    reason: Sealed
