"""What happens about closing. A changed shape is a new version with an upcaster."""

from __future__ import annotations

from typing import Annotated, Literal

from domain.clue.values import Department
from domain.record.vault import Sealed
from domain.value import Value
from domain.words import Words

ReopenGround = Annotated[
    Literal["new_evidence", "dissatisfied", "mistaken", "superior_order"],
    Words(
        {
            "new_evidence": "有新证据",
            "dissatisfied": "反映人不满意",
            "mistaken": "办理有误",
            "superior_order": "上级要求",
        }
    ),
]


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
