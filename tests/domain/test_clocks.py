"""Clocks: due instants by hand, by a second implementation, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import national_calendar
from domain.clocks import MAX_STEPS, Clock, Mark, marks, start_clock
from domain.rules import DayType, Length, Rule, RulePack, Rung, load_pack
from domain.value import SHANGHAI
from tests.domain.naive_clocks import naive_clock

CALENDAR = national_calendar()
NATIONAL = load_pack("national")
EXAMPLES = settings(max_examples=3000, deadline=None)


def rule(amount: int, day: DayType, *, warn: Length | None = None, ladder: tuple[Rung, ...] = ()) -> Rule:
    return Rule(
        id="test.handling.1",
        kind="handling",
        title="试验",
        certainty="P",
        standing="internal",
        length=Length(amount=amount, day=day),
        warn_before=warn or Length(amount=1, day="hours"),
        ladder=ladder,
        effective_from=date(2004, 1, 1),
    )


def start(under: Rule, started_at: datetime, pack: RulePack = NATIONAL) -> Clock:
    return start_clock(
        id="handling-1", rule=under, pack=pack, calendar=CALENDAR, started_at=started_at, owed_by="110000-scjg"
    )


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def rungs(day: DayType, *amounts: int) -> tuple[Rung, ...]:
    return tuple(Rung(after=Length(amount=amount, day=day), act="escalate", to="head") for amount in amounts)


@pytest.mark.parametrize(
    ("amount", "day", "started", "due"),
    [
        (1, "working_days", "2026-03-02T09:00", "2026-03-04T00:00"),  # Monday -> end of Tuesday
        (1, "working_days", "2026-03-06T23:59:59", "2026-03-10T00:00"),  # Friday night -> end of Monday
        (1, "working_days", "2026-03-02T00:00", "2026-03-04T00:00"),  # midnight begins its own day
        (1, "working_days", "2026-02-13T10:00", "2026-02-15T00:00"),  # make-up Saturday counts
        (1, "working_days", "2026-02-14T10:00", "2026-02-25T00:00"),  # over 春节
        (15, "working_days", "2026-09-18T17:00", "2026-10-16T00:00"),  # 国庆, 中秋 and both make-up days
        (5, "working_days", "2025-12-29T10:00", "2026-01-07T00:00"),  # over the year, 01-04 is a make-up Sunday
        (2, "calendar_days", "2026-02-14T10:00", "2026-02-17T00:00"),  # ends inside 春节
        (2, "calendar_days_rolling", "2026-02-14T10:00", "2026-02-25T00:00"),  # rolls out of it
        (1, "calendar_days_rolling", "2026-02-27T10:00", "2026-03-01T00:00"),  # make-up Saturday does not roll
        (24, "hours", "2026-02-14T10:00:01", "2026-02-15T10:00:01"),  # through the night and the holiday
        (90, "seconds", "2026-02-14T23:59", "2026-02-15T00:00:30"),
        (2, "minutes", "2026-02-14T23:59", "2026-02-15T00:01"),
    ],
)
def test_given_a_start_when_the_clock_starts_then_it_is_due_when_a_calendar_on_the_wall_says_so(
    amount: int, day: DayType, started: str, due: str
) -> None:
    clock = start(rule(amount, day), local(started))
    assert clock.due_at == clock.breach_at == local(due)
    assert clock.due_at.tzinfo is UTC
    assert not clock.provisional


def test_given_a_due_midnight_when_passed_then_only_the_stretch_before_it_was_in_time() -> None:
    clock = start(rule(1, "working_days"), local("2026-03-02T09:00"))
    assert not clock.overdue(clock.due_at - timedelta(microseconds=1))
    assert clock.overdue(clock.due_at)


def test_given_a_ladder_in_working_days_when_due_ends_a_day_then_the_next_day_is_the_first() -> None:
    clock = start(rule(1, "working_days", ladder=rungs("working_days", 1, 2)), local("2026-03-04T09:00"))
    assert clock.due_at == local("2026-03-06T00:00")  # end of Thursday
    assert [rung.at for rung in clock.rungs] == [local("2026-03-07T00:00"), local("2026-03-10T00:00")]


def test_given_a_ladder_in_working_days_when_due_lies_within_a_day_then_that_day_is_not_counted() -> None:
    clock = start(rule(24, "hours", ladder=rungs("working_days", 1)), local("2026-03-02T15:00"))
    assert clock.rungs[0].at == local("2026-03-05T00:00")


def test_given_a_warning_in_working_days_when_a_weekend_lies_between_then_it_comes_as_the_last_days_begin() -> None:
    clock = start(rule(5, "working_days", warn=Length(amount=3, day="working_days")), local("2026-03-04T09:00"))
    assert clock.due_at == local("2026-03-12T00:00")
    assert clock.warn_at == local("2026-03-09T00:00")  # Monday, Tuesday, Wednesday are left


def test_given_a_warning_longer_than_the_clock_when_started_then_it_warns_at_once() -> None:
    under = rule(1, "working_days", warn=Length(amount=9, day="working_days"), ladder=rungs("hours", 1))
    clock = start(under, local("2026-03-02T09:00"))
    assert marks(clock) == (
        (clock.started_at, "warned"),
        (clock.breach_at, "expired"),
        (clock.breach_at + timedelta(hours=1), 1),
    )


@pytest.mark.parametrize(
    ("day", "started", "provisional"),
    [
        ("working_days", "2026-12-30T09:00", False),
        ("working_days", "2026-12-31T09:00", True),
        ("calendar_days", "2026-12-31T09:00", False),
        ("calendar_days_rolling", "2026-12-31T09:00", True),
        ("hours", "2026-12-31T23:30", False),
        ("working_days", "2003-12-30T09:00", True),
    ],
)
def test_given_the_edge_of_the_calendar_when_days_beyond_are_read_then_the_clock_is_provisional(
    day: DayType, started: str, provisional: bool
) -> None:
    clock = start(rule(1, day), local(started))
    assert clock.provisional is provisional
    assert any(step.what == "unknown_calendar" for step in clock.steps) is provisional


def test_given_a_known_due_date_when_only_the_ladder_leaves_the_calendar_then_only_the_rung_is_provisional() -> None:
    clock = start(rule(1, "working_days", ladder=rungs("working_days", 1, 2)), local("2026-12-29T09:00"))
    assert not clock.provisional
    assert [rung.provisional for rung in clock.rungs] == [False, True]


def test_given_national_day_when_explained_then_each_holiday_and_makeup_day_is_named_once() -> None:
    clock = start(NATIONAL.rule_for("handling", date(2026, 9, 18), "370102.market"), local("2026-09-18T17:00"))
    assert [(step.what, step.first, step.last) for step in clock.steps] == [
        ("start", date(2026, 9, 18), date(2026, 9, 18)),
        ("skipped_weekends", date(2026, 9, 19), date(2026, 10, 11)),
        ("makeup_workday", date(2026, 9, 20), date(2026, 9, 20)),
        ("skipped_holiday", date(2026, 9, 25), date(2026, 9, 27)),
        ("skipped_holiday", date(2026, 10, 1), date(2026, 10, 7)),
        ("makeup_workday", date(2026, 10, 10), date(2026, 10, 10)),
        ("due", date(2026, 10, 15), date(2026, 10, 15)),
    ]
    assert clock.steps[0].text == "2026-09-18 17:00:00 起算，当日不计入"
    assert clock.steps[4].text == "2026-10-01 至 2026-10-07 国庆节放假，不计入"
    assert clock.steps[-1].text == "计满15个工作日，于 2026-10-15 24:00 届满"


def test_given_a_rolled_end_when_explained_then_the_step_names_both_days() -> None:
    clock = start(rule(2, "calendar_days_rolling"), local("2026-02-14T10:00"))
    assert [step.text for step in clock.steps[1:]] == [
        "第2日 2026-02-16 为休息日，顺延至 2026-02-24",
        "计满2个自然日（末日遇休息日顺延），于 2026-02-24 24:00 届满",
    ]


def test_given_years_of_working_days_when_explained_then_the_explanation_stays_small_and_says_so() -> None:
    clock = start(rule(2000, "working_days"), local("2012-01-04T10:00"))
    assert len(clock.steps) == MAX_STEPS
    assert [step.what for step in clock.steps[-2:]] == ["omitted", "due"]


def test_given_a_started_clock_when_stored_and_read_then_it_is_the_same_and_small() -> None:
    clock = start(NATIONAL.rule_for("handling", date(2026, 9, 18), "370102.market"), local("2026-09-18T17:00"))
    stored = clock.model_dump_json()
    assert Clock.model_validate_json(stored) == clock
    assert len(stored.encode()) < 2048
    assert (clock.rule, clock.pack, clock.calendar) == ("market.handling.1", "national@2026.1", CALENDAR.version)


def test_given_an_instant_without_zone_when_started_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        start(rule(1, "hours"), datetime(2026, 1, 1))  # noqa: DTZ001


RUNNING: tuple[DayType, ...] = ("seconds", "minutes", "hours")
COUNTED: tuple[DayType, ...] = ("working_days", "calendar_days", "calendar_days_rolling")
STARTS = st.datetimes(datetime(2003, 11, 1), datetime(2027, 6, 1), timezones=st.just(SHANGHAI)) | st.builds(  # noqa: DTZ001
    lambda day: datetime(day.year, day.month, day.day, tzinfo=SHANGHAI), st.dates(date(2018, 1, 1), date(2027, 3, 1))
)


@st.composite
def any_rule(draw: st.DrawFn) -> Rule:
    day = draw(st.sampled_from(RUNNING + COUNTED))
    warn_day = draw(st.sampled_from(RUNNING if day in RUNNING else (*RUNNING, "working_days", "calendar_days")))
    ladder_day = draw(st.sampled_from((*RUNNING, "working_days", "calendar_days")))
    afters = sorted(draw(st.sets(st.integers(1, 30), max_size=4)))
    return rule(
        draw(st.integers(1, 90)),
        day,
        warn=Length(amount=draw(st.integers(1, 40)), day=warn_day),
        ladder=rungs(ladder_day, *afters),
    )


@EXAMPLES
@given(any_rule(), STARTS)
def test_given_any_rule_and_start_when_counted_day_by_day_then_every_instant_agrees(
    under: Rule, started_at: datetime
) -> None:
    clock, naive = start(under, started_at), naive_clock(under, started_at)
    assert clock.warn_at == naive.warn_at
    assert clock.due_at == naive.due_at
    assert clock.provisional == naive.provisional
    assert tuple((rung.at, rung.provisional) for rung in clock.rungs) == naive.rungs


@EXAMPLES
@given(any_rule(), STARTS)
def test_given_any_clock_when_its_marks_are_listed_then_they_are_strictly_ordered_and_none_precedes_the_start(
    under: Rule, started_at: datetime
) -> None:
    clock = start(under, started_at)
    instants = [instant for instant, _ in marks(clock)]
    expected: list[Mark] = ["warned", "expired", *range(1, len(under.ladder) + 1)]
    assert [mark for _, mark in marks(clock)] == expected
    assert clock.started_at <= instants[0]
    assert all(earlier < later for earlier, later in pairwise(instants))


@EXAMPLES
@given(any_rule(), STARTS)
def test_given_any_clock_when_explained_then_the_steps_add_up_to_the_due_day(under: Rule, started_at: datetime) -> None:
    clock = start(under, started_at)
    first, last = clock.steps[0], clock.steps[-1]
    assert (first.what, last.what) == ("start", "due")
    assert len(clock.steps) <= MAX_STEPS
    assert [step.first for step in clock.steps] == sorted(step.first for step in clock.steps)
    if under.length.day != "working_days":
        return
    days = [first.first + timedelta(days=n) for n in range(1, (last.last - first.first).days + 1)]
    off = {
        day for step in clock.steps if step.what == "skipped_holiday" for day in days if step.first <= day <= step.last
    }
    worked = {step.first for step in clock.steps if step.what == "makeup_workday"}
    counted = [day for day in days if day in worked or (day.weekday() < 5 and day not in off)]
    assert len(counted) == under.length.amount
