"""Working days: weekdays, public holidays and make-up working days (调休), as data with a version and an end.

Legal source: 全国年节及纪念日放假办法 and the yearly notice of the State Council's office (CAL-08, CAL-09), taken
from the PyPI library `chinesecalendar`. Every date here is a date in Asia/Shanghai.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache

from chinese_calendar.constants import Holiday, holidays, workdays

from domain.value import SHANGHAI, Value

DAY = timedelta(days=1)
SATURDAY = 5


class SpecialDay(Value):
    """A date that does not follow its weekday: a day off on a weekday, or a weekend day that is worked (调休).

    A weekend day inside a holiday is listed too, so that an explanation can name the holiday in one piece.
    """

    day: date
    name: str
    working: bool


class Calendar(Value):
    """Which days are worked in one region, as far as that has been published.

    Outside `known_from`..`known_until` (both included) only the weekday is known: the answer there is provisional.
    The version names the content, so two calendars with different days never share one.
    """

    region: str
    version: str
    known_from: date
    known_until: date
    days: tuple[SpecialDay, ...]

    @cached_property
    def off_days(self) -> Mapping[date, str]:
        """Days off with the name of the holiday."""
        return {special.day: special.name for special in self.days if not special.working}

    @cached_property
    def makeup_days(self) -> Mapping[date, str]:
        """Make-up working days (调休上班) with the name of the holiday they pay for."""
        return {special.day: special.name for special in self.days if special.working}

    def __hash__(self) -> int:
        return hash((self.region, self.version))

    def knows(self, day: date) -> bool:
        """Whether the day's holidays have been published; if not, `is_working_day` is provisional."""
        return self.known_from <= day <= self.known_until

    def is_working_day(self, day: date) -> bool:
        """Whether the day is worked; by weekday alone where the calendar does not know it.

        Raises TypeError for a datetime: it is a `date` to Python, but equals no date, and its zone would be guessed.
        """
        if isinstance(day, datetime):
            raise TypeError(f"a date in Asia/Shanghai is needed, not the datetime {day!r}; use day_of(instant)")
        if day.weekday() < SATURDAY:
            return day not in self.off_days
        return day in self.makeup_days

    def nth_working_day_after(self, day: date, n: int) -> date:
        """The n-th working day (n >= 1) later than `day`, which itself is not counted."""
        return self._nth(_days(day + DAY, DAY), n)

    def nth_working_day_back(self, day: date, n: int) -> date:
        """The n-th working day (n >= 1) going back from `day`, which itself counts when it is worked."""
        return self._nth(_days(day, -DAY), n)

    def working_days_between(self, day: date, last: date) -> int:
        """How many working days lie after `day`, up to and including `last`."""
        return sum(self.is_working_day(day + number * DAY) for number in range(1, (last - day).days + 1))

    def working_day_from(self, day: date) -> date:
        """`day` itself when it is worked, otherwise the next working day."""
        return self._nth(_days(day, DAY), 1)

    def _nth(self, days: Iterator[date], n: int) -> date:
        if n < 1:
            raise ValueError(f"working days are counted from 1, not {n}")
        for day in days:
            n -= self.is_working_day(day)
            if n == 0:
                return day
        raise AssertionError("days never end")


def day_of(instant: datetime) -> date:
    """The date on the wall in Shanghai at that instant. Raises ValueError for a datetime without a zone."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a zone: {instant!r}")
    return instant.astimezone(SHANGHAI).date()


@lru_cache(maxsize=1)
def national_calendar() -> Calendar:
    """The national calendar (region CN) as the library knows it; whole years, from 2004 on."""
    chinese = {holiday.value: holiday.chinese for holiday in Holiday}
    days = tuple(
        SpecialDay(day=day, name=chinese[name], working=table is workdays)
        for day, table in sorted([(day, holidays) for day in holidays] + [(day, workdays) for day in workdays])
        for name in [table[day]]
    )
    content = "".join(f"{special.day:%Y%m%d}{'+' if special.working else '-'}" for special in days)
    first, last = days[0].day.year, max(holidays).year
    return Calendar(
        region="CN",
        version=f"CN-{first}-{last}-{hashlib.sha256(content.encode()).hexdigest()[:8]}",
        known_from=date(first, 1, 1),
        known_until=date(last, 12, 31),
        days=days,
    )


def _days(start: date, step: timedelta) -> Iterator[date]:
    day = start
    while True:
        yield day
        day += step
