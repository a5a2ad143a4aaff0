"""Cases of another system come in beside live ones: their processes start, wait for the next mark, and say nothing."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.value import SHANGHAI
from tests.support.pasts import past, write_pasts
from tests.support.snapshot import QUERY, Snapshot, ask_processes, take_snapshot
from tests.support.stack import PrivateStack, private_stack, until

SPRING = datetime(2026, 3, 2, 11, 0, tzinfo=SHANGHAI)


async def test_given_a_migrated_overdue_case_and_a_fresh_one_then_their_processes_wait_for_the_future_in_silence(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    async with private_stack(durable=False, apis=0) as stack:
        now = (await take_snapshot(stack.database_url)).now.astimezone(SHANGHAI)
        pasts = [
            past("OLD-1", SPRING, "archive"),
            past("OLD-late", SPRING, "dispatch"),
            past("OLD-fresh", now - timedelta(minutes=30), "dispatch", apart=timedelta(minutes=10)),
        ]
        file = write_pasts(tmp_path / "old.jsonl", pasts)
        client = await Client.connect(stack.temporal.address, data_converter=pydantic_data_converter)
        arguments = ("import", str(file), "--history", "--batch", "2026-11-old", "--rate", "100", "--json")
        report = json.loads(await stack.xiezhi(*arguments))
        assert (report["ok"], report["migrated"], report["cases"]) == (True, 3, 3)

        async def running() -> Snapshot | None:
            seen = await take_snapshot(stack.database_url, stack.data_dir / "feedback")
            processes = await ask_processes(client, seen)
            caught_up = {
                name: process.status == ("missing" if seen.cases[name]["closed"] else "running")
                and (seen.cases[name]["closed"] or process.applied == seen.heads[name][0])
                for name, process in processes.items()
            }
            return seen if seen.outbox == 0 and all(caught_up.values()) else None

        seen = await until(running, "the processes of the open cases follow the record")
        names = {row["external_id"]: name for name, row in seen.cases.items()}
        fresh_process: dict[str, Any] = await client.get_workflow_handle(names["OLD-fresh"]).query(QUERY)
        assert datetime.fromisoformat(fresh_process["alarm"]["at"]) > now
        late_process: dict[str, Any] = await client.get_workflow_handle(names["OLD-late"]).query(QUERY)
        assert late_process["alarm"] is None  # every mark lay in the past; the case is late, and stays shown as late

        await asyncio.sleep(1.0)  # what a process would wrongly do, it would do at once
        seen = await take_snapshot(stack.database_url, stack.data_dir / "feedback")
        assert (len(seen.effects), seen.inbox, seen.feedback) == (0, [], [])
        assert json.loads(await stack.xiezhi("verify", "--json"))["ok"]
        told = await stack.xiezhi("replay", names["OLD-late"])
        assert "迁入,批次 2026-11-old" in told
        assert "2026-03-02 14:00:00" in told
        again = json.loads(await stack.xiezhi(*arguments))
        assert (again["ok"], again["migrated"], again["already"]) == (True, 0, 3)
