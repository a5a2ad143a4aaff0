"""What is asked about the time of a clue: oversight orders, urging, more time, time that does not count."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from domain.clue.supervision.events import ExclusionGround, Order
from domain.record.decider import Command
from domain.record.vault import PersonalText
from domain.value import Instant

ClockId = Annotated[str, StringConstraints(pattern=r"^[a-z_]{3,20}-[1-9][0-9]{0,3}$")]
"""A clock of the clue, as its views name it."""


class ExcludeTime(Command):
    """不计入期限: a stretch that lies in the past (testing, recognition, hearing, announcement), with its document."""

    slug: ClassVar[str] = "exclude_time"
    example: ClassVar[dict[str, object]] = {
        "ground": "appraisal",
        "since": "2026-11-21T12:00:00+08:00",
        "until": "2026-11-21T18:00:00+08:00",
        "document": "检测报告(2026)第88号",
        "reason": "抽样检测期间不计入核查期限。",
    }
    ground: ExclusionGround
    since: Instant
    until: Instant
    document: PersonalText
    reason: PersonalText


class Urge(Command):
    """催办 whoever holds the case."""

    slug: ClassVar[str] = "urge"
    example: ClassVar[dict[str, object]] = {"message": "来电人再次来电,请尽快核查。"}
    message: PersonalText


class OrderOversight(Command):
    """督办: issue an oversight order to the department that answers for the case."""

    slug: ClassVar[str] = "order_oversight"
    example: ClassVar[dict[str, object]] = {"demand": "请说明逾期原因并报送办理计划。", "listed": False}
    demand: PersonalText
    answer_by: date | None = None
    listed: bool = False


class AnswerOversight(Command):
    """答复督办单."""

    slug: ClassVar[str] = "answer_oversight"
    example: ClassVar[dict[str, object]] = {"order": "order-1", "answer": "因执法力量调配延误,将于三日内完成核查。"}
    order: Order
    answer: PersonalText


class RejectOversightAnswer(Command):
    """The answer to an order does not do: the department answers again."""

    slug: ClassVar[str] = "reject_oversight_answer"
    example: ClassVar[dict[str, object]] = {"order": "order-1", "reason": "未说明具体完成时间。"}
    order: Order
    reason: PersonalText


class AcceptOversightAnswer(Command):
    """销号: accept the answer, which settles the order."""

    slug: ClassVar[str] = "accept_oversight_answer"
    example: ClassVar[dict[str, object]] = {"order": "order-1"}
    order: Order


class WithdrawOversight(Command):
    """撤销督办单."""

    slug: ClassVar[str] = "withdraw_oversight"
    example: ClassVar[dict[str, object]] = {"order": "order-1", "reason": "经核实已在期限内办理。"}
    order: Order
    reason: PersonalText


class ListOversight(Command):
    """挂牌督办 an order that stands."""

    slug: ClassVar[str] = "list_oversight"
    example: ClassVar[dict[str, object]] = {"order": "order-1", "reason": "群众反映强烈,久拖未决。"}
    order: Order
    reason: PersonalText


class RequestExtension(Command):
    """申请延期 of a running clock, in the unit of its length; who decides follows from the rule's grade."""

    slug: ClassVar[str] = "request_extension"
    example: ClassVar[dict[str, object]] = {"clock": "handling-4", "amount": 15, "reason": "案情复杂,需向多地核实。"}
    clock: ClockId
    amount: Annotated[int, Field(ge=1, le=1_000_000)]
    reason: PersonalText
    document: PersonalText | None = None


class ApproveExtension(Command):
    """准予延期."""

    slug: ClassVar[str] = "approve_extension"
    example: ClassVar[dict[str, object]] = {"clock": "handling-4"}
    clock: ClockId


class RejectExtension(Command):
    """不予延期, with the reason."""

    slug: ClassVar[str] = "reject_extension"
    example: ClassVar[dict[str, object]] = {"clock": "handling-4", "reason": "理由不充分,请按期办结。"}
    clock: ClockId
    reason: PersonalText
