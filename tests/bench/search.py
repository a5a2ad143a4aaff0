"""`python -m tests.bench.search [--url … | --clues N]`: how long a page of search results takes, by query and reader.

Without an address it starts a PostgreSQL of its own, as in production, and fills it with `tests.bench.stock`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.cases import CaseLine
from domain.lists.page import Page
from domain.lists.search import Search, parse_query
from domain.lists.worklists import LIVES, CaseFilter, Part, Selection
from domain.people.visibility import Scope
from infra.postgres.cases.listing import Cases
from infra.postgres.engine.engine import create_engine
from infra.runtime.exit import run_and_leave
from tests.bench.measures import quantile
from tests.bench.sizes import asked_of
from tests.bench.stock import FUNCTION_WORDS, Author, fill
from tests.support.record import prepared
from tests.support.servers import running_postgres

PAGE = 50
AIM_MILLIS = 50.0

READERS: Mapping[str, Scope] = {
    "city": Scope(region_prefix="3701"),
    "district": Scope(region_prefix="370102"),
    "large department": Scope(department="370102.agriculture"),
    "small department": Scope(department="370105.water"),
}
NARROWED: Mapping[str, CaseFilter] = {
    "all": CaseFilter(),
    "stage": CaseFilter(stages=("verifying",)),
    "department": CaseFilter(department="370102.emergency"),
    "channel": CaseFilter(channel="media"),
}


@dataclass
class Timed:
    """The times of one kind of query for one reader."""

    millis: list[float] = field(default_factory=list)
    found: int = 0
    slowest: str = ""

    def add(self, millis: float, found: int, query: str) -> None:
        if not self.millis or millis > max(self.millis):
            self.slowest = query
        self.millis.append(millis)
        self.found += found


def queries(seed: int, each: int) -> dict[str, list[str]]:
    """Queries of every kind over the words the stock was written with."""
    author, dice = Author(random.Random(seed)), random.Random(seed)
    texts = [author.write(190).text for _ in range(200)]
    pairs = [word for word in author.words if len(word) == 2]
    return {
        "1 character, in most texts": list(FUNCTION_WORDS),
        "1 character, common": dice.choices(author.letters[20:300], k=each),
        "1 character, rare": dice.choices(author.letters[2500:], k=each),
        "2 characters, common": dice.choices(pairs[:80], k=each),
        "2 characters, middling": dice.choices(pairs[80:1500], k=each),
        "2 characters, rare": dice.choices(pairs[5000:], k=each),
        "phrase": [text[:40].split(",")[0].split("。")[0][:12] or "的" for text in dice.choices(texts, k=each)],
        "two words": [f"{dice.choice(pairs[:200])} {dice.choice(pairs[:3000])}" for _ in range(each)],
        "absent": ["".join(dice.sample(author.letters[500:], 4)) for _ in range(each)],
        "a clue's own number": [f"{dice.randrange(200_000):06d}" for _ in range(each)],
        "ticket": [f"T{dice.randrange(200_000):08d}" for _ in range(each)],
    }


async def measure(engine: AsyncEngine, *, each: int, seed: int) -> dict[tuple[str, str, str], Timed]:
    """Every kind of query for every reader and narrowing: the first page, and the one after it when there is one."""
    asked = [
        (kind, reader, narrowing, query)
        for kind, found in queries(seed, each).items()
        for reader in READERS
        for narrowing in NARROWED
        for query in found
    ]
    random.Random(seed).shuffle(asked)
    timed: dict[tuple[str, str, str], Timed] = {}
    for number, (kind, reader, narrowing, query) in enumerate(asked):
        row = timed.setdefault((kind, reader, narrowing), Timed())
        cursor: str | None = None
        for _ in range(2):
            begun = time.perf_counter()
            found = await page(engine, READERS[reader], NARROWED[narrowing], query, cursor)
            millis = (time.perf_counter() - begun) * 1000
            if number > 50:  # connections and prepared statements first
                row.add(millis, len(found.items), query)
            if (cursor := found.next) is None:
                break
    return {key: row for key, row in timed.items() if row.millis}


async def page(
    engine: AsyncEngine, scope: Scope, narrowed: CaseFilter, query: str, cursor: str | None
) -> Page[CaseLine]:
    """One page as the list asks for it."""
    asked = Search(parse_query(query), scope)
    parts = (Part(stages=LIVES["clue"].stages),)
    return await Cases(engine).page(Selection(scope, parts, narrowed, asked), cursor=cursor, limit=PAGE)


def told(timed: Mapping[tuple[str, str, str], Timed]) -> str:
    """A line for each kind of query, reader and narrowing, and one for all."""
    lines = [f"{'query':28} {'reader':18} {'narrowed':11} {'n':>5} {'p50 ms':>7} {'p99 ms':>7} {'max ms':>7}  rows"]
    for (kind, reader, narrowing), row in sorted(timed.items()):
        lines.append(
            f"{kind:28} {reader:18} {narrowing:11} {len(row.millis):5} {quantile(row.millis, 0.5):7.1f} "
            f"{quantile(row.millis, 0.99):7.1f} {max(row.millis):7.1f} {row.found / len(row.millis):5.1f}"
            + (f"  {row.slowest}" if max(row.millis) > AIM_MILLIS else "")
        )
    every = [millis for row in timed.values() for millis in row.millis]
    for kind in sorted({kind for kind, _, _ in timed}):
        some = [millis for key, row in timed.items() if key[0] == kind for millis in row.millis]
        lines.append(f"{kind:28} p50 {quantile(some, 0.5):.1f}, p99 {quantile(some, 0.99):.1f} ms, {len(some)} pages")
    lines.append(
        f"all {len(every)} pages: p50 {quantile(every, 0.5):.1f} ms, p99 {quantile(every, 0.99):.1f} ms, "
        f"max {max(every):.1f} ms (aim: p99 <= {AIM_MILLIS:.0f} ms)"
    )
    return "\n".join(lines)


@asynccontextmanager
async def stocked(clues: int) -> AsyncIterator[str]:
    """A database of its own with a stock in it."""
    async with running_postgres(durable=True) as server:
        url = server.create_database()
        await prepared(url)
        begun = time.perf_counter()
        await fill(url, clues)
        print(f"{clues} clues put in place in {time.perf_counter() - begun:.0f} s")
        yield url


async def bench(url: str | None, *, clues: int, each: int, seed: int) -> None:
    """Measure and print."""
    if url is None:
        async with stocked(clues) as made:
            await bench(made, clues=clues, each=each, seed=seed)
        return
    engine = create_engine(url)
    try:
        print(told(await measure(engine, each=each, seed=seed)))
    finally:
        await engine.dispose()


def main() -> int:
    """Run the measurement. A missed aim is told, and is no failure of the run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.search", description=__doc__)
    parser.add_argument("--url", help="a database that `tests.bench.stock` has filled")
    parser.add_argument("--clues", type=int, default=200_000)
    parser.add_argument("--each", type=int, default=25, help="queries of each kind")
    parser.add_argument("--seed", type=int, default=1)
    asked = asked_of(parser, clues=200, each=1)
    asyncio.run(bench(asked.url, clues=asked.clues, each=asked.each, seed=asked.seed))
    return 0


if __name__ == "__main__":
    run_and_leave(main)
