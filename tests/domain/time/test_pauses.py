"""What changes a clock that runs: pauses, time left out later, extensions, a calendar that becomes known. By hand.

Any number of them at random, against a second implementation: `test_clock_histories`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from domain.time.calendar import edition_of_days, national_calendar
from domain.time.clock import Clock, Mark, exclude, extend, marks, retime, start_clock
from domain.time.rules import Length, PauseGround, Rule, Rung, Term, load_pack
from domain.time.steps import MAX_STEPS, Excluded, Extended
from domain.value import SHANGHAI

CALENDAR = national_calendar()
PACK = load_pack("national")
LADDER = tuple(Rung(after=Length(amount=amount, day="hours"), act="escalate", to="head") for amount in (1, 24))


def started(
    length: Term, at: str, *, warn: Length | None = None, ladder: tuple[Rung, ...] = (), until: date | None = None
) -> Clock:
    rule = Rule(
        id="test.handling.1",
        kind="handling",
        title="试验",
        certainty="P",
        standing="internal",
        length=length,
        warn_before=(warn,) if warn else (),
        ladder=ladder,
        starts=("clue.signed_for",),
        stops=("clue.returned",),
        owed_by="lead",
        effective_from=date(2004, 1, 1),
    )
    return start_clock(
        id="handling-1",
        rule=rule,
        pack=PACK,
        calendar=CALENDAR,
        started_at=local(at),
        owed_by="370102.market",
        until=until,
    )


def days(amount: int, *, roll: bool = False) -> Length:
    return Length(amount=amount, day="calendar_days" if roll else "working_days", roll=roll)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def stretch(since: str, until: str, ground: PauseGround = "appraisal") -> Excluded:
    return Excluded(since=local(since), until=local(until), ground=ground)


def paused(clock: Clock, since: str, until: str, *reached: Mark) -> Clock:
    """Time stood still and goes on from `until`."""
    return exclude(clock, stretch(since, until), reached, CALENDAR, local(until))


@pytest.mark.parametrize(
    ("since", "until", "due"),
    [
        ("2026-03-03T10:00", "2026-03-03T15:00", "2026-03-10T00:00"),  # within a day: that day counts
        ("2026-03-03T10:00", "2026-03-04T09:00", "2026-03-11T00:00"),  # overnight: the day it goes on from does not
        ("2026-03-03T10:00", "2026-03-10T10:00", "2026-03-17T00:00"),  # a week
        ("2026-03-06T17:00", "2026-03-09T09:00", "2026-03-11T00:00"),  # over a weekend: only Monday is lost
        ("2026-03-02T09:00", "2026-03-05T10:00", "2026-03-13T00:00"),  # from the start
        ("2026-03-09T16:00", "2026-03-12T09:00", "2026-03-13T00:00"),  # on the last day: its end is left
        ("2026-03-09T16:00", "2026-03-14T09:00", "2026-03-15T00:00"),  # … also when it goes on on a Saturday
    ],
)
def test_given_five_working_days_when_time_stood_still_then_the_rest_is_counted_from_where_it_goes_on(
    since: str, until: str, due: str
) -> None:
    clock = started(days(5), "2026-03-02T09:00")
    assert clock.due_at == local("2026-03-10T00:00")
    assert paused(clock, since, until).due_at == local(due)


def test_given_a_pause_on_the_last_day_when_it_goes_on_then_it_is_not_overdue_at_once() -> None:
    clock = paused(started(days(1), "2026-03-02T09:00"), "2026-03-03T23:00", "2026-03-20T08:00")
    assert not clock.overdue(local("2026-03-20T23:59"))
    assert clock.overdue(local("2026-03-21T00:00"))


def test_given_a_rolling_end_when_time_stood_still_on_the_day_it_rolls_to_then_it_rolls_on() -> None:
    clock = started(days(5, roll=True), "2026-03-02T09:00")  # Saturday the 7th, so Monday the 9th
    assert clock.due_at == local("2026-03-10T00:00")
    assert paused(clock, "2026-03-07T10:00", "2026-03-10T10:00").due_at == local("2026-03-11T00:00")


def test_given_running_hours_when_paused_then_every_mark_moves_by_exactly_that_time() -> None:
    clock = started(
        Length(amount=48, day="hours"), "2026-03-02T09:00", warn=Length(amount=1, day="hours"), ladder=LADDER
    )
    moved = paused(clock, "2026-03-03T09:00", "2026-03-05T10:30:07")
    gap = timedelta(days=2, minutes=90, seconds=7)
    assert marks(moved) == tuple((at + gap, mark) for at, mark in marks(clock))


def test_given_overlapping_stretches_when_counted_then_no_time_is_given_twice() -> None:
    clock = started(Length(amount=48, day="hours"), "2026-03-02T09:00")
    twice = paused(paused(clock, "2026-03-02T10:00", "2026-03-02T20:00"), "2026-03-02T12:00", "2026-03-02T22:00")
    assert twice.due_at == clock.due_at + timedelta(hours=12)
    by_day = started(days(5), "2026-03-02T09:00")
    for since, until in (("2026-03-03T10:00", "2026-03-05T10:00"), ("2026-03-04T10:00", "2026-03-06T10:00")):
        by_day = paused(by_day, since, until)
    assert by_day.due_at == local("2026-03-13T00:00")


def test_given_an_overdue_clock_when_paused_then_the_ladder_waits_and_nothing_is_unmissed() -> None:
    clock = started(days(1), "2026-03-02T09:00", ladder=LADDER)
    rested = paused(clock, "2026-03-04T02:00", "2026-03-10T02:00", "expired", 1)
    assert (rested.due_at, rested.breach_at) == (clock.due_at, clock.breach_at)
    assert rested.rungs[0] == clock.rungs[0], "reached: keeps its instant"
    assert rested.rungs[1].at == clock.rungs[1].at + timedelta(days=6), "two of 24 hours had run"


def test_given_a_deadline_that_is_over_when_time_is_left_out_later_then_nothing_of_it_moves() -> None:
    clock = started(Length(amount=10, day="unspecified_days"), "2026-03-02T09:00")
    reached: tuple[Mark, ...] = ("warned", "expired")
    late = exclude(clock, stretch("2026-03-03T09:00", "2026-03-06T09:00"), reached, CALENDAR, local("2026-03-20T09:00"))
    assert (late.due_at, late.breach_at, late.warn_points) == (clock.due_at, clock.breach_at, clock.warn_points)


def test_given_the_first_reading_has_passed_when_computed_anew_then_only_the_breach_moves() -> None:
    clock = started(Length(amount=10, day="unspecified_days"), "2026-03-02T09:00")
    assert (clock.due_at, clock.breach_at) == (local("2026-03-13T00:00"), local("2026-03-17T00:00"))
    stood = stretch("2026-03-03T09:00", "2026-03-05T09:00")
    later = exclude(clock, stood, ("warned",), CALENDAR, local("2026-03-14T09:00"))
    assert (later.due_at, later.warn_points) == (clock.due_at, clock.warn_points)
    assert later.breach_at == local("2026-03-19T00:00")


def test_given_a_warning_that_was_given_when_the_readings_come_to_be_one_and_two_again_then_it_is_not_lost() -> None:
    clock = started(Length(amount=5, day="unspecified_days"), "2026-03-02T09:00")
    assert (clock.due_at, clock.breach_at) == (local("2026-03-08T00:00"), local("2026-03-10T00:00"))
    one = paused(clock, "2026-03-06T10:00", "2026-03-08T09:00", "warned")
    assert one.warn_points == clock.warn_points
    two = exclude(
        one, stretch("2026-03-03T10:00", "2026-03-04T10:00"), ("warned",), CALENDAR, local("2026-03-09T09:00")
    )
    assert two.warn_points == clock.warn_points
    assert two.breach_at == local("2026-03-11T00:00")


def test_given_an_extension_when_granted_then_the_whole_length_is_counted_from_the_start() -> None:
    clock = started(days(5), "2026-03-02T09:00")
    longer = extend(clock, Extended(grade=1, amount=5), (), CALENDAR, local("2026-03-04T09:00"))
    assert longer.due_at == started(days(10), "2026-03-02T09:00").due_at
    again = extend(longer, Extended(grade=2, amount=3), (), CALENDAR, local("2026-03-05T09:00"))
    assert again.due_at == started(days(13), "2026-03-02T09:00").due_at
    texts = [step.text for step in again.steps if step.what == "extended"]
    assert texts == ["其中经批准第1次延长5个工作日", "其中经批准第2次延长3个工作日"]


def test_given_months_when_extended_then_they_are_counted_as_months() -> None:
    clock = started(Length(amount=1, day="months"), "2026-01-31T09:00")
    longer = extend(clock, Extended(grade=1, amount=1), (), CALENDAR, local("2026-02-01T09:00"))
    assert longer.due_at == local("2026-04-01T00:00")


def test_given_a_date_in_a_document_when_time_stood_still_past_it_then_it_is_due_when_time_goes_on() -> None:
    clock = started(days(3), "2026-03-02T09:00", until=date(2026, 3, 6))
    assert paused(clock, "2026-03-04T09:00", "2026-03-05T09:00").due_at == clock.due_at
    assert paused(clock, "2026-03-04T09:00", "2026-03-20T09:00").due_at == local("2026-03-20T09:00")


def test_given_a_calendar_that_did_not_know_a_holiday_when_it_does_then_what_is_not_reached_moves() -> None:
    before = edition_of_days("CN", 2004, 2025, (day for day in CALENDAR.days if day.day.year <= 2025))
    clock = retime(started(days(1), "2026-02-14T09:00", ladder=LADDER), (), before, local("2026-02-14T09:00"))
    assert (clock.due_at, clock.provisional) == (local("2026-02-17T00:00"), True)
    known = retime(clock, (), CALENDAR, local("2026-02-15T09:00"))
    assert (known.due_at, known.provisional, known.calendar) == (local("2026-02-25T00:00"), False, CALENDAR.version)
    assert [rung.at for rung in known.rungs] == [known.due_at + timedelta(hours=1), known.due_at + timedelta(hours=24)]


def test_given_an_end_that_would_lie_in_the_past_when_computed_anew_then_it_is_now_and_the_ladder_follows() -> None:
    clock = started(days(5), "2026-03-02T09:00", ladder=LADDER)
    now = local("2026-03-20T09:00")
    late = retime(clock, (), CALENDAR, now)
    assert late.breach_at == now
    assert [rung.at - now for rung in late.rungs] == [timedelta(hours=1), timedelta(hours=24)]
    assert late.steps[-1].text == "算得的时刻已过，以重新计算的时刻 2026-03-20 09:00:00 为准"


def test_given_a_pause_when_explained_then_a_person_can_count_it_again() -> None:
    clock = paused(started(days(5), "2026-03-02T09:00"), "2026-03-03T10:00", "2026-03-10T10:00")
    assert [step.text for step in clock.steps] == [
        "2026-03-02 09:00:00 起算，当日不计入",
        "2026-03-03 10:00:00 至 2026-03-10 10:00:00 因检测、检验、鉴定不计入，余下的自恢复后续计",
        "其间周末2天，不计入",
        "计满5个工作日，于 2026-03-16 24:00 届满",
    ]


def test_given_ever_more_pauses_when_explained_then_the_explanation_stays_bounded_and_ends_with_the_due_day() -> None:
    clock = started(days(15), "2026-03-02T12:00")
    for number in range(60):
        since = clock.started_at + timedelta(minutes=number)
        stood = Excluded(since=since, until=since + timedelta(seconds=30), ground="hearing")
        clock = exclude(clock, stood, (), CALENDAR, stood.until)
    assert len(clock.steps) == MAX_STEPS
    assert (clock.steps[0].what, clock.steps[-2].what, clock.steps[-1].what) == ("start", "omitted", "due")
