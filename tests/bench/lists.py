"""`python -m tests.bench.lists`: how lists answer over 10,000 and 200,000 clues, side by side.

Each list is asked for through the same reads as the API's: the first page, a page far behind, and its length.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.worklists import CaseFilter, ClockFilter, Selection, Worklist, parts_of
from domain.people.actors import Actor, Role
from domain.people.visibility import Scope, scope_of
from infra.postgres.cases.listing import Cases
from infra.postgres.clocks.lists import ClockLists
from infra.postgres.engine.engine import create_engine
from tests.bench.measures import ForeignCpu, quantile
from tests.bench.sizes import asked_of
from tests.bench.stock import fill
from tests.support.record import prepared
from tests.support.servers import running_postgres

SMALL, LARGE = 10_000, 200_000
FLAT_MS, FLAT_RATIO = 30.0, 2.0
BEHIND = 10
"""How many pages back the far one lies."""

READERS = {
    "supervisor of the city": Actor(
        account="supervisor.370100", department="370100.12345", region="370100", roles=(Role.SUPERVISOR,)
    ),
    "dispatcher of a district": Actor(
        account="dispatcher.370102", department="370102.12345", region="370102", roles=(Role.DISPATCHER,)
    ),
    "handler of a department": Actor(
        account="handler.market.370102", department="370102.market", region="370102", roles=(Role.HANDLER,)
    ),
    "head who also dispatches": Actor(
        account="head.market.370102", department="370102.market", region="370102", roles=(Role.HEAD, Role.DISPATCHER)
    ),
}
WORKLISTS: tuple[Worklist, ...] = ("mine", "department", "stock", "completed")
FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "one stage": {"stages": ("verifying",)},
    "a department": {"department": "370102.market"},
    "a district": {"region": "370102"},
    "category and channel": {"category": "report", "channel": "media"},
    "most urgent": {"sort": "due"},
    "overdue": {"clock": "overdue"},
}


CLOCKS: dict[str, dict[str, Any]] = {
    "overdue": {},
    "overdue, the latest first": {"sort": "late"},
    "overdue of a department": {"department": "370102.market"},
    "overdue of a district": {"region": "370102"},
    "overdue under a rule": {"rule": "stock.2"},
    "overdue, escalated": {"level": 2},
    "due soon": {"state": "due_soon"},
    "running": {"state": "running"},
}


class Lists(Cases):
    """All lists over one stock."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.clocks = ClockLists(engine)


@dataclass(frozen=True)
class Asked:
    """One question, asked several times over each stock."""

    name: str
    ask: Callable[[Lists], Awaitable[Any]]


def questions() -> Iterator[Asked]:
    """Every reader, worklist and filter: page, far page and length; then start pages and clocks."""
    for who, actor in READERS.items():
        scope, lists = scope_of(actor), dict[str, Selection]()
        for worklist in WORKLISTS:
            parts = parts_of(worklist, actor)
            lists[worklist] = Selection(scope, parts, CaseFilter(worklist=worklist))
            for what, narrowed in FILTERS.items():
                selection = Selection(scope, parts, CaseFilter(worklist=worklist, **narrowed))
                name = f"{who}: {worklist}, {what}"
                yield Asked(f"{name}, page", partial(Cases.page, of=selection, limit=50))
                yield Asked(f"{name}, far page", _far(selection))
                yield Asked(f"{name}, count", partial(Cases.count, of=selection))
        yield Asked(f"{who}: worklists counted", partial(Cases.counts, of=lists))
        yield Asked(f"{who}: stages counted", partial(Cases.by_stage, scope=scope))
        for what, asked in CLOCKS.items():
            yield Asked(f"{who}: clocks {what}", _clocks(scope, ClockFilter(**asked)))


def _clocks(scope: Scope, asked: ClockFilter) -> Callable[[Lists], Awaitable[Any]]:
    return lambda lists: lists.clocks.page(scope, asked, limit=50)


