"""`python -m tests.bench.stock --url …`: a stock of clues to search and list, put straight into the derived tables.

No events stand behind it. Words follow Zipf's law over a made-up lexicon, texts have the lengths of real messages, and
a few departments get most of the work. The same seed makes the same stock.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import psycopg

from domain.clue.values import CATEGORY_NAMES, CHANNEL_NAMES
from domain.lists.search import fold, grams_of, periods_of
from infra.postgres.record import tables
from infra.reference import departments, regions
from tests.support.servers import plain_url

LAST = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
YEARS = 3
FUNCTION_WORDS = "的了是在有和不我们反映"
"""Stand in almost every text, as in real ones: what a one-character query hits hardest."""

_OPEN = 0.12
"""The newest part of the stock, most of which is still open."""
_STAGES = {
    "archived": 15, "completed": 15, "verifying": 20, "taken_up": 15, "assigned": 10, "signed_for": 8,
    "dispatched": 12, "registered": 5,
}  # fmt: skip
_UNASSIGNED = ("registered", "dispatched", "signed_for")
_FIELDS = (("title", 18), ("body", 190), ("reply", 270))
_POOL = 4_000
"""Different texts of each field; a number of its own makes every copy findable by itself."""


@dataclass(frozen=True)
class Prose:
    """A text as it is kept, folded, and indexed."""

    text: str
    folded: str
    grams: str


class Author:
    """Writes texts whose words follow Zipf's law."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        letters = [chr(point) for point in range(0x4E00, 0x4E00 + 3500)]
        dice.shuffle(letters)
        letters = [*FUNCTION_WORDS, *(letter for letter in letters if letter not in FUNCTION_WORDS)]
        weights = list(accumulate(1 / (rank + 8) for rank in range(len(letters))))
        self.letters = letters
        self.words = list(FUNCTION_WORDS) + [
            "".join(dice.choices(letters, cum_weights=weights, k=dice.choice((1, 2, 2, 2, 3, 4))))
            for _ in range(40_000)
        ]
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(self.words))))

    def write(self, typical: int) -> Prose:
        """A text of about this length, spread as in real ones."""
        wanted = max(4, int(typical * self._dice.lognormvariate(-0.2, 0.6)))
        said = ""
        while len(said) < wanted:
            sentence = self._dice.choices(self.words, cum_weights=self._weights, k=self._dice.randrange(4, 14))
            said += "".join(sentence) + self._dice.choice(",,,。。!")
        folded = fold(said)
        return Prose(said, folded, ",".join(map(str, grams_of(folded))))


def case_rows(clues: int, dice: random.Random, recent: float = _OPEN) -> Iterator[Mapping[str, Any]]:
    """Case rows, oldest first; a value for every column. Of the newest share (`recent`) most are open."""
    kinds = sorted({known.kind for known in departments()} - {"12345"})
    by_work = list(accumulate(1 / (rank + 1) for rank in range(len(kinds))))
    districts = [region.code for region in regions() if not region.is_city]
    step = timedelta(days=365 * YEARS) / clues
    for number in range(clues):
        region = dice.choice(districts)
        department = f"{region}.{dice.choices(kinds, cum_weights=by_work)[0]}"
        fresh = number > clues * (1 - recent)
        stage = dice.choices(list(_STAGES), weights=list(_STAGES.values()))[0] if fresh else "archived"
        given = stage != "registered"
        registered_at = LAST - step * (clues - number)
        yield {
            "stream": f"clue-{number:032x}",
            "kind": "clue",
            "stage": stage,
            "number": f"{region}-12345-{registered_at:%Y}-{number:06d}",
            "region": region,
            "channel": dice.choice(tuple(CHANNEL_NAMES)),
            "category": dice.choice(tuple(CATEGORY_NAMES)),
            "external_id": f"T{number:08d}",
            "entity": f"91{dice.randrange(5000):016d}" if dice.random() < 0.3 else None,
            "lead": department if given else None,
            "responsible": department if given else f"{region}.12345",
            "handler": f"handler{dice.randrange(12)}.{department}" if stage not in _UNASSIGNED else None,
            "departments": _involved(department, dice.choice(kinds), dice) if given else [],
            "links": [],
            "returns": int(dice.random() < 0.1),
            "reopenings": 0,
            "steps": 12,
            "received_at": registered_at - timedelta(minutes=10),
            "registered_at": registered_at,
            "completed": stage in ("completed", "archived"),
            "closed": stage == "archived",
            "migrated": False,
            "version": 12,
        }


def _involved(department: str, other: str, dice: random.Random) -> list[str]:
    """The departments of a case; one in twenty was somewhere else first."""
    first = [f"{department.split('.')[0]}.{other}"] if dice.random() < 0.05 else []
    return list(dict.fromkeys((*first, department)))


