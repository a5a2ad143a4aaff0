"""One straight case as it was really recorded: the rows and signals that the floor and the bare loop repeat."""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from temporalio.client import Client

from tests.support.servers import plain_url
from workflows.messages import Recorded


@dataclass(frozen=True)
class CommandRows:
    """What one command wrote: rows to insert, rows to put in place of older ones, and its own row."""

    command: dict[str, Any]
    head: dict[str, Any]
    followed: dict[str, Any]
    case: dict[str, Any]
    inserts: dict[str, list[dict[str, Any]]]
    clocks: list[dict[str, Any]]


@dataclass(frozen=True)
class Template:
    """A case to be repeated under other names."""

    stream: str
    commands: tuple[CommandRows, ...]
    signals: tuple[Recorded, ...]


async def template_of(database_url: str, client: Client, stream: str) -> Template:
    """Read back a case that was driven to the archive."""
    signals = await _signals(client, stream)
    async with await psycopg.AsyncConnection.connect(plain_url(database_url), row_factory=dict_row) as connection:

        async def rows(table: str, order: str) -> list[dict[str, Any]]:
            found = await connection.execute(
                f"SELECT * FROM {table} WHERE stream = %s ORDER BY {order}".encode(), [stream]
            )
            return await found.fetchall()

        events = await rows("events", "version")
        effects = await rows("effects", "version")
        vault = await rows("vault", "kept_at")
        clocks = await rows("clocks", "started_at")
        (followed,) = await rows("followed", "stream")
        (case,) = await rows("cases", "stream")
        commands = {str(row["command_id"]): row for row in await rows("commands", "at")}
    by_command: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        by_command[json.loads(event["body"])["command"]].append(event)
    return Template(
        stream,
        tuple(
            _command_rows(commands[name], made, followed, case, clocks, effects, vault, signals)
            for name, made in by_command.items()
        ),
        tuple(signals),
    )


async def _signals(client: Client, stream: str) -> list[Recorded]:
    found = []
    async for event in client.get_workflow_handle(stream).fetch_history_events():
        if event.HasField("workflow_execution_signaled_event_attributes"):
            given = event.workflow_execution_signaled_event_attributes.input.payloads[0]
            found.append(client.data_converter.payload_converter.from_payload(given, Recorded))
    return sorted({told.last: told for told in found}.values(), key=lambda told: told.last)


def _command_rows(
    command: Mapping[str, Any],
    events: list[dict[str, Any]],
    followed: dict[str, Any],
    case: dict[str, Any],
    clocks: list[dict[str, Any]],
    effects: list[dict[str, Any]],
    vault: list[dict[str, Any]],
    signals: list[Recorded],
) -> CommandRows:
    first, last = events[0]["version"], events[-1]["version"]
    bodies = [json.loads(event["body"]) for event in events]
    text = "".join(event["body"] for event in events)
    touched = {body["data"]["clock"]["id"] for body in bodies if body["type"] == "clock.started"}
    touched |= {body["data"]["clock"] for body in bodies if body["type"] == "clock.stopped"}
    told = next(signal for signal in signals if signal.last == last)
    outbox = {"stream": case["stream"], "last": last, "lane": "live", "advance": Jsonb(told.model_dump(mode="json"))}
    return CommandRows(
        command=_without(command, "at") | {"outcome": Jsonb(command["outcome"])},
        head={"version": last, "hash": events[-1]["hash"], "recorded_at": events[-1]["recorded_at"]},
        followed=followed | {"version": last, "head_hash": events[-1]["hash"]},
        case=case | {"version": last},
        inserts={
            "events": [_without(event, "position", "xid") for event in events],
            "effects": [
                _without(row, "created_at", "done_at", "outcome", "attempts") | {"params": Jsonb(row["params"])}
                for row in effects
                if first <= row["version"] <= last
            ],
            "vault": [_without(row, "kept_at", "erased_at") for row in vault if str(row["ref"]) in text],
            "outbox": [outbox],
        },
        clocks=[row for row in clocks if row["clock"] in touched],
    )


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def renamed(template: Template, stream: str) -> list[CommandRows]:
    """The case under another name: new keys and ids, bodies that name it, hashes chained anew."""
    hashed, made = "0" * 64, []
    for rows in template.commands:
        events = []
        for event in rows.inserts["events"]:
            body = event["body"].replace(template.stream, stream)
            hashed = hashlib.sha256(f"{hashed}\n{body}".encode()).hexdigest()
            events.append(event | {"stream": stream, "body": body, "hash": hashed})
        made.append(
            CommandRows(
                command=rows.command | {"key": uuid.uuid4().hex, "command_id": uuid.uuid4(), "stream": stream},
                head=rows.head | {"hash": hashed},
                followed=rows.followed | {"stream": stream, "head_hash": hashed},
                case=rows.case | {"stream": stream, "number": stream, "external_id": stream},
                inserts={
                    "events": events,
                    "effects": [row | {"stream": stream, "id": uuid.uuid4()} for row in rows.inserts["effects"]],
                    "vault": [row | {"stream": stream, "ref": uuid.uuid4()} for row in rows.inserts["vault"]],
                    "outbox": [row | {"stream": stream} for row in rows.inserts["outbox"]],
                },
                clocks=[row | {"stream": stream} for row in rows.clocks],
            )
        )
    return made
