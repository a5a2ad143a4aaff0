"""What happens about verification. A changed shape is a new version with an upcaster."""

from __future__ import annotations

from typing import Annotated, Literal

from domain.clue.values import Conclusion, Evidence
from domain.record.vault import Sealed
from domain.value import Value
from domain.words import Words

SuspendGround = Annotated[
    Literal["appraisal", "other_authority", "party_unavailable", "force_majeure", "other_lawful"],
    Words(
        {
            "appraisal": "等待检测、检验、鉴定",
            "other_authority": "等待其他机关的结论",
            "party_unavailable": "当事人无法配合",
            "force_majeure": "不可抗力",
            "other_lawful": "其他法定情形",
        }
    ),
]
"""Product defaults: which ground the law allows depends on the procedure, and is shown as unconfirmed."""


class ClueTakenUp(Value):
    """接办 by the handler."""


class ClueVerificationOpened(Value):
    """核查 began."""

    plan: Sealed | None


class ClueFindingsRecorded(Value):
    """A record of what was found."""

    findings: Sealed
    evidence: tuple[Evidence, ...]


class ClueVerificationConcluded(Value):
    """核查 ended with a conclusion."""

    conclusion: Conclusion
    summary: Sealed


class ClueSuspended(Value):
    """中止: it rests for a lawful ground, named with the document that says so; its clocks are paused."""

    ground: SuspendGround
    document: Sealed
    reason: Sealed


class ClueResumed(Value):
    """恢复: the ground has gone; the clocks count on."""

    reason: Sealed
