"""A deadline as a value: when it warns, when it is due, who is told when it is missed, and why exactly then.

Every instant is a function of the terms, the calendar, the start, what was not counted and what was granted; it is
computed when one of these changes and stored with its explanation. A clock runs over the half-open stretch
[started_at, due_at); what is done before `breach_at` is in time, from then on (`breach_at <= now`) it is overdue.
`domain.time.counting` says how days are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, NamedTuple

from pydantic import Field

from domain.time.calendar import DAY, Calendar, day_of
from domain.time.counting import NEVER, Days, Stretch, back, count, merged, midnight, on, run_on
from domain.time.rules import (
    Act,
    Certainty,
    ClockKind,
    DocumentDate,
    Length,
    Promptly,
    Recipient,
    Rule,
    RulePack,
    Standing,
    Terms,
    YearlyDate,
)
from domain.time.steps import (
    MAX_STEPS,
    Amendments,
    Excluded,
    Extended,
    Step,
    begun,
    counted_to,
    dated,
    endless,
    put_off,
    ran_to,
    read_as_working,
    shortened,
)
from domain.value import Instant, Value

Mark = str | int
"""What time can bring to a clock: `warned` (the next warn points: `warned.2` …), `expired`, or a rung by its number."""


class RungAt(Value):
    """A rung with its instant. `number` counts from 1; `provisional` as in `Clock`."""

    number: int
    at: Instant
    act: Act
    to: Recipient
    provisional: bool = False


class Clock(Amendments):
    """A started clock, complete in itself: a later change of a rule does not touch it.

    `about` tells apart several of one kind (an oversight order). `pack` is name@version, `calendar` a version. `due_at`
    is what the rule asks for and `breach_at` what is held against the department; they differ only where the law leaves
    the day type open. `until` is the date a document names. `provisional`: due or breach rest on days whose holidays
    were not yet published. A clock without a number has `NEVER` for its instants.
    """

    id: str
    kind: ClockKind
    about: str | None = None
    rule: str
    pack: str
    calendar: str
    certainty: Certainty
    standing: Standing
    owed_by: str
    terms: Terms
    started_at: Instant
    until: date | None = None
    warn_points: tuple[Instant, ...]
    due_at: Instant
    breach_at: Instant
    provisional: bool
    rungs: tuple[RungAt, ...]
    steps: Annotated[tuple[Step, ...], Field(max_length=MAX_STEPS)]

    @property
    def warn_at(self) -> datetime:
        """The first warning; the breach where the rule knows none."""
        return self.warn_points[0] if self.warn_points else self.breach_at

    def overdue(self, now: datetime) -> bool:
        """Whether a clock still running is overdue; equally, whether something done `now` is too late."""
        return self.breach_at <= now


def start_clock(
    *,
    id: str,
    rule: Rule,
    pack: RulePack,
    calendar: Calendar,
    started_at: datetime,
    owed_by: str,
    about: str | None = None,
    until: date | None = None,
) -> Clock:
    """Start a clock under a rule: compute every instant once, with the explanation. `started_at` must have a zone.

    `until`: the date a document names; it takes the place of the rule's length.
    """
    by_day = until is None and isinstance(rule.length, Length) and rule.length.running is None
    day, started_at = day_of(started_at), started_at.astimezone(UTC)
    clock = _begun_on(rule, pack.ref, day, calendar) if by_day else _begun(rule, pack.ref, started_at, until, calendar)
    return clock.model_copy(
        update={
            "id": id,
            "about": about,
            "owed_by": owed_by,
            "started_at": started_at,
            "warn_points": tuple(max(started_at, at) for at in clock.warn_points),
            "steps": (begun(started_at, clock.terms), *clock.steps),
        }
    )


def exclude(clock: Clock, stretch: Excluded, reached: Collection[Mark], calendar: Calendar, now: datetime) -> Clock:
    """The clock when a stretch of time does not count."""
    return retime(clock.model_copy(update={"excluded": (*clock.excluded, stretch)}), reached, calendar, now)


def extend(clock: Clock, granted: Extended, reached: Collection[Mark], calendar: Calendar, now: datetime) -> Clock:
    """The clock with a granted extension."""
    return retime(clock.model_copy(update={"extended": (*clock.extended, granted)}), reached, calendar, now)


def retime(clock: Clock, reached: Collection[Mark], calendar: Calendar, now: datetime) -> Clock:
    """The clock with its instants computed anew, under this calendar.

    A mark already reached keeps its instant, so nothing ever un-misses a deadline; one not yet reached never comes to
    lie before `now`, so nobody is late by what was not yet known. The ladder counts from the breach as it stands then.
    """
    plan = _plan(clock.terms, clock.started_at, clock.until, clock, calendar)
    missed = "expired" in reached
    breach_at = clock.breach_at if missed else max(now, plan.breach_at)
    provisional = clock.provisional if missed else plan.provisional
    as_planned = not missed and breach_at == plan.breach_at
    steps = plan.steps if as_planned else shortened((*plan.steps, put_off(now)))
    rungs = plan.rungs if as_planned else _rungs(clock.terms, breach_at, provisional, _days(clock, calendar))
    was = {mark: at for at, mark in marks(clock)}

    def moved(mark: Mark, at: datetime) -> datetime:
        return was[mark] if mark in reached else max(now, at)

    return clock.model_copy(
        update={
            "calendar": calendar.version,
            "warn_points": clock.warn_points if missed else _warnings(plan.warn_points, moved, was, reached),
            "due_at": clock.due_at if _due_passed(clock, reached) else max(now, plan.due_at),
            "breach_at": breach_at,
            "provisional": provisional,
            "rungs": tuple(_at(rung, moved(rung.number, rung.at)) for rung in rungs),
            "steps": clock.steps if missed else (begun(clock.started_at, clock.terms), *steps),
        }
    )


def _warnings(
    planned: Sequence[datetime],
    moved: Callable[[Mark, datetime], datetime],
    was: Mapping[Mark, datetime],
    reached: Collection[Mark],
) -> tuple[datetime, ...]:
    """The planned warnings; one that was reached stays, also when both readings of 日 have come to be the same."""
    points = [moved(_warning(index), at) for index, at in enumerate(planned)]
    while (last := _warning(len(points))) in reached:
        points.append(was[last])
    return tuple(points)


def _at(rung: RungAt, at: datetime) -> RungAt:
    return rung if rung.at == at else rung.model_copy(update={"at": at})


def _due_passed(clock: Clock, reached: Collection[Mark]) -> bool:
    """Whether the due instant was reached: as the breach, or where they differ as the last warning."""
    return "expired" in reached or (clock.due_at < clock.breach_at and _warning(len(clock.warn_points) - 1) in reached)


def marks(clock: Clock) -> tuple[tuple[datetime, Mark], ...]:
    """Everything time can bring to the clock, in order: the warnings, then expired, then the rungs."""
    if clock.breach_at == NEVER:
        return ()
    return (
        *((at, _warning(index)) for index, at in enumerate(clock.warn_points)),
        (clock.breach_at, "expired"),
        *((rung.at, rung.number) for rung in clock.rungs),
    )


def _warning(index: int) -> Mark:
    return "warned" if index == 0 else f"warned.{index + 1}"


NOTHING = Amendments()


class _Plan(NamedTuple):
    """What terms come to, without the line that says when it all began."""

    warn_points: tuple[datetime, ...]
    due_at: datetime
    breach_at: datetime
    provisional: bool
    rungs: tuple[RungAt, ...]
    steps: tuple[Step, ...]


@lru_cache(maxsize=16384)
def _begun_on(rule: Rule, pack: str, day: date, calendar: Calendar) -> Clock:
    """What all clocks of a length counted in days have in common that start under a rule on one day."""
    return _begun(rule, pack, midnight(day), None, calendar)


def _begun(rule: Rule, pack: str, started_at: datetime, until: date | None, calendar: Calendar) -> Clock:
    """A clock without a name, owed by nobody, its explanation without the line that says when it began."""
    terms = rule.terms if until is None else rule.terms.model_copy(update={"length": DocumentDate()})
    plan = _plan(terms, started_at, until, NOTHING, calendar)
    return Clock(
        id="",
        kind=rule.kind,
        rule=rule.id,
        pack=pack,
        calendar=calendar.version,
        certainty=rule.certainty,
        standing=rule.standing,
        owed_by="",
        terms=terms,
        started_at=started_at,
        until=until,
        warn_points=plan.warn_points,
        due_at=plan.due_at,
        breach_at=plan.breach_at,
        provisional=plan.provisional,
        rungs=plan.rungs,
        steps=plan.steps,
    )


def _plan(terms: Terms, started_at: datetime, until: date | None, amendments: Amendments, calendar: Calendar) -> _Plan:
    """All instants, from nothing but what they depend on."""
    length, day, days = terms.length, day_of(started_at), _days(amendments, calendar)
    match length:
        case Promptly():
            return _Plan((), NEVER, NEVER, False, (), (endless(day),))
        case DocumentDate() | YearlyDate():
            last = _date_in(length, until, day)
            due_at = midnight(last + DAY)
            return _ending(terms, due_at, due_at, False, days, (dated(last),))
        case Length():
            total = length.model_copy(
                update={"amount": length.amount + sum(grant.amount for grant in amendments.extended)}
            )
            if (running := total.running) is None:
                return _counted(terms, total, day, days, amendments)
            due_at = run_on(started_at, running, _stretches(amendments))
            return _ending(terms, due_at, due_at, False, days, ran_to(total, due_at, amendments))


def _counted(terms: Terms, total: Length, day: date, days: Days, amendments: Amendments) -> _Plan:
    """The plan of a length counted in days. Where the day type is open, the later working-day reading is the breach."""
    due = breach = count(total, day, days, working=False)
    steps = counted_to(total, day, due, days, amendments)
    if total.day == "unspecified_days":
        breach = count(total, day, days, working=True)
        steps = (*steps, *read_as_working(total, day, breach, days))
    unsure = due.unknown is not None or breach.unknown is not None
    return _ending(terms, midnight(due.last + DAY), midnight(breach.last + DAY), unsure, days, steps)


def _ending(
    terms: Terms, due_at: datetime, breach_at: datetime, provisional: bool, days: Days, steps: Sequence[Step]
) -> _Plan:
    """Warnings before the end and the ladder after it. A reading that only warns is the last warning."""
    warnings = sorted(back(length, due_at, days) for length in terms.warn_before)
    if due_at < breach_at:
        warnings.append(due_at)
    rungs = _rungs(terms, breach_at, provisional, days)
    return _Plan(tuple(warnings), due_at, breach_at, provisional, rungs, shortened(steps))


def _rungs(terms: Terms, breach_at: datetime, provisional: bool, days: Days) -> tuple[RungAt, ...]:
    """The ladder in instants, each counted from the breach."""
    climbed = ((number, rung, on(rung.after, breach_at, days)) for number, rung in enumerate(terms.ladder, 1))
    return tuple(
        RungAt(number=number, at=at, act=rung.act, to=rung.to, provisional=provisional or unknown)
        for number, rung, (at, unknown) in climbed
    )


def _date_in(length: DocumentDate | YearlyDate, until: date | None, day: date) -> date:
    """The last day of a length that names a date."""
    if isinstance(length, YearlyDate):
        this = date(day.year, length.month, length.day_of_month)
        return this if this > day else this.replace(year=day.year + 1)
    if until is None:
        raise ValueError("a clock until the date in a document needs that date")
    return until


def _days(amendments: Amendments, calendar: Calendar) -> Days:
    return Days(calendar, _stretches(amendments))


def _stretches(amendments: Amendments) -> tuple[Stretch, ...]:
    return merged(Stretch(given.since, given.until) for given in amendments.excluded)
