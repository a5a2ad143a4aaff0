"""The table of departments: what each answers for now, and how long things took it in a period.

Figures of the stock are as of now. Figures of the flow are of a period, half-open, by business time: a duration counts
when it ended. Nothing here counts checks, fines or other results of enforcement: they are not what a department is
measured by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import computed_field
from pydantic.dataclasses import dataclass as computing

from domain.people.actors import region_prefix
from domain.value import SHANGHAI, Instant, Value

NOTES = (
    "待办、临期、逾期、中止和等待为当前时点数;退回、签收、办理、实际用时和持有为所选期间内(按业务时间,含起始、不含截止)结束的数。",
    "中位数、九成分位数取实际出现过的值,以秒计;net_ 开头的已扣除依法中止的时间。",
    "依法中止不计入部门的净用时,也不计入其临期;中止前已经逾期的仍列为逾期。等待检验鉴定、等待其他机关,以及退回后尚无部门签收的,"
    "单列为等待,不作为对该部门的不利情形(尽职免责)。",
    "实际用时自该轮首次分办起算(不论分给谁),到反馈为止;迟签、退回都不会使其缩短。重新办理另起一轮。",
    "本表不统计检查次数、罚款数额,也不据此评分或者排名。",
)
"""What a reader must know to judge the figures; goes out with every answer."""


class TableFilter(Value):
    """What the table is narrowed to: cases of a region with all below it, of a channel, of a category; and the period
    [since, until) of the flow."""

    since: Instant
    until: Instant
    region: str | None = None
    channel: str | None = None
    category: str | None = None

    @property
    def region_prefix(self) -> str:
        """The leading digits of the subtree; empty for all regions."""
        return region_prefix(self.region) if self.region is not None else ""


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """The calendar month in Asia/Shanghai that an instant lies in, as [first, first of the next)."""
    first = now.astimezone(SHANGHAI).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=31)).replace(day=1)
    return first.astimezone(UTC), following.astimezone(UTC)


@dataclass(frozen=True)
class Late:
    """Clocks a department owes that are in some state, and the cases they are of."""

    cases: int = 0
    clocks: int = 0


@computing(frozen=True)
class Waiting:
    """Cases for which it waits for others: during a test or appraisal, for another authority, or given back
    while nobody has signed for it since."""

    appraisal: int = 0
    other_authority: int = 0
    handed_back: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def cases(self) -> int:
        """All together; no case of a department is in two of them."""
        return self.appraisal + self.other_authority + self.handed_back


@dataclass(frozen=True)
class Spread:
    """How long something took, in seconds: half and nine tenths stay within these values. `net_` leaves out time that
    lawfully did not count."""

    count: int = 0
    median: int | None = None
    p90: int | None = None
    net_median: int | None = None
    net_p90: int | None = None


@computing(frozen=True)
class Held:
    """Cases it let go of for good in the period, and how long it had held them, all stretches of a case together; in
    seconds. `net_` leaves out time that lawfully did not count."""

    cases: int = 0
    total: int = 0
    net_total: int = 0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def average(self) -> int | None:
        """A case's share, rounded down."""
        return self.total // self.cases if self.cases else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def net_average(self) -> int | None:
        """A case's share without lawful pauses, rounded down."""
        return self.net_total // self.cases if self.cases else None


@dataclass(frozen=True)
class DepartmentLine:
    """A department's figures."""

    department: str
    name: str | None = None
    """None when the register does not know it."""
    open: int = 0
    """Cases it answers for that are not completed."""
    due_soon: Late = Late()
    overdue: Late = Late()
    paused: Late = Late()
    waiting: Waiting = field(default_factory=Waiting)
    returned: Mapping[str, int] = field(default_factory=dict)
    """How often it gave a case back, or time did for it, by ground."""
    signing: Spread = Spread()
    handling: Spread = Spread()
    real: Spread = Spread()
    held: Held = field(default_factory=Held)


@dataclass(frozen=True)
class DepartmentTable:
    """The lines of all departments that have any figure, by code, and when they were counted."""

    as_of: datetime
    lines: tuple[DepartmentLine, ...]
