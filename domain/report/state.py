"""A monthly report as it stands: not frozen, or frozen for ever."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.record.entry import Entry
from domain.report.figures import Content
from domain.value import Instant, Value

Stage = Literal["unfrozen", "frozen"]


class Report(Value):
    """A report at some stage."""

    stage: ClassVar[Stage]
    title: ClassVar[str]


class Unfrozen(Report):
    """Nothing was fixed yet."""

    stage: ClassVar[Stage] = "unfrozen"
    title: ClassVar[str] = "未固化"


class Frozen(Report):
    """Who fixed what and when; `issued` counts the files taken out."""

    stage: ClassVar[Stage] = "frozen"
    title: ClassVar[str] = "已固化"
    account: str
    department: str
    content: Content
    digest: str
    frozen_at: Instant
    issued: int = 0


class ReportEntry(Entry):
    """The row of a report. `region` is what it is about."""

    account: str
    region: str
    month: str
    as_of: Instant
    frozen_at: Instant
    digest: str
    issued: int
