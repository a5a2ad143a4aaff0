"""A deadline as a value: when it warns, when it is due, who is told when it is missed, and why exactly then.

Conventions, the same everywhere:

* Instants are UTC. Days are days in Asia/Shanghai.
* A clock runs over the half-open stretch [started_at, due_at). What is done before `breach_at` is in time; from
  `breach_at` on (`breach_at <= now`) the clock is overdue.
* Counted in days, the day of the start is not counted and the clock is due at the end of the last day, 24:00, which is
  stored as the next midnight (CAL-01, SAM-22).
* An instant that ends a day belongs to that day: one working day after a due date of Monday 24:00 is Tuesday 24:00.
* A warning in days comes as the last n days begin: three working days before Friday 24:00 is Wednesday 00:00.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from domain.calendar import DAY, SATURDAY, Calendar, day_of
from domain.rules import RUNNING, Act, Certainty, ClockKind, DayType, Length, Recipient, Rule, RulePack, Standing
from domain.value import SHANGHAI, Instant, Value

UNITS = {
    "seconds": "秒",
    "minutes": "分钟",
    "hours": "小时",
    "working_days": "个工作日",
    "calendar_days": "个自然日",
    "calendar_days_rolling": "个自然日（末日遇休息日顺延）",
}

MAX_STEPS = 32
"""An explanation is stored with its clock and never grows past this."""

Mark = Literal["warned", "expired"] | int
"""What time can bring to a clock: the warning, the breach, or a rung of the ladder by its number."""


StepKind = Literal[
    "start",
    "skipped_weekends",
    "skipped_holiday",
    "makeup_workday",
    "rolled",
    "unknown_calendar",
    "omitted",
    "paused",
    "due",
]
"""What a line of an explanation reports."""


class RungAt(Value):
    """A rung with its instant. `number` counts from 1; `provisional` as in `Clock`."""

    number: int
    at: Instant
    act: Act
    to: Recipient
    provisional: bool = False


class Step(Value):
    """One line of the explanation of a due instant, over the days `first`..`last` (both included, Asia/Shanghai)."""

    what: StepKind
    first: date
    last: date
    text: str


class Clock(Value):
    """A started clock, complete in itself: a later change of rule or calendar does not touch it.

    `pack` is name@version, `calendar` a version. `due_at` is what the rule asks for and `breach_at` what is held
    against the department; they differ only for lengths whose day type the law leaves open. `provisional` means that
    warning, due or breach rest on days whose holidays were not yet published.
    """

    id: str
    kind: ClockKind
    rule: str
    pack: str
    calendar: str
    certainty: Certainty
    standing: Standing
    owed_by: str
    started_at: Instant
    warn_at: Instant
    due_at: Instant
    breach_at: Instant
    provisional: bool
    rungs: tuple[RungAt, ...]
    steps: Annotated[tuple[Step, ...], Field(max_length=MAX_STEPS)]

    def overdue(self, now: datetime) -> bool:
        """Whether a clock still running is overdue; equally, whether something done `now` is too late."""
        return self.breach_at <= now


def start_clock(
    *, id: str, rule: Rule, pack: RulePack, calendar: Calendar, started_at: datetime, owed_by: str
) -> Clock:
    """Start a clock under a rule: compute every instant once, with the explanation. `started_at` must have a zone."""
    day = day_of(started_at)
    running = rule.length.running
    plan = _by_day(rule, day, calendar) if running is None else _by_duration(rule, started_at + running, calendar)
    begun = f"{_wall(started_at)} 起算{'，当日不计入' if running is None else ''}"
    return Clock(
        id=id,
        kind=rule.kind,
        rule=rule.id,
        pack=pack.ref,
        calendar=calendar.version,
        certainty=rule.certainty,
        standing=rule.standing,
        owed_by=owed_by,
        started_at=started_at,
        warn_at=max(started_at, plan.warn_at),
        due_at=plan.due_at,
        breach_at=plan.due_at,
        provisional=plan.provisional,
        rungs=plan.rungs,
        steps=(_step("start", day, day, begun), *plan.steps),
    )


def resume_clock(
    clock: Clock, day: DayType, since: datetime, until: datetime, reached: Collection[Mark], calendar: Calendar
) -> Clock:
    """The clock after a pause [since, until): what was left when it began is counted on from its end.

    Counted in days, the day the pause began on has passed and the day it ended on is not counted. A mark already
    reached keeps its instant: a pause never un-misses a deadline.
    """

    def moved(instant: datetime, mark: Mark) -> datetime:
        return instant if mark in reached or instant <= since else _after_pause(instant, day, since, until, calendar)

    due_at, breach_at = moved(clock.due_at, "expired"), moved(clock.breach_at, "expired")
    rungs = tuple(rung.model_copy(update={"at": moved(rung.at, rung.number)}) for rung in clock.rungs)
    last = rungs[-1].at if rungs else breach_at
    return clock.model_copy(
        update={
            "warn_at": moved(clock.warn_at, "warned"),
            "due_at": due_at,
            "breach_at": breach_at,
            "provisional": clock.provisional or not calendar.knows(day_of(last)),
            "rungs": rungs,
            "steps": _with_pause(clock.steps, since, until, due_at),
        }
    )


def _after_pause(instant: datetime, day: DayType, since: datetime, until: datetime, calendar: Calendar) -> datetime:
    """Where an instant that lay ahead when the pause began comes to lie."""
    if day in RUNNING:
        return instant + (until - since)
    paused, resumed, last = day_of(since), day_of(until), _day_ended(instant)
    if day == "working_days":
        left = calendar.working_days_between(paused, last)
        return _midnight((calendar.nth_working_day_after(resumed, left) if left else resumed) + DAY)
    ahead = resumed + (last - paused)
    return _midnight((calendar.working_day_from(ahead) if day == "calendar_days_rolling" else ahead) + DAY)


def _with_pause(steps: tuple[Step, ...], since: datetime, until: datetime, due_at: datetime) -> tuple[Step, ...]:
    """The explanation with one more pause and the new end; the oldest lines give way when it grows too long."""
    first, last, due = day_of(since), day_of(until), _day_ended(due_at)
    told = (
        *(step for step in steps if step.what != "due"),
        _step("paused", first, last, f"{_wall(since)} 至 {_wall(until)} 中止，其间不计入，余下的自恢复后续计"),
        _step("due", due, due, f"续计期满，于 {_wall(due_at)} 届满"),
    )
    if len(told) <= MAX_STEPS:
        return told
    cut, kept = told[1 : len(told) - MAX_STEPS + 2], told[len(told) - MAX_STEPS + 2 :]
    omitted = _step("omitted", cut[0].first, max(step.last for step in cut), f"较早的{len(cut)}项从略")
    return (told[0], omitted, *kept)


def _wall(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def marks(clock: Clock) -> tuple[tuple[datetime, Mark], ...]:
    """Everything time can bring to the clock, in order: warned, then expired, then the rungs, each strictly later."""
    return (
        (clock.warn_at, "warned"),
        (clock.breach_at, "expired"),
        *((rung.at, rung.number) for rung in clock.rungs),
    )


class _Plan(NamedTuple):
    """What a rule comes to, without what only the start instant knows."""

    warn_at: datetime
    due_at: datetime
    provisional: bool
    rungs: tuple[RungAt, ...]
    steps: tuple[Step, ...]


class _Count(NamedTuple):
    """The last day of a count, and the stretch of days that were read but not known."""

    last: date
    unknown: tuple[date, date] | None


@lru_cache(maxsize=16384)
def _by_day(rule: Rule, day: date, calendar: Calendar) -> _Plan:
    """The plan of a length counted in days: the same for every clock of a rule that starts on one day."""
    count = _count(rule.length, day, calendar)
    due_at, provisional = _midnight(count.last + DAY), count.unknown is not None
    return _Plan(
        warn_at=_before(rule.warn_before, due_at, calendar),
        due_at=due_at,
        provisional=provisional,
        rungs=_rungs(rule, due_at, provisional, calendar),
        steps=_counting(rule.length, day, count, calendar),
    )


def _by_duration(rule: Rule, due_at: datetime, calendar: Calendar) -> _Plan:
    """The plan of a running length, which ends at an instant of its own."""
    last, ended = _day_ended(due_at), _wall(due_at)
    counted = f"连续计满{rule.length.amount}{UNITS[rule.length.day]}（含夜间和休息日），于 {ended} 届满"
    return _Plan(
        warn_at=_before(rule.warn_before, due_at, calendar),
        due_at=due_at,
        provisional=False,
        rungs=_rungs(rule, due_at, False, calendar),
        steps=(_step("due", last, last, counted),),
    )


def _count(length: Length, day: date, calendar: Calendar) -> _Count:
    """Count a length in days, the first being the day after `day`."""
    nominal = day + length.amount * DAY
    match length.day:
        case "working_days":
            first, last = day + DAY, calendar.nth_working_day_after(day, length.amount)
        case "calendar_days_rolling":
            first, last = nominal, calendar.working_day_from(nominal)
        case _:
            return _Count(nominal, unknown=None)
    if last > calendar.known_until:
        return _Count(last, unknown=(max(first, calendar.known_until + DAY), last))
    if first < calendar.known_from:
        return _Count(last, unknown=(first, min(last, calendar.known_from - DAY)))
    return _Count(last, unknown=None)


def _before(length: Length, due_at: datetime, calendar: Calendar) -> datetime:
    """Where the last stretch of that length before the due instant begins."""
    if (running := length.running) is not None:
        return due_at - running
    last = _day_ended(due_at)
    if length.day == "working_days":
        return _midnight(calendar.nth_working_day_back(last, length.amount))
    return _midnight(last - (length.amount - 1) * DAY)


def _rungs(rule: Rule, breach_at: datetime, provisional: bool, calendar: Calendar) -> tuple[RungAt, ...]:
    """The ladder in instants, each counted from the breach."""
    rungs = []
    for number, rung in enumerate(rule.ladder, 1):
        at, unknown = breach_at, provisional
        if (running := rung.after.running) is not None:
            at += running
        else:
            count = _count(rung.after, _day_ended(breach_at), calendar)
            at, unknown = _midnight(count.last + DAY), unknown or count.unknown is not None
        rungs.append(RungAt(number=number, at=at, act=rung.act, to=rung.to, provisional=unknown))
    return tuple(rungs)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def _day_ended(instant: datetime) -> date:
    """The day an exclusive end belongs to: midnight is the end of the day before."""
    return day_of(instant - timedelta(microseconds=1))


def _counting(length: Length, day: date, count: _Count, calendar: Calendar) -> tuple[Step, ...]:
    """What the count met after the start day, in order, and the last day."""
    last, unknown = count
    met = _met(day, last, calendar) if length.day == "working_days" else []
    if length.day == "calendar_days_rolling" and (nominal := day + length.amount * DAY) < last:
        met.append(_step("rolled", nominal, last, f"第{length.amount}日 {nominal} 为休息日，顺延至 {last}"))
    if unknown:
        text = f"{unknown[0]} 至 {unknown[1]} 的放假安排不在日历内，暂按周一至周五计，结果为暂定"
        met.append(_step("unknown_calendar", *unknown, text))
    met.sort(key=lambda step: step.first)
    if len(met) > MAX_STEPS - 2:
        cut = met[MAX_STEPS - 3 :]
        text = f"另有{len(cut)}项，按同一日历计算，此处从略"
        met[MAX_STEPS - 3 :] = [_step("omitted", cut[0].first, max(step.last for step in cut), text)]
    return (*met, _step("due", last, last, f"计满{length.amount}{UNITS[length.day]}，于 {last} 24:00 届满"))


def _met(day: date, last: date, calendar: Calendar) -> list[Step]:
    """Make-up days counted and days off skipped between `day` and `last`: one step a holiday, one for all weekends."""
    makeups: list[Step] = []
    holidays: list[Step] = []
    weekends: list[date] = []
    current = day + DAY
    while current <= last:
        if name := calendar.makeup_days.get(current):
            makeups.append(_step("makeup_workday", current, current, f"{current} 为{name}调休上班日，计入"))
        elif name := calendar.off_days.get(current):
            joins = holidays and holidays[-1].last == current - DAY
            first = holidays.pop().first if joins else current
            span = f"{first}" if first == current else f"{first} 至 {current}"
            holidays.append(_step("skipped_holiday", first, current, f"{span} {name}放假，不计入"))
        elif current.weekday() >= SATURDAY:
            weekends.append(current)
        current += DAY
    if weekends:
        text = f"其间周末{len(weekends)}天，不计入"
        holidays.append(_step("skipped_weekends", weekends[0], weekends[-1], text))
    return makeups + holidays


def _step(
    what: StepKind,
    first: date,
    last: date,
    text: str,
) -> Step:
    return Step(what=what, first=first, last=last, text=text)
