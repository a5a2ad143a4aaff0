"""Which calendars are in force, and one command for many cases: the memory twin and PostgreSQL alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.clue import CLUE
from domain.errors import UnknownCase
from domain.people.actors import SYSTEM
from domain.record.batch import handle_together
from domain.record.handler import HandlerPorts, Request, handle
from domain.rulebook import RULEBOOK, edition_of
from domain.time.calendar import NATIONAL, Calendar, CalendarMissing, Calendars, SpecialDay, edition_of_days
from infra.memory.store import MemoryStore
from infra.postgres.clocks.calendars import CalendarShelf
from infra.postgres.record.store import PostgresStore
from tests.support.record import Casebook, known_departments, known_officers, world_of

YEAR = datetime.now(UTC).year
OLD = edition_of_days(NATIONAL, YEAR - 2, YEAR - 1, ())
"""Ends before now: every deadline in days is provisional."""
NEW = edition_of_days(NATIONAL, YEAR - 2, YEAR + 1, ())
OWN = edition_of_days("640000", YEAR, YEAR, [SpecialDay(day=date(YEAR, 7, 1), name="地方假日", working=False)])


class Shelves:
    """A store under contract, and how editions come into force there."""

    def __init__(self, store: Any, shelf: Any) -> None:
        self.world: HandlerPorts = world_of(store)
        self._shelf = shelf

    async def adopt(self, edition: Calendar, *, kept: bool = True) -> None:
        if kept:
            await self._shelf(edition)
        told = edition_of(edition)
        asked = Request(actor=SYSTEM, key=f"adopt-{told['digest']}", slug="adopt_edition", body=told)
        assert (await handle(self.world, RULEBOOK, asked)).outcome.status == "recorded"

    async def in_force(self) -> Calendars:
        async with self.world.store.transaction() as tx:
            return await tx.calendars(self.world.calendars)


@pytest.fixture(params=["memory", "postgres"])
def shelves(request: pytest.FixtureRequest) -> Shelves:
    if request.param == "memory":
        memory = MemoryStore(lambda: datetime.now(UTC), departments=known_departments(), officers=known_officers())

        async def keep(edition: Calendar) -> None:
            memory.keep_calendar(edition)

        return Shelves(memory, keep)
    engine = request.getfixturevalue("engine")
    return Shelves(PostgresStore(engine), CalendarShelf(engine).keep)


async def test_given_nothing_on_record_then_what_the_build_brings_is_in_force(shelves: Shelves) -> None:
    assert await shelves.in_force() == shelves.world.calendars


async def test_given_editions_on_record_then_they_are_in_force_with_the_next_transaction(shelves: Shelves) -> None:
    for edition in (OLD, OWN, NEW):
        await shelves.adopt(edition)
        assert edition in (await shelves.in_force()).regions
    found = await shelves.in_force()
    assert found == Calendars(regions=(OWN, NEW))
    casebook = Casebook(shelves.world)
    stream = await casebook.registered()
    async with shelves.world.store.transaction() as tx:
        await tx.lock([stream])
        assert await tx.calendars(shelves.world.calendars) == found


async def test_given_an_edition_without_its_days_then_only_a_national_one_falls_back_on_the_build(
    shelves: Shelves,
) -> None:
    await shelves.adopt(NEW, kept=False)
    assert await shelves.in_force() == shelves.world.calendars
    await shelves.adopt(OWN, kept=False)
    with pytest.raises(CalendarMissing, match="640000"):
        await shelves.in_force()


async def _waiting(shelves: Shelves, cases: int) -> tuple[Casebook, list[Request]]:
    """Cases with provisional clocks, a calendar that settles them, and what is asked then."""
    await shelves.adopt(OLD)
    casebook = Casebook(shelves.world)
    streams = [await casebook.driven("dispatch") for _ in range(cases)]
    await shelves.adopt(NEW)
    return casebook, [
        Request(actor=SYSTEM, key=f"settle:{stream}", slug="recalculate", body={}, stream=stream, lane="bulk")
        for stream in streams
    ]


async def _types(shelves: Shelves, stream: str | None) -> list[str]:
    assert stream is not None
    async with shelves.world.store.transaction() as tx:
        return [row.type for row in await tx.load(stream)]


async def test_given_many_cases_when_handled_together_then_each_gets_what_it_would_get_alone(shelves: Shelves) -> None:
    _, asked = await _waiting(shelves, 3)
    alone = await handle(shelves.world, CLUE, asked[1])
    together = await handle_together(shelves.world, CLUE, asked)
    assert [handled.repeated for handled in together] == [False, True, False]
    assert together[1].outcome == alone.outcome
    for request, handled in zip(asked, together, strict=True):
        assert handled.outcome.status == "recorded"
        assert (await _types(shelves, request.stream)).count("clock.recomputed") == 1
        assert handled.outcome.stream == request.stream
    again = await handle_together(shelves.world, CLUE, asked)
    assert [handled.outcome for handled in again] == [handled.outcome for handled in together]
    assert all(handled.repeated for handled in again)
    moved = [replace(request, key=f"{request.key}:again") for request in asked]
    assert {handled.outcome.status for handled in await handle_together(shelves.world, CLUE, moved)} == {"unchanged"}


async def test_given_one_that_cannot_be_handled_then_none_is(shelves: Shelves) -> None:
    _, asked = await _waiting(shelves, 2)
    unknown = replace(asked[0], key="settle:unknown", stream="clue-00000000000000000000000000000000")
    with pytest.raises(UnknownCase):
        await handle_together(shelves.world, CLUE, [*asked, unknown])
    for request in asked:
        assert "clock.recomputed" not in await _types(shelves, request.stream)
    assert not any(handled.repeated for handled in await handle_together(shelves.world, CLUE, asked))
