"""What a deadline rule asks of time: the length, the warnings, what stops the count, who may give more, the ladder.

Terms travel with every clock started under them, so a clock is complete in itself: a later change of the row, or of the
pack, never touches it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from domain.value import Value

RunningUnit = Literal["seconds", "minutes", "hours"]
DayUnit = Literal["working_days", "calendar_days", "unspecified_days", "months", "years"]
DayType = Literal[RunningUnit, DayUnit]
"""How a length is counted. Hours and below run through nights and holidays. `unspecified_days`: the instrument writes
日 and does not say which (CAL-06): the calendar reading warns, the working-day reading is the breach."""

Act = Literal["escalate", "order", "return_to_dispatcher"]
"""What a rung does: tell somebody higher up, also issue an oversight order (督办单), or give the case back to whoever
dispatched it."""

Recipient = Literal["department_supervisor", "coordinator", "head", "dispatcher"]
"""Whom a rung reaches."""

PauseGround = Literal[
    "appraisal",
    "recognition",
    "hearing",
    "announcement",
    "other_authority",
    "party_unavailable",
    "force_majeure",
    "other_lawful",
]
"""Why time is not counted: 检测检验鉴定, 权利人辨认, 听证, 公告, 等待其他机关, 当事人无法配合, 不可抗力, 其他."""

Approver = Literal["head", "coordinator"]
"""Who grants an extension: the head of the department that owes the clock, or the coordinating body of the region."""

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Day = Annotated[date, Field(strict=True)]

RUNNING = {"seconds": timedelta(seconds=1), "minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}


class Length(Value):
    """A stretch of time: an amount of one day type; none at all (当场: due on the spot) only as running time.

    `roll`: a last day that is a day off moves to the next working day (CAL-01, CAL-13: texts differ, so a parameter).
    """

    amount: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    day: DayType
    roll: bool = False

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if self.amount == 0 and self.running is None:
            raise ValueError("按日计的期限至少为1；当场届满的写作0小时")
        return self

    @property
    def running(self) -> timedelta | None:
        """The exact duration of running time; None when days are counted."""
        unit = RUNNING.get(self.day)
        return None if unit is None else self.amount * unit


class DocumentDate(Value):
    """Due at the end of the date that a document names; whoever starts the clock gives it."""

    day: Literal["document_date"] = "document_date"


class YearlyDate(Value):
    """Due at the end of a fixed date of the year, the next one after the start."""

    day: Literal["yearly_date"] = "yearly_date"
    month: Annotated[int, Field(ge=1, le=12)]
    day_of_month: Annotated[int, Field(ge=1, le=28)]


class Promptly(Value):
    """立即, 及时: the instrument gives no number. Shown as age, never overdue."""

    day: Literal["promptly"] = "promptly"


Term = Annotated[Length | DocumentDate | YearlyDate | Promptly, Field(discriminator="day")]
"""How long a clock runs."""


class Rung(Value):
    """One step of the escalation ladder: what happens to whom, how long after the breach."""

    after: Length
    act: Act
    to: Recipient


class Grade(Value):
    """One grade of extension, used in order: how much at most, counted as the length is, and who grants it.

    Without a most, the decision itself states the further term.
    """

    most: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None
    approver: Approver
    source: Text | None = None
    """The article behind it; None: a product default."""


class Terms(Value):
    """What a rule asks of time, without who asks and why.

    `warn_before`: the warn points, measured back from the due instant, the farthest first.
    """

    length: Term
    warn_before: tuple[Length, ...] = ()
    pauses: tuple[PauseGround, ...] = ()
    extensions: tuple[Grade, ...] = ()
    ladder: tuple[Rung, ...] = ()
