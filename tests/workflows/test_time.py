"""The one timer, on a server whose clock jumps: months pass, nobody acts, the process does what the record has due."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.testing import WorkflowEnvironment

from domain.clue import CLUE
from domain.errors import Refused
from domain.record.envelope import read
from domain.time.clock import Clock
from domain.time.clock_events import ClockEscalated, ClockExpired, ClockStarted, ClockWarned
from infra.memory.store import MemoryStore, MemoryTransaction
from tests.domain.clue import stories
from tests.domain.clue.stories import CLERK
from tests.support.as_of import ahead
from tests.workflows.casework import STRAIGHT, Casework, MemoryPorts


async def present(environment: WorkflowEnvironment) -> datetime:
    """What the server's clock shows, as the processes on it read it."""
    return await environment.get_current_time() + ahead()


class SkippingStore(MemoryStore):
    """A record whose clock is the server's, or behind it."""

    def __init__(self, environment: WorkflowEnvironment, behind: timedelta = timedelta()) -> None:
        super().__init__(lambda: self.now, departments=stories.DEPARTMENTS, officers=stories.DIRECTORY)
        self.now = datetime.now(UTC)
        self.behind = behind
        self._environment = environment

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        self.now = await present(self._environment) - self.behind
        async with super().transaction() as opened:
            yield opened


def skipping(environment: WorkflowEnvironment, *, behind: timedelta = timedelta(), **options: Any) -> Casework:
    """A world of cases in the environment's time."""
    casework = Casework(environment.client, **options)
    casework.store = SkippingStore(environment, behind)
    casework.memory = MemoryPorts(casework.store)
    return casework


def happened(casework: Casework, stream: str) -> list[str]:
    """Type names of the events, in order."""
    return [event.type for event in casework.store.tables.events[stream]]


async def test_given_nobody_signs_for_it_when_weeks_pass_then_it_warns_expires_climbs_and_returns(
    skipping_environment: WorkflowEnvironment,
) -> None:
    casework = skipping(skipping_environment)
    async with casework.working():
        stream = await casework.walk(until="dispatch")
        await skipping_environment.sleep(timedelta(days=200))
        now = await casework.awaited(stream)
    names = happened(casework, stream)
    after = names[names.index("clue.dispatched") :]
    order = ["clock.warned", "clock.expired", "clock.escalated", "clue.returned"]
    assert [after.index(name) for name in order] == sorted(after.index(name) for name in order)
    assert now.alarm is None  # every mark of every clock was reached
    assert (now.version, now.head_hash) == casework.head(stream)
    assert set(casework.memory.done) == set(casework.store.tables.effects)
    returned = [told for told in casework.memory.inbox if told.effect.subject == "clue_returned"]
    assert [told.effect.recipient for told in returned] == ["dispatcher@370102.12345"]
    for event in casework.store.tables.events[stream]:
        late = read(event).recorded_at - read(event).occurred_at
        assert timedelta(0) <= late < timedelta(minutes=1), event.type


def brought(casework: Casework, stream: str, clock: str) -> list[str]:
    """What time brought to one clock, in the order of the record."""
    found: list[str] = []
    for stored in casework.store.tables.events[stream]:
        match read(stored).event:
            case ClockWarned(clock=name, point=point) if name == clock:
                found.append(f"warned {point}")
            case ClockExpired(clock=name) if name == clock:
                found.append("expired")
            case ClockEscalated(clock=name, rung=rung) if name == clock:
                found.append(f"rung {rung}")
    return found


def started(casework: Casework, stream: str, kind: str) -> list[Clock]:
    """The clocks of a kind as they were started."""
    events = [read(stored).event for stored in casework.store.tables.events[stream]]
    return [event.clock for event in events if isinstance(event, ClockStarted) and event.clock.kind == kind]


CLIMBED = ["warned 1", "warned 2", "expired", "rung 1", "rung 2", "rung 3"]
"""All that can come to the clock of the handling department."""
ORDER_CLIMBED = ["warned 1", "expired", "rung 1", "rung 2"]


async def test_given_nobody_works_when_months_pass_then_the_ladder_is_climbed_once_and_its_order_climbs_its_own(
    skipping_environment: WorkflowEnvironment,
) -> None:
    casework = skipping(skipping_environment)
    async with casework.working():
        stream = await casework.walk(until="take_up", settle=True)
        await skipping_environment.sleep(timedelta(days=150))
        now = await casework.at_head(stream)
    assert now.alarm is None, "nothing is left to climb"
    (handling,), (order,) = started(casework, stream, "handling"), started(casework, stream, "oversight")
    assert brought(casework, stream, handling.id) == CLIMBED
    assert brought(casework, stream, order.id) == ORDER_CLIMBED
    names = happened(casework, stream)
    assert names.count("clue.oversight_ordered") == 1
    assert names.index("clue.oversight_ordered") > names.index("clock.escalated")
    for event in map(read, casework.store.tables.events[stream]):
        assert timedelta(0) <= event.recorded_at - event.occurred_at < timedelta(minutes=1)
    assert set(casework.memory.done) == set(casework.store.tables.effects)


