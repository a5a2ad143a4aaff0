"""What may be asked about handing it over. The slug stands in the URL; free text is sealed while parsed."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.clue.values import Account, Department
from domain.record.decider import Command
from domain.record.vault import PersonalText


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
