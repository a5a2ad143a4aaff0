"""What the auditor sees: PostgreSQL in one snapshot, the feedback folder, and every process as Temporal tells of it."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import IsolationLevel
from psycopg.rows import dict_row
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.record.envelope import StoredEvent
from tests.support.servers import plain_url

QUERY = "awaited"
_ASKED_AT_ONCE = 16
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class EffectRow:
    """A row of `effects`."""

    stream: str
    kind: str
    done_at: datetime | None
    outcome: str | None


@dataclass(frozen=True)
class Process:
    """A case's workflow: running, completed, missing, or what else Temporal says, and the version it has applied."""

    status: str
    applied: int | None


@dataclass(frozen=True)
class Snapshot:
    """The record at one instant. `feedback`: the effect ids of the files handed over, read when a folder is given."""

    now: datetime
    events: dict[str, list[StoredEvent]]
    heads: dict[str, tuple[int, str]]
    commands: dict[tuple[str, str], dict[str, Any] | None]
    followed: dict[str, dict[str, Any]]
    cases: dict[str, dict[str, Any]]
    clocks: dict[tuple[str, str], dict[str, Any]]
    effects: dict[UUID, EffectRow]
    inbox: list[UUID]
    outbox: int
    feedback: list[UUID]
    feedback_read: bool


_TABLES = {
    "events": "SELECT stream, version, type, recorded_at, body, hash FROM events ORDER BY stream, version",
    "streams": "SELECT stream, version, hash FROM streams",
    "commands": "SELECT account, key, outcome FROM commands",
    "followed": "SELECT * FROM followed",
    "cases": "SELECT * FROM cases",
    "clocks": "SELECT * FROM clocks",
    "effects": "SELECT id, stream, kind, done_at, outcome FROM effects",
    "inbox": "SELECT effect_id FROM inbox",
    "outbox": "SELECT count(*) AS waiting FROM outbox",
    "now": "SELECT clock_timestamp() AS now",
}


async def take_snapshot(database_url: str, feedback: Path | None = None) -> Snapshot:
    """Read everything in one repeatable-read transaction."""
    async with await psycopg.AsyncConnection.connect(plain_url(database_url), row_factory=dict_row) as connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        read = {name: await _rows(connection, statement) for name, statement in _TABLES.items()}
    events: dict[str, list[StoredEvent]] = defaultdict(list)
    for row in read["events"]:
        events[row["stream"]].append(StoredEvent(**row))
    return Snapshot(
        now=read["now"][0]["now"],
        events=dict(events),
        heads={row["stream"]: (row["version"], row["hash"]) for row in read["streams"]},
        commands={(row["account"], row["key"]): row["outcome"] for row in read["commands"]},
        followed={row["stream"]: row for row in read["followed"]},
        cases={row["stream"]: row for row in read["cases"]},
        clocks={(row["stream"], row["clock"]): row for row in read["clocks"]},
        effects={row.pop("id"): EffectRow(**row) for row in read["effects"]},
        inbox=[row["effect_id"] for row in read["inbox"]],
        outbox=read["outbox"][0]["waiting"],
        feedback=[UUID(path.stem) for path in feedback.glob("*.json")] if feedback else [],
        feedback_read=feedback is not None,
    )


async def _rows(connection: psycopg.AsyncConnection[dict[str, Any]], statement: str) -> list[dict[str, Any]]:
    return await (await connection.execute(statement.encode())).fetchall()


async def unsettled(database_url: str) -> Mapping[str, int]:
    """What the processes still have to do: rows of the outbox not sent, effects not done."""
    async with await psycopg.AsyncConnection.connect(plain_url(database_url), row_factory=dict_row) as connection:
        counted = await connection.execute(
            "SELECT (SELECT count(*) FROM outbox) AS outbox, "
            "(SELECT count(*) FROM effects WHERE done_at IS NULL) AS effects"
        )
        return await counted.fetchone() or {}


async def ask_processes(client: Client, snapshot: Snapshot) -> dict[str, Process]:
    """Every case's process. The applied version is asked only of open cases: the others hold none."""
    gate = asyncio.Semaphore(_ASKED_AT_ONCE)

    async def ask(stream: str) -> tuple[str, Process]:
        async with gate:
            return stream, await _process(client, stream, applied=not snapshot.cases[stream]["closed"])

    return dict(await asyncio.gather(*(ask(stream) for stream in snapshot.cases)))


async def _process(client: Client, stream: str, *, applied: bool) -> Process:
    handle = client.get_workflow_handle(stream)
    try:
        described = await handle.describe()
        status = (described.status or WorkflowExecutionStatus.RUNNING).name.lower()
        if status != "running" or not applied:
            return Process(status, None)
        answer: dict[str, Any] = await asyncio.wait_for(handle.query(QUERY), _ANSWER_SECONDS)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return Process("missing", None)
        return Process(error.status.name.lower(), None)
    except TimeoutError:
        return Process("silent", None)
    return Process(status, answer["version"])
