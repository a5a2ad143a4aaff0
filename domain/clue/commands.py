"""What people and systems may ask of a clue. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from domain.clue.events import (
    Account,
    Case,
    Category,
    Channel,
    Conclusion,
    ContactResult,
    DeclineGround,
    Department,
    Digest,
    ErasureGround,
    ExternalId,
    Means,
    Measure,
    Region,
    Relation,
    ReopenGround,
    SealGround,
    SendBackGround,
    SuspendGround,
    Uscc,
)
from domain.clue.supervision.commands import AcceptOversightAnswer as AcceptOversightAnswer
from domain.clue.supervision.commands import AnswerOversight as AnswerOversight
from domain.clue.supervision.commands import ApproveExtension as ApproveExtension
from domain.clue.supervision.commands import ExcludeTime as ExcludeTime
from domain.clue.supervision.commands import ListOversight as ListOversight
from domain.clue.supervision.commands import OrderOversight as OrderOversight
from domain.clue.supervision.commands import RejectExtension as RejectExtension
from domain.clue.supervision.commands import RejectOversightAnswer as RejectOversightAnswer
from domain.clue.supervision.commands import RequestExtension as RequestExtension
from domain.clue.supervision.commands import SupervisionCommand as SupervisionCommand
from domain.clue.supervision.commands import Urge as Urge
from domain.clue.supervision.commands import WithdrawOversight as WithdrawOversight
from domain.record.decider import Command
from domain.record.vault import PersonalText
from domain.value import Instant, Value


class EntityGiven(Value):
    """The regulated entity, as far as it is known."""

    name: PersonalText
    uscc: Uscc | None = None


class EvidenceGiven(Value):
    """A file already in the evidence store, by its SHA-256, with the name it had."""

    digest: Digest
    name: PersonalText


class Register(Command):
    """登记: a clue comes in from a channel."""

    slug: ClassVar[str] = "register"
    example: ClassVar[dict[str, object]] = {
        "region": "370102",
        "channel": "hotline_12345",
        "external_id": "20261121-000123",
        "category": "report",
        "received_at": "2026-11-21T09:24:15+08:00",
        "title": "某烧烤店占道经营并排放油烟",
        "body": "每天傍晚起在人行道摆桌,油烟直排,居民无法开窗。",
        "reporter": "来电人:陈先生",
    }
    region: Region
    channel: Channel
    external_id: ExternalId | None = None
    category: Category
    received_at: Instant
    title: PersonalText
    body: PersonalText
    reporter: PersonalText | None = None
    entity: EntityGiven | None = None


class Correct(Command):
    """更正登记信息: only what is given changes; both values stay on record."""

    slug: ClassVar[str] = "correct"
    example: ClassVar[dict[str, object]] = {"category": "complaint", "reason": "来电人要求退款,应为投诉。"}
    category: Category | None = None
    received_at: Instant | None = None
    title: PersonalText | None = None
    body: PersonalText | None = None
    reporter: PersonalText | None = None
    entity: EntityGiven | None = None
    reason: PersonalText


class Supplement(Command):
    """补充: what the caller added later."""

    slug: ClassVar[str] = "supplement"
    example: ClassVar[dict[str, object]] = {
        "text": "来电人补充:昨晚十点仍在经营,有照片。",
        "received_at": "2026-11-21T10:30:00+08:00",
    }
    text: PersonalText
    received_at: Instant
    external_id: ExternalId | None = None


class Answer(Command):
    """Answer what is no clue (a consultation, say) at once."""

    slug: ClassVar[str] = "answer"
    example: ClassVar[dict[str, object]] = {"reply": "您好,办理流程已在政务服务网公布,现将材料清单告知如下。"}
    reply: PersonalText


class SendBack(Command):
    """Send back what is no clue, with a reason."""

    slug: ClassVar[str] = "send_back"
    example: ClassVar[dict[str, object]] = {"ground": "outside_powers", "reason": "反映事项属于司法裁判范围。"}
    ground: SendBackGround
    reason: PersonalText


class Dispatch(Command):
    """分办 to a lead department."""

    slug: ClassVar[str] = "dispatch"
    example: ClassVar[dict[str, object]] = {"department": "370102.market", "opinion": "请牵头核查并按期反馈。"}
    department: Department
    opinion: PersonalText | None = None


class WithdrawDispatch(Command):
    """撤回分办 before anybody signed for it."""

    slug: ClassVar[str] = "withdraw_dispatch"
    example: ClassVar[dict[str, object]] = {"reason": "误分,应由城市管理部门牵头。"}
    reason: PersonalText


class SignFor(Command):
    """签收."""

    slug: ClassVar[str] = "sign_for"
    example: ClassVar[dict[str, object]] = {}


class Return(Command):
    """退回 to the dispatching office with an enumerated ground and a reason."""

    slug: ClassVar[str] = "return"
    example: ClassVar[dict[str, object]] = {"ground": "not_our_remit", "reason": "油烟排放由综合执法部门监管。"}
    ground: Literal["not_our_remit", "wrong_region", "duplicate", "incomplete"]
    reason: PersonalText


class Assign(Command):
    """分派 to a handler of the department."""

    slug: ClassVar[str] = "assign"
    example: ClassVar[dict[str, object]] = {"handler": "handler.market.370102"}
    handler: Account


class Reassign(Command):
    """改派 to another handler of the department, at any point of the handling."""

    slug: ClassVar[str] = "reassign"
    example: ClassVar[dict[str, object]] = {"handler": "handler.market.370102", "reason": "原承办人调离岗位。"}
    handler: Account
    reason: PersonalText


class Decline(Command):
    """不予受理 a complaint; the complainant is told by the feedback that follows."""

    slug: ClassVar[str] = "decline"
    example: ClassVar[dict[str, object]] = {"ground": "already_handled", "reason": "同一争议已经处理,无新情况。"}
    ground: DeclineGround
    reason: PersonalText


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


class Link(Command):
    """关联 another clue the actor may see."""

    slug: ClassVar[str] = "link"
    example: ClassVar[dict[str, object]] = {
        "case": "clue-6d5fbb1e6f0c5c369b0c7d1f4f0c2a11",
        "relation": "same_entity",
        "reason": "同一经营者的另一件举报。",
    }
    case: Case
    relation: Relation
    reason: PersonalText | None = None


class Unlink(Command):
    """Take back a link that was a mistake."""

    slug: ClassVar[str] = "unlink"
    example: ClassVar[dict[str, object]] = {
        "case": "clue-6d5fbb1e6f0c5c369b0c7d1f4f0c2a11",
        "reason": "两件并非同一经营者。",
    }
    case: Case
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


class Recalculate(Command):
    """The system's own command: compute provisional clocks anew under the calendars now in force."""

    slug: ClassVar[str] = "recalculate"
    example: ClassVar[dict[str, object]] = {}


class Elapse(Command):
    """The process's own command: record what time has brought. Repeats change nothing."""

    slug: ClassVar[str] = "elapse"
    example: ClassVar[dict[str, object]] = {"until": "2026-11-24T16:00:00+00:00"}
    until: Instant


ClueCommand = (
    Register
    | Correct
    | Supplement
    | Answer
    | SendBack
    | Dispatch
    | WithdrawDispatch
    | SignFor
    | Return
    | Assign
    | Reassign
    | Decline
    | TakeUp
    | OpenVerification
    | RecordFindings
    | Conclude
    | ProposeDisposition
    | ApproveDisposition
    | RejectDisposition
    | FeedBack
    | Complete
    | UndoCompletion
    | Archive
    | Reopen
    | Note
    | RecordContact
    | AttachEvidence
    | SealFile
    | Suspend
    | Resume
    | SupervisionCommand
    | Link
    | Unlink
    | EraseText
    | Recalculate
    | Elapse
)
