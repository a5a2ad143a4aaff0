"""A rehearsed command says exactly what the command then records, and writes nothing: over both stores alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from domain.errors import Malformed, PreconditionFailed, UnknownCase, XiezhiError
from domain.people.actors import Actor, Role
from domain.record.decider import Effect, fold
from domain.record.dry_run import UNNUMBERED, Rehearsal, rehearse
from domain.record.envelope import Envelope, StoredEvent, read
from domain.record.handler import Handled, HandlerPorts, Request, handle
from infra.memory.store import MemoryStore
from infra.postgres.engine.session import session
from infra.postgres.record.effects import Effects
from infra.postgres.record.store import PostgresStore, PostgresTransaction
from tests.domain.clue import steps as c
from tests.support.record import (
    ASSIGNER,
    CLERK,
    DISPATCHER,
    HANDLER,
    HEAD,
    STRAIGHT,
    demo,
    known_departments,
    known_officers,
    world_of,
)

MONDAY = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SUPERVISOR = demo("supervisor.370102")
PEOPLE = (CLERK, DISPATCHER, ASSIGNER, HANDLER, HEAD, SUPERVISOR)
REGISTER = {"received_at": "2026-03-02T11:00:00+08:00", "external_id": "rehearsed"}


@dataclass
class Desk:
    """A record whose clock is set by hand, and all that stands in it."""

    store: Any
    contents: Callable[[], Any]
    """Awaited: everything that is kept, in a form that can be compared."""
    effects: Callable[[str], Any]
    """Awaited: the effects of a case, each with the version of its event."""
    now: datetime = MONDAY
    keys: int = 0

    @property
    def world(self) -> HandlerPorts:
        """The world around the record."""
        return world_of(self.store)

    def asked(self, by: Actor, slug: str, stream: str | None = None, **body: Any) -> Request:
        """A command with its example as body, changed where given."""
        self.keys += 1
        example = CLUE.commands[slug].example
        return Request(actor=by, key=f"k{self.keys}", slug=slug, body={**example, **body}, stream=stream)

    async def events(self, stream: str) -> tuple[StoredEvent, ...]:
        """What is recorded of a case."""
        async with self.store.transaction() as tx:
            return tuple(await tx.load(stream))

    async def tried(self, request: Request) -> Rehearsal:
        """A rehearsal, after which everything stands as before."""
        before = await self.contents()
        told = await rehearse(self.world, CLUE, request)
        assert await self.contents() == before
        return told


class ClockedStore(PostgresStore):
    """PostgreSQL by a clock of the test's own."""

    clock: Callable[[], datetime]

    def transaction(self) -> PostgresTransaction:
        """One whose clock is set by hand."""
        opened = super().transaction()

        async def now() -> datetime:
            return self.clock()

        opened.now = now  # type: ignore[method-assign]
        return opened


