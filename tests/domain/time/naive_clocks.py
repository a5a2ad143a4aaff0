"""A second, naive implementation of clocks: one day after the other, sharing nothing with the first but the input.

It asks the library for each day, works in wall-clock time at the fixed offset +08:00, merges no stretches, knows no
cache and no plan, and mutates. `domain.time.clock` is compared with it instant by instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Any

from chinese_calendar import is_workday

BEIJING = timezone(timedelta(hours=8))
DAY = timedelta(days=1)
FIRST_KNOWN = date(2004, 1, 1)
NO_END = datetime(9999, 12, 31, tzinfo=UTC)
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}

Still = Sequence[tuple[datetime, datetime]]
"""Stretches that do not count, in any order, overlapping or not."""


@dataclass(frozen=True)
class Almanac:
    """What is known of days: whole years until a date, and further days off a region has."""

    version: str
    until: date
    off: frozenset[date] = frozenset()

    def look(self, day: date) -> tuple[bool, bool]:
        """Whether the day is worked, and whether that is known."""
        if not FIRST_KNOWN <= day <= self.until:
            return day.isoweekday() <= 5, False
        return listed(day) and day not in self.off, True


@cache
def listed(day: date) -> bool:
    """The library's answer, which takes it longer than anything else here."""
    return bool(is_workday(day))


@dataclass
class NaiveClock:
    """One clock as it stands, changed in place."""

    id: str
    kind: str
    about: str | None
    owed_by: str
    terms: Any
    """The rule's row; `length`, `warn_before`, `pauses` and `ladder` are read from it."""
    started: datetime
    document_date: date | None
    version: str = ""
    still: list[tuple[datetime, datetime]] = field(default_factory=list)
    more: int = 0
    warns: list[datetime] = field(default_factory=list)
    due: datetime = NO_END
    breach: datetime = NO_END
    unsure: bool = False
    rungs: list[tuple[datetime, bool]] = field(default_factory=list)
    reached: list[str | int] = field(default_factory=list)
    paused: tuple[datetime, str] | None = None
    stopped: datetime | None = None
    outcome: str | None = None

    def start(self, almanac: Almanac) -> None:
        """Count for the first time; no warning lies before the start."""
        self._count(almanac)
        self.warns = [max(self.started, warn) for warn in self.warns]

    def recount(self, almanac: Almanac, now: datetime) -> None:
        """Count again from the start; what was reached stays, nothing else comes to lie in the past."""
        was, missed = self.instants(), "expired" in self.reached
        due_passed = missed or (self.due < self.breach and f"warned.{len(self.warns)}" in self._spelled())
        old_warns, old_due, old_breach, old_unsure = self.warns, self.due, self.breach, self.unsure
        self._count(almanac)
        self.warns = [
            was[mark] if mark in self.reached else max(now, warn)
            for mark, warn in zip(warn_marks(len(self.warns)), self.warns, strict=True)
        ]
        more_warned = len([mark for mark in self.reached if str(mark).startswith("warned")])
        self.warns += old_warns[len(self.warns) : more_warned]
        self.due = old_due if due_passed else max(now, self.due)
        self.breach = max(now, self.breach)
        if missed:
            self.warns, self.breach, self.unsure = old_warns, old_breach, old_unsure
        self.rungs = [
            (was[number] if number in self.reached else max(now, at), unsure)
            for number, (at, unsure) in enumerate(self._ladder(almanac), 1)
        ]

    def instants(self) -> dict[str | int, datetime]:
        """Everything time can bring, in order."""
        if self.breach == NO_END:
            return {}
        marks: dict[str | int, datetime] = dict(zip(warn_marks(len(self.warns)), self.warns, strict=True))
        marks["expired"] = self.breach
        return {**marks, **{number: at for number, (at, _) in enumerate(self.rungs, 1)}}

    def next_mark(self) -> tuple[datetime, str | int] | None:
        """The earliest not reached, while the clock counts."""
        if self.stopped is not None or self.paused is not None:
            return None
        left = [(at, mark) for mark, at in self.instants().items() if mark not in self.reached]
        return min(left, key=lambda entry: entry[0], default=None)

    def stop(self, now: datetime, *, handed_over: bool) -> None:
        """Met unless it was too late, or settled when taken away in time."""
        counted_until = self.paused[0] if self.paused else now
        too_late = "expired" in self.reached or counted_until >= self.breach
        self.stopped = now
        self.outcome = "missed" if too_late else "settled" if handed_over else "met"

    def _spelled(self) -> set[str]:
        return {"warned.1" if mark == "warned" else str(mark) for mark in self.reached}

    def _count(self, almanac: Almanac) -> None:
        self.version = almanac.version
        self.unsure = False
        length = self.terms.length
        unit = "document_date" if self.document_date is not None else length.day
        if unit == "promptly":
            self.warns, self.due, self.breach, self.rungs = [], NO_END, NO_END, []
            return
        if unit in ("document_date", "yearly_date"):
            last = self.document_date or self._date_of_the_year()
            self.due = self.breach = midnight_after(last)
        elif unit in SECONDS:
            self.due = self.breach = ran(self.started, (length.amount + self.more) * SECONDS[unit], self.still)
        else:
            self._count_days(unit, length.amount + self.more, length.roll, almanac)
        self.warns = sorted(self._before(warning, almanac) for warning in self.terms.warn_before)
        if self.due != self.breach:
            self.warns.append(self.due)
        self.rungs = list(self._ladder(almanac))

    def _count_days(self, unit: str, amount: int, roll: bool, almanac: Almanac) -> None:
        first = self.started.astimezone(BEIJING).date()
        if unit == "working_days":
            last, self.unsure = walk(first, amount, almanac, self.still, working=True)
            self.due = self.breach = midnight_after(last)
            return
        days = amount if unit in ("calendar_days", "unspecified_days") else span(first, amount, unit)
        last, _ = walk(first, days, almanac, self.still, working=False)
        self.breach = midnight_after(last)
        if roll:
            last, self.unsure = rolled(last, almanac, self.still)
        self.due = self.breach = midnight_after(last)
        if unit == "unspecified_days":
            last, unsure = walk(first, amount, almanac, self.still, working=True)
            self.breach, self.unsure = midnight_after(last), self.unsure or unsure

    def _date_of_the_year(self) -> date:
        day = self.started.astimezone(BEIJING).date() + DAY
        while (day.month, day.day) != (self.terms.length.month, self.terms.length.day_of_month):
            day += DAY
        return day

    def _before(self, warning: Any, almanac: Almanac) -> datetime:
        """Where the last so much time, or so many days that count, begin."""
        if warning.day in SECONDS:
            return self.due - timedelta(seconds=warning.amount * SECONDS[warning.day])
        day, left, left_out = self.due.astimezone(BEIJING), warning.amount, days_left_out(self.still)
        while left:
            day -= timedelta(microseconds=1)
            day = day.replace(hour=0, minute=0, second=0, microsecond=0)
            worked, _ = almanac.look(day.date())
            if day.date() not in left_out and (worked or warning.day != "working_days"):
                left -= 1
        return day

    def _ladder(self, almanac: Almanac) -> Iterator[tuple[datetime, bool]]:
        for rung in self.terms.ladder:
            if rung.after.day in SECONDS:
                at = ran(self.breach, rung.after.amount * SECONDS[rung.after.day], self.still)
                yield at, self.unsure
                continue
            day = (self.breach.astimezone(BEIJING) - timedelta(microseconds=1)).date()
            working = rung.after.day == "working_days"
            last, unsure = walk(day, rung.after.amount, almanac, self.still, working=working)
            yield midnight_after(last), self.unsure or (unsure and working)