def clock_rows(case: Mapping[str, Any], dice: random.Random) -> Iterator[Mapping[str, Any]]:
    """One ended clock and, while the case is open, a running one; a part of those is overdue."""
    started = case["registered_at"]
    for name, running in (("sign_for-1", False), ("handling-2", not case["completed"])):
        due = LAST + timedelta(days=dice.uniform(-3, 12)) if running else started + timedelta(days=2)
        yield {
            "stream": case["stream"],
            "clock": name,
            "kind": name.split("-")[0],
            "rule": f"stock.{int(case['stream'][-4:], 16) % 30}",
            "pack": "stock@1",
            "certainty": "P",
            "standing": "internal",
            "owed_by": case["responsible"],
            "started_at": started,
            "warn_at": due - timedelta(days=1),
            "due_at": due,
            "breach_at": due,
            "provisional": False,
            "reached": [],
            "stopped_at": None if running else started + timedelta(hours=5),
            "outcome": None if running else "met",
            "region": case["region"],
            "channel": case["channel"],
            "category": case["category"],
            "level": max(0, (LAST - due).days) if running else 0,
        }


async def fill(url: str, clues: int = 200_000, *, texts: bool = True, seed: int = 1) -> None:
    """Put the stock into a migrated database and gather statistics."""
    async with await psycopg.AsyncConnection.connect(plain_url(url), autocommit=True) as connection:
        await connection.execute("SET maintenance_work_mem = '512MB'")
        await connection.execute("SET synchronous_commit = off")
        dice = random.Random(seed)
        cases = list(case_rows(clues, dice))
        await copied(connection, "cases", cases)
        await copied(connection, "clocks", (clock for case in cases for clock in clock_rows(case, dice)))
        if texts:
            await _put_texts(connection, cases, seed)
        for table in ("cases", "clocks", *(("vault", "search") if texts else ())):
            await connection.execute(f"VACUUM ANALYZE {table}")


async def _put_texts(connection: psycopg.AsyncConnection[Any], cases: Sequence[Mapping[str, Any]], seed: int) -> None:
    """Texts and their index; the index over grams is made in one go at the end."""
    author = Author(random.Random(seed))
    pool = {field: [author.write(length) for _ in range(min(_POOL, len(cases)))] for field, length in _FIELDS}
    definition = await _definition(connection, "search_grams_idx")
    await connection.execute("DROP INDEX search_grams_idx")
    searched = (
        f"{ref}\t{case['stream']}\t{case['registered_at'].isoformat()}\t"
        f"{{{','.join((prose.grams, *map(str, (*grams_of(own), *periods_of(case['registered_at'])))))}}}\t"
        f"{prose.folded} {own}\n"
        for ref, _, case, prose, own in _texts(cases, pool)
    )
    await _copy_lines(connection, "search (ref, stream, registered_at, grams, folded)", searched)
    kept = (
        f"{ref}\t{case['stream']}\t{field}\t\\\\x00\t{prose.text} {own}\n"
        for ref, field, case, prose, own in _texts(cases, pool)
    )
    await _copy_lines(connection, "vault (ref, stream, field, salt, text)", kept)
    await connection.execute(definition)


def _texts(
    cases: Sequence[Mapping[str, Any]], pool: Mapping[str, Sequence[Prose]]
) -> Iterator[tuple[UUID, str, Mapping[str, Any], Prose, str]]:
    """Every text of every case: reference, field, case, prose, and the number nobody else has."""
    for number, case in enumerate(cases):
        for place, field in enumerate(pool):
            if field != "reply" or case["completed"]:
                prose = pool[field][(number * 7919 + place) % len(pool[field])]
                yield UUID(int=number * 4 + place), field, case, prose, f"{number:06d}" if field == "title" else ""


async def _definition(connection: psycopg.AsyncConnection[Any], index: str) -> Any:
    found = await connection.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index])
    row = await found.fetchone()
    assert row is not None
    return row[0]


async def copied(connection: psycopg.AsyncConnection[Any], table: str, rows: Any) -> None:
    columns = [column.name for column in tables.metadata.tables[table].columns]
    rows = iter(rows)
    first = next(rows)
    used = [name for name in columns if name in first]
    async with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(used)}) FROM STDIN") as copy,
    ):
        await copy.write_row([first[name] for name in used])
        for row in rows:
            await copy.write_row([row[name] for name in used])


async def _copy_lines(connection: psycopg.AsyncConnection[Any], target: str, lines: Iterator[str]) -> None:
    """Lines in COPY's own text format: these texts hold nothing that would have to be escaped."""
    async with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        batch: list[str] = []
        for line in lines:
            batch.append(line)
            if len(batch) == 500:
                await copy.write("".join(batch))
                batch.clear()
        await copy.write("".join(batch))


def main() -> None:
    """Fill one database."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.stock", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--clues", type=int, default=200_000)
    parser.add_argument("--no-texts", action="store_true")
    given = parser.parse_args()
    begun = time.perf_counter()
    asyncio.run(fill(given.url, given.clues, texts=not given.no_texts))
    print(f"{given.clues} clues in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
