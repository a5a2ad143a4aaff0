"""Why a deadline ends when it ends: the steps a person can check on a wall calendar, as data and in Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Literal

from domain.time.calendar import DAY, day_of
from domain.time.counting import Count, Days, day_ended
from domain.time.rules import Length, PauseGround, Terms
from domain.value import Instant, Value, local

MAX_STEPS = 32
"""An explanation is stored with its clock and never grows past this."""

StepKind = Literal[
    "start",
    "skipped_weekends",
    "skipped_holiday",
    "makeup_workday",
    "rolled",
    "unknown_calendar",
    "omitted",
    "paused",
    "extended",
    "due",
    "breach",
]
"""What a line of an explanation reports."""

UNITS = {
    "seconds": "秒",
    "minutes": "分钟",
    "hours": "小时",
    "working_days": "个工作日",
    "calendar_days": "个自然日",
    "unspecified_days": "日",
    "months": "个月",
    "years": "年",
}

PAUSE_GROUNDS: dict[PauseGround, str] = {
    "appraisal": "检测、检验、鉴定",
    "recognition": "权利人辨认、认定",
    "hearing": "听证",
    "announcement": "公告",
    "other_authority": "等待其他机关的结论",
    "party_unavailable": "当事人无法配合",
    "force_majeure": "不可抗力",
    "other_lawful": "其他法定情形",
}


class Excluded(Value):
    """A stretch of time that does not count, and why."""

    since: Instant
    until: Instant
    ground: PauseGround


class Extended(Value):
    """A granted extension: the grade it was granted under (from 1) and by how much, counted as the length is."""

    grade: int
    amount: int


class Amendments(Value):
    """What changed the length of a clock after it had started."""

    excluded: tuple[Excluded, ...] = ()
    extended: tuple[Extended, ...] = ()


class Step(Value):
    """One line of the explanation of a due instant, over the days `first`..`last` (both included, Asia/Shanghai)."""

    what: StepKind
    first: date
    last: date
    text: str


def begun(started_at: datetime, terms: Terms) -> Step:
    """When the count began."""
    by_day = isinstance(terms.length, Length) and terms.length.running is None
    day = day_of(started_at)
    return _step("start", day, day, f"{local(started_at)} 起算{'，当日不计入' if by_day else ''}")


def endless(day: date) -> Step:
    """A duty to act promptly."""
    return _step("due", day, day, "规定为立即（及时）办理，未定天数，只显示已历时间，不作逾期")


def dated(last: date) -> Step:
    """The date a document or a rule names."""
    return _step("due", last, last, f"以载明的日期为准，于 {last} 24:00 届满")


def ran_to(length: Length, due_at: datetime, amendments: Amendments) -> tuple[Step, ...]:
    """What stopped a running length, and its end."""
    last = day_ended(due_at)
    text = f"连续计满{length.amount}{UNITS[length.day]}（含夜间和休息日），于 {local(due_at)} 届满"
    return (*_paused(amendments), *_granted(amendments, length, last), _step("due", last, last, text))


def counted_to(length: Length, day: date, counted: Count, days: Days, amendments: Amendments) -> tuple[Step, ...]:
    """What the count met after the start day, in order, and its last day."""
    met = [*_paused(amendments), *_on_the_way(length.day == "working_days", day, counted, days)]
    if counted.rolled_from is not None:
        text = f"末日 {counted.rolled_from} 为休息日，顺延至 {counted.last}"
        met.append(_step("rolled", counted.rolled_from, counted.last, text))
    reading = "（“日”未明示为工作日，先按自然日计，届时预警）" if length.day == "unspecified_days" else ""
    text = f"计满{length.amount}{UNITS[length.day]}{reading}，于 {counted.last} 24:00 届满"
    return (
        *sorted(met, key=lambda step: step.first),
        *_granted(amendments, length, counted.last),
        _step("due", counted.last, counted.last, text),
    )


def read_as_working(length: Length, day: date, counted: Count, days: Days) -> tuple[Step, ...]:
    """The second reading of a length whose day type the instrument leaves open."""
    met = sorted(_on_the_way(True, day, counted, days), key=lambda step: step.first)
    text = f"按工作日计满{length.amount}日，于 {counted.last} 24:00 仍未办理的，为逾期"
    return (*met, _step("breach", counted.last, counted.last, text))


def put_off(now: datetime) -> Step:
    """The end the count came to lay before the moment at which it was counted anew."""
    day = day_of(now)
    return _step("breach", day, day, f"算得的时刻已过，以重新计算的时刻 {local(now)} 为准")


def shortened(steps: Sequence[Step]) -> tuple[Step, ...]:
    """No more lines than are stored; the line that says when it began comes before them."""
    room = MAX_STEPS - 1
    if len(steps) <= room:
        return tuple(steps)
    ends = [step for step in steps if step.what in ("due", "breach")]
    met = [step for step in steps if step.what not in ("due", "breach")]
    kept, cut = met[: room - len(ends) - 1], met[room - len(ends) - 1 :]
    text = f"另有{len(cut)}项，按同一日历计算，此处从略"
    omitted = _step("omitted", cut[0].first, max(step.last for step in cut), text)
    return (*kept, omitted, *ends)


def sentence(steps: Sequence[Step]) -> str:
    """The whole explanation as one sentence in Chinese."""
    return "；".join(step.text for step in steps) + "。"


def _paused(amendments: Amendments) -> Iterator[Step]:
    """Each stretch that does not count."""
    for given in sorted(amendments.excluded, key=lambda given: given.since):
        text = f"{local(given.since)} 至 {local(given.until)} 因{PAUSE_GROUNDS[given.ground]}不计入，余下的自恢复后续计"
        yield _step("paused", day_of(given.since), day_of(given.until), text)


def _granted(amendments: Amendments, length: Length, last: date) -> Iterator[Step]:
    """Each granted extension. Its amount is part of the length that was counted."""
    for given in amendments.extended:
        yield _step("extended", last, last, f"其中经批准第{given.grade}次延长{given.amount}{UNITS[length.day]}")


def _on_the_way(working: bool, day: date, counted: Count, days: Days) -> list[Step]:
    met = list(_met(day, counted.last, days)) if working else []
    if counted.unknown:
        first, last = counted.unknown
        text = f"{first} 至 {last} 的放假安排不在日历内，暂按周一至周五计，结果为暂定"
        met.append(_step("unknown_calendar", first, last, text))
    return met


def _met(day: date, last: date, days: Days) -> Iterator[Step]:
    """Make-up days counted and days off skipped between `day` and `last`: one step a holiday, one for all weekends."""
    specials = days.calendar.special_between(day, last)
    holidays: list[Step] = []
    for special in specials:
        on, name = special.day, special.name
        if days.stood_still(on):
            continue
        if special.working:
            yield _step("makeup_workday", on, on, f"{on} 为{name}调休上班日，计入")
            continue
        joins = holidays and holidays[-1].last == on - DAY
        first = holidays.pop().first if joins else on
        span = f"{first}" if first == on else f"{first} 至 {on}"
        holidays.append(_step("skipped_holiday", first, on, f"{span} {name}放假，不计入"))
    yield from holidays
    named = {special.day for special in specials}
    weekends = [off for off in _weekends(day, last) if off not in named and not days.stood_still(off)]
    if weekends:
        text = f"其间周末{len(weekends)}天，不计入"
        yield _step("skipped_weekends", weekends[0], weekends[-1], text)


def _weekends(day: date, last: date) -> Iterator[date]:
    """The Saturdays and Sundays later than `day` and not later than `last`."""
    for ordinal in range(day.toordinal() + 1, last.toordinal() + 1):
        if ordinal % 7 in (6, 0):  # 0001-01-01 was a Monday
            yield date.fromordinal(ordinal)


def _step(what: StepKind, first: date, last: date, text: str) -> Step:
    return Step(what=what, first=first, last=last, text=text)
