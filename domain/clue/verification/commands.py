"""What may be asked about verification. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from domain.clue.papers.commands import EvidenceGiven
from domain.clue.values import Conclusion
from domain.clue.verification.events import SuspendGround
from domain.record.decider import Command
from domain.record.vault import PersonalText


class TakeUp(Command):
    """接办."""

    slug: ClassVar[str] = "take_up"
    example: ClassVar[dict[str, object]] = {}


class OpenVerification(Command):
    """Open the verification (核查)."""

    slug: ClassVar[str] = "open_verification"
    example: ClassVar[dict[str, object]] = {"plan": "今晚八点到现场核查占道和油烟情况。"}
    plan: PersonalText | None = None


class RecordFindings(Command):
    """Record what was found; may be repeated."""

    slug: ClassVar[str] = "record_findings"
    example: ClassVar[dict[str, object]] = {"findings": "现场有六张桌占用人行道,未安装油烟净化设施。", "evidence": []}
    findings: PersonalText
    evidence: Annotated[tuple[EvidenceGiven, ...], Field(max_length=50)] = ()


class Conclude(Command):
    """Conclude the verification."""

    slug: ClassVar[str] = "conclude"
    example: ClassVar[dict[str, object]] = {"conclusion": "substantiated", "summary": "反映情况属实。"}
    conclusion: Conclusion
    summary: PersonalText


class Suspend(Command):
    """中止 on a lawful ground, with the document that says so."""

    slug: ClassVar[str] = "suspend"
    example: ClassVar[dict[str, object]] = {
        "ground": "appraisal",
        "document": "检测委托书(2026)第15号",
        "reason": "油烟排放委托检测,等待检测报告。",
    }
    ground: SuspendGround
    document: PersonalText
    reason: PersonalText


class Resume(Command):
    """恢复 after the ground has gone."""

    slug: ClassVar[str] = "resume"
    example: ClassVar[dict[str, object]] = {"reason": "检测报告已出具。"}
    reason: PersonalText
