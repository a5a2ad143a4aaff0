"""What may be asked about closing. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import ClassVar

from domain.clue.closing.events import ReopenGround
from domain.record.decider import Command
from domain.record.vault import PersonalText


class UndoCompletion(Command):
    """撤销办结 that was a mistake; its feedback deadline runs on as if it had not been stopped."""

    slug: ClassVar[str] = "undo_completion"
    example: ClassVar[dict[str, object]] = {"reason": "误点办结,尚待补正回复。"}
    reason: PersonalText


class Archive(Command):
    """归档."""

    slug: ClassVar[str] = "archive"
    example: ClassVar[dict[str, object]] = {}


class Reopen(Command):
    """Take up again a completed or archived clue."""

    slug: ClassVar[str] = "reopen"
    example: ClassVar[dict[str, object]] = {"ground": "new_evidence", "reason": "来电人补充了新的现场照片。"}
    ground: ReopenGround
    reason: PersonalText
