"""What happens to a clue. Past tense, noun first; stored names and versions stand in `domain/record/registry.py`.

A stored shape is never edited: a change is a new version with an upcaster (`domain/clue/upcasters.py`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints
from stdnum.cn import uscc

from domain.clue.supervision.events import ClueExtensionApproved as ClueExtensionApproved
from domain.clue.supervision.events import ClueExtensionRejected as ClueExtensionRejected
from domain.clue.supervision.events import ClueExtensionRequested as ClueExtensionRequested
from domain.clue.supervision.events import ClueOversightAnswerAccepted as ClueOversightAnswerAccepted
from domain.clue.supervision.events import ClueOversightAnswered as ClueOversightAnswered
from domain.clue.supervision.events import ClueOversightAnswerRejected as ClueOversightAnswerRejected
from domain.clue.supervision.events import ClueOversightListed as ClueOversightListed
from domain.clue.supervision.events import ClueOversightOrdered as ClueOversightOrdered
from domain.clue.supervision.events import ClueOversightWithdrawn as ClueOversightWithdrawn
from domain.clue.supervision.events import ClueTimeExcluded as ClueTimeExcluded
from domain.clue.supervision.events import ClueUrged as ClueUrged
from domain.clue.supervision.events import SupervisionEvent as SupervisionEvent
from domain.record.vault import Sealed
from domain.value import Instant, Value

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
DeclineGround = Literal[
    "outside_powers",
    "already_handled",
    "not_a_consumer",
    "time_barred",
    "no_real_identity",
    "false_material",
    "refuses_verification",
    "other_lawful",
]
"""After CMP-06 (S2): the text of the rule in force was not read, so the list is a default shown as unconfirmed."""
SealGround = Literal["wrongly_uploaded", "classified", "excessive_personal_data"]
SuspendGround = Literal["appraisal", "other_authority", "party_unavailable", "force_majeure", "other_lawful"]
"""Product defaults: which ground the law allows depends on the procedure, and is shown as unconfirmed."""
Relation = Literal["duplicate", "same_entity", "same_matter", "follow_up"]
Means = Literal["phone", "message", "visit", "online"]
ContactResult = Literal["reached", "no_answer", "unreachable", "refused"]

Account = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{1,63}$")]
Department = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}\.[a-z0-9_]{2,24}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Case = Annotated[str, StringConstraints(pattern=r"^clue-[0-9a-f]{32}$")]


def _valid_uscc(code: str) -> str:
    if not uscc.is_valid(code):
        raise ValueError("统一社会信用代码的校验码不符,请核对")
    return code


Uscc = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$"), AfterValidator(_valid_uscc)]
"""Unified social credit code with its check character (GB 32100-2015)."""


class Evidence(Value):
    """A file in the evidence store by its SHA-256; its name may name a person, so it is sealed."""

    digest: Digest
    name: Sealed


class Entity(Value):
    """The regulated entity a clue is about (监管对象). A sole trader's name is a person's, so names are sealed."""

    name: Sealed
    uscc: str | None


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
    entity: Entity | None


class ClueNumbered(Value):
    """The case number was given: region, registering office, year, serial without gap."""

    number: str


class ClueCorrected(Value):
    """A registered fact was corrected. What is None stays; what was registered stays readable beside it."""

    category: Category | None
    received_at: Instant | None
    title: Sealed | None
    body: Sealed | None
    reporter: Sealed | None
    entity: Entity | None
    reason: Sealed


class ClueSupplemented(Value):
    """The caller added something, under a ticket number of its own or none."""

    text: Sealed
    received_at: Instant
    external_id: ExternalId | None


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


class ClueDispatchWithdrawn(Value):
    """撤回分办: the dispatching office took it back before anybody signed for it."""

    department: Department
    reason: Sealed


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


class ClueReassigned(Value):
    """改派: another handler of the department goes on where `previous` stood."""

    handler: Account
    previous: Account
    reason: Sealed


class ClueDeclined(Value):
    """不予受理: a complaint was declined; the complainant must still be told."""

    ground: DeclineGround
    reason: Sealed


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
    """反馈: the sender was answered with the public reply; `handling` is what the offices keep to themselves."""

    reply: Sealed
    handling: Sealed | None


class ClueCompleted(Value):
    """办结."""


class ClueCompletionUndone(Value):
    """撤销办结: it was completed by mistake and stands where it stood before."""

    reason: Sealed


class ClueArchived(Value):
    """归档."""


class ClueReopened(Value):
    """Taken up again after completion or archiving.

    `department` is who must sign for it; None: the dispatching office.
    """

    ground: ReopenGround
    reason: Sealed
    department: Department | None


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


class ClueSuspended(Value):
    """中止: it rests for a lawful ground, named with the document that says so; its clocks are paused."""

    ground: SuspendGround
    document: Sealed
    reason: Sealed


class ClueResumed(Value):
    """恢复: the ground has gone; the clocks count on."""

    reason: Sealed


class ClueLinked(Value):
    """关联: it has to do with another clue."""

    case: Case
    relation: Relation
    reason: Sealed | None


class ClueUnlinked(Value):
    """A link was a mistake."""

    case: Case
    reason: Sealed


class ClueTextErased(Value):
    """Personal texts were erased from the vault (个人信息保护法 art. 47). References stay, their content is gone."""

    texts: tuple[Sealed, ...]
    ground: ErasureGround


ClueEvent = (
    ClueRegistered
    | ClueNumbered
    | ClueCorrected
    | ClueSupplemented
    | ClueAnswered
    | ClueSentBack
    | ClueDispatched
    | ClueDispatchWithdrawn
    | ClueSignedFor
    | ClueReturned
    | ClueAssigned
    | ClueReassigned
    | ClueDeclined
    | ClueTakenUp
    | ClueVerificationOpened
    | ClueFindingsRecorded
    | ClueVerificationConcluded
    | ClueDispositionProposed
    | ClueDispositionApproved
    | ClueDispositionRejected
    | ClueFedBack
    | ClueCompleted
    | ClueCompletionUndone
    | ClueArchived
    | ClueReopened
    | ClueNoted
    | ClueContactRecorded
    | ClueEvidenceAttached
    | ClueFileSealed
    | ClueSuspended
    | ClueResumed
    | SupervisionEvent
    | ClueLinked
    | ClueUnlinked
    | ClueTextErased
)

Aside = (
    ClueNumbered
    | ClueSupplemented
    | ClueNoted
    | ClueContactRecorded
    | ClueEvidenceAttached
    | ClueFileSealed
    | SupervisionEvent
    | ClueLinked
    | ClueUnlinked
    | ClueTextErased
)
"""Events that leave the ground of the next command as it is: they change neither stage nor ETag."""


def texts_of(event: ClueEvent) -> tuple[Sealed, ...]:
    """Every personal text an event brought into the case, names of files and entities included."""
    if isinstance(event, ClueTextErased):
        return ()
    own = tuple(value for name in type(event).model_fields if isinstance(value := getattr(event, name), Sealed))
    match event:
        case ClueFindingsRecorded(evidence=evidence) | ClueEvidenceAttached(evidence=evidence):
            return own + tuple(item.name for item in evidence)
        case ClueRegistered(entity=Entity(name=name)) | ClueCorrected(entity=Entity(name=name)):
            return (*own, name)
        case _:
            return own
