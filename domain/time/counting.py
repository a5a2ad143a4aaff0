"""Counting time: running hours and days of each type, with stretches that do not count (停止计算).

Conventions, the same everywhere:

* Instants are UTC. Days are days in Asia/Shanghai.
* Counted in days, the day of the start is not counted, and a count ends at the end of its last day, 24:00, which is
  stored as the next midnight (CAL-01, SAM-22). An instant that ends a day belongs to that day.
* Time stops counting at an instant and counts on from another. Counted in days, the day it stopped on has passed and
  the day it goes on from is not counted, as the day of a start is not. Time that stopped on the last day of a count
  has that end left: the count ends with the day it goes on from.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from domain.time.calendar import DAY, Calendar, day_of
from domain.time.rules import RUNNING, Length
from domain.value import SHANGHAI

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""The instant of what has no end, later than everything: a clock without a number sorts last and is never overdue."""


class Stretch(NamedTuple):
    """A stretch of time [since, until) that does not count."""

    since: datetime
    until: datetime


class Count(NamedTuple):
    """The last day of a count, the days that were read although no calendar knows their holidays yet, and the day off
    the end rolled on from."""

    last: date
    unknown: tuple[date, date] | None = None
    rolled_from: date | None = None


def merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same time without overlaps, in order."""
    found: list[Stretch] = []
    for stretch in sorted(stretches):
        if found and stretch.since <= found[-1].until:
            found[-1] = Stretch(found[-1].since, max(found[-1].until, stretch.until))
        else:
            found.append(stretch)
    return tuple(found)


def run_on(start: datetime, length: timedelta, without: Sequence[Stretch]) -> datetime:
    """The instant at which so much time has run since `start`; `without` is merged."""
    end = start + length
    for stretch in without:
        if stretch.since >= end:
            break
        if stretch.until > start:
            end += stretch.until - max(stretch.since, start)
    return end


class Days:
    """The days of a calendar that count: all but those on which time stood still."""

    def __init__(self, calendar: Calendar, without: Sequence[Stretch] = ()) -> None:
        self.calendar = calendar
        self.without = without
        self._still = [(day_of(stretch.since), day_of(stretch.until)) for stretch in without]

    def stood_still(self, day: date) -> bool:
        """Whether time did not count on that day."""
        return any(first < day <= last for first, last in self._still)

    def end(self, last: date) -> date:
        """The day on which a count up to `last` ends: that day, or the one time goes on from when it stopped on it."""
        for first, until in self._still:
            last = until if first == last else last
        return last

    def nth_after(self, day: date, n: int, *, working: bool) -> date:
        """The n-th day (n >= 1) that counts later than `day`."""
        for first, until in self._still:
            if until > day:
                before = self._between(day, max(day, first), working)
                if before >= n:
                    break
                day, n = until, n - before
        return self.calendar.nth_working_day_after(day, n) if working else day + n * DAY

    def nth_back(self, last: date, n: int, *, working: bool) -> date:
        """The n-th day (n >= 1) that counts going back from `last`, which itself counts when it can."""
        for first, until in reversed(self._still):
            if first < last:
                after = self._between(min(until, last), last, working)
                if after >= n:
                    break
                last, n = first, n - after
        return self.calendar.nth_working_day_back(last, n) if working else last - (n - 1) * DAY

    def _between(self, day: date, last: date, working: bool) -> int:
        """How many days later than `day` and not later than `last` would count."""
        return self.calendar.working_days_between(day, last) if working else (last - day).days


def count(length: Length, day: date, days: Days, *, working: bool) -> Count:
    """Count a length in days after `day`. `working`: how days of no stated type are read."""
    if length.day == "working_days" or (length.day == "unspecified_days" and working):
        last = days.end(days.nth_after(day, length.amount, working=True))
        return Count(last, _unknown(day + DAY, last, days.calendar))
    nominal = days.end(days.nth_after(day, (_nominal(length, day) - day).days, working=False))
    if not length.roll:
        return Count(nominal)
    last = nominal
    while not days.calendar.is_working_day(last):
        last = days.end(days.nth_after(last, 1, working=True))
    return Count(last, _unknown(nominal, last, days.calendar), nominal if nominal < last else None)


def back(length: Length, due_at: datetime, days: Days) -> datetime:
    """Where the last stretch of that length before `due_at` begins: three days before Friday 24:00: Wednesday 00:00."""
    if length.running is not None:
        return due_at - length.running
    return midnight(days.nth_back(day_ended(due_at), length.amount, working=length.day == "working_days"))


def on(length: Length, instant: datetime, days: Days) -> tuple[datetime, bool]:
    """The instant that lies a length after another one, and whether that rests on days not yet known."""
    if length.running is not None:
        return run_on(instant, length.running, days.without), False
    counted = count(length, day_ended(instant), days, working=True)
    return midnight(counted.last + DAY), counted.unknown is not None


def midnight(day: date) -> datetime:
    """The instant at which a day begins in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def day_ended(instant: datetime) -> date:
    """The day an exclusive end belongs to: midnight is the end of the day before."""
    return day_of(instant - timedelta(microseconds=1))


def _nominal(length: Length, day: date) -> date:
    """The last day by the wall calendar: a month ends on the day of the same number, or on its last (CAL-01)."""
    if length.day in RUNNING:
        raise TypeError(f"{length.day} are not counted in days")
    if length.day not in ("months", "years"):
        return day + length.amount * DAY
    ahead = day.month - 1 + length.amount * (12 if length.day == "years" else 1)
    year, month = day.year + ahead // 12, ahead % 12 + 1
    return date(year, month, min(day.day, months.monthrange(year, month)[1]))


def _unknown(first: date, last: date, calendar: Calendar) -> tuple[date, date] | None:
    """The days between that no calendar knows."""
    if last > calendar.known_until:
        return max(first, calendar.known_until + DAY), last
    if first < calendar.known_from:
        return first, min(last, calendar.known_from - DAY)
    return None
