"""`python -m tests.bench.calendars`: a calendar that moves the deadlines of 100,000 open clues.

The clues are copies of one that was driven through the service under a calendar that ends last year: every copy has its
own events, chain, commands and rows, as if it had been driven too, and `verify` holds them against each other. Then the
next years are loaded, with a holiday that lies before every deadline, and every clock is computed anew by an event.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.rows import dict_row

from domain.record.envelope import GENESIS, chain
from domain.record.ids import NAMESPACE, command_id, effect_id, event_id
from domain.time.calendar import DAY, NATIONAL, SATURDAY, SpecialDay, day_of, edition_of_days, national_calendar
from domain.time.holiday_notice import Notice
from infra.calendars import adopt, load, recompute
from infra.calendars.loading import OPERATOR
from infra.cli.answer import progress_bar
from infra.postgres.clocks.calendars import CalendarShelf, ClocksToSettle
from infra.postgres.engine.engine import create_engine, create_maintenance_engine
from infra.postgres.proof.verify import verify
from infra.postgres.record.store import PostgresStore
from tests.bench.measures import ForeignCpu
from tests.bench.sizes import asked_of
from tests.support.record import Casebook, prepared, world_of
from tests.support.servers import plain_url, running_postgres

CLUES = 100_000
UNTIL = "take_up"
COPIED = 250
"""Copies a statement."""
_BESIDE = (
    "followed",
    "cases",
    "case_states",
    "clocks",
    "clock_ends",
    "holdings",
    "effects",
    "vault",
    "commands",
    "streams",
)
_HASH = re.compile("[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Original:
    """A clue as it stands in the record, ready to be copied: its events, and the rows beside them as JSON text."""

    stream: str
    number: str
    external_id: str
    events: tuple[Mapping[str, Any], ...]
    beside: Mapping[str, str]
    columns: Mapping[str, str]
    commands: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    """Account, key, id, and the ids of the events it made."""
    effects: tuple[tuple[str, str, str, str], ...]
    """Id, the event it follows from, kind, recipient."""
    others: tuple[str, ...]
    """Every other identifier."""
    named: re.Pattern[str]
    """Whatever a copy calls otherwise."""


async def original_of(connection: psycopg.AsyncConnection[Any], stream: str) -> Original:
    """Read a clue with everything beside it."""

    async def rows(table: str) -> list[dict[str, Any]]:
        found = await connection.execute(
            f"SELECT to_jsonb(given) - 'position' - 'xid' AS row FROM {table} AS given WHERE stream = %s".encode(),
            [stream],
        )
        return [row["row"] for row in await found.fetchall()]

    events = sorted(await rows("events"), key=lambda row: row["version"])
    bodies = [json.loads(row["body"]) for row in events]
    beside = {table: found for table in _BESIDE if (found := await rows(table))}
    (case,) = beside["cases"]
    ids = {body["version"]: body["id"] for body in bodies}
    texts = [row["body"] for row in events] + [json.dumps(found, ensure_ascii=False) for found in beside.values()]
    others = tuple(sorted({old for text in texts for old in _UUID.findall(text)}))
    keys = [row["key"] for row in beside["commands"]]
    tokens = (stream, case["number"], case["external_id"], *(f'"{key}"' for key in keys), *others)
    return Original(
        stream=stream,
        number=case["number"],
        external_id=case["external_id"],
        events=tuple(events),
        beside={table: json.dumps(found, ensure_ascii=False) for table, found in beside.items()},
        columns={table: ", ".join(found[0]) for table, found in {**beside, "events": events}.items()},
        commands=tuple(
            (row["account"], row["key"], row["command_id"],
             tuple(body["id"] for body in bodies if body["command"] == row["command_id"]))
            for row in beside["commands"]
        ),
        effects=tuple(
            (row["id"], ids[row["version"]], row["kind"], row["recipient"]) for row in beside.get("effects", ())
        ),
        others=others,
        named=re.compile("|".join(map(re.escape, tokens))),
    )  # fmt: skip


def copy_of(original: Original, number: int) -> dict[str, str]:
    """The rows of one copy, by table, as JSON text without its brackets."""
    stream = f"clue-{uuid5(NAMESPACE, f'copy {number}').hex}"
    serial = f"{original.number.rpartition('-')[0]}-{number + 2:06d}"
    names = {original.stream: stream, original.number: serial, original.external_id: f"copy-{number}"}
    names |= _identities(original, stream, number)

    def renamed(found: re.Match[str]) -> str:
        return names[found[0]]

    events, previous, hashes = [], GENESIS, dict[str, str]()
    for row in original.events:
        body = original.named.sub(renamed, row["body"])
        hashes[row["hash"]] = previous = chain(previous, body)
        events.append({**row, "stream": stream, "body": body, "hash": previous})
    beside = {
        table: _HASH.sub(lambda found: hashes.get(found[0], found[0]), original.named.sub(renamed, text))[1:-1]
        for table, text in original.beside.items()
    }
    return {"events": json.dumps(events, ensure_ascii=False)[1:-1], **beside}


def _identities(original: Original, stream: str, number: int) -> dict[str, str]:
    """Every identifier of a copy by that of the original; those that are derived are derived anew."""
    found = {old: str(uuid5(NAMESPACE, f"{old} {number}")) for old in original.others}
    for account, key, identity, made in original.commands:
        command = command_id(account, f"{key}:{number}")
        found |= {f'"{key}"': f'"{key}:{number}"', identity: str(command)}
        found |= {event: str(event_id(command, stream, index)) for index, event in enumerate(made)}
    for identity, event, kind, recipient in original.effects:
        found[identity] = str(effect_id(UUID(found[event]), kind, recipient))
    return found


async def multiply(url: str, stream: str, copies: int) -> None:
    """Put copies of a clue into the record."""
    async with await psycopg.AsyncConnection.connect(plain_url(url), autocommit=True, row_factory=dict_row) as opened:
        await opened.execute("SET synchronous_commit = off")
        original = await original_of(opened, stream)
        for start in range(0, copies, COPIED):
            together = [copy_of(original, number) for number in range(start, min(start + COPIED, copies))]
            async with opened.transaction():
                for table, names in original.columns.items():
                    rows = f"[{','.join(one[table] for one in together)}]"
                    put = (
                        f"INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, %s)"
                    )
                    await opened.execute(put.encode(), [rows])
        series = original.number.rpartition("-")[0]
        await opened.execute("UPDATE serials SET last = last + %s WHERE series = %s", [copies, series])
        await opened.execute("VACUUM ANALYZE")


def next_years(now: datetime) -> Notice:
    """A made-up arrangement for this year and the next: two working days off that lie ahead of every deadline."""
    day = day_of(now) + 4 * DAY
    while day.weekday() > SATURDAY - 3:
        day += DAY
    days = tuple(SpecialDay(day=day + number * DAY, name="试验假日", working=False) for number in range(2))
    return Notice(region=NATIONAL, title="made up", years=(day_of(now).year, day_of(now).year + 1), days=days)


async def calendars(clues: int, *, proved: bool) -> dict[str, Any]:
    """Measure; seconds and clocks a second."""
    now = datetime.now(UTC)
    year = day_of(now).year
    known = [special for special in national_calendar().days if special.day.year < year]
    async with running_postgres() as server:
        url = server.create_database()
        await prepared(url)
        engine = create_engine(url)
        world = world_of(PostgresStore(engine))
        place = await CalendarShelf(engine).place(NATIONAL)
        await adopt(world, engine, edition_of_days(NATIONAL, 2004, year - 1, known), place, OPERATOR)
        received = (now - timedelta(hours=1)).isoformat()
        stream = await Casebook(world).driven(UNTIL, received_at=received)
        begun = time.perf_counter()
        await multiply(url, stream, clues - 1)
        made = time.perf_counter() - begun
        print(f"{clues} clues made in {made:.0f} s", file=sys.stderr)
        with ForeignCpu() as foreign, progress_bar("clocks", quiet=False) as show:
            begun, cpu = time.perf_counter(), time.process_time()
            await load(world, engine, next_years(now))
            report = await recompute(world, ClocksToSettle(engine), show)
            seconds = time.perf_counter() - begun
            cpu = time.process_time() - cpu
        if proved:
            findings = (
                await verify(create_maintenance_engine(url), Ed25519PrivateKey.generate().public_key())
            ).findings
            print(f"verify: {findings[:5] or 'clean'}", file=sys.stderr)
        await engine.dispose()
    return {
        "cases": report.cases,
        "recomputed": report.recomputed,
        "failed": len(report.failed),
        "seconds": seconds,
        "per_second": report.cases / seconds,
        "own_cpu_seconds": cpu,
        "foreign_cpu": foreign.share,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.calendars", description=__doc__)
    parser.add_argument("--clues", type=int, default=CLUES)
    parser.add_argument("--verify", action="store_true", help="also prove the record afterwards (takes longer)")
    asked = asked_of(parser, clues=40)
    print(json.dumps(asyncio.run(calendars(asked.clues, proved=asked.verify)), indent=1))


if __name__ == "__main__":
    main()
