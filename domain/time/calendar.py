"""Working days: weekdays, public holidays and make-up working days (调休), as data with a version and an end.

Legal source: 全国年节及纪念日放假办法 and the yearly notice of the State Council's office (CAL-08, CAL-09), taken
from the PyPI library `chinesecalendar`. Every date here is a date in Asia/Shanghai.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache

from chinese_calendar.constants import Holiday, holidays, workdays

from domain.errors import XiezhiError
from domain.people.actors import region_prefix, within
from domain.value import SHANGHAI, Value

DAY = timedelta(days=1)
SATURDAY = 5
NATIONAL = "CN"


class CalendarMissing(XiezhiError):
    """A calendar is in force whose days are not kept: no deadline of that region can be computed."""

    code = "calendar_missing"


class SpecialDay(Value):
    """A date that does not follow its weekday: a day off on a weekday, or a weekend day that is worked (调休).

    A weekend day inside a holiday is listed too, so that an explanation can name the holiday in one piece.
    """

    day: date
    name: str
    working: bool


class Calendar(Value):
    """Which days are worked in one region, as far as that has been published.

    Outside `known_from`..`known_until` (both included) the answer is provisional: the weekday, or what is known of the
    country where it is known less of the region.
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
        """Whether the day is worked; provisional where the calendar does not know it.

        Raises TypeError for a datetime: it is a `date` to Python, but equals no date, and its zone would be guessed.
        """
        if isinstance(day, datetime):
            raise TypeError(f"a date in Asia/Shanghai is needed, not the datetime {day!r}; use day_of(instant)")
        if day.weekday() < SATURDAY:
            return day not in self.off_days
        return day in self.makeup_days

    def extends(self, other: Calendar) -> bool:
        """Whether it knows more days than another one, and says the same of all that one knows."""
        if not (self.known_from <= other.known_from and other.known_until <= self.known_until):
            return False
        known = (other.known_until - other.known_from).days + 1
        days = (other.known_from + number * DAY for number in range(known))
        more = (self.known_from, self.known_until) != (other.known_from, other.known_until)
        return more and all(self.is_working_day(day) == other.is_working_day(day) for day in days)

    def nth_working_day_after(self, day: date, n: int) -> date:
        """The n-th working day (n >= 1) later than `day`, which itself is not counted."""
        return self._working_day(self._worked_until(day) + _counted_from_one(n))

    def nth_working_day_back(self, day: date, n: int) -> date:
        """The n-th working day (n >= 1) going back from `day`, which itself counts when it is worked."""
        return self._working_day(self._worked_until(day) + 1 - _counted_from_one(n))

    def working_day_from(self, day: date) -> date:
        """`day` itself when it is worked, otherwise the next working day."""
        return self.nth_working_day_after(day - DAY, 1)

    def working_days_between(self, day: date, last: date) -> int:
        """How many working days there are later than `day` and not later than `last`."""
        return self._worked_until(last) - self._worked_until(day)

    def special_between(self, day: date, last: date) -> tuple[SpecialDay, ...]:
        """The special days later than `day` and not later than `last`, in order."""
        dates = self._special_dates
        return self._specials[bisect_right(dates, day) : bisect_right(dates, last)]

    @cached_property
    def _specials(self) -> tuple[SpecialDay, ...]:
        return tuple(sorted(self.days, key=lambda special: special.day))

    @cached_property
    def _special_dates(self) -> tuple[date, ...]:
        return tuple(special.day for special in self._specials)

    @cached_property
    def _listed_until(self) -> date:
        """The end of what is listed: a region may know less than the national days it is joined with."""
        return max((self.known_until, *self._special_dates[-1:]))

    @cached_property
    def _worked(self) -> tuple[int, ...]:
        """The ordinals of the working days that are listed; numbered from 1, counting many of them is one look-up."""
        listed = range(self.known_from.toordinal(), self._listed_until.toordinal() + 1)
        return tuple(ordinal for ordinal in listed if self.is_working_day(date.fromordinal(ordinal)))

    def _worked_until(self, day: date) -> int:
        """The number of the last working day up to `day`. Before and after what is listed weekdays are numbered on."""
        if isinstance(day, datetime):
            raise TypeError(f"a date in Asia/Shanghai is needed, not the datetime {day!r}; use day_of(instant)")
        if day < self.known_from:
            return _weekdays_until(day) - _weekdays_until(self.known_from - DAY)
        if day > self._listed_until:
            return len(self._worked) + _weekdays_until(day) - _weekdays_until(self._listed_until)
        return bisect_right(self._worked, day.toordinal())

    def _working_day(self, number: int) -> date:
        """The working day with that number."""
        beyond = number - len(self._worked)
        if number < 1:
            return _weekday(_weekdays_until(self.known_from - DAY) + number)
        if beyond > 0:
            return _weekday(_weekdays_until(self._listed_until) + beyond)
        return date.fromordinal(self._worked[number - 1])


