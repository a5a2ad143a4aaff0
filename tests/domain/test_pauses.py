"""A paused clock against a second, naive one that walks day by day and skips the days of the pause."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import national_calendar
from domain.clocks import marks, resume_clock, start_clock
from domain.rules import load_pack
from tests.domain.naive_clocks import BEIJING, DAY, look_up, midnight_of

CALENDAR = national_calendar()
FIRST = datetime(2024, 1, 2, tzinfo=UTC)
PACK = load_pack("national")
RULE = PACK.rule_for("handling", date(2026, 1, 5), "370102.market")
"""15 working days, warned 3 working days before, three rungs."""


def started(day: str, at: datetime) -> Any:
    length = RULE.length.model_copy(update={"day": day, "amount": 15})
    rule = RULE.model_copy(update={"length": length})
    return start_clock(id="handling-1", rule=rule, pack=PACK, calendar=CALENDAR, started_at=at, owed_by="370102.market")


def naive_due(day: str, start: datetime, since: datetime, until: datetime, amount: int) -> datetime:
    """The end of the day on which `amount` days have been counted, those of the pause left out."""
    current = midnight_of(start.astimezone(BEIJING).date())
    first_out = midnight_of(since.astimezone(BEIJING).date()) + DAY
    last_out = midnight_of(until.astimezone(BEIJING).date())
    counted = 0
    while counted < amount:
        current += DAY
        if first_out <= current <= last_out:
            continue
        counted += look_up(current.date())[0] if day == "working_days" else 1
    if day == "calendar_days_rolling":
        while not look_up(current.date())[0]:
            current += DAY
    return current + DAY


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["working_days", "calendar_days"]),
    st.integers(0, 945 * 24 * 60),
    st.integers(0, 14 * 24 * 60),
    st.integers(0, 60 * 24 * 60),
)
def test_given_any_pause_before_the_end_then_the_due_instant_is_where_the_naive_count_ends(
    day: str, minutes_before: int, minutes_until: int, minutes_long: int
) -> None:
    start = FIRST + timedelta(minutes=minutes_before)
    clock = started(day, start)
    since = min(start + timedelta(minutes=minutes_until), clock.warn_at - timedelta(minutes=1))
    since = max(since, start)
    until = since + timedelta(minutes=minutes_long)
    resumed = resume_clock(clock, day, since, until, (), CALENDAR)  # type: ignore[arg-type]
    assert resumed.due_at == naive_due(day, start, since, until, 15)
    instants = [at for at, _ in marks(resumed)]
    assert instants == sorted(instants)
    assert resumed.due_at >= clock.due_at


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10_000), st.integers(0, 10_000))
def test_given_running_time_then_a_pause_moves_every_mark_by_exactly_its_length(minutes: int, pause: int) -> None:
    at = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    length = RULE.length.model_copy(update={"day": "minutes", "amount": 20_000})
    warning = length.model_copy(update={"amount": 60})
    rule = RULE.model_copy(update={"length": length, "warn_before": warning, "ladder": ()})
    clock = start_clock(id="handling-1", rule=rule, pack=PACK, calendar=CALENDAR, started_at=at, owed_by="x")
    since = at + timedelta(minutes=minutes)
    resumed = resume_clock(clock, "minutes", since, since + timedelta(minutes=pause), (), CALENDAR)
    moved = timedelta(minutes=pause)
    assert (resumed.warn_at, resumed.due_at) == (clock.warn_at + moved, clock.due_at + moved)


def test_given_ever_more_pauses_then_the_explanation_stays_bounded_and_ends_with_the_due_day() -> None:
    at = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    clock = started("working_days", at)
    for number in range(60):
        since = at + timedelta(minutes=number)
        clock = resume_clock(clock, "working_days", since, since + timedelta(seconds=30), (), CALENDAR)
    assert len(clock.steps) == 32
    assert [step.what for step in clock.steps[:2]] == ["start", "omitted"]
    assert clock.steps[-1].what == "due"
