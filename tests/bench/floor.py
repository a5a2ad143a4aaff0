"""The floor: the same rows in the same order of locks, written by bare psycopg on open connections, in two round trips.

No HTTP, no token, no folding, no rules, no telling. What the service adds to this is the price of what it does.
"""

import asyncio
import time
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg

from tests.bench.measures import Block, ForeignCpu
from tests.bench.template import CommandRows, Template, renamed
from tests.support.servers import PostgresServer, plain_url
from tests.support.stack import PrivateStack

_KEYS = {"followed": ("stream",), "cases": ("stream",), "clocks": ("stream", "clock")}


async def floor_database(stack: PrivateStack) -> str:
    """A database of its own on the same server with the same schema: the relay must not find what the floor writes."""
    server = PostgresServer(stack.postgres, stack.children["postgres"])
    url = server.create_database()
    await stack.xiezhi("migrate", DATABASE_URL=url)
    return url


async def floor_block(database_url: str, template: Template, *, cases: int, in_flight: int) -> Block:
    """Write `cases` cases, `in_flight` at a time, each command in a transaction of its own."""
    prepared = [renamed(template, f"floor-{uuid.uuid4().hex}") for _ in range(cases)]
    waiting = iter(prepared)
    connections = [await psycopg.AsyncConnection.connect(plain_url(database_url)) for _ in range(in_flight)]
    for connection in connections:
        connection.prepare_threshold = 0
    block = Block(cases, cases * len(template.commands), 0.0, 0.0)

    async def write(connection: psycopg.AsyncConnection[Any], case: Iterator[list[CommandRows]]) -> None:
        for commands in case:
            for number, rows in enumerate(commands):
                begun = time.perf_counter()
                await _append(connection, rows, opens=number == 0)
                block.millis.append((time.perf_counter() - begun) * 1000)

    with ForeignCpu() as foreign:
        begun = time.perf_counter()
        await asyncio.gather(*(write(connection, waiting) for connection in connections))
        block.answered_seconds = block.done_seconds = time.perf_counter() - begun
    block.foreign_cpu = foreign.share
    for connection in connections:
        await connection.close()
    return block


async def _append(connection: psycopg.AsyncConnection[Any], rows: CommandRows, *, opens: bool) -> None:
    """One transaction: take the key and the head; then everything and the commit in one pipeline."""
    stream = rows.case["stream"]
    command = {**rows.command, "outcome": None}
    async with connection.pipeline():
        await connection.execute(*_insert("commands", command))
        locked = await connection.execute("SELECT version, hash FROM streams WHERE stream = %s FOR UPDATE", [stream])
        await locked.fetchone()
    async with connection.pipeline():
        if opens:
            await connection.execute(*_insert("streams", {"stream": stream, "kind": "clue", **rows.head}))
        else:
            await connection.execute(
                "UPDATE streams SET version = %s, hash = %s, recorded_at = %s WHERE stream = %s",
                [rows.head["version"], rows.head["hash"], rows.head["recorded_at"], stream],
            )
        for table, added in rows.inserts.items():
            for row in added:
                await connection.execute(*_insert(table, row))
        await connection.execute(*_insert("followed", rows.followed, replace=True))
        await connection.execute(*_insert("cases", rows.case, replace=True))
        for row in rows.clocks:
            await connection.execute(*_insert("clocks", row, replace=True))
        await connection.execute(
            "UPDATE commands SET stream = %s, outcome = %s WHERE account = %s AND key = %s",
            [stream, rows.command["outcome"], command["account"], command["key"]],
        )
        await connection.commit()


def _insert(table: str, row: dict[str, Any], *, replace: bool = False) -> tuple[bytes, list[Any]]:
    names = list(row)
    keys = _KEYS.get(table, ())
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"
    if replace:
        changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
        statement += f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    return statement.encode(), list(row.values())
