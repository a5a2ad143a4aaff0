"""The national calendar: holidays, make-up working days, and where its knowledge ends."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from chinese_calendar import is_workday
from hypothesis import given
from hypothesis import strategies as st

from domain.time.calendar import DAY, day_of, national_calendar

CALENDAR = national_calendar()
PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "data" / "cn_holidays" / "days.csv"


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 2, 13), True),  # Friday before
        (date(2026, 2, 14), True),  # Saturday, make-up for 春节
        (date(2026, 2, 16), False),  # Monday, 春节
        (date(2026, 2, 24), True),  # Tuesday after
        (date(2026, 2, 28), True),  # Saturday, make-up for 春节
        (date(2026, 3, 1), False),  # plain Sunday
    ],
)
def test_given_spring_festival_2026_when_asked_then_holidays_rest_and_makeup_days_work(
    day: date, working: bool
) -> None:
    assert CALENDAR.is_working_day(day) is working


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 1, 1), date(2026, 1, 3)),
        (date(2026, 2, 15), date(2026, 2, 23)),
        (date(2026, 4, 4), date(2026, 4, 6)),
        (date(2026, 5, 1), date(2026, 5, 5)),
        (date(2026, 6, 19), date(2026, 6, 21)),
        (date(2026, 9, 25), date(2026, 9, 27)),
        (date(2026, 10, 1), date(2026, 10, 7)),
    ],
)
def test_given_the_notice_for_2026_when_compared_then_every_holiday_rests(first: date, last: date) -> None:
    """CAL-10, with the make-up days below."""
    assert CALENDAR.working_days_between(first - DAY, last) == 0
    assert set(CALENDAR.off_days) >= {first + number * DAY for number in range((last - first).days + 1)}


def test_given_the_notice_for_2026_when_compared_then_exactly_its_makeup_days_are_worked_on_weekends() -> None:
    worked = ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))
    assert [day for day in CALENDAR.makeup_days if day.year == 2026] == [date(2026, *day) for day in worked]


def test_given_a_special_day_when_asked_then_the_holiday_is_named_in_chinese() -> None:
    assert CALENDAR.off_days[date(2026, 10, 1)] == "国庆节"
    assert CALENDAR.makeup_days[date(2026, 10, 10)] == "国庆节"


def test_given_every_known_day_when_compared_with_the_library_then_all_agree() -> None:
    count = (CALENDAR.known_until - CALENDAR.known_from).days + 1
    days = [CALENDAR.known_from + offset * DAY for offset in range(count)]
    assert [day for day in days if CALENDAR.is_working_day(day) != is_workday(day)] == []


def test_given_the_end_of_publication_when_passed_then_weekdays_rule_and_the_day_is_unknown() -> None:
    end = CALENDAR.known_until
    assert CALENDAR.knows(end)
    assert not CALENDAR.knows(end + DAY)
    assert CALENDAR.is_working_day(date(end.year + 1, 10, 1)) == (date(end.year + 1, 10, 1).weekday() < 5)


def test_given_the_calendar_when_built_then_the_version_names_region_years_and_content() -> None:
    assert CALENDAR.region == "CN"
    assert CALENDAR.version.startswith(f"CN-2004-{CALENDAR.known_until.year}-")
    assert national_calendar() is CALENDAR


def test_given_a_datetime_when_asked_for_a_day_then_it_is_refused() -> None:
    with pytest.raises(TypeError, match="day_of"):
        CALENDAR.is_working_day(datetime(2026, 10, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="zone"):
        day_of(datetime(2026, 10, 1))  # noqa: DTZ001


def test_given_less_than_one_day_when_counted_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        CALENDAR.nth_working_day_after(date(2026, 1, 1), 0)


def test_given_evening_utc_when_the_day_is_asked_then_it_is_tomorrow_in_shanghai() -> None:
    assert day_of(datetime(2026, 12, 31, 16, tzinfo=UTC)) == date(2027, 1, 1)


@given(st.dates(date(2003, 1, 1), date(2030, 1, 1)), st.integers(1, 60))
def test_given_any_day_when_counting_forth_and_back_then_the_first_counted_day_returns(day: date, n: int) -> None:
    last = CALENDAR.nth_working_day_after(day, n)
    assert CALENDAR.nth_working_day_back(last, n) == CALENDAR.working_day_from(day + timedelta(days=1))


@pytest.mark.proof
def test_given_the_published_notices_when_compared_then_every_day_2018_to_2026_agrees() -> None:
    if not PUBLISHED.exists():
        pytest.skip(f"no {PUBLISHED}")
    with PUBLISHED.open(encoding="utf-8", newline="") as lines:
        listed = {date.fromisoformat(row["date"]): row["is_off_day"] == "0" for row in csv.DictReader(lines)}
    days = [date(2018, 1, 1) + offset * DAY for offset in range((date(2026, 12, 31) - date(2018, 1, 1)).days + 1)]
    assert len(days) == 3287
    assert [day for day in days if CALENDAR.is_working_day(day) != listed.get(day, day.weekday() < 5)] == []
