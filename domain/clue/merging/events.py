"""What happens to links with other clues. A stored shape is never edited: a change is a new version."""

from __future__ import annotations

from typing import Annotated, Literal

from domain.clue.values import Case
from domain.record.vault import Sealed
from domain.value import Value
from domain.words import Words

Relation = Annotated[
    Literal["duplicate", "same_entity", "same_matter", "follow_up"],
    Words({"duplicate": "重复反映", "same_entity": "同一监管对象", "same_matter": "同一事项", "follow_up": "后续事项"}),
]


class ClueLinked(Value):
    """关联: it has to do with another clue."""

    case: Case
    relation: Relation
    reason: Sealed | None


class ClueUnlinked(Value):
    """A link was a mistake."""

    case: Case
    reason: Sealed


class ClueMarkedDuplicate(Value):
    """标记重复: it reports what the clue `of` already does."""

    of: Case
    reason: Sealed
