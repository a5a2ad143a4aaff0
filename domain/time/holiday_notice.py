"""A published arrangement of holidays (放假安排), checked and taken into the calendars in force.

Legal source: the yearly notice of the State Council's office (CAL-09); a region's own notice of further holidays
(CAL-11). A notice speaks for whole years; every date is one in Asia/Shanghai.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from domain.errors import XiezhiError
from domain.time.calendar import DAY, SATURDAY, Calendar, Calendars, SpecialDay, edition_of_days
from domain.value import Value

SHOWN = 20
"""Days that are listed one by one in a message."""
WEEKDAYS = "一二三四五六日"


class CalendarInvalid(XiezhiError):
    """A file of holidays breaks a check. `problems` names the days."""

    code = "calendar_invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("日历文件有误,没有装载: " + listed(problems))
        self.problems = tuple(problems)


class KnownDaysChange(XiezhiError):
    """A notice says otherwise of days that are known; that is taken only when it is asked for."""

    code = "known_days_change"

    def __init__(self, changes: Sequence[DayChange]) -> None:
        told = listed([str(change) for change in changes])
        super().__init__(f"已公布的 {len(changes)} 天将改变,没有装载: {told}。确认无误的,请加 --replace")
        self.changes = tuple(changes)


class Notice(Value):
    """What one notice fixes: in these years these days do not follow their weekday, all others do."""

    region: str
    """`CN`, or a GB/T 2260 code: its further days, besides the national ones."""
    title: str
    years: tuple[int, ...]
    days: tuple[SpecialDay, ...]


class DayChange(Value):
    """A day that was known otherwise."""

    day: date
    working: bool
    """From now on."""

    def __str__(self) -> str:
        return f"{self.day} {'休息改为上班' if self.working else '上班改为休息'}"


class Revision(Value):
    """What a notice comes to: the edition of its region, and the known days it changes."""

    edition: Calendar
    changed: tuple[DayChange, ...]


def revised(calendars: Calendars, notice: Notice, *, replace: bool = False) -> Revision:
    """The region's edition with the notice taken in. A region's first notice of a year only adds to the national days.

    Days the region has fixed before stay as they are, their names included, unless `replace`. Raises `CalendarInvalid`,
    and `KnownDaysChange` when such a day would change without `replace`.
    """
    known = calendars.of(notice.region)
    if problems := (*_problems(notice, known), *_gaps(notice, known)):
        raise CalendarInvalid(problems)
    own = calendars.edition(notice.region)
    outside = [special for special in own.days if special.day.year not in notice.years] if own else []
    whole = _edition(own, notice, [*outside, *notice.days])
    after = calendars.with_edition(whole)
    changed = tuple(_changes(known, after.of(notice.region), notice.years))
    if replace or own is None:
        return Revision(edition=whole, changed=changed)
    if fixed := [change for change in changed if own.knows(change.day)]:
        raise KnownDaysChange(fixed)
    new = [special for special in notice.days if not own.knows(special.day)]
    return Revision(edition=_edition(own, notice, [*own.days, *new]), changed=changed)


def listed(told: Sequence[str]) -> str:
    """The first of many, and how many more there are."""
    more = f" 等共 {len(told)} 项" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more


def _edition(own: Calendar | None, notice: Notice, days: Sequence[SpecialDay]) -> Calendar:
    years = [*notice.years, *((own.known_from.year, own.known_until.year) if own else ())]
    return edition_of_days(notice.region, min(years), max(years), days)


def _changes(known: Calendar, after: Calendar, years: Sequence[int]) -> Iterator[DayChange]:
    """The known days of these years that are judged otherwise afterwards."""
    for year in sorted(years):
        day = date(year, 1, 1)
        while day.year == year:
            if known.knows(day) and known.is_working_day(day) != (working := after.is_working_day(day)):
                yield DayChange(day=day, working=working)
            day += DAY


def _problems(notice: Notice, known: Calendar) -> Iterator[str]:
    """What is wrong with a notice. A line that only repeats what is known of its day does no harm."""
    repeated = {given.day for given in notice.days if _repeats(given, known)}
    for day, count in sorted(Counter(special.day for special in notice.days).items()):
        if count > 1:
            names = "、".join(f"{given.name}{_what(given)}" for given in notice.days if given.day == day)
            yield f"{day} 重复列出({names})"
    for special in sorted(notice.days, key=lambda special: special.day):
        if special.day.year not in notice.years:
            years = "、".join(map(str, sorted(notice.years)))
            yield f"{special.day} {special.name}{_what(special)}不在所列年份({years})内,请把该年整年列入"
        if special.working and special.day.weekday() < SATURDAY and special.day not in repeated:
            yield f"{special.day} 是星期{WEEKDAYS[special.day.weekday()]},本就上班,不能列为调休上班日"
    for run in _runs(sorted({special.day for special in notice.days if not special.working})):
        if all(day.weekday() >= SATURDAY and day not in repeated for day in run):
            yield f"{run[0]} 只是普通周末,不必列出;与放假的工作日相连的周末才随假期列出"


def _gaps(notice: Notice, known: Calendar) -> Iterator[str]:
    """Years that leave a hole in what is known."""
    years = sorted(set(notice.years))
    for earlier, later in pairwise((*range(known.known_from.year, known.known_until.year + 1), *years)):
        if later > earlier + 1:
            yield f"{later} 年与已有年份不相接:现有日历到 {known.known_until.year} 年,缺 {earlier + 1} 年"
    if years[0] < known.known_from.year - 1:
        yield f"{years[0]} 年与已有年份不相接:现有日历从 {known.known_from.year} 年起"


def _repeats(special: SpecialDay, known: Calendar) -> bool:
    return known.knows(special.day) and known.is_working_day(special.day) == special.working


def _runs(days: Sequence[date]) -> Iterator[list[date]]:
    """Days in stretches without a gap."""
    run: list[date] = []
    for day in days:
        if run and day > run[-1] + DAY:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _what(special: SpecialDay) -> str:
    return "调休上班" if special.working else "放假"
