"""What may be asked about the disposition. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import ClassVar

from domain.clue.values import Measure
from domain.record.decider import Command
from domain.record.vault import PersonalText


class ProposeDisposition(Command):
    """Propose a disposition (处置) to the head."""

    slug: ClassVar[str] = "propose_disposition"
    example: ClassVar[dict[str, object]] = {"measure": "order_to_correct", "reason": "违法行为轻微,责令改正。"}
    measure: Measure
    reason: PersonalText


class ApproveDisposition(Command):
    """The head decides: approve."""

    slug: ClassVar[str] = "approve_disposition"
    example: ClassVar[dict[str, object]] = {}


class RejectDisposition(Command):
    """The head decides: reject, with the reason."""

    slug: ClassVar[str] = "reject_disposition"
    example: ClassVar[dict[str, object]] = {"reason": "证据不足,请补充检测报告。"}
    reason: PersonalText
