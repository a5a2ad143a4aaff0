"""A clock of December ends beyond the calendar: provisional, and settled by an event when the next year is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from domain.clue import CLUE
from domain.people.actors import SYSTEM, Actor, Role
from domain.record.decider import fold
from domain.record.envelope import read
from domain.record.handler import Request, handle
from domain.rulebook import RULEBOOK, edition_of
from domain.time.calendar import NATIONAL, Calendars, SpecialDay, edition_of_days, national_calendar
from domain.time.case_clocks import TimedClock
from domain.time.clock_events import ClockRecomputed
from domain.time.counting import midnight
from domain.time.rules import Length, RulePack, load_pack
from infra.memory.store import MemoryStore
from tests.support.record import HANDLER, HEAD, Casebook, known_departments, known_officers, world_of

DECEMBER = datetime(2026, 12, 14, 2, 0, tzinfo=UTC)
"""A Monday. The 30th working day after it is 25 January 2027 by weekdays alone."""
KNOWN_2026 = edition_of_days(NATIONAL, 2026, 2026, [day for day in national_calendar().days if day.day.year == 2026])


def special(day: date, name: str = "试验假日", *, working: bool = False) -> SpecialDay:
    return SpecialDay(day=day, name=name, working=working)


def with_2027(*days: SpecialDay) -> Any:
    return edition_of_days(NATIONAL, 2026, 2027, [*KNOWN_2026.days, *days])


class Desk:
    """Clues in memory at a time that is set, under rules that give thirty working days."""

    def __init__(self) -> None:
        self.now = DECEMBER
        self.store = MemoryStore(
            lambda: self.now,
            departments={**known_departments(), "640100.market": "640100"},
            officers=known_officers(),
        )
        self.casebook = Casebook(
            replace(world_of(self.store), pack=_thirty_days(), calendars=Calendars(regions=(KNOWN_2026,)))
        )

    async def adopt(self, edition: Any) -> None:
        self.store.keep_calendar(edition)
        told = edition_of(edition)
        await handle(
            self.casebook.world, RULEBOOK, Request(SYSTEM, key=told["digest"], slug="adopt_edition", body=told)
        )

    async def recalculate(self, stream: str) -> str:
        number = next(self.casebook.numbers)
        asked = Request(SYSTEM, key=f"{stream}{number}", slug="recalculate", body={}, stream=stream)
        return (await handle(self.casebook.world, CLUE, asked)).outcome.status

    async def in_ningxia(self) -> str:
        """A clue that a department of Yinchuan handles."""
        clerk = Actor(account="intake.640100", department="640100.12345", region="640100", roles=(Role.INTAKE_CLERK,))
        given = {"region": "640100", "received_at": "2026-12-14T08:00:00+08:00"}
        stream = (await self.casebook.command(clerk, "register", **given)).outcome.stream
        return await self.signed_for(stream, "640100")

    async def signed_for(self, stream: str, region: str) -> str:
        def of(role: Role, department: str) -> Actor:
            return Actor(account=f"{role}.{region}", department=department, region=region, roles=(role,))

        await self.casebook.command(
            of(Role.DISPATCHER, f"{region}.12345"), "dispatch", stream, department=f"{region}.market"
        )
        await self.casebook.command(of(Role.DEPARTMENT_ASSIGNER, f"{region}.market"), "sign_for", stream)
        return stream

    def handling(self, stream: str) -> TimedClock:
        state = fold(CLUE, [read(row).happened for row in self.store.tables.events[stream]])
        return next(timed for timed in CLUE.clocks(state) if timed.clock.kind == "handling")

    def recomputed(self, stream: str) -> list[ClockRecomputed]:
        events = (read(row).event for row in self.store.tables.events[stream])
        return [event for event in events if isinstance(event, ClockRecomputed)]


def _thirty_days() -> RulePack:
    pack = load_pack("national")
    rules = tuple(
        rule.model_copy(update={"length": Length(amount=30, day="working_days")}) if rule.kind == "handling" else rule
        for rule in pack.rules
    )
    return RulePack.model_validate(pack.model_copy(update={"rules": rules}).model_dump())


async def _registered(desk: Desk) -> str:
    return await desk.casebook.registered(received_at="2026-12-14T08:00:00+08:00")


async def test_given_a_clock_into_an_unknown_year_when_that_year_is_known_then_an_event_moves_it_and_says_why() -> None:
    desk = Desk()
    stream = await desk.signed_for(await _registered(desk), "370102")
    before = desk.handling(stream).clock
    assert (before.due_at, before.provisional) == (midnight(date(2027, 1, 26)), True)
    assert any(step.what == "unknown_calendar" for step in before.steps)
    assert await desk.recalculate(stream) == "unchanged"

    await desk.adopt(
        with_2027(
            special(date(2027, 1, 1), "元旦"),
            special(date(2027, 1, 5)),
            special(date(2027, 1, 6)),
            special(date(2027, 1, 9), working=True),
        )
    )
    assert await desk.recalculate(stream) == "recorded"
    after = desk.handling(stream).clock
    assert (after.due_at, after.provisional) == (midnight(date(2027, 1, 28)), False)
    texts = "".join(step.text for step in after.steps)
    assert "2027-01-05 至 2027-01-06 试验假日放假,不计入".replace(",", "，") in texts
    assert "2027-01-09 为试验假日调休上班日" in texts
    assert [event.cause for event in desk.recomputed(stream)] == ["calendar"]
    assert await desk.recalculate(stream) == "unchanged"


async def test_given_a_due_date_that_moves_earlier_then_it_never_comes_to_lie_in_the_past() -> None:
    desk = Desk()
    stream = await desk.signed_for(await _registered(desk), "370102")
    desk.now = datetime(2027, 1, 25, 2, 0, tzinfo=UTC)
    saturdays = (special(date(2027, 1, day), working=True) for day in (2, 3, 9, 10, 16))
    await desk.adopt(with_2027(*saturdays))
    assert await desk.recalculate(stream) == "recorded"
    (moved,) = desk.recomputed(stream)
    assert desk.now == moved.clock.due_at == moved.clock.breach_at
    assert midnight(date(2027, 1, 26)) > desk.now


async def test_given_a_paused_clock_then_it_waits_and_counts_on_under_the_calendar_of_its_resumption() -> None:
    desk = Desk()
    stream = await desk.casebook.driven("open_verification", received_at="2026-12-14T08:00:00+08:00")
    await desk.casebook.command(HEAD, "suspend", stream)
    assert desk.handling(stream).paused is not None
    edition = with_2027(special(date(2027, 1, 5)))
    await desk.adopt(edition)
    await desk.recalculate(stream)
    assert desk.handling(stream).clock.calendar == KNOWN_2026.version
    await desk.casebook.command(HANDLER, "resume", stream)
    resumed = desk.handling(stream).clock
    assert (resumed.calendar, resumed.provisional) == (edition.version, False)
    assert resumed.due_at == midnight(date(2027, 1, 27))


async def test_given_a_holiday_of_one_region_then_its_departments_rest_and_others_work() -> None:
    desk = Desk()
    jinan = await desk.signed_for(await _registered(desk), "370102")
    yinchuan = await desk.in_ningxia()
    await desk.adopt(with_2027())
    await desk.adopt(edition_of_days("640000", 2027, 2027, [special(date(2027, 1, 7), "地方假日")]))
    assert {await desk.recalculate(stream) for stream in (jinan, yinchuan)} == {"recorded"}
    assert desk.handling(jinan).clock.due_at == midnight(date(2027, 1, 26))
    there = desk.handling(yinchuan).clock
    assert there.due_at == midnight(date(2027, 1, 27))
    assert any(step.text.startswith("2027-01-07 地方假日") for step in there.steps)
    assert "640000-2027" in there.calendar
