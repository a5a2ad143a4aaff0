"""Random histories of clocks, lived by the domain and by the naive implementation side by side.

One seed is one history: rules of every day type, a calendar that grows, pauses, excluded stretches that overlap them,
extensions, hand-overs, undone stops and a ladder that issues orders. After every step everything is compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from domain.record.decider import Decider, Facts, Happened, advance, lapse, next_alarm
from domain.time.asked_for import Debtors, Wanted
from domain.time.calendar import Calendars, SpecialDay, day_of, edition_of_days, national_calendar
from domain.time.case_clocks import Amendment, Extending, Timed, TimedClock, Turn, apply_clock_event, recalculated
from domain.time.clock import Clock, RungAt
from domain.time.clock_events import ClockEscalated, ClockEvent, ClockExpired, ClockWarned
from domain.time.counting import NEVER
from domain.time.rules import (
    RUNNING,
    ClockKind,
    DocumentDate,
    Grade,
    Length,
    PauseGround,
    Promptly,
    Rule,
    RulePack,
    Rung,
    Term,
    YearlyDate,
)
from domain.time.rules.seen import NOTHING_SEEN
from domain.time.steps import MAX_STEPS, Excluded, Extended
from domain.value import SHANGHAI
from tests.domain.clue.stories import PROCESS
from tests.domain.time.naive_clocks import Almanac, NaiveCase, NaiveClock, NaiveWant

DEPARTMENTS = ("370102.market", "532901.urban")
"""One under the national calendar, one of a region that has further days off."""
GROUNDS: tuple[PauseGround, ...] = ("appraisal", "hearing", "force_majeure")
SINGLE: tuple[ClockKind, ...] = ("handling", "result_report")
"""What a case asks for by itself; `oversight` comes with orders."""
COUNTED = ("working_days", "calendar_days", "unspecified_days", "months", "years")
LONGEST = {"working_days": 60, "calendar_days": 90, "unspecified_days": 60, "months": 7, "years": 2}
REGION_FIRST = 2017


class Disagreement(AssertionError):
    """The two implementations differ; the text says where, and the seed tells the history again."""


@dataclass(frozen=True)
class Case:
    """The state of the smallest case that has clocks."""

    clocks: Timed = ()
    wants: tuple[Wanted, ...] = ()
    ground: PauseGround | None = None


@dataclass(frozen=True)
class Asked:
    wants: tuple[Wanted, ...]
    turn: Turn = "on"


@dataclass(frozen=True)
class Rested:
    ground: PauseGround | None


@dataclass(frozen=True)
class Gave:
    amendment: Amendment


def evolve(case: Case, happened: Happened) -> Case:
    event = happened.event
    if isinstance(event, ClockEvent):
        return replace(case, clocks=apply_clock_event(case.clocks, event, happened.occurred_at))
    match event:
        case Asked(wants=wants):
            return replace(case, wants=wants)
        case Rested(ground=ground):
            return replace(case, ground=ground)
        case _:
            return case


def climbed(case: Case, rung: RungAt, clock: Clock) -> tuple[Asked, ...]:
    """An order to whoever owes the clock."""
    if rung.act != "order":
        return ()
    want = Wanted(kind="oversight", owed_by=clock.owed_by, about=f"{clock.id}.{rung.number}")
    return (Asked((*case.wants, want)),)


def _unused(*_: Any) -> Any:
    raise NotImplementedError("these cases take no commands")


DECIDER: Decider[Case] = Decider(
    kind="test",
    commands={},
    initial=Case,
    name_stream=_unused,
    permit=_unused,
    decide=_unused,
    evolve=evolve,
    summary=_unused,
    admits=_unused,
    seen=lambda _case: NOTHING_SEEN.then("clue.registered"),
    debtors=lambda case: Debtors(named=case.wants),
    clocks=lambda case: case.clocks,
    climbed=climbed,
    turn=lambda event: event.turn if isinstance(event, Asked) else "on",
    resting=lambda case: case.ground,
    amends=lambda event: event.amendment if isinstance(event, Gave) else None,
)


@lru_cache
def calendars_until(year: int) -> tuple[Calendars, Mapping[str, Almanac]]:
    """What is known at the end of a year, for both implementations."""
    national = edition_of_days("CN", 2004, year, (day for day in national_calendar().days if day.day.year <= year))
    further = [
        date(in_year, month, day)
        for in_year in range(REGION_FIRST, year + 1)
        for month, day in ((4, 13), (4, 14), (8, 9))
    ]
    region = edition_of_days(
        "530000", REGION_FIRST, year, (SpecialDay(day=day, name="地方节日", working=False) for day in further)
    )
    calendars = Calendars(regions=(national, region))
    known = date(year, 12, 31)
    almanacs = {
        DEPARTMENTS[0]: Almanac(national.version, known),
        DEPARTMENTS[1]: Almanac(calendars.of("532901").version, known, frozenset(further)),
    }
    return calendars, almanacs


class History:
    """One random history."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.year = self.dice.randint(REGION_FIRST, 2026)
        rules: dict[ClockKind, Rule] = {kind: random_rule(self.dice, kind, seed) for kind in (*SINGLE, "oversight")}
        calendars, almanacs = calendars_until(self.year)
        self.case, self.made = Case(), list[Happened]()
        self.naive = NaiveCase({**rules}, dict(almanacs))
        self.facts = Facts(
            now=random_start(self.dice, self.year),
            actor=PROCESS,
            stream="test-1",
            pack=pack_of(rules, seed),
            calendars=calendars,
        )

    def tell(self) -> int:
        """Live it to the end; returns how often everything was compared."""
        self._ask_for_more()
        steps = self.dice.randint(3, 14)
        for _ in range(steps):
            self._pass_time()
            self._compare()
            self.dice.choice(self._possible())()
            self._compare()
        return 2 * steps

    @property
    def now(self) -> datetime:
        return self.facts.now

    def _possible(self) -> Sequence[Callable[[], None]]:
        """What may happen now; some of it more often."""
        resting = self.case.ground is not None
        moves: list[Callable[[], None]] = [self._exclude, self._extend, self._renew, self._drop, self._ask_for_more]
        return [*moves, self._go_on, self._go_on] if resting else [*moves, self._rest, self._rest, self._undo]

    def _pass_time(self) -> None:
        """Seconds to months; often exactly to the next mark, or just before or after it."""
        alarm = next_alarm(DECIDER, self.case)
        if alarm is not None and alarm.at > self.now and self.dice.random() < 0.4:
            now = alarm.at + timedelta(microseconds=self.dice.choice((-1, 0, 0, 1, 3_600_000_000)))
        else:
            now = self.now + timedelta(seconds=10 ** self.dice.uniform(0, 7))
        self.facts = self.facts.model_copy(update={"now": max(self.now, now)})
        self.case = lapse(DECIDER, self.case, self.facts, self.made)
        self.naive.lapse(self.now)

    def _happen(self, *events: Any) -> None:
        self.case = advance(DECIDER, self.case, events, self.facts, self.made)

    def _ask(self, wants: Sequence[Wanted], turn: Turn = "on") -> None:
        self._happen(Asked(tuple(wants), turn))
        self.naive.ask([NaiveWant(want.kind, want.owed_by, want.about, want.until) for want in wants], self.now, turn)

    def _ask_for_more(self) -> None:
        """Something new: of a kind nobody asks for yet, or an order with a date of its own."""
        kind = self.dice.choice(SINGLE)
        owed_by = self.dice.choice(DEPARTMENTS)
        dated = self.dice.random() < 0.2
        if isinstance(self.facts.pack.rule_for(kind, self.now.date(), owed_by).length, DocumentDate):  # type: ignore[union-attr]
            dated = True
        until = self.now.astimezone(SHANGHAI).date() + timedelta(days=self.dice.randint(1, 40)) if dated else None
        others = [want for want in self.case.wants if want.kind != kind]
        self._ask([*others, Wanted(kind=kind, owed_by=owed_by, until=until)], self.dice.choice(("on", "handed_over")))

    def _drop(self) -> None:
        """Something is done, or taken away."""
        if self.case.wants:
            gone = self.dice.choice(self.case.wants)
            kept = [want for want in self.case.wants if want != gone]
            self._ask(kept, self.dice.choice(("on", "handed_over")))

    def _undo(self) -> None:
        """The stop of a clock that was not paused was a mistake."""
        stopped = [timed for timed in self.case.clocks if not timed.running and timed.paused is None]
        asked = {want.kind for want in self.case.wants}
        if stopped and (clock := self.dice.choice(stopped).clock).kind not in asked:
            want = Wanted(kind=clock.kind, owed_by=clock.owed_by, about=clock.about, until=clock.until)
            last = [timed for timed in self.case.clocks if timed.clock.id == clock.id]
            same = [timed for timed in self.case.clocks if _same(timed, want)]
            if same[-1] == last[0]:
                self._ask([*self.case.wants, want], "undone")

    def _rest(self) -> None:
        ground = self.dice.choice(GROUNDS)
        self._happen(Rested(ground))
        self.naive.rest(ground, self.now)

    def _go_on(self) -> None:
        self._happen(Rested(None))
        self.naive.go_on(self.now)

    def _exclude(self) -> None:
        """A stretch of the past, which may overlap others and begin before a clock did."""
        since = self.now - timedelta(seconds=10 ** self.dice.uniform(0, 6.8))
        until = since + (self.now - since) * self.dice.choice((0.1, 0.5, 0.9, 1))
        if since < until:
            ground = self.dice.choice(GROUNDS)
            self._happen(Gave(Excluded(since=since, until=until, ground=ground)))
            self.naive.leave_out(ground, since, until, self.now)

    def _extend(self) -> None:
        """More time for what counts by an amount and is not overdue."""
        able = [
            timed
            for timed in self.case.clocks
            if timed.running and "expired" not in timed.reached and isinstance(timed.clock.terms.length, Length)
        ]
        if able:
            clock = self.dice.choice(able).clock
            by = self.dice.randint(1, 20)
            granted = Extended(grade=len(clock.extended) + 1, amount=by)
            self._happen(Gave(Extending(clock=clock.id, granted=granted)))
            self.naive.grant(clock.id, by, self.now)

    def _renew(self) -> None:
        """The next years become known."""
        self.year = min(2026, self.year + self.dice.randint(1, 2))
        calendars, almanacs = calendars_until(self.year)
        self.facts = self.facts.model_copy(update={"calendars": calendars})
        self._happen(*recalculated(self.case.clocks, self.now, calendars))
        self.naive.renew(dict(almanacs), self.now)

    def _compare(self) -> None:
        ours, theirs = [told(timed) for timed in self.case.clocks], [naively_told(clock) for clock in self.naive.clocks]
        if ours != theirs:
            for one, other in zip(ours, theirs, strict=False):
                for field in one:
                    if one[field] != other[field]:
                        raise Disagreement(f"{one['id']} {field}: {one[field]} / naive {other[field]}")
            raise Disagreement(f"{len(ours)} clocks / naive {len(theirs)}")
        for timed in self.case.clocks:
            _explained(timed.clock)
        marks = [mark for happened in self.made if (mark := _mark(happened)) is not None]
        if marks != self.naive.log:
            raise Disagreement(f"marks: {marks} / naive {self.naive.log}")


