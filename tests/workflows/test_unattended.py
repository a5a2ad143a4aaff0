"""Nobody acts after the dispatch: real PostgreSQL, real Temporal, clocks of seconds, and the process alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.people.actors import SYSTEM
from domain.record.envelope import read
from infra.postgres.engine.session import session
from tests.support.processing import Processing, seconds_pack
from tests.support.record import DISPATCHER


async def test_given_a_dispatched_clue_when_nobody_acts_then_it_warns_falls_due_climbs_and_is_back_with_the_dispatcher(
    engine: AsyncEngine, temporal_client: Client, tmp_path: Path
) -> None:
    processing = Processing(engine, temporal_client, tmp_path, seconds_pack())
    async with processing.working():
        stream = await processing.casebook.registered()
        await processing.casebook.command(DISPATCHER, "dispatch", stream)
        async with asyncio.timeout(30):
            while "clue_returned" not in await _inbox(engine, stream):
                await asyncio.sleep(0.1)
        now = await processing.at_head(stream)
    assert now.stage == "registered" and now.department == "370102.12345"
    events = [read(row) for row in await processing.process_states.history(stream)]
    names = [type(event.event).__name__ for event in events]
    alone = names[names.index("ClueDispatched") + 1 :]
    steps = ["ClockWarned", "ClockExpired", "ClockEscalated", "ClueReturned"]
    assert [name for name in dict.fromkeys(alone) if name in steps] == steps
    by_time = [event for event in events if type(event.event).__name__ in steps]
    assert {event.actor for event in by_time} == {SYSTEM}
    assert all(timedelta(0) <= event.recorded_at - event.occurred_at < timedelta(seconds=2) for event in by_time)
    inbox = await _inbox(engine, stream)
    assert inbox["clock_warned"] == {"department_assigner@370102.market"}
    assert inbox["clock_expired"] == {"department_assigner@370102.market"}
    assert "department_assigner@370102.market" in inbox["clock_escalated"]
    assert inbox["clue_returned"] == {"dispatcher@370102.12345"}


async def test_given_a_clue_nobody_dispatches_then_the_ladder_orders_oversight_and_climbs_to_the_head_once_a_rung(
    engine: AsyncEngine, temporal_client: Client, tmp_path: Path
) -> None:
    processing = Processing(engine, temporal_client, tmp_path, seconds_pack())
    async with processing.working():
        stream = await processing.casebook.registered()
        async with asyncio.timeout(30):
            while "head@370102.12345" not in (await _inbox(engine, stream)).get("clock_escalated", set()):
                await asyncio.sleep(0.1)
    events = [read(row) for row in await processing.process_states.history(stream)]
    rungs = [event.event for event in events if type(event.event).__name__ == "ClockEscalated"]
    climbed = [rung for rung in rungs if rung.clock == "dispatch-1"]
    assert [rung.to for rung in climbed] == ["department_supervisor", "coordinator", "head"]
    ordered = [event for event in events if type(event.event).__name__ == "ClueOversightOrdered"]
    assert [(event.event.clock, event.basis.rule if event.basis else None) for event in ordered] == [
        ("dispatch-1", "training.dispatch.1")
    ]
    inbox = await _inbox(engine, stream)
    assert inbox["oversight_ordered"] == {"dispatcher@370102.12345", "head@370102.12345"}
    assert {"dispatcher@370102.12345", "coordinator@370102.12345"} <= inbox["clock_escalated"]


async def _inbox(engine: AsyncEngine, stream: str) -> dict[str, set[str]]:
    """Recipients by subject."""
    found: dict[str, set[str]] = {}
    async with session(engine) as opened:
        for row in await opened.run(text("SELECT subject, recipient FROM inbox WHERE stream = :stream"), stream=stream):
            found.setdefault(row.subject, set()).add(row.recipient)
    return found
