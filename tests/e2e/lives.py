"""One whole proof: messages in by import, some of them driven to the archive over HTTP, then the audit."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from tests.support.auditor import Findings
from tests.support.driver import driving, registered
from tests.support.histories import replay_failures
from tests.support.messages import Message, registration, write_import_file
from tests.support.plans import NO_CLUE, Offices, Plan, plans
from tests.support.settling import settled_audit
from tests.support.snapshot import Snapshot
from tests.support.stack import PrivateStack

REGIONS = 3
REPLAYED = 20
"""Histories of so many driven and so many other cases are replayed."""


@dataclass(frozen=True)
class Lived:
    """What was done and what stood in the record afterwards."""

    plans: list[Plan]
    log: list[dict[str, Any]]
    snapshot: Snapshot
    findings: Findings
    took: dict[str, float]
    """Seconds of each phase."""


async def import_messages(stack: PrivateStack, messages: Sequence[Message], folder: Path, *, source: str) -> Offices:
    """Import messages over the command line, spread over three regions; the offices to drive them with."""
    offices = Offices.of_accounts(list(stack.passwords()))
    regions = offices.busiest(REGIONS)
    file = folder / f"{source}.jsonl"
    write_import_file(file, (registration(message, regions, source=source) for message in messages))
    await stack.xiezhi("import", str(file), seconds=600)
    return offices


async def live(
    stack: PrivateStack, messages: Sequence[Message], folder: Path, *, driven: int, seed: int, source: str
) -> Lived:
    """Import all, drive `driven` of them to the archive with 16 in flight, settle, audit."""
    begun = time.monotonic()
    offices = await import_messages(stack, messages, folder, source=source)
    took = {"import": time.monotonic() - begun}
    replies = {f"{source}-{message['id']}": message["reply"] for message in messages}
    async with driving([stack.api_url()], stack.passwords(), folder / "client.jsonl") as driver:
        listed = [
            row
            for region in offices.busiest(REGIONS)
            for row in await driver.list_clues(f"dispatcher.{region}")
            if row["external_id"] in replies
        ]
        assert len(listed) == len(messages)
        chosen = sorted(listed, key=lambda row: row["id"])[:driven]
        planned = plans(registered(chosen, replies), offices, seed=seed)
        await driver.live_all(planned, in_flight=16)
        took["drive"] = time.monotonic() - begun - sum(took.values())
        snapshot, findings = await settled_audit(stack, driver.log.lines, seconds=120)
        client = await Client.connect(stack.temporal.address, data_converter=pydantic_data_converter)
        some = [*(plan.stream for plan in planned[:REPLAYED]), *(row["id"] for row in listed[:REPLAYED])]
        findings.by_check["histories replay on today's code"] = await replay_failures(client, dict.fromkeys(some))
    took["settle and audit"] = time.monotonic() - begun - sum(took.values())
    return Lived(planned, driver.log.lines, snapshot, findings, took)


def check_mix(lived: Lived) -> None:
    """The load was what the proof asks for."""
    count = len(lived.plans)
    ways = Counter(plan.way for plan in lived.plans)
    driven = [lived.snapshot.cases[plan.stream] for plan in lived.plans]
    assert len({department for case in driven for department in case["departments"]}) >= 10
    assert len({case["region"] for case in driven}) == REGIONS
    assert sum(case["returns"] >= 1 for case in driven) >= 0.15 * count
    assert sum(ways[way] for way in NO_CLUE) >= 0.10 * count
    assert sum(case["reopenings"] >= 1 for case in driven) >= 0.05 * count
    assert {case["stage"] for case in driven} == {"archived"}
    assert len(lived.log) == sum(len(plan.steps) for plan in lived.plans)


def written(lived: Lived) -> str:
    """A few lines for the test's output."""
    times = sorted(line["ms"] for line in lived.log)
    shown = {"p50_ms": times[len(times) // 2], "p95_ms": times[int(len(times) * 0.95)]}
    took = {phase: round(seconds, 1) for phase, seconds in lived.took.items()}
    return f"{lived.findings}\n{json.dumps(shown | took)}"
