"""What may be asked about links to other clues. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import ClassVar

from domain.clue.merging.events import Relation
from domain.clue.values import Case
from domain.record.decider import Command
from domain.record.vault import PersonalText


class Link(Command):
    """关联 another clue the actor may see."""

    slug: ClassVar[str] = "link"
    example: ClassVar[dict[str, object]] = {
        "case": "clue-6d5fbb1e6f0c5c369b0c7d1f4f0c2a11",
        "relation": "same_entity",
        "reason": "同一经营者的另一件举报。",
    }
    case: Case
    relation: Relation
    reason: PersonalText | None = None


class Unlink(Command):
    """Take back a link that was a mistake."""

    slug: ClassVar[str] = "unlink"
    example: ClassVar[dict[str, object]] = {
        "case": "clue-6d5fbb1e6f0c5c369b0c7d1f4f0c2a11",
        "reason": "两件并非同一经营者。",
    }
    case: Case
    reason: PersonalText


class MarkDuplicate(Command):
    """标记重复: it reports what another clue already does. It goes on all the same; the offices know."""

    slug: ClassVar[str] = "mark_duplicate"
    example: ClassVar[dict[str, object]] = {
        "of": "clue-6d5fbb1e6f0c5c369b0c7d1f4f0c2a11",
        "reason": "同一来电人就同一事项再次来电。",
    }
    of: Case
    reason: PersonalText