@pytest.fixture(params=["memory", "postgres"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """The record under contract."""
    if request.param == "memory":
        return in_memory()
    engine = request.getfixturevalue("engine")
    store = ClockedStore(engine)
    desk = Desk(store, lambda: everything(engine), lambda stream: effects_in(engine, stream))
    store.clock = lambda: desk.now
    return desk


def in_memory() -> Desk:
    """A record in memory."""
    desk: Desk

    async def contents() -> Any:
        return vars(desk.store.tables.copied())

    async def effects(stream: str) -> list[tuple[int, Effect]]:
        kept = desk.store.tables.effects.values()
        return [(pending.version, pending.effect) for pending in kept if pending.stream == stream]

    store = MemoryStore(lambda: desk.now, departments=known_departments(), officers=known_officers())
    desk = Desk(store, contents, effects)
    return desk


async def everything(engine: AsyncEngine) -> dict[str, Any]:
    """Every row of every table as text, and how far every sequence has come."""
    async with session(engine) as opened:
        names = (await opened.run(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        rows = {
            name: (await opened.run(text(f"SELECT t::text FROM {name} AS t ORDER BY 1"))).scalars().all()
            for name in sorted(names)
        }
        sequences = await opened.run(text("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"))
        return {**rows, "sequences": [tuple(row) for row in sequences]}


async def effects_in(engine: AsyncEngine, stream: str) -> list[tuple[int, Effect]]:
    """The effect rows of a case."""
    return [(row.version, row.effect) for row in await Effects(engine).of(stream)]


def told(envelopes: tuple[Envelope, ...]) -> list[Any]:
    """Events as far as they do not depend on chance and on the number taken."""
    return [
        (each.version, each.occurred_at, each.recorded_at, each.actor, each.basis, type(each.event), plain(each.event))
        for each in envelopes
    ]


def plain(event: Any) -> Any:
    """An event without references to texts and without its case number."""

    def bare(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: bare(value) for name, value in part.items() if name not in ("ref", "commitment", "number")}
        return [bare(entry) for entry in part] if isinstance(part, list) else part

    return bare(event.model_dump(mode="json"))


async def compare(desk: Desk, request: Request, rehearsal: Rehearsal, done: Handled, before: int) -> None:
    """The rehearsal said what was recorded."""
    outcome, promised = done.outcome, rehearsal.outcome
    same = ("status", "stage", "steps", "refusal", "last")
    assert {name: getattr(promised, name) for name in same} == {name: getattr(outcome, name) for name in same}
    recorded = tuple(read(row) for row in await desk.events(outcome.stream))
    assert told((*rehearsal.lapsed, *rehearsal.events)) == told(recorded[before:]), request.slug
    state = fold(CLUE, [each.happened for each in recorded])
    clocks = {timed.clock.id: timed for timed in CLUE.clocks(state)}
    for change in rehearsal.clocks:
        real = clocks[change.timed.clock.id]
        assert plain(change.timed) == plain(real)
    caused = [effect for version, effect in await desk.effects(outcome.stream) if version > before]
    assert sorted(map(said, caused)) == sorted(map(said, rehearsal.effects))


def said(effect: Effect) -> str:
    """An effect as something that can be sorted."""
    return json.dumps(effect.model_dump(), sort_keys=True)


async def given(desk: Desk, request: Request) -> Handled:
    """Rehearsed, then given for real, and both compared."""
    before = len(await desk.events(request.stream)) if request.stream else 0
    rehearsal = await desk.tried(request)
    done = await handle(desk.world, CLUE, request)
    await compare(desk, request, rehearsal, done, before)
    return done


async def test_given_a_whole_life_when_each_step_is_rehearsed_first_then_it_is_recorded_just_so(desk: Desk) -> None:
    stream = (await given(desk, desk.asked(CLERK, "register", **REGISTER))).outcome.stream
    beside: dict[str, list[tuple[Actor, str, dict[str, Any]]]] = {
        "take_up": [(CLERK, "correct", {"category": "complaint"}), (CLERK, "supplement", {})],
        "open_verification": [(HEAD, "suspend", {}), (HANDLER, "resume", {}), (HANDLER, "note", {})],
        "archive": [(DISPATCHER, "reopen", {}), (ASSIGNER, "archive", {})],
    }
    lapsed = refused = 0
    for by, slug in STRAIGHT:
        desk.now += timedelta(hours=30)
        done = await given(desk, desk.asked(by, slug, stream))
        assert done.outcome.status == "recorded", (slug, done.outcome)
        lapsed += any(read(row).actor.has(Role.SYSTEM) for row in await desk.events(stream))
        for someone, another, body in beside.get(slug, []):
            refused += (await given(desk, desk.asked(someone, another, stream, **body))).outcome.status == "refused"
    assert lapsed
    assert refused


async def test_given_any_stage_when_any_command_is_rehearsed_then_its_answer_is_that_of_the_command() -> None:
    desk, seen = in_memory(), set[tuple[str, str]]()
    stream = (await handle(desk.world, CLUE, desk.asked(CLERK, "register", **REGISTER))).outcome.stream
    for by, slug in (*STRAIGHT, (DISPATCHER, "reopen")):
        for another in sorted(set(CLUE.commands) - {"register", "elapse", "recalculate"}):
            known = desk.store.tables
            before = len(known.events[stream])
            for someone in takers(desk, stream, another):
                request = desk.asked(someone, another, stream)
                rehearsal = await answered(rehearse(desk.world, CLUE, request))
                assert desk.store.tables is known
                done = await answered(handle(desk.world, CLUE, request))
                if isinstance(rehearsal, Rehearsal):
                    assert isinstance(done, Handled)
                    await compare(desk, request, rehearsal, done, before)
                    seen.add((another, done.outcome.status))
                else:
                    assert rehearsal == done
                desk.store.tables = known
        await handle(desk.world, CLUE, desk.asked(by, slug, stream))
        desk.now += timedelta(minutes=10)
    assert {another for another, status in seen if status == "recorded"} > {step for _, step in STRAIGHT}
    assert len({another for another, status in seen if status == "refused"}) > 20


def takers(desk: Desk, stream: str, slug: str) -> tuple[Actor, ...]:
    """Who may take a step now, else somebody who may not."""
    state = fold(CLUE, [read(row).happened for row in desk.store.tables.events[stream]])
    able = tuple(one for one in PEOPLE if CLUE.permit(CLUE.commands[slug], state, one) is None)
    return able[:1] or (DISPATCHER,)


async def answered(asking: Any) -> Any:
    """The answer, or the code of the failure."""
    try:
        return await asking
    except XiezhiError as error:
        return error.code


async def test_given_time_that_brought_something_when_rehearsed_then_it_stands_apart_and_the_no_is_the_same(
    desk: Desk,
) -> None:
    stream = (await handle(desk.world, CLUE, desk.asked(CLERK, "register", **REGISTER))).outcome.stream
    await handle(desk.world, CLUE, desk.asked(DISPATCHER, "dispatch", stream))
    desk.now += timedelta(days=40)
    before = len(await desk.events(stream))
    request = desk.asked(DISPATCHER, "archive", stream)
    rehearsal = await desk.tried(request)
    assert rehearsal.outcome.refusal is not None
    assert rehearsal.events == ()
    assert {"clock.warned", "clock.expired"} <= {row_type(each) for each in rehearsal.lapsed}
    done = await handle(desk.world, CLUE, request)
    assert done.outcome.refusal == rehearsal.outcome.refusal
    await compare(desk, request, rehearsal, done, before)


def row_type(envelope: Envelope) -> str:
    """The name an event is stored under."""
    name = type(envelope.event).__name__
    return f"clock.{name.removeprefix('Clock').lower()}" if name.startswith("Clock") else name


async def test_given_a_registration_when_rehearsed_then_it_has_no_number_and_none_is_lost(desk: Desk) -> None:
    rehearsal = await desk.tried(desk.asked(CLERK, "register", **REGISTER))
    assert [each.event.number for each in rehearsal.events if hasattr(each.event, "number")] == [UNNUMBERED]
    assert [change.what for change in rehearsal.clocks] == [("started",)]
    stream = (await handle(desk.world, CLUE, desk.asked(CLERK, "register", **REGISTER))).outcome.stream
    numbers = [getattr(read(row).event, "number", None) for row in await desk.events(stream)]
    assert [number[-6:] for number in numbers if number] == ["000001"]
    again = await desk.tried(desk.asked(CLERK, "register", **REGISTER))
    assert again.outcome.refusal is not None
    assert again.outcome.refusal.code == "already_registered"


async def test_given_what_cannot_be_decided_when_rehearsed_then_it_fails_as_the_command_does(desk: Desk) -> None:
    stream = (await handle(desk.world, CLUE, desk.asked(CLERK, "register", **REGISTER))).outcome.stream
    before = await desk.contents()
    with pytest.raises(Malformed):
        await rehearse(desk.world, CLUE, desk.asked(DISPATCHER, "dispatch", stream, department="?"))
    with pytest.raises(UnknownCase):
        await rehearse(desk.world, CLUE, desk.asked(demo("dispatcher.370103"), "dispatch", stream))
    with pytest.raises(PreconditionFailed):
        stale = Request(DISPATCHER, "k", "dispatch", c.Dispatch.example, stream=stream, if_match=9)
        await rehearse(desk.world, CLUE, stale)
    assert await desk.contents() == before
