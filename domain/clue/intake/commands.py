"""What may be asked about intake. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import ClassVar

from domain.clue.intake.events import SendBackGround
from domain.clue.values import Category, Channel, ExternalId, Region, Uscc
from domain.record.decider import Command
from domain.record.vault import PersonalText
from domain.value import Instant, Value


class EntityGiven(Value):
    """The regulated entity, as far as it is known."""

    name: PersonalText
    uscc: Uscc | None = None


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
