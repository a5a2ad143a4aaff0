"""What may be asked about papers. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from domain.clue.papers.events import ContactResult, ErasureGround, Means, SealGround
from domain.clue.values import Digest
from domain.record.decider import Command
from domain.record.vault import PersonalText
from domain.value import Instant, Value


class EvidenceGiven(Value):
    """A file already in the evidence store, by its SHA-256, with the name it had."""

    digest: Digest
    name: PersonalText


class Note(Command):
    """备注 for the offices."""

    slug: ClassVar[str] = "note"
    example: ClassVar[dict[str, object]] = {"text": "经营者承诺周五前整改完毕,届时复查。"}
    text: PersonalText


class RecordContact(Command):
    """联系记录: when and how the caller was contacted, and what came of it."""

    slug: ClassVar[str] = "record_contact"
    example: ClassVar[dict[str, object]] = {
        "at": "2026-11-21T15:05:00+08:00",
        "means": "phone",
        "result": "no_answer",
        "note": "响铃未接,下午再拨。",
    }
    at: Instant
    means: Means
    result: ContactResult
    note: PersonalText | None = None


class AttachEvidence(Command):
    """上传材料 outside of a finding; the files are in the evidence store already."""

    slug: ClassVar[str] = "attach_evidence"
    example: ClassVar[dict[str, object]] = {
        "evidence": [
            {"digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "name": "照片1.jpg"}
        ],
        "description": "来电人提供的照片。",
    }
    evidence: Annotated[tuple[EvidenceGiven, ...], Field(min_length=1, max_length=50)]
    description: PersonalText | None = None


class SealFile(Command):
    """封存 a wrongly uploaded or classified file: its hash stays, access is gone."""

    slug: ClassVar[str] = "seal_file"
    example: ClassVar[dict[str, object]] = {
        "digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ground": "wrongly_uploaded",
        "reason": "误传其他案件的材料。",
    }
    digest: Digest
    ground: SealGround
    reason: PersonalText


class EraseText(Command):
    """Erase personal texts of this clue from the vault. References come from the events."""

    slug: ClassVar[str] = "erase_text"
    example: ClassVar[dict[str, object]] = {
        "texts": ["3f0c1c5e-8d0f-4a9e-9b5e-0d8c7b6a5f41"],
        "ground": "retention_ended",
    }
    texts: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
    ground: ErasureGround