def walk(day: date, amount: int, almanac: Almanac, still: Still, *, working: bool) -> tuple[date, bool]:
    """The day on which so many have been counted after `day`, and whether one of them was not known.

    Time that stopped on that day has its end left: then it is the day on which time goes on.
    """
    unsure, counted, left_out = False, 0, days_left_out(still)
    while counted < amount:
        day += DAY
        worked, known = almanac.look(day)
        unsure = unsure or not known
        if day not in left_out and (worked or not working):
            counted += 1
    day = carried(day, still)
    return day, unsure or not almanac.look(day)[1]


def carried(day: date, still: Still) -> date:
    """`day`, or when time stands still as it ends: the first day at whose end it does not."""
    while any(since < midnight_after(day) <= until for since, until in still):
        day += DAY
    return day


def rolled(last: date, almanac: Almanac, still: Still) -> tuple[date, bool]:
    """A day off moves on to a working day on which time counts."""
    worked, known = almanac.look(last)
    unsure = not known
    while not worked:
        last, beyond = walk(last, 1, almanac, still, working=True)
        worked, known = almanac.look(last)
        unsure = unsure or beyond or not known
    return last, unsure


def span(day: date, amount: int, unit: str) -> int:
    """Days in so many months or years: to the day of the same number, or the month's last."""
    year, month = day.year, day.month
    for _ in range(amount * (12 if unit == "years" else 1)):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    wanted = day.day
    while True:
        try:
            return (date(year, month, wanted) - day).days
        except ValueError:
            wanted -= 1


def ran(since: datetime, seconds: int, still: Still) -> datetime:
    """The instant at which so many seconds have run, from edge to edge of what does not count."""
    left, at = timedelta(seconds=seconds), since
    for edge in sorted({edge for stretch in still for edge in stretch if edge > since}):
        counts = not any(start <= at and edge <= end for start, end in still)
        if counts and at + left <= edge:
            return at + left
        left -= edge - at if counts else timedelta()
        at = edge
    return at + left


def days_left_out(still: Still) -> set[date]:
    """The day time stopped on has passed; the days after it, up to the one time goes on from, do not count."""
    days = set()
    for since, until in still:
        day, last = local_day(since), local_day(until)
        while day < last:
            day += DAY
            days.add(day)
    return days


def warn_marks(count: int) -> list[str]:
    return ["warned", *(f"warned.{number}" for number in range(2, count + 1))][:count]