def _explained(clock: Clock) -> None:
    """The explanation begins with the start and ends with the breach, on its day."""
    first, last = clock.steps[0], clock.steps[-1]
    ends = {day_of(clock.breach_at), day_of(clock.breach_at - timedelta(microseconds=1))}
    if first.first != day_of(clock.started_at) or len(clock.steps) > MAX_STEPS:
        raise Disagreement(f"{clock.id} explanation: {clock.steps}")
    if clock.breach_at != NEVER and last.last not in ends:
        raise Disagreement(f"{clock.id} breach: {clock.breach_at} explained: {clock.steps}")


def told(timed: TimedClock) -> dict[str, object]:
    """All that is to agree about one clock."""
    clock = timed.clock
    return {
        "id": clock.id,
        "owed_by": clock.owed_by,
        "about": clock.about,
        "started": clock.started_at,
        "warnings": list(clock.warn_points),
        "due": clock.due_at,
        "breach": clock.breach_at,
        "provisional": clock.provisional,
        "rungs": [(rung.at, rung.provisional) for rung in clock.rungs],
        "reached": list(timed.reached),
        "paused": (timed.paused.since, timed.paused.ground) if timed.paused else None,
        "stopped": timed.stopped_at,
        "outcome": timed.outcome,
        "calendar": clock.calendar,
    }


