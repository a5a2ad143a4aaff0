"""Case numbers: without gap or double, whoever registers at the same time and whatever is refused or rolled back."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from domain.record.decider import Series
from domain.record.handler import Request, handle
from infra.postgres.engine.session import session
from infra.postgres.record.store import PostgresStore
from tests.support.record import CLERK, demo, world_of

OTHER_CLERK = demo("intake.370103")


async def register(engine: AsyncEngine, number: int, *, key: str | None = None, **body: Any) -> str:
    """One registration; the status of its outcome."""
    clerk = OTHER_CLERK if number % 4 == 0 else CLERK
    example = CLUE.commands["register"].example
    given = {**example, "external_id": f"T-{number}", "region": clerk.region, **body}
    request = Request(clerk, key or f"k{number}", "register", given)
    return (await handle(world_of(PostgresStore(engine)), CLUE, request)).outcome.status


async def numbers(engine: AsyncEngine) -> dict[str, list[int]]:
    """Serials by series, in order."""
    found: dict[str, list[int]] = {}
    async with session(engine) as opened:
        for number in (await opened.run(text("SELECT number FROM cases ORDER BY number"))).scalars():
            series, _, serial = number.rpartition("-")
            found.setdefault(series, []).append(int(serial))
    return found


async def test_given_many_at_once_among_refusals_and_repeats_then_every_series_runs_from_one_without_gap(
    engine: AsyncEngine,
) -> None:
    future = {"received_at": "2099-01-01T00:00:00+08:00"}
    tasks = [register(engine, number) for number in range(60)]
    tasks += [register(engine, 1000 + number, **future) for number in range(20)]
    tasks += [register(engine, number, key=f"k{number}") for number in range(0, 60, 7)]
    outcomes = await asyncio.gather(*tasks)
    assert outcomes.count("refused") == 20
    series = await numbers(engine)
    assert {name.rpartition("-")[0] for name in series} == {"370102-12345", "370103-12345"}
    assert all(serials == list(range(1, len(serials) + 1)) for serials in series.values())
    assert sum(len(serials) for serials in series.values()) == 60


async def test_given_a_transaction_that_fails_after_taking_a_serial_then_the_next_one_gets_it(
    engine: AsyncEngine,
) -> None:
    store, series = PostgresStore(engine), Series("370102", "12345", 2026)
    with pytest.raises(RuntimeError):
        async with store.transaction() as tx:
            assert await tx.next_serial(series) == 1
            raise RuntimeError
    async with store.transaction() as tx:
        assert await tx.next_serial(series) == 1
    async with store.transaction() as tx:
        assert await tx.next_serial(dataclasses.replace(series, year=2027)) == 1
        assert await tx.next_serial(series) == 2
