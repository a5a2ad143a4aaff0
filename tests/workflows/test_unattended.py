"""Nobody acts after the dispatch: real PostgreSQL, real Temporal, clocks of seconds, and the process alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.actors import SYSTEM
from domain.envelope import read
from infra.postgres.session import session
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
    events = [read(row) for row in await processing.standings.history(stream)]
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
    assert "head@370102.market" in inbox["clock_escalated"]
    assert inbox["clue_returned"] == {"dispatcher@370102.12345"}


async def _inbox(engine: AsyncEngine, stream: str) -> dict[str, set[str]]:
    """Recipients by subject."""
    found: dict[str, set[str]] = {}
    async with session(engine) as opened:
        for row in await opened.run(text("SELECT subject, recipient FROM inbox WHERE stream = :stream"), stream=stream):
            found.setdefault(row.subject, set()).add(row.recipient)
    return found