def local_day(instant: datetime) -> date:
    return instant.astimezone(BEIJING).date()


def midnight_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING) + DAY


@dataclass(frozen=True)
class NaiveWant:
    """A clock asked for."""

    kind: str
    owed_by: str
    about: str | None = None
    until: date | None = None


@dataclass
class NaiveCase:
    """The clocks of one case and what has happened to them."""

    rules: dict[Any, Any]
    almanacs: dict[str, Almanac]
    """By the department that owes a clock."""
    clocks: list[NaiveClock] = field(default_factory=list)
    wants: list[NaiveWant] = field(default_factory=list)
    ground: str | None = None
    log: list[tuple[str, str | int, datetime]] = field(default_factory=list)
    """Each mark reached: clock, mark, when."""

    def lapse(self, now: datetime) -> None:
        """Reach what is due, the earliest first; an order asks for a clock of its own from now on."""
        while True:
            due = [(mark[0], index, mark[1]) for index, clock in enumerate(self.clocks) if (mark := clock.next_mark())]
            if not due or min(due)[0] > now:
                return
            at, index, reached = min(due, key=lambda entry: entry[:2])
            clock = self.clocks[index]
            clock.reached.append(reached)
            self.log.append((clock.id, reached, at))
            if isinstance(reached, int) and clock.terms.ladder[reached - 1].act == "order":
                self.ask([*self.wants, NaiveWant("oversight", clock.owed_by, f"{clock.id}.{reached}")], now)

    def ask(self, wants: list[NaiveWant], now: datetime, turn: str = "on") -> None:
        """Stop what is no longer asked for, start what newly is, revive what was stopped by mistake."""
        before, self.wants = self.wants, wants
        running = [clock for clock in self.clocks if clock.stopped is None]
        for clock in running:
            if want_of(clock) not in wants:
                clock.stop(now, handed_over=turn == "handed_over")
        missing = [want for want in wants if want not in [want_of(clock) for clock in running]]
        if turn == "undone":
            again = [[clock for clock in self.clocks if want_of(clock) == want] for want in missing]
            for clocks in filter(None, again):
                clocks[-1].stopped, clocks[-1].outcome = None, None
            if any(again):
                return
        for want in missing:
            if want not in before:
                self._start(want, now)

    def rest(self, ground: str, now: datetime) -> None:
        """Pause what the ground pauses."""
        self.ground = ground
        for clock in self.clocks:
            self._pause(clock, now)

    def go_on(self, now: datetime) -> None:
        """Let what was paused count on."""
        self.ground = None
        for clock in self.clocks:
            if clock.stopped is None and clock.paused is not None:
                clock.still.append((clock.paused[0], now))
                clock.paused = None
                clock.recount(self.almanacs[clock.owed_by], now)

    def leave_out(self, ground: str, since: datetime, until: datetime, now: datetime) -> None:
        """A stretch found later not to count; it is too late for what is overdue."""
        for clock in self.clocks:
            if (
                clock.stopped is None
                and "expired" not in clock.reached
                and ground in clock.terms.pauses
                and clock.started < until
            ):
                clock.still.append((since, until))
                clock.recount(self.almanacs[clock.owed_by], now)

    def grant(self, name: str, more: int, now: datetime) -> None:
        """More time for one clock."""
        clock = next(clock for clock in self.clocks if clock.id == name)
        clock.more += more
        clock.recount(self.almanacs[clock.owed_by], now)

    def renew(self, almanacs: dict[str, Almanac], now: datetime) -> None:
        """What rested on days not known is counted again, and stays as it was where nothing moves."""
        self.almanacs = almanacs
        for index, clock in enumerate(self.clocks):
            unsure = clock.unsure or any(rung_unsure for _, rung_unsure in clock.rungs)
            if clock.stopped is None and clock.paused is None and unsure:
                anew = replace(clock, warns=list(clock.warns), rungs=list(clock.rungs))
                anew.recount(almanacs[clock.owed_by], now)
                if seen(anew) != seen(clock):
                    self.clocks[index] = anew

    def _start(self, want: NaiveWant, now: datetime) -> None:
        clock = NaiveClock(
            id=f"{want.kind}-{len(self.clocks) + 1}",
            kind=want.kind,
            about=want.about,
            owed_by=want.owed_by,
            terms=self.rules[want.kind],
            started=now,
            document_date=want.until,
        )
        clock.start(self.almanacs[want.owed_by])
        self.clocks.append(clock)
        self._pause(clock, now)

    def _pause(self, clock: NaiveClock, now: datetime) -> None:
        if self.ground in clock.terms.pauses and clock.stopped is None and clock.paused is None and self.ground:
            clock.paused = now, self.ground


def want_of(clock: NaiveClock) -> NaiveWant:
    return NaiveWant(clock.kind, clock.owed_by, clock.about, clock.document_date)


def seen(clock: NaiveClock) -> tuple[object, ...]:
    return clock.warns, clock.due, clock.breach, clock.rungs, clock.unsure
