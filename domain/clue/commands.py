"""What people and systems may ask of a clue. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from domain.clue.events import (
    Account,
    Category,
    Channel,
    Conclusion,
    Department,
    Digest,
    ErasureGround,
    ExternalId,
    Measure,
    Region,
    ReopenGround,
    SendBackGround,
)
from domain.decider import Command
from domain.value import Instant, Value
from domain.vault import PersonalText


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


class TakeUp(Command):
    """接办."""

    slug: ClassVar[str] = "take_up"
    example: ClassVar[dict[str, object]] = {}


class OpenVerification(Command):
    """Open the verification (核查)."""

    slug: ClassVar[str] = "open_verification"
    example: ClassVar[dict[str, object]] = {"plan": "今晚八点到现场核查占道和油烟情况。"}
    plan: PersonalText | None = None


class EvidenceGiven(Value):
    """A file already in the evidence store, by its SHA-256, with the name it had."""

    digest: Digest
    name: PersonalText


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
    example: ClassVar[dict[str, object]] = {"reply": "您反映的问题已核实,经营者已清理占道桌椅并加装净化设施。"}
    reply: PersonalText


class Complete(Command):
    """办结."""

    slug: ClassVar[str] = "complete"
    example: ClassVar[dict[str, object]] = {}


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


class EraseText(Command):
    """Erase personal texts of this clue from the vault. References come from the events."""

    slug: ClassVar[str] = "erase_text"
    example: ClassVar[dict[str, object]] = {
        "texts": ["3f0c1c5e-8d0f-4a9e-9b5e-0d8c7b6a5f41"],
        "ground": "retention_ended",
    }
    texts: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
    ground: ErasureGround


class Elapse(Command):
    """The process's own command: record what time has brought. Repeats change nothing."""

    slug: ClassVar[str] = "elapse"
    example: ClassVar[dict[str, object]] = {"until": "2026-11-24T16:00:00+00:00"}
    until: Instant


ClueCommand = (
    Register
    | Answer
    | SendBack
    | Dispatch
    | SignFor
    | Return
    | Assign
    | TakeUp
    | OpenVerification
    | RecordFindings
    | Conclude
    | ProposeDisposition
    | ApproveDisposition
    | RejectDisposition
    | FeedBack
    | Complete
    | Archive
    | Reopen
    | EraseText
    | Elapse
)
