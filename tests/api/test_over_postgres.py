"""What differs from the store in memory: pages by key, overdue by the database's clock, notices the process sends."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from infra.postgres.engine.session import session
from tests.api.desks import ASSIGNER, DISPATCHER, MARKET
from tests.api.real import Running, running_service
from tests.support.servers import running_temporal
from tests.support.stack import until


async def test_given_cases_in_postgresql_then_lists_notices_and_the_process_agree(
    record_url: str, tmp_path: Path
) -> None:
    async with running_temporal() as temporal, running_service(record_url, temporal, tmp_path) as running:
        desks = running.desks
        cases = [await desks.given() for _ in range(5)]
        led = await desks.given("dispatch")

        seen, cursor = [], None
        while True:
            page = (await desks.get(DISPATCHER, "/clues", limit=2, **({"cursor": cursor} if cursor else {}))).json()
            seen += [line["id"] for line in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert seen == [led, *reversed(cases)]
        assert (await desks.get(DISPATCHER, "/clues", cursor="nonsense")).status_code == 422
        assert [line["id"] for line in (await desks.get(ASSIGNER, "/clues")).json()["items"]] == [led]
        assert [line["id"] for line in (await desks.get(DISPATCHER, "/clues", department=MARKET)).json()["items"]] == [
            led
        ]

        assert (await desks.get(DISPATCHER, "/clues", overdue=True)).json()["items"] == []
        await _breach(running, led)
        (late,) = (await desks.get(DISPATCHER, "/clues", overdue=True)).json()["items"]
        assert (late["id"], late["overdue"], late["clock"]) == (led, True, "sign_for")
        (clock,) = (await desks.get(DISPATCHER, "/clocks")).json()["items"]
        assert (clock["stream"], clock["owed_by"], clock["overdue"]) == (led, MARKET, True)
        assert (await desks.get(DISPATCHER, "/clocks", department="370102.water")).json()["items"] == []
        running_clocks = (await desks.get(DISPATCHER, "/clocks", state="running", limit=200)).json()["items"]
        assert len(running_clocks) == len(cases) + 1
        assert [line["stream"] for line in (await desks.get(ASSIGNER, "/clocks", state="running")).json()["items"]] == [
            led
        ]
        assert (await desks.get(DISPATCHER, "/clocks", state="nonsense")).status_code == 422

        async def told() -> bool:
            return bool((await desks.get(ASSIGNER, "/inbox", unread=True)).json()["items"])

        await until(told, "the notice of the dispatch")
        (notice,) = (await desks.get(ASSIGNER, "/inbox")).json()["items"]
        assert (notice["stream"], notice["subject"]) == (led, "clue_dispatched")
        assert (await desks.post(ASSIGNER, f"/inbox/{notice['id']}/read")).status_code == 204
        assert not await told()

        async def follows() -> bool:
            process = (await desks.get(DISPATCHER, f"/clues/{led}/process")).json()
            return process["process"] == "running" and not process["behind"] and bool(process["awaited"])

        await until(follows, "the process at the head of the case")

        async def outbox_empty() -> bool:
            async with session(running.engine) as opened:
                return not (await opened.run(text("SELECT count(*) FROM outbox"))).scalar_one()

        await until(outbox_empty, "delivered rows taken off the outbox")


async def _breach(running: Running, stream: str) -> None:
    """Make the running clock's breach lie in the past, as the database sees it."""
    async with session(running.engine) as opened:
        await opened.run(
            text("UPDATE clocks SET breach_at = now() - interval '1 minute' WHERE stream = :stream"), stream=stream
        )
