"""Waits until the processes have caught up with the record, then lets the auditor judge.

Also a program, so that a stack of one's own can be audited from outside:

    python -m tests.support.settling --database URL --temporal ADDRESS [--log FILE] [--feedback FOLDER]
"""

import argparse
import asyncio
import json
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from infra.runtime.exit import run_and_leave
from tests.support.auditor import Findings, audit
from tests.support.snapshot import Snapshot, ask_processes, take_snapshot, unsettled
from tests.support.stack import PrivateStack

LATENESS = timedelta(seconds=30)


async def settled_audit(
    stack: PrivateStack,
    log: Sequence[dict[str, Any]],
    *,
    seconds: float = 60.0,
    lateness: timedelta = LATENESS,
    excused: Callable[[str], bool] = lambda _: False,
) -> tuple[Snapshot, Findings]:
    """The last audit: the first clean one, or the one after `seconds` with what still does not hold.

    `excused`: sentences that the test itself brought about.
    """
    return await _audited(
        stack.database_url,
        stack.temporal.address,
        log,
        stack.data_dir / "feedback",
        seconds=seconds,
        lateness=lateness,
        excused=excused,
    )


async def _audited(
    database_url: str,
    temporal_address: str,
    log: Sequence[dict[str, Any]],
    feedback: Path | None,
    *,
    seconds: float,
    lateness: timedelta = LATENESS,
    excused: Callable[[str], bool] = lambda _: False,
) -> tuple[Snapshot, Findings]:
    client = await Client.connect(temporal_address, data_converter=pydantic_data_converter)
    deadline = time.monotonic() + seconds
    while True:
        while any((await unsettled(database_url)).values()) and time.monotonic() < deadline:
            await asyncio.sleep(0.25)
        processes = await ask_processes(client, await take_snapshot(database_url))
        snapshot = await take_snapshot(database_url, feedback)
        findings = audit(snapshot, log, processes, lateness=lateness).without(excused)
        if findings.clean or time.monotonic() > deadline:
            return snapshot, findings
        await asyncio.sleep(1.0)


def main() -> int:
    """Audit a running stack once it has settled; 1 when something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--temporal", required=True)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--feedback", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    log = [json.loads(line) for line in given.log.read_text(encoding="utf-8").splitlines()] if given.log else []
    _, findings = asyncio.run(_audited(given.database, given.temporal, log, given.feedback, seconds=given.seconds))
    print(findings)
    return 0 if findings.clean else 1


if __name__ == "__main__":
    run_and_leave(main)
