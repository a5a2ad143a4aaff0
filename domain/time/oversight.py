"""督办单: an order that a department must answer, as a value; the same for every kind of case."""

from __future__ import annotations

from datetime import date
from typing import Literal

from domain.record.vault import Sealed
from domain.value import Instant, Value

OrderStatus = Literal["open", "answered", "settled", "withdrawn", "lapsed"]
"""待答复, 已答复, 已销号, 已撤销, 随案移出."""


STANDING: tuple[OrderStatus, ...] = ("open", "answered")
"""Neither settled nor withdrawn nor lapsed."""


class OversightOrder(Value):
    """Who must answer what until when, and how far it has come.

    `clock` is the overdue clock whose ladder ordered it; None when somebody did by hand. `answer_by` is the date the
    order names (Asia/Shanghai); without one the rule's time runs. It lapses when the case is taken from the department.
    """

    order: str
    at: Instant
    by: str
    department: str
    clock: str | None
    demand: Sealed | None
    answer_by: date | None
    listed: bool
    status: OrderStatus = "open"
    answers: tuple[Sealed, ...] = ()
    answered_by: tuple[str, ...] = ()
    """Who gave the last answer, and on whose behalf."""

    @property
    def standing(self) -> bool:
        """Whether it is not settled, withdrawn or lapsed."""
        return self.status in STANDING

    def open_to(self, department: str) -> bool:
        """Whether the department owes an answer."""
        return self.status == "open" and self.department == department


class OrderFilter(Value):
    """What a list of orders is narrowed to; what is not given does not narrow. `region` means its subtree."""

    standing: bool | None = None
    status: OrderStatus | None = None
    listed: bool | None = None
    by_ladder: bool | None = None
    department: str | None = None
    region: str | None = None
