"""A case from another system: its own times, the rules of its day, nobody told, clocks that go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.clue import CLUE
from domain.clue.life import known
from domain.errors import KeyReused, Malformed
from domain.people.actors import Actor
from domain.record.decider import fold
from domain.record.envelope import check_chain, read
from domain.record.handler import Handled, HandlerPorts, Request, handle
from domain.record.takeover import Adoption, Step, StepRefused, adopt
from domain.time.clock_events import ClockPassedOver
from infra.memory.store import MemoryStore
from tests.support.record import (
    CLERK,
    DISPATCHER,
    STRAIGHT,
    known_departments,
    known_officers,
    world_of,
)

NOW = datetime(2026, 3, 30, 4, 0, tzinfo=UTC)
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
BODIES: dict[str, dict[str, Any]] = {
    "register": {"received_at": "2026-01-05T09:00:00+08:00", "external_id": "OLD-1"},
    "record_findings": {"evidence": []},
}


@pytest.fixture
def store() -> MemoryStore:
    """An empty record whose clock stands at the end of March."""
    return MemoryStore(lambda: NOW, departments=known_departments(), officers=known_officers())


@pytest.fixture
def world(store: MemoryStore) -> HandlerPorts:
    """The world around it."""
    return world_of(store)


def steps(count: int, *, apart: timedelta = timedelta(days=1)) -> list[Step]:
    """Registration and the first steps of the straight path, one a day."""
    taken: list[tuple[Actor, str]] = [(CLERK, "register"), *STRAIGHT][:count]
    return [
        Step(actor, slug, {**CLUE.commands[slug].example, **BODIES.get(slug, {})}, START + number * apart)
        for number, (actor, slug) in enumerate(taken)
    ]


async def adopted(world: HandlerPorts, history: list[Step], key: str = "history:1") -> Handled:
    return await adopt(world, CLUE, Adoption(by=CLERK, key=key, batch="old-2026", steps=history))


async def test_given_a_closed_history_then_it_stands_archived_with_its_times_and_nobody_is_told(
    world: HandlerPorts, store: MemoryStore
) -> None:
    done = await adopted(world, steps(13))
    rows = store.tables.events[done.outcome.stream]
    assert check_chain(rows) == done.outcome.head_hash
    envelopes = [read(row) for row in rows]
    assert {envelope.migrated for envelope in envelopes} == {"old-2026"}
    assert {envelope.recorded_at for envelope in envelopes} == {NOW}
    assert envelopes[0].occurred_at == START
    assert envelopes[-1].occurred_at == START + timedelta(days=12)
    assert done.outcome.stage == "archived"
    assert not store.tables.effects
    assert not store.tables.outbox
    assert done.advances == ()


async def test_given_an_open_history_then_its_clock_goes_on_and_past_marks_are_passed_over_in_silence(
    world: HandlerPorts, store: MemoryStore
) -> None:
    done = await adopted(world, steps(5))
    stream = done.outcome.stream
    envelopes = [read(row) for row in store.tables.events[stream]]
    passed = envelopes[-1].event
    assert isinstance(passed, ClockPassedOver)
    assert passed.marks == ("warned", "warned.2", "expired", 1, 2, 3)
    clue = known(fold(CLUE, [envelope.happened for envelope in envelopes]))
    running = next(timed for timed in CLUE.clocks(clue) if timed.running)
    assert running.clock.started_at == START + timedelta(days=2), "signing for it started the clock, months ago"
    assert running.clock.overdue(NOW)
    assert clue.dossier.migrated
    assert not store.tables.effects
    assert store.tables.outbox[stream, done.outcome.last].alarm is None
    assert done.advances


async def test_given_a_history_whose_deadline_lies_ahead_then_the_process_waits_for_its_next_mark(
    world: HandlerPorts, store: MemoryStore
) -> None:
    late = [Step(step.actor, step.slug, step.body, step.occurred_at + timedelta(days=79)) for step in steps(4)]
    done = await adopted(world, late)
    alarm = store.tables.outbox[done.outcome.stream, done.outcome.last].alarm
    assert alarm is not None
    assert alarm.at > NOW


async def test_given_the_year_of_registration_then_numbers_are_counted_in_it(
    world: HandlerPorts, store: MemoryStore
) -> None:
    old = [Step(step.actor, step.slug, step.body, step.occurred_at) for step in steps(1)]
    done = await adopted(world, old)
    fresh = await handle(
        world,
        CLUE,
        Request(
            CLERK, "k", "register", {**CLUE.commands["register"].example, **BODIES["register"], "external_id": "NEW-1"}
        ),
    )
    numbers = [store.tables.cases[one.outcome.stream].entry.model_dump()["number"] for one in (done, fresh)]
    assert numbers == ["370102-12345-2026-000001", "370102-12345-2026-000002"]


async def test_given_a_step_that_cannot_have_been_taken_then_nothing_of_the_case_is_recorded(
    world: HandlerPorts, store: MemoryStore
) -> None:
    history = steps(4)
    history[2] = Step(DISPATCHER, "sign_for", {}, history[2].occurred_at)
    with pytest.raises(StepRefused) as refused:
        await adopted(world, history)
    assert (refused.value.number, refused.value.refused.code) == (3, "wrong_role")
    assert not store.tables.events
    assert not store.tables.vault
    assert not store.tables.serials, "no number is lost"


@pytest.mark.parametrize(
    ("number", "at"), [(3, START - timedelta(days=1)), (4, NOW + timedelta(seconds=1))], ids=["backwards", "future"]
)
async def test_given_times_out_of_order_then_the_step_is_named(world: HandlerPorts, number: int, at: datetime) -> None:
    history = steps(4)
    step = history[number - 1]
    history[number - 1] = Step(step.actor, step.slug, step.body, at)
    with pytest.raises(StepRefused) as refused:
        await adopted(world, history)
    assert (refused.value.number, refused.value.refused.code) == (number, "out_of_order")


async def test_given_a_body_that_does_not_fit_then_the_place_names_the_step(world: HandlerPorts) -> None:
    history = steps(2)
    history[1] = Step(DISPATCHER, "dispatch", {"department": 5}, history[1].occurred_at)
    with pytest.raises(Malformed) as malformed:
        await adopted(world, history)
    assert [found["at"] for found in malformed.value.problems] == ["steps.2.department"]


async def test_given_the_same_history_again_then_it_is_there_already_and_another_under_its_key_is_refused(
    world: HandlerPorts, store: MemoryStore
) -> None:
    first, again = await adopted(world, steps(3)), await adopted(world, steps(3))
    assert again.repeated
    assert again.outcome == first.outcome
    with pytest.raises(KeyReused):
        await adopted(world, steps(4))
    with pytest.raises(StepRefused, match="已登记"):
        await adopted(world, steps(3), key="history:other")
    assert len(store.tables.events) == 1
