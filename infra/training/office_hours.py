"""Time as offices keep it: working days in Asia/Shanghai, from 9:00 to 12:00 and from 13:30 to 17:30."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.time.calendar import DAY, Calendar, day_of
from domain.value import SHANGHAI

MINUTES_A_DAY = 7 * 60
_HOURS = ((time(9), time(12)), (time(13, 30), time(17, 30)))
_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+):(\d\d))?")


def minutes_of(span: str) -> int:
    """Working minutes of a span such as `2d`, `1:30` or `1d4:00`. Raises ValueError for anything else."""
    found = _SPAN.fullmatch(span)
    if not span or found is None:
        raise ValueError(f"no span of working time: {span!r}")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return days * MINUTES_A_DAY + hours * 60 + minutes


@dataclass(frozen=True)
class OfficeTime:
    """Working time under a calendar, looked at from `now`."""

    calendar: Calendar
    now: datetime

    def day(self, back: int) -> date:
        """The `back`-th working day before today; on a day off, before the next working day. Yesterday's is 1."""
        today = self.calendar.working_day_from(day_of(self.now))
        return self.calendar.nth_working_day_back(today - DAY, back) if back else today

    def day_off_before(self, day: date) -> date:
        """The last day off before `day`."""
        day -= DAY
        while self.calendar.is_working_day(day):
            day -= DAY
        return day

    def after(self, instant: datetime, minutes: int) -> datetime:
        """The instant so many working minutes later; within working hours, whenever `instant` was."""
        left = timedelta(minutes=minutes)
        for opens, closes in self._hours_from(day_of(instant)):
            begin = max(opens, instant)
            if begin < closes:
                if left <= closes - begin:
                    return begin + left
                left -= closes - begin
        raise AssertionError("days never end")

    def _hours_from(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        while True:
            if self.calendar.is_working_day(day):
                for opens, closes in _HOURS:
                    yield at_wall(day, opens), at_wall(day, closes)
            day += DAY


def at_wall(day: date, wall: time) -> datetime:
    """The instant of a wall clock in Shanghai."""
    return datetime.combine(day, wall, tzinfo=SHANGHAI)