def _far(selection: Selection) -> Callable[[Cases], Awaitable[Any]]:
    """The page after ten others; the way there is not measured."""
    cursors: dict[int, str | None] = {}

    async def ask(cases: Cases) -> Any:
        if id(cases) not in cursors:
            cursor: str | None = None
            for _ in range(BEHIND):
                following = (await cases.page(selection, cursor=cursor, limit=50)).next
                cursor = following or cursor
            cursors[id(cases)] = cursor
        return await cases.page(selection, cursor=cursors[id(cases)], limit=50)

    return ask


async def measured(asked: Asked, stocks: dict[int, Lists], times: int) -> dict[int, list[float]]:
    """Milliseconds over each stock, turn by turn; the first turns, which prepare statements, do not count."""
    millis: dict[int, list[float]] = {size: [] for size in stocks}
    for turn in range(times + 4):
        for size, cases in stocks.items():
            begun = time.perf_counter()
            await asked.ask(cases)
            if turn >= 4:
                millis[size].append((time.perf_counter() - begun) * 1000)
    return millis


async def lists(*, times: int, sizes: tuple[int, int] = (SMALL, LARGE), few: int | None = None) -> dict[str, Any]:
    """Measure every question over both stocks; medians and p99 in milliseconds by question, and over all."""
    found: dict[str, Any] = {}
    everything: dict[int, list[float]] = {size: [] for size in sizes}
    async with running_postgres() as server:
        engines, stocks = [], {}
        for size in sizes:
            url = server.create_database()
            await prepared(url)
            await fill(url, size, texts=False)
            engines.append(create_engine(url, pool_size=1))
            stocks[size] = Lists(engines[-1])
        asked = list(questions())
        if few is not None:
            asked = random.Random(1).sample(asked, few)
        with ForeignCpu() as foreign:
            for each in asked:
                millis = await measured(each, stocks, times)
                found[each.name] = {
                    str(size): {"p50": quantile(of, 0.5), "p99": quantile(of, 0.99)} for size, of in millis.items()
                }
                for size, of in millis.items():
                    everything[size] += of
        for engine in engines:
            await engine.dispose()
    found["all questions"] = {
        str(size): {"p50": quantile(of, 0.5), "p99": quantile(of, 0.99)} for size, of in everything.items()
    }
    found["foreign cpu"] = foreign.share
    return found


def told(found: dict[str, Any], sizes: tuple[int, int] = (SMALL, LARGE), *, shown: int = 12) -> str:
    """A table: all questions together, then the slowest over the large stock."""
    small, large = map(str, sizes)
    rows = {name: of for name, of in found.items() if isinstance(of, dict)}
    names = ["all questions", *sorted(rows, key=lambda name: -rows[name][large]["p99"])]
    lines = [f"{'milliseconds':<64} {small:>8} p50 {'p99':>7} {large:>9} p50 {'p99':>7} {'ratio':>6}"]
    for name in dict.fromkeys(names[: shown + 1]):
        few, many = rows[name][small], rows[name][large]
        ratio = many["p99"] / few["p99"] if few["p99"] else 0.0
        lines.append(
            f"{name:<64} {few['p50']:>12.1f} {few['p99']:>7.1f} {many['p50']:>13.1f} {many['p99']:>7.1f} {ratio:>6.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lists", description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--few", type=int, help="only so many questions, drawn at random")
    parser.add_argument("--sizes", type=int, nargs=2, default=(SMALL, LARGE), help="clues of both stocks")
    asked = asked_of(parser, times=2, few=20, sizes=(200, 400))
    sizes = tuple[int, int](asked.sizes)
    found = asyncio.run(lists(times=asked.times, sizes=sizes, few=asked.few))
    print(told(found, sizes))
    print(f"other programs took {found['foreign cpu']:.0%} of the processors meanwhile")


if __name__ == "__main__":
    main()
