"""What happens to a clue. Past tense, noun first; stored names and versions stand in `domain/registry.py`.

A stored shape is never edited: a change is a new version with an upcaster (`domain/clue/upcasters.py`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from domain.value import Instant, Value
from domain.vault import Sealed

Category = Literal["consultation", "help", "suggestion", "complaint", "report"]
CATEGORY_NAMES: dict[Category, str] = {
    "consultation": "咨询",
    "help": "求助",
    "suggestion": "建议",
    "complaint": "投诉",
    "report": "举报",
}

Channel = Literal["hotline_12345", "online_platform", "association", "media", "department", "patrol", "risk_warning"]
CHANNEL_NAMES: dict[Channel, str] = {
    "hotline_12345": "12345热线",
    "online_platform": "网络平台",
    "association": "行业协会",
    "media": "媒体",
    "department": "部门移送",
    "patrol": "网格巡查",
    "risk_warning": "风险预警",
}

ReturnGround = Literal["not_our_remit", "wrong_region", "duplicate", "incomplete", "not_signed_for"]

SendBackGround = Literal["not_a_clue", "incomplete", "outside_powers", "duplicate"]
Conclusion = Literal["substantiated", "partly_substantiated", "unsubstantiated"]
Measure = Literal["no_violation", "educate", "interview", "order_to_correct", "file_case"]
ReopenGround = Literal["new_evidence", "dissatisfied", "mistaken", "superior_order"]
ErasureGround = Literal["retention_ended", "unlawful_processing", "consent_withdrawn", "court_order"]

Account = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{1,63}$")]
Department = Annotated[str, StringConstraints(pattern=r"^\d{6}\.[a-z0-9_]{2,24}$")]
Region = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Evidence(Value):
    """A file in the evidence store by its SHA-256; its name may name a person, so it is sealed."""

    digest: Digest
    name: Sealed


class ClueRegistered(Value):
    """登记. A clue came in: `received_at` at the channel, the event's own time here."""

    region: Region
    channel: Channel
    external_id: ExternalId | None
    category: Category
    received_at: Instant
    title: Sealed
    body: Sealed
    reporter: Sealed | None


class ClueAnswered(Value):
    """Not a clue: answered directly by the dispatching office."""

    reply: Sealed


class ClueSentBack(Value):
    """Not a clue: sent back to where it came from, with reason."""

    ground: SendBackGround
    reason: Sealed


class ClueDispatched(Value):
    """分办 to a lead department."""

    department: Department
    opinion: Sealed | None


class ClueSignedFor(Value):
    """签收 by the lead department."""


class ClueReturned(Value):
    """退回 to the dispatching office. `reason` is None only when the process returned it by itself."""

    department: Department
    ground: ReturnGround
    reason: Sealed | None


class ClueAssigned(Value):
    """分派 to a handler."""

    handler: Account


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


class ClueDispositionProposed(Value):
    """A disposition (处置) was proposed to the head."""

    measure: Measure
    reason: Sealed


class ClueDispositionApproved(Value):
    """The head approved the proposed disposition."""

    measure: Measure


class ClueDispositionRejected(Value):
    """The head rejected it; the handler proposes again."""

    reason: Sealed


class ClueFedBack(Value):
    """反馈: the sender was answered with the public reply."""

    reply: Sealed


class ClueCompleted(Value):
    """办结."""


class ClueArchived(Value):
    """归档."""


class ClueReopened(Value):
    """Taken up again after completion or archiving.

    `department` is who must sign for it; None: the dispatching office.
    """

    ground: ReopenGround
    reason: Sealed
    department: Department | None


class ClueTextErased(Value):
    """Personal texts were erased from the vault (个人信息保护法 art. 47). References stay, their content is gone."""

    texts: tuple[Sealed, ...]
    ground: ErasureGround


ClueEvent = (
    ClueRegistered
    | ClueAnswered
    | ClueSentBack
    | ClueDispatched
    | ClueSignedFor
    | ClueReturned
    | ClueAssigned
    | ClueTakenUp
    | ClueVerificationOpened
    | ClueFindingsRecorded
    | ClueVerificationConcluded
    | ClueDispositionProposed
    | ClueDispositionApproved
    | ClueDispositionRejected
    | ClueFedBack
    | ClueCompleted
    | ClueArchived
    | ClueReopened
    | ClueTextErased
)


def texts_of(event: ClueEvent) -> tuple[Sealed, ...]:
    """Every personal text an event brought into the case, evidence names included."""
    if isinstance(event, ClueTextErased):
        return ()
    own = tuple(value for name in type(event).model_fields if isinstance(value := getattr(event, name), Sealed))
    named = event.evidence if isinstance(event, ClueFindingsRecorded) else ()
    return own + tuple(item.name for item in named)
