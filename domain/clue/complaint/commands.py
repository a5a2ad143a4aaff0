"""What may be asked about a complaint. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import ClassVar

from domain.clue.values import DeclineGround
from domain.record.decider import Command
from domain.record.vault import PersonalText


class Decline(Command):
    """不予受理 a complaint; the complainant is told by the feedback that follows."""

    slug: ClassVar[str] = "decline"
    example: ClassVar[dict[str, object]] = {"ground": "already_handled", "reason": "同一争议已经处理,无新情况。"}
    ground: DeclineGround
    reason: PersonalText
