"""A second, naive implementation of clocks: one day after the other, sharing nothing with the first but the input.

It asks the library for each day, works in wall-clock time at the fixed offset +08:00 and knows no cache and no plan.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple

from chinese_calendar import is_workday

from domain.rules import Length, Rule

BEIJING = timezone(timedelta(hours=8))
DAY = timedelta(days=1)


class NaiveClock(NamedTuple):
    warn_at: datetime
    due_at: datetime
    provisional: bool
    rungs: tuple[tuple[datetime, bool], ...]


def naive_clock(rule: Rule, started_at: datetime) -> NaiveClock:
    started = started_at.astimezone(BEIJING)
    due, provisional = forward(rule.length, started, midnight_of(started.date()))
    due_day = midnight_of(due.date())
    if due == due_day:
        due_day -= DAY
    rungs = []
    for rung in rule.ladder:
        at, unknown = forward(rung.after, due, due_day)
        rungs.append((at, provisional or unknown))
    return NaiveClock(max(started, backward(rule.warn_before, due)), due, provisional, tuple(rungs))


def forward(length: Length, instant: datetime, first_midnight: datetime) -> tuple[datetime, bool]:
    if length.day in ("seconds", "minutes", "hours"):
        return instant + timedelta(**{length.day: length.amount}), False
    unknown, counted, day = False, 0, first_midnight
    while counted < length.amount:
        day += DAY
        if length.day == "working_days":
            works, known = look_up(day.date())
            unknown = unknown or not known
            counted += works
        else:
            counted += 1
    if length.day == "calendar_days_rolling":
        works, known = look_up(day.date())
        unknown = not known
        while not works:
            day += DAY
            works, known = look_up(day.date())
            unknown = unknown or not known
    return day + DAY, unknown


def backward(length: Length, due: datetime) -> datetime:
    if length.day in ("seconds", "minutes", "hours"):
        return due - timedelta(**{length.day: length.amount})
    day, counted = due, 0
    while counted < length.amount:
        day -= DAY
        counted += look_up(day.date())[0] if length.day == "working_days" else 1
    return day


def look_up(day: date) -> tuple[bool, bool]:
    """Whether the day is worked, and whether the library knows it."""
    try:
        return is_workday(day), True
    except NotImplementedError:
        return day.isoweekday() <= 5, False


def midnight_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)
