"""What supervisors look through beside the clocks: oversight orders, and time that was excluded afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.value import Instant


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An oversight order with the case it is about. `clock` is the overdue clock whose ladder ordered it; without one
    somebody did by hand."""

    stream: str
    order: str
    number: str | None
    stage: str
    department: str
    region: str
    ordered_at: Instant
    ordered_by: str
    clock: str | None
    answer_by: date | None
    listed: bool
    status: str
    answers: int


@dataclass(frozen=True, slots=True)
class ExclusionLine:
    """A stretch of time that was excluded after it had passed, by whom, and in which case.

    The document it rests on stands in the case.
    """

    stream: str
    version: int
    number: str | None
    responsible: str
    region: str
    ground: str
    since: Instant
    until: Instant
    account: str
    department: str
    recorded_at: Instant