def naively_told(clock: NaiveClock) -> dict[str, object]:
    return {
        "id": clock.id,
        "owed_by": clock.owed_by,
        "about": clock.about,
        "started": clock.started,
        "warnings": clock.warns,
        "due": clock.due,
        "breach": clock.breach,
        "provisional": clock.unsure,
        "rungs": clock.rungs,
        "reached": clock.reached,
        "paused": clock.paused,
        "stopped": clock.stopped,
        "outcome": clock.outcome,
        "calendar": clock.version,
    }


def _mark(happened: Happened) -> tuple[str, str | int, datetime] | None:
    match happened.event:
        case ClockWarned(clock=name, point=point):
            return name, "warned" if point == 1 else f"warned.{point}", happened.occurred_at
        case ClockExpired(clock=name):
            return name, "expired", happened.occurred_at
        case ClockEscalated(clock=name, rung=rung):
            return name, rung, happened.occurred_at
        case _:
            return None


def _same(timed: TimedClock, want: Wanted) -> bool:
    clock = timed.clock
    return (clock.kind, clock.owed_by, clock.about, clock.until) == (want.kind, want.owed_by, want.about, want.until)


def random_start(dice: random.Random, year: int) -> datetime:
    """Often near the end of what is known, at times as the calendar begins; now and then exactly at midnight."""
    first, days = dice.choice(
        ((date(2003, 11, 1), 120), (date(2016, 1, 1), 365 * (year - 2015)), (date(year, 9, 1), 180))
    )
    midnight = datetime(first.year, first.month, first.day, tzinfo=SHANGHAI) + timedelta(days=dice.randrange(days))
    return (midnight + timedelta(seconds=dice.choice((0, dice.randrange(86_400))))).astimezone(UTC)


