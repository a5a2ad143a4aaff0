"""Clocks that run their course: due instants by hand, and what holds for all. What changes them: `test_pauses`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.time.calendar import national_calendar
from domain.time.case_clocks import Timed, TimedClock, earliest
from domain.time.clock import Clock, marks, start_clock
from domain.time.counting import NEVER
from domain.time.rules import (
    RUNNING,
    Act,
    DayType,
    Length,
    Promptly,
    Recipient,
    Rule,
    Rung,
    Term,
    YearlyDate,
    load_pack,
)
from domain.time.steps import MAX_STEPS, sentence
from domain.value import SHANGHAI

CALENDAR = national_calendar()
NATIONAL = load_pack("national")
EXAMPLES = settings(max_examples=500, deadline=None)


def rule(length: Term, *, warn: tuple[Length, ...] = (), ladder: tuple[Rung, ...] = ()) -> Rule:
    return Rule(
        id="test.handling.1",
        kind="handling",
        title="试验",
        certainty="P",
        standing="internal",
        length=length,
        warn_before=warn,
        ladder=ladder,
        starts=("clue.signed_for",),
        stops=("clue.returned",),
        owed_by="lead",
        effective_from=date(2004, 1, 1),
    )


def start(under: Rule, started_at: datetime, until: date | None = None) -> Clock:
    return start_clock(
        id="handling-1",
        rule=under,
        pack=NATIONAL,
        calendar=CALENDAR,
        started_at=started_at,
        owed_by="370102.market",
        until=until,
    )


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def length(amount: int, day: str) -> Length:
    """`calendar_days+` rolls."""
    return Length.model_validate({"amount": amount, "day": day.rstrip("+"), "roll": day.endswith("+")})


def rungs(day: DayType, *amounts: int) -> tuple[Rung, ...]:
    act: Act = "escalate"
    to: Recipient = "head"
    return tuple(Rung(after=Length(amount=amount, day=day), act=act, to=to) for amount in amounts)


def handling() -> Rule:
    found = NATIONAL.rule_for("handling", date(2026, 9, 18), "370102.market")
    assert found is not None
    return found


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
        (2, "calendar_days+", "2026-02-14T10:00", "2026-02-25T00:00"),  # rolls out of it
        (1, "calendar_days+", "2026-02-27T10:00", "2026-03-01T00:00"),  # make-up Saturday does not roll
        (24, "hours", "2026-02-14T10:00:01", "2026-02-15T10:00:01"),  # through the night and the holiday
        (90, "seconds", "2026-02-14T23:59", "2026-02-15T00:00:30"),
        (1, "months", "2026-01-31T10:00", "2026-03-01T00:00"),  # no 31st in February: its last day
        (1, "months", "2026-02-28T10:00", "2026-03-29T00:00"),  # the day of the same number, not the last one
        (1, "months+", "2026-02-01T10:00", "2026-03-03T00:00"),  # 1 March is a Sunday
        (12, "months", "2025-03-02T10:00", "2026-03-03T00:00"),
        (1, "years", "2024-02-29T10:00", "2025-03-01T00:00"),
        (2, "years+", "2024-10-05T10:00", "2026-10-09T00:00"),  # ends inside 国庆
        (0, "hours", "2026-02-14T23:59", "2026-02-14T23:59"),  # on the spot
        (2, "minutes", "2026-02-14T23:59", "2026-02-15T00:01"),
    ],
)
def test_given_a_start_when_the_clock_starts_then_it_is_due_when_a_calendar_on_the_wall_says_so(
    amount: int, day: str, started: str, due: str
) -> None:
    clock = start(rule(length(amount, day)), local(started))
    assert clock.due_at == clock.breach_at == local(due)
    assert clock.due_at.tzinfo is UTC
    assert not clock.provisional


def test_given_a_due_midnight_when_passed_then_only_the_stretch_before_it_was_in_time() -> None:
    clock = start(rule(length(1, "working_days")), local("2026-03-02T09:00"))
    assert not clock.overdue(clock.due_at - timedelta(microseconds=1))
    assert clock.overdue(clock.due_at)


def test_given_a_ladder_in_working_days_when_due_ends_a_day_then_the_next_day_is_the_first() -> None:
    clock = start(rule(length(1, "working_days"), ladder=rungs("working_days", 1, 2)), local("2026-03-04T09:00"))
    assert clock.due_at == local("2026-03-06T00:00")  # end of Thursday
    assert [rung.at for rung in clock.rungs] == [local("2026-03-07T00:00"), local("2026-03-10T00:00")]


def test_given_a_ladder_in_working_days_when_due_lies_within_a_day_then_that_day_is_not_counted() -> None:
    clock = start(rule(length(24, "hours"), ladder=rungs("working_days", 1)), local("2026-03-02T15:00"))
    assert clock.rungs[0].at == local("2026-03-05T00:00")


def test_given_a_warning_in_working_days_when_a_weekend_lies_between_then_it_comes_as_the_last_days_begin() -> None:
    clock = start(rule(length(5, "working_days"), warn=(length(3, "working_days"),)), local("2026-03-04T09:00"))
    assert clock.due_at == local("2026-03-12T00:00")
    assert clock.warn_at == local("2026-03-09T00:00")  # Monday, Tuesday, Wednesday are left


def test_given_a_warning_longer_than_the_clock_when_started_then_it_warns_at_once() -> None:
    under = rule(length(1, "working_days"), warn=(length(9, "working_days"),), ladder=rungs("hours", 1))
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
        ("calendar_days+", "2026-12-31T09:00", True),
        ("hours", "2026-12-31T23:30", False),
        ("working_days", "2003-12-30T09:00", True),
    ],
)
def test_given_the_edge_of_the_calendar_when_days_beyond_are_read_then_the_clock_is_provisional(
    day: str, started: str, provisional: bool
) -> None:
    clock = start(rule(length(1, day)), local(started))
    assert clock.provisional is provisional
    assert any(step.what == "unknown_calendar" for step in clock.steps) is provisional


def test_given_a_known_due_date_when_only_the_ladder_leaves_the_calendar_then_only_the_rung_is_provisional() -> None:
    clock = start(rule(length(1, "working_days"), ladder=rungs("working_days", 1, 2)), local("2026-12-29T09:00"))
    assert not clock.provisional
    assert [rung.provisional for rung in clock.rungs] == [False, True]


def test_given_national_day_when_explained_then_each_holiday_and_makeup_day_is_named_once() -> None:
    clock = start(handling(), local("2026-09-18T17:00"))
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
    clock = start(rule(length(2, "calendar_days+")), local("2026-02-14T10:00"))
    assert [step.text for step in clock.steps[1:]] == [
        "末日 2026-02-16 为休息日，顺延至 2026-02-24",
        "计满2个自然日，于 2026-02-24 24:00 届满",
    ]


def test_given_years_of_working_days_when_explained_then_the_explanation_stays_small_and_says_so() -> None:
    clock = start(rule(length(2000, "working_days")), local("2012-01-04T10:00"))
    assert len(clock.steps) == MAX_STEPS
    assert [step.what for step in clock.steps[-2:]] == ["omitted", "due"]


def test_given_a_started_clock_when_stored_and_read_then_it_is_the_same_and_small() -> None:
    clock = start(handling(), local("2026-09-18T17:00"))
    stored = clock.model_dump_json()
    assert Clock.model_validate_json(stored) == clock
    assert len(stored.encode()) < 3072
    assert (clock.rule, clock.pack, clock.calendar) == ("market.handling.1", NATIONAL.ref, CALENDAR.version)


def test_given_an_instant_without_zone_when_started_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        start(rule(length(1, "hours")), datetime(2026, 1, 1))  # noqa: DTZ001


def test_given_an_open_day_type_when_started_then_the_calendar_reading_warns_and_the_working_one_is_the_breach() -> (
    None
):
    clock = start(rule(length(10, "unspecified_days"), warn=(length(2, "calendar_days"),)), local("2026-03-02T09:00"))
    assert clock.due_at == local("2026-03-13T00:00")
    assert clock.breach_at == local("2026-03-17T00:00")
    assert clock.warn_points == (local("2026-03-11T00:00"), clock.due_at)
    assert not clock.overdue(clock.due_at)
    assert clock.overdue(clock.breach_at)
    assert [step.what for step in clock.steps] == ["start", "due", "skipped_weekends", "breach"]


def test_given_a_date_in_a_document_when_started_then_it_is_due_as_that_day_ends() -> None:
    under = rule(length(3, "working_days"), warn=(length(1, "working_days"),), ladder=rungs("working_days", 1))
    clock = start(under, local("2026-03-02T09:00"), date(2026, 3, 14))  # a Saturday: a named date does not roll
    assert clock.due_at == clock.breach_at == local("2026-03-15T00:00")
    assert clock.warn_points == (local("2026-03-13T00:00"),)
    assert [rung.at for rung in clock.rungs] == [local("2026-03-17T00:00")]


@pytest.mark.parametrize(
    ("started", "due"),
    [
        ("2026-03-02T09:00", "2026-06-26T00:00"),
        ("2026-06-24T23:59:59", "2026-06-26T00:00"),
        ("2026-06-25T00:00", "2027-06-26T00:00"),  # on the day itself: the next one
    ],
)
def test_given_a_date_of_the_year_when_started_then_the_next_one_is_meant(started: str, due: str) -> None:
    assert start(rule(YearlyDate(month=6, day_of_month=25)), local(started)).due_at == local(due)


def test_given_no_number_when_years_have_passed_then_it_is_not_overdue_and_nothing_rings() -> None:
    clock = start(rule(Promptly()), local("2026-03-02T09:00"))
    assert (clock.due_at, clock.breach_at, marks(clock)) == (NEVER, NEVER, ())
    assert not clock.overdue(local("2126-03-02T09:00"))
    timed: Timed = (TimedClock(clock=clock),)
    assert earliest(timed) is None


def test_given_steps_when_told_as_a_sentence_then_it_is_one_that_ends() -> None:
    clock = start(rule(length(1, "working_days")), local("2026-03-02T09:00"))
    assert sentence(clock.steps) == ("2026-03-02 09:00:00 起算，当日不计入；计满1个工作日，于 2026-03-03 24:00 届满。")


COUNTED = ("working_days", "calendar_days", "calendar_days+", "months", "months+", "years")
STARTS = st.datetimes(datetime(2003, 11, 1), datetime(2027, 6, 1), timezones=st.just(SHANGHAI)) | st.builds(  # noqa: DTZ001
    lambda day: datetime(day.year, day.month, day.day, tzinfo=SHANGHAI), st.dates(date(2018, 1, 1), date(2027, 3, 1))
)


@st.composite
def any_rule(draw: st.DrawFn) -> Rule:
    running = tuple(RUNNING)
    day = draw(st.sampled_from((*running, *COUNTED)))
    warn_day = draw(st.sampled_from(running if day in RUNNING else (*running, "working_days", "calendar_days")))
    ladder_day: DayType = draw(st.sampled_from(("seconds", "hours", "working_days", "calendar_days")))
    afters = sorted(draw(st.sets(st.integers(1, 30), max_size=4)))
    most = {"years": 3, "months": 20, "months+": 20}.get(day, 90)
    return rule(
        length(draw(st.integers(1, most)), day),
        warn=tuple(length(amount, warn_day) for amount in draw(st.lists(st.integers(1, 40), max_size=3))),
        ladder=rungs(ladder_day, *afters),
    )


@EXAMPLES
@given(any_rule(), STARTS)
def test_given_any_clock_when_its_marks_are_listed_then_they_are_in_order_and_none_precedes_the_start(
    under: Rule, started_at: datetime
) -> None:
    clock = start(under, started_at)
    instants = [instant for instant, _ in marks(clock)]
    warned = ["warned", "warned.2", "warned.3"][: len(under.warn_before)]
    assert [mark for _, mark in marks(clock)] == [*warned, "expired", *range(1, len(under.ladder) + 1)]
    assert clock.started_at <= instants[0]
    assert all(earlier <= later for earlier, later in pairwise(instants))
    climbed = [clock.breach_at, *(rung.at for rung in clock.rungs)]
    assert all(earlier < later for earlier, later in pairwise(climbed))


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
