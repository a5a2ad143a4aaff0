"""What happens to the time of a clue: oversight orders (督办), urging, extensions, time that does not count."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import StringConstraints

from domain.record.vault import Sealed
from domain.time.rules import Approver
from domain.value import Instant, Value
from domain.words import Words

ExclusionGround = Annotated[
    Literal["appraisal", "recognition", "hearing", "announcement"],
    Words(
        {
            "appraisal": "等待检测、检验、鉴定",
            "recognition": "权利人辨认、认定",
            "hearing": "听证",
            "announcement": "公告",
        }
    ),
]
"""After SAM-02 and SAM-18: time that is not counted whoever holds the case."""
Order = Annotated[str, StringConstraints(pattern=r"^order-[1-9][0-9]{0,3}$")]
"""An oversight order of a clue, by its number."""


class ClueTimeExcluded(Value):
    """不计入期限: a stretch that lies in the past does not count, as a document proves (SAM-02, SAM-18)."""

    ground: ExclusionGround
    since: Instant
    until: Instant
    document: Sealed
    reason: Sealed


class ClueUrged(Value):
    """催办: the department was urged by hand."""

    department: str
    message: Sealed


class ClueOversightOrdered(Value):
    """督办单: the department must answer, until the date of the order or within the rule's time.

    `clock` is the overdue clock whose ladder ordered it; None: somebody did, and says in `demand` what is asked.
    """

    order: Order
    department: str
    clock: str | None
    demand: Sealed | None
    answer_by: date | None
    listed: bool


class ClueOversightAnswered(Value):
    """督办答复: the department answered an order."""

    order: Order
    answer: Sealed


class ClueOversightAnswerRejected(Value):
    """The answer does not do; the department answers again."""

    order: Order
    reason: Sealed


class ClueOversightAnswerAccepted(Value):
    """销号: the answer was accepted, the order is settled."""

    order: Order


class ClueOversightWithdrawn(Value):
    """撤销督办."""

    order: Order
    reason: Sealed


class ClueOversightListed(Value):
    """挂牌督办: the order is watched publicly within the government until it is settled."""

    order: Order
    reason: Sealed


class ClueExtensionRequested(Value):
    """申请延期: `amount` in the unit of the clock's length, under the next grade its rule allows."""

    clock: str
    grade: int
    amount: int
    approver: Approver
    reason: Sealed
    document: Sealed | None


class ClueExtensionApproved(Value):
    """准予延期."""

    clock: str
    grade: int
    amount: int


class ClueExtensionRejected(Value):
    """不予延期."""

    clock: str
    reason: Sealed
