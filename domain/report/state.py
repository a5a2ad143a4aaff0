"""A monthly report as it stands: not frozen, or frozen for ever."""

from __future__ import annotations

from typing import Literal

from domain.record.decider import Entry
from domain.report.figures import Content
from domain.value import Instant, Value

Stage = Literal["unfrozen", "frozen"]


class Unfrozen(Value):
    """Nothing was fixed yet."""

    stage: Literal["unfrozen"] = "unfrozen"


class Frozen(Value):
    """Who fixed what and when; `issued` counts the files taken out."""

    stage: Literal["frozen"] = "frozen"
    account: str
    department: str
    content: Content
    digest: str
    frozen_at: Instant
    issued: int = 0


Report = Unfrozen | Frozen


class ReportEntry(Entry):
    """The row of a report. `region` is what it is about."""

    account: str
    region: str
    month: str
    as_of: Instant
    frozen_at: Instant
    digest: str
    issued: int
