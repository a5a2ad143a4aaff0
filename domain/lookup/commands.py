"""What may be asked of a lookup: people make one, and what they are then shown is recorded before they see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from domain.lists.reporters import Kind
from domain.lookup.events import Cases, Mark, Purpose
from domain.record.decider import Command
from domain.record.vault import PersonalText


class LookUp(Command):
    """来件人查询 by the keyed mark of a phone, identity number or name, for a purpose and with a reason."""

    slug: ClassVar[str] = "look_up"
    example: ClassVar[Mapping[str, object]] = {
        "sought": "phone",
        "mark": "ab" * 32,
        "purpose": "progress_inquiry",
        "reason": "来电人查询上月所反映问题的办理进度",
    }
    sought: Kind
    mark: Mark
    purpose: Purpose
    reason: PersonalText


class Answer(Command):
    """The answer that is about to be given."""

    slug: ClassVar[str] = "answer"
    example: ClassVar[Mapping[str, object]] = {"cases": ["clue-6d5fbb1e6f0c5c369b0c7d1f4f0c2a11"], "more": False}
    cases: Cases
    more: bool
