"""`xiezhi reconcile`: compare the record's heads with how far the processes are, and nudge those that differ.

What Temporal's lists say is a little old, so they only raise suspicion; the process itself is asked before it is
nudged. A nudge makes it ask the record, which leads: also for a process the record does not know any more.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from domain.record.ports import Advance
from infra.processes.listing import Running, running
from infra.processes.open_cases import OpenCases, each_open
from infra.processes.recover import AT_ONCE, PER_SECOND, Start
from infra.processes.throttle import Throttle, each
from workflows.messages import QUERY, Awaited

QUERY_TIMEOUT = timedelta(seconds=5)
GRACE_SECONDS = 2.0
"""A process may be just about to take in what was recorded a moment ago."""

PATIENCE_SECONDS = 120.0
"""Longest round. What is left over is asked in the next one: a comparison must not become the load it looks into."""

Verdict = Literal["current", "told", "behind", "missing", "orphaned", "unanswered", "unasked"]


@dataclass(frozen=True)
class ReconcileReport:
    """What was compared: processes at their head; still to be told by the relay; behind or beside their head; missing;
    following a closed or unknown case; silent (their worker is away or busy); left for the next round.

    Nudged were those behind, missing or orphaned.
    """

    checked: int = 0
    current: int = 0
    told: int = 0
    behind: int = 0
    missing: int = 0
    orphaned: int = 0
    unanswered: int = 0
    unasked: int = 0

    @property
    def nudged(self) -> int:
        """How many processes were told to ask the record."""
        return self.behind + self.missing + self.orphaned


async def reconcile(
    client: Client,
    cases: OpenCases,
    nudge: Start,
    *,
    thorough: bool = False,
    per_second: float = PER_SECOND,
    grace_seconds: float = GRACE_SECONDS,
    patience_seconds: float = PATIENCE_SECONDS,
) -> ReconcileReport:
    """Compare and heal. `thorough` asks every process itself, for after a restore; else only the suspicious ones.

    Raises `ProcessesAway` or what the database raised.
    """
    known = {process.stream: process async for process in running(client)}
    waiting = await cases.waiting()
    throttle, verdicts, seen = Throttle(per_second), Counter[Verdict](), set[str]()
    until = asyncio.get_running_loop().time() + patience_seconds

    async def suspects() -> AsyncIterator[str]:
        async for advance in each_open(cases):
            seen.add(advance.stream)
            if not thorough and _looks_current(known.get(advance.stream), advance):
                verdicts["current"] += 1
            else:
                yield advance.stream
        for stream in sorted(known.keys() - seen):
            yield stream

    async def settle(stream: str) -> None:
        verdict: Verdict
        if stream in waiting and not thorough:
            verdict = "told"
        elif asyncio.get_running_loop().time() > until:
            verdict = "unasked"
        else:
            verdict = await _verdict(client, cases, stream, grace_seconds)
        verdicts[verdict] += 1
        if verdict in ("behind", "missing", "orphaned"):
            await throttle.turn()
            await nudge(await cases.standing(stream) or _unknown(stream), nudge=True)

    await each(suspects(), settle, at_once=AT_ONCE)
    counted = {str(verdict): count for verdict, count in verdicts.items()}
    return ReconcileReport(checked=verdicts.total(), **counted)


def _looks_current(process: Running | None, advance: Advance) -> bool:
    return process is not None and process.version == advance.last and not advance.effects


async def _verdict(client: Client, cases: OpenCases, stream: str, grace_seconds: float) -> Verdict:
    """Look twice: what is merely under way has a moment to arrive."""
    verdict = await _look(client, cases, stream)
    if verdict not in ("behind", "orphaned"):
        return verdict
    await asyncio.sleep(grace_seconds)
    return await _look(client, cases, stream)


async def _look(client: Client, cases: OpenCases, stream: str) -> Verdict:
    handle = client.get_workflow_handle(stream)
    try:
        described = await handle.describe(rpc_timeout=QUERY_TIMEOUT)
        if described.status is not WorkflowExecutionStatus.RUNNING:
            return "missing"
        now = await handle.query(QUERY, result_type=Awaited, rpc_timeout=QUERY_TIMEOUT)
    except WorkflowQueryFailedError:
        return "unanswered"
    except RPCError as error:
        return "missing" if error.status is RPCStatusCode.NOT_FOUND else "unanswered"
    recorded = await cases.standing(stream)
    if recorded is None or (recorded.closed and not recorded.effects):
        return "orphaned"
    known = {effect.id for effect in now.effects}
    at_head = (now.version, now.head_hash) == (recorded.last, recorded.head_hash)
    return "current" if at_head and all(effect.id in known for effect in recorded.effects) else "behind"


def _unknown(stream: str) -> Advance:
    """What to tell a process whose case the record does not know: ask, and end."""
    return Advance(
        stream=stream,
        first=0,
        last=0,
        previous_hash="",
        head_hash="",
        stage="",
        department="",
        alarm=None,
        effects=(),
        closed=True,
    )