class Calendars(Value):
    """The editions in force: the national calendar, and the further holidays of regions that fix some (CAL-11).

    `regions` holds them by GB/T 2260 code, `CN` for the national one. An edition of a region lists its further days
    alone; `of` joins them with the national ones.
    """

    regions: tuple[Calendar, ...]

    def of(self, region: str) -> Calendar:
        """The calendar of a region: the national one, joined with the further days of every region around it.

        `CN` is the whole country.
        """
        around = [own for own in self.regions if own.region != NATIONAL and within(region, own.region)]
        if not around:
            return self.national
        return _joined(self.national, tuple(sorted(around, key=lambda own: len(region_prefix(own.region)))))

    def edition(self, region: str) -> Calendar | None:
        """What was fixed for exactly this region, if anything was."""
        return next((own for own in self.regions if own.region == region), None)

    def in_force(self, adopted: Mapping[str, str], kept: Mapping[str, Calendar]) -> Calendars:
        """These as the build brings them, with the editions the record names: region to digest, digest to edition.

        A national edition without kept days is of a release that kept none: its build's was the one in force. Raises
        `CalendarMissing` for any other.
        """
        found = self
        for region, digest in adopted.items():
            if digest in kept:
                found = found.with_edition(kept[digest])
            elif region != NATIONAL:
                raise CalendarMissing(f"行政区划 {region} 启用的日历没有保存内容,请重新装载(xiezhi calendar load)")
        return found

    def with_edition(self, edition: Calendar) -> Calendars:
        """The same with another edition for its region."""
        others = tuple(own for own in self.regions if own.region != edition.region)
        return Calendars(regions=tuple(sorted((*others, edition), key=lambda own: own.region)))

    @cached_property
    def national(self) -> Calendar:
        """The calendar of every region without its own."""
        return next(calendar for calendar in self.regions if calendar.region == NATIONAL)


def day_of(instant: datetime) -> date:
    """The date on the wall in Shanghai at that instant. Raises ValueError for a datetime without a zone."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a zone: {instant!r}")
    return instant.astimezone(SHANGHAI).date()


@lru_cache(maxsize=1)
def national_calendar() -> Calendar:
    """The national calendar (region CN) as the library knows it; whole years, from 2004 on."""
    chinese = {holiday.value: holiday.chinese for holiday in Holiday}
    days = (
        SpecialDay(day=day, name=chinese[table[day]], working=table is workdays)
        for table in (holidays, workdays)
        for day in table
    )
    return edition_of_days(NATIONAL, min(holidays).year, max(holidays).year, days)


def edition_of_days(region: str, first: int, last: int, days: Iterable[SpecialDay]) -> Calendar:
    """An edition over whole years (both included); its version names region, years and content."""
    ordered = tuple(sorted(days, key=lambda special: special.day))
    content = "".join(f"{special.day:%Y%m%d}{'+' if special.working else '-'}" for special in ordered)
    return Calendar(
        region=region,
        version=f"{region}-{first}-{last}-{hashlib.sha256(content.encode()).hexdigest()[:8]}",
        known_from=date(first, 1, 1),
        known_until=date(last, 12, 31),
        days=ordered,
    )


@lru_cache(maxsize=1)
def national_calendars() -> Calendars:
    """The calendars this build brings along: the national one alone."""
    return Calendars(regions=(national_calendar(),))


@lru_cache(maxsize=256)
def _joined(national: Calendar, further: tuple[Calendar, ...]) -> Calendar:
    """The national calendar with further days; what comes later, of the smaller region, prevails.

    Before its first year a region followed the national calendar alone. After the last year of any of them only the
    others are known, so the answer there is provisional.
    """
    days = {special.day: special for calendar in (national, *further) for special in calendar.days}
    return Calendar(
        region=further[-1].region,
        version="+".join(calendar.version for calendar in (national, *further)),
        known_from=national.known_from,
        known_until=min(calendar.known_until for calendar in (national, *further)),
        days=tuple(days[day] for day in sorted(days)),
    )


def _counted_from_one(n: int) -> int:
    if n < 1:
        raise ValueError(f"working days are counted from 1, not {n}")
    return n


def _weekdays_until(day: date) -> int:
    """The number of Mondays to Fridays from 0001-01-01, a Monday, to `day`."""
    weeks, rest = divmod(day.toordinal(), 7)
    return weeks * SATURDAY + min(rest, SATURDAY)


def _weekday(number: int) -> date:
    """The Monday to Friday with that number."""
    weeks, rest = divmod(number - 1, SATURDAY)
    return date.fromordinal(weeks * 7 + rest + 1)
