"""What may be asked about the answer. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import ClassVar

from domain.record.decider import Command
from domain.record.vault import PersonalText


class FeedBack(Command):
    """反馈 the public reply to the sender."""

    slug: ClassVar[str] = "feed_back"
    example: ClassVar[dict[str, object]] = {
        "reply": "您反映的问题已核实,经营者已清理占道桌椅并加装净化设施。",
        "handling": "已约谈经营者并责令改正,两周后复查。",
    }
    reply: PersonalText
    handling: PersonalText | None = None


class Complete(Command):
    """办结."""

    slug: ClassVar[str] = "complete"
    example: ClassVar[dict[str, object]] = {}