async def test_given_the_workers_were_away_for_months_when_back_then_late_rungs_are_climbed_in_order_and_once(
    skipping_environment: WorkflowEnvironment,
) -> None:
    casework = skipping(skipping_environment)
    stream = None
    for actor, slug in STRAIGHT[:5]:  # taken up; this server's clock never jumps over a task that waits for a worker
        stream = (await casework.handle(actor, slug, stream)).outcome.stream
    assert stream is not None
    await skipping_environment.sleep(timedelta(days=90))
    back = await present(skipping_environment)
    async with casework.working():
        await casework.tell(await casework.memory.standing(stream), nudge=True)
        async with asyncio.timeout(30):
            while "clue.oversight_ordered" not in happened(casework, stream):
                await asyncio.sleep(0.05)
        await casework.at_head(stream)
        (handling,), (order,) = started(casework, stream, "handling"), started(casework, stream, "oversight")
        assert brought(casework, stream, handling.id) == CLIMBED
        assert order.started_at >= back, "an order nobody could see yet gives its whole time"
        await skipping_environment.sleep(timedelta(days=60))
        await casework.at_head(stream)
    assert brought(casework, stream, handling.id) == CLIMBED, "nothing twice"
    assert brought(casework, stream, order.id) == ORDER_CLIMBED
    marks = [
        event.occurred_at
        for event in map(read, casework.store.tables.events[stream])
        if isinstance(event.event, ClockWarned | ClockExpired | ClockEscalated)
    ]
    assert marks == sorted(marks), "late, but in the order of their time"


async def test_given_the_case_moves_on_then_the_old_timer_never_rings(
    skipping_environment: WorkflowEnvironment,
) -> None:
    casework = skipping(skipping_environment)
    async with casework.working():
        stream = await casework.walk(until="take_up", settle=True)
        await skipping_environment.sleep(timedelta(days=1))
        await casework.at_head(stream)
    assert not [name for name in happened(casework, stream) if name in ("clock.warned", "clock.expired")]
    assert Counter(await casework.history(stream))["TIMER_FIRED"] == 0


async def test_given_a_process_started_late_then_what_was_due_is_recorded_at_once(
    skipping_environment: WorkflowEnvironment,
) -> None:
    casework = skipping(skipping_environment)
    stream = (await casework.handle(CLERK, "register")).outcome.stream
    await skipping_environment.sleep(timedelta(days=30))
    async with casework.working():
        await casework.tell(await casework.memory.standing(stream), nudge=True)
        async with asyncio.timeout(20):
            while "clock.expired" not in happened(casework, stream):
                await asyncio.sleep(0.05)
        await casework.at_head(stream)


async def test_given_the_records_clock_lags_when_the_timer_rings_then_it_comes_again_with_growing_pauses(
    skipping_environment: WorkflowEnvironment,
) -> None:
    casework = skipping(skipping_environment, behind=timedelta(minutes=20))
    async with casework.working():
        stream = await casework.walk(until="register")
        now = await casework.at_head(stream)
        assert now.alarm is not None
        until = now.alarm.at - await present(skipping_environment)
        await skipping_environment.sleep(until + timedelta(minutes=30))
    assert "clock.warned" in happened(casework, stream)
    assert Counter(await casework.history(stream))["TIMER_FIRED"] < 20


async def test_given_the_record_refuses_twice_then_people_are_called_and_it_does_not_spin(
    skipping_environment: WorkflowEnvironment,
) -> None:
    casework = skipping(skipping_environment)
    refusing = replace(CLUE, clocks=lambda _: (), decide=lambda *_: Refused(code="broken", detail=""))
    deciders = {"clue": refusing}
    async with casework.working(ports=replace(casework.ports, world=replace(casework.world, nouns=deciders))):
        stream = await casework.walk(until="register")
        await casework.at_head(stream)
        await skipping_environment.sleep(timedelta(days=100))
        now = await casework.awaited(stream)
        asked = Counter(await casework.history(stream))["ACTIVITY_TASK_SCHEDULED"]
        assert now.trouble is not None and "broken" in now.trouble
        assert asked == 2
        deciders["clue"] = CLUE  # the cause is gone; the next thing heard lets it go on
        await casework.tell(await casework.memory.standing(stream), nudge=True)
        async with asyncio.timeout(20):
            while (await casework.awaited(stream)).trouble:
                await asyncio.sleep(0.05)
        await casework.at_head(stream)
    assert "clock.expired" in happened(casework, stream)


async def test_given_the_exchange_is_away_for_good_when_time_is_up_then_a_dead_letter_is_recorded_and_the_case_goes_on(
    skipping_environment: WorkflowEnvironment,
) -> None:
    casework = skipping(skipping_environment)
    casework.memory.refuse = True
    async with casework.working():
        stream = await casework.walk(until="feed_back")
        await skipping_environment.sleep(timedelta(days=2))
        await casework.at_head(stream)
        await casework.walk(stream=stream, since="feed_back", until="archive")
        await casework.process(stream).result()
    dead = [outcome for outcome in casework.memory.done.values() if outcome != "done"]
    assert dead == ["dead_letter:exchange_away"]
    history = await casework.client.get_workflow_handle(stream).fetch_history()
    assert "陈先生" not in history.to_json()
