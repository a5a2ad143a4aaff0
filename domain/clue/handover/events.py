"""What happens about handing it over. A changed shape is a new version with an upcaster."""

from __future__ import annotations

from typing import Annotated, Literal

from domain.clue.values import Account, Department
from domain.record.vault import Sealed
from domain.value import Value
from domain.words import Words

ReturnGround = Annotated[
    Literal["not_our_remit", "wrong_region", "duplicate", "incomplete", "not_signed_for"],
    Words(
        {
            "not_our_remit": "不属于本部门职责",
            "wrong_region": "不属于本行政区划",
            "duplicate": "重复",
            "incomplete": "材料不全",
            "not_signed_for": "逾期未签收",
        }
    ),
]


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
