"""What happens about papers. A changed shape is a new version with an upcaster."""

from __future__ import annotations

from typing import Annotated, Literal

from domain.clue.values import Digest, Evidence
from domain.record.vault import Sealed
from domain.value import Instant, Value
from domain.words import Words

ErasureGround = Annotated[
    Literal["retention_ended", "unlawful_processing", "consent_withdrawn", "court_order"],
    Words(
        {
            "retention_ended": "保存期满",
            "unlawful_processing": "处理不合法",
            "consent_withdrawn": "撤回同意",
            "court_order": "法院裁判",
        }
    ),
]
SealGround = Annotated[
    Literal["wrongly_uploaded", "classified", "excessive_personal_data"],
    Words({"wrongly_uploaded": "误传", "classified": "涉密", "excessive_personal_data": "个人信息过多"}),
]
Means = Annotated[
    Literal["phone", "message", "visit", "online"],
    Words({"phone": "电话", "message": "短信", "visit": "走访", "online": "网络"}),
]
ContactResult = Annotated[
    Literal["reached", "no_answer", "unreachable", "refused"],
    Words({"reached": "已联系上", "no_answer": "无人接听", "unreachable": "无法接通", "refused": "拒绝沟通"}),
]


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