def random_rule(dice: random.Random, kind: ClockKind, seed: int) -> Rule:
    """A row of any day type, as far as rows may be."""
    length = random_length(dice, dated=kind == "result_report")
    endless = isinstance(length, Promptly)
    resting = not endless and not isinstance(length, DocumentDate)
    return Rule(
        id=f"test.{kind}.{seed}",
        kind=kind,
        title="试验",
        certainty="P",
        standing="internal",
        length=length,
        warn_before=() if endless else tuple(random_before(dice, length) for _ in range(dice.randint(0, 3))),
        pauses=tuple(ground for ground in GROUNDS if dice.random() < 0.7) if resting else (),
        extensions=(Grade(most=20, approver="head"),) if isinstance(length, Length) else (),
        ladder=() if endless else random_ladder(dice),
        starts=("clue.registered",),
        stops=("clue.archived",),
        owed_by="named",
        effective_from=date(2000, 1, 1),
    )


def random_length(dice: random.Random, *, dated: bool) -> Term:
    roll = dice.random()
    if roll < 0.05:
        return Promptly()
    if roll < 0.12:
        return YearlyDate(month=dice.randint(1, 12), day_of_month=dice.randint(1, 28))
    if roll < 0.18 and dated:
        return DocumentDate()
    if roll < 0.35:
        return running(dice, 10**6)
    unit: Any = dice.choice(COUNTED)
    rolls = unit != "working_days" and dice.random() < 0.4
    return Length(amount=dice.randint(1, LONGEST[unit]), day=unit, roll=rolls)


def running(dice: random.Random, most: int) -> Length:
    unit: Any = dice.choice(tuple(RUNNING))
    return Length(amount=dice.randint(1, max(1, most // int(RUNNING[unit].total_seconds()))), day=unit)


def random_before(dice: random.Random, length: Term) -> Length:
    if (isinstance(length, Length) and length.running is not None) or dice.random() < 0.3:
        return running(dice, 2 * 10**5)
    return Length(amount=dice.randint(1, 15), day=dice.choice(("working_days", "calendar_days")))


def random_ladder(dice: random.Random) -> tuple[Rung, ...]:
    unit: Any = dice.choice(("working_days", "calendar_days", "hours"))
    afters = sorted(dice.sample(range(1, 25), dice.randint(0, 4)))
    orders = [dice.random() < 0.25 for _ in afters]
    return tuple(
        Rung(
            after=Length(amount=after, day=unit),
            act="order" if order else "escalate",
            to="coordinator" if order else "head",
        )
        for after, order in zip(afters, orders, strict=True)
    )


def pack_of(rules: Mapping[ClockKind, Rule], seed: int) -> RulePack:
    """A whole pack: what every case is asked for beside the random rows is never asked for here."""
    return RulePack(name="test", version=str(seed), rules=(*rules.values(), *_OTHERS))


_OTHERS = tuple(
    Rule(
        id=f"test.{kind}",
        kind=kind,
        title="试验",
        certainty="P",
        standing="internal",
        length=Promptly(),
        starts=("clue.registered",),
        stops=("clue.archived",),
        owed_by="lead",
        effective_from=date(2000, 1, 1),
    )
    for kind in ("dispatch", "sign_for", "feedback", "archive")
)
