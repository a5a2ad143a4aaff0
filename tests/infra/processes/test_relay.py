"""The relay: order within a case, lanes, failures, Temporal away; with the real outbox at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.record.ports import Advance, Lane
from infra.postgres.record.outbox import Outbox
from infra.processes.client import ProcessesAway
from infra.processes.relay import Relay, RelayOptions, Sent
from tests.support.processing import Processing
from tests.support.record import DISPATCHER

QUICK = RelayOptions(idle_seconds=0.01, longest_pause_seconds=0.05)


class ListedOutbox:
    """An outbox in two lists."""

    def __init__(self, live: Sequence[Advance] = (), bulk: Sequence[Advance] = ()) -> None:
        self.lanes: dict[Lane, list[Advance]] = {"live": list(live), "bulk": list(bulk)}
        self.leased: list[Advance] = []
        self.gone: list[Sent] = []

    async def lease(self, lane: Lane, limit: int, seconds: float) -> Sequence[Advance]:
        rows, self.lanes[lane] = self.lanes[lane][:limit], self.lanes[lane][limit:]
        self.leased += rows
        return rows

    async def delivered(self, rows: Sequence[Sent]) -> None:
        self.gone += rows

    async def release(self, rows: Sequence[Sent]) -> None:
        self.lanes["live"] += [row for row in self.leased if (row.stream, row.last) in rows]
        self.leased.clear()


def row(stream: str, last: int) -> Advance:
    return Advance(
        stream=stream,
        first=last,
        last=last,
        previous_hash="",
        head_hash="",
        stage="registered",
        department="d",
        alarm=None,
        effects=(),
        closed=False,
    )


async def test_given_rows_of_many_cases_then_each_cases_rows_go_in_order_and_are_deleted_once() -> None:
    outbox = ListedOutbox([row(f"clue-{case}", last) for last in (3, 1, 2) for case in "abc"])
    told: list[Sent] = []

    async def deliver(advance: Advance) -> None:
        await asyncio.sleep(0.001 * (4 - advance.last))
        told.append((advance.stream, advance.last))

    assert await Relay(outbox, deliver, QUICK).turn() == 9
    for case in "abc":
        assert [last for stream, last in told if stream == f"clue-{case}"] == [1, 2, 3]
    assert sorted(outbox.gone) == sorted(told)


async def test_given_one_case_fails_then_its_later_rows_wait_and_the_others_are_delivered() -> None:
    outbox = ListedOutbox([row("clue-a", 1), row("clue-a", 2), row("clue-b", 1)])

    async def deliver(advance: Advance) -> None:
        if advance.stream == "clue-a":
            raise ProcessesAway("away")

    with pytest.raises(ProcessesAway):
        await Relay(outbox, deliver, QUICK).turn()
    assert outbox.gone == [("clue-b", 1)]
    assert [(left.stream, left.last) for left in outbox.lanes["live"]] == [("clue-a", 1), ("clue-a", 2)]


async def test_given_temporal_is_away_for_a_while_then_the_relay_waits_and_delivers_when_it_is_back() -> None:
    outbox = ListedOutbox([row("clue-a", 1)])
    failures, stopping = iter(range(5)), asyncio.Event()

    async def deliver(advance: Advance) -> None:
        if next(failures, None) is not None:
            raise ProcessesAway("away")
        stopping.set()

    relay = Relay(outbox, deliver, QUICK)
    async with asyncio.timeout(5):
        await relay.run(stopping)
    assert outbox.gone == [("clue-a", 1)]
    assert not relay.behind


async def test_given_a_long_import_then_live_rows_go_first_and_bulk_ones_at_their_rate() -> None:
    outbox = ListedOutbox([row("clue-live", 1)], [row(f"clue-{number}", 1) for number in range(100)])
    told: list[str] = []

    async def deliver(advance: Advance) -> None:
        told.append(advance.stream)

    relay = Relay(outbox, deliver, RelayOptions(bulk_per_second=10))
    await relay.turn()
    await relay.turn()
    assert told[0] == "clue-live"
    assert len(told) == 11


async def test_given_nobody_told_the_process_then_the_relay_does_and_the_outbox_is_empty(
    engine: AsyncEngine, temporal_client: Client, tmp_path: Path
) -> None:
    processing = Processing(engine, temporal_client, tmp_path)
    async with processing.working():
        stream = await processing.casebook.registered()
        await processing.casebook.command(DISPATCHER, "dispatch", stream)
        now = await processing.at_head(stream)
    assert now.stage == "dispatched"
    assert not await Outbox(engine).lease("live", 10, 1.0)
