"""`xiezhi recover`: start every missing process from the record; with `revision`, restart those of an older revision.

A started process asks the record where it stands, so nothing is lost and nothing repeated: ids of commands and effects
come from the record. Runs at its own rate, so live cases do not starve; may be run again at any time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from temporalio.client import Client

from domain.record.ports import Advance
from infra.processes.listing import running
from infra.processes.open_cases import OpenCases, each_open
from infra.processes.throttle import Throttle, each
from workflows.options import PROCESS_REVISION

PER_SECOND = 50.0
AT_ONCE = 16

Progress = Callable[[int, int], None]
"""Hears how many open cases were seen, and how many there are."""


class Start(Protocol):
    """`infra.processes.tell.Deliverer`, as far as recovery needs it."""

    def __call__(self, advance: Advance, *, nudge: bool = False, restart: bool = False) -> Awaitable[None]: ...


@dataclass(frozen=True)
class RecoverReport:
    """What a recovery found and did."""

    open: int = 0
    running: int = 0
    started: int = 0
    restarted: int = 0


async def recover(
    client: Client,
    cases: OpenCases,
    start: Start,
    *,
    revision: bool = False,
    current: int = PROCESS_REVISION,
    per_second: float = PER_SECOND,
    progress: Progress = lambda _seen, _of: None,
) -> RecoverReport:
    """Give every open case its process. Raises `ProcessesAway` or what the database raised."""
    known = {process.stream: process async for process in running(client)}
    total, throttle, report = await cases.count_open(), Throttle(per_second), RecoverReport()

    async def missing() -> AsyncIterator[tuple[Advance, bool]]:
        nonlocal report
        async for advance in each_open(cases):
            report = replace(report, open=report.open + 1)
            progress(report.open, max(total, report.open))
            process = known.get(advance.stream)
            if process is None:
                yield advance, False
            elif revision and process.revision != current:
                yield advance, True
            else:
                report = replace(report, running=report.running + 1)

    async def bring_up(one: tuple[Advance, bool]) -> None:
        nonlocal report
        advance, restart = one
        await throttle.turn()
        await start(advance, nudge=True, restart=restart)
        if restart:
            report = replace(report, restarted=report.restarted + 1)
        else:
            report = replace(report, started=report.started + 1)

    await each(missing(), bring_up, at_once=AT_ONCE)
    return report
