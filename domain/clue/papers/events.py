"""What happens about papers. A changed shape is a new version with an upcaster."""

from __future__ import annotations

from typing import Literal

from domain.clue.values import Digest, Evidence
from domain.record.vault import Sealed
from domain.value import Instant, Value

ErasureGround = Literal["retention_ended", "unlawful_processing", "consent_withdrawn", "court_order"]
SealGround = Literal["wrongly_uploaded", "classified", "excessive_personal_data"]
Means = Literal["phone", "message", "visit", "online"]
ContactResult = Literal["reached", "no_answer", "unreachable", "refused"]


class ClueNoted(Value):
    """备注: a note for the offices."""

    text: Sealed


class ClueContactRecorded(Value):
    """联系记录: an attempt to reach the caller, at `at`, and what came of it."""

    at: Instant
    means: Means
    result: ContactResult
    note: Sealed | None


class ClueEvidenceAttached(Value):
    """Files were attached outside of a finding."""

    evidence: tuple[Evidence, ...]
    description: Sealed | None


class ClueFileSealed(Value):
    """A wrongly uploaded or classified file was sealed: its hash stays, access is gone."""

    digest: Digest
    ground: SealGround
    reason: Sealed


class ClueTextErased(Value):
    """Personal texts were erased from the vault (个人信息保护法 art. 47). References stay, their content is gone."""

    texts: tuple[Sealed, ...]
    ground: ErasureGround
