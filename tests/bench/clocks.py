"""`python -m tests.bench.clocks`: how many deadlines a second one processor computes, beside a bare walk over the days.

Every measure is of whole clocks unless it says otherwise: all warnings, due, breach, ladder and the explanation. *Cold*
is the first clock of a rule on a day, *warm* every other one; *bare* looks up one day after the other, as many days as
the same lengths need, and does nothing else.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import domain.nouns  # noqa: F401 — whose events the rules name
from domain.time import clock as clocks
from domain.time.calendar import DAY, day_of, national_calendar
from domain.time.clock import Clock, exclude, extend, start_clock
from domain.time.counting import Days, count, midnight
from domain.time.rules import Length, Rule, load_pack
from domain.time.steps import Excluded, Extended
from tests.bench.measures import ForeignCpu, median, spread
from tests.bench.sizes import asked_of

CALENDAR = national_calendar()
PACK = load_pack("national")
ROWS = tuple(
    rule
    for rule in PACK.rules
    if isinstance(rule.length, Length) and rule.length.day in ("working_days", "unspecified_days")
)
FIRST = datetime(2024, 1, 2, 1, 0, tzinfo=UTC)
DEPARTMENT = "370102.market"
PER_SECOND = 50_000

Start = tuple[Rule, datetime]
Given = TypeVar("Given")


def starts(size: int) -> tuple[Start, ...]:
    """Distinct pairs of a rule and a day, at different times of the day."""
    days = (FIRST + timedelta(days=number, seconds=37 * number) for number in itertools.count())
    return tuple(itertools.islice(((rule, day) for day in days for rule in ROWS), size))


def started(start: Start) -> Clock:
    rule, at = start
    return start_clock(id="handling-1", rule=rule, pack=PACK, calendar=CALENDAR, started_at=at, owed_by=DEPARTMENT)


def due_alone(start: Start) -> datetime:
    """The due instant and nothing else, without any cache."""
    rule, at = start
    assert isinstance(rule.length, Length)
    return midnight(count(rule.length, day_of(at), Days(CALENDAR), working=True).last + DAY)


def bare(start: Start) -> date:
    """The same last day, found by asking for each day on the way."""
    rule, at = start
    assert isinstance(rule.length, Length)
    day, left = day_of(at), rule.length.amount
    while left:
        day += DAY
        left -= CALENDAR.is_working_day(day)
    return day


def once_paused(clock: Clock) -> Clock:
    since = clock.started_at + timedelta(days=2)
    stood = Excluded(since=since, until=since + timedelta(days=9), ground="appraisal")
    return exclude(clock, stood, (), CALENDAR, stood.until)


def twice_extended(clock: Clock) -> Clock:
    once = extend(clock, Extended(grade=1, amount=5), (), CALENDAR, clock.started_at)
    return extend(once, Extended(grade=2, amount=3), (), CALENDAR, clock.started_at)


def measured(size: int, blocks: int) -> dict[str, list[float]]:
    """Computations a second, block by block; the measures take turns, so that all of them meet the same noise."""
    given = starts(size)
    running = [started(start) for start in given]
    found: dict[str, list[float]] = {}
    for _ in range(blocks):
        found.setdefault("bare walk over the days", []).append(rate(bare, given))
        found.setdefault("due instant alone", []).append(rate(due_alone, given))
        clocks._begun_on.cache_clear()  # the cold start is what is measured
        found.setdefault("clock started, cold", []).append(rate(started, given))
        warm = given[: clocks._begun_on.cache_info().currsize]
        for start in warm:
            started(start)
        found.setdefault("clock started, warm", []).append(rate(started, warm))
        found.setdefault("one pause", []).append(rate(once_paused, running))
        found.setdefault("two extensions (each counted)", []).append(2 * rate(twice_extended, running))
    return found


def rate(compute: Callable[[Given], object], given: Sequence[Given]) -> float:
    """How many a second of processor time, which others cannot take away."""
    begun = time.process_time()
    for each in given:
        compute(each)
    return len(given) / (time.process_time() - begun)


def told(found: dict[str, list[float]]) -> str:
    """A table: median and spread of each, and how it compares to the bare walk of the same block."""
    base = found["bare walk over the days"]
    lines = [f"{'computations a second':<34} {'median':>10} {'spread':>7} {'to bare':>8}"]
    for name, rates in found.items():
        ratio = median([one / other for one, other in zip(rates, base, strict=True)])
        lines.append(f"{name:<34} {median(rates):>10,.0f} {spread(rates):>7.0%} {ratio:>8.2f}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.clocks", description=__doc__)
    parser.add_argument("--size", type=int, default=12_000)
    parser.add_argument("--blocks", type=int, default=9)
    asked = asked_of(parser, size=1_000, blocks=1)
    with ForeignCpu() as foreign:
        found = measured(asked.size, asked.blocks)
    print(told(found))
    reached = median(found["clock started, warm"]) >= PER_SECOND
    print(f"at least {PER_SECOND:,} a second: {'yes' if reached else 'no'}")
    print(f"other programs took {foreign.share:.0%} of the processors meanwhile")


if __name__ == "__main__":
    main()
