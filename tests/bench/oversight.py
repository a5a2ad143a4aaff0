"""`python -m tests.bench.oversight`: how supervisors are answered over 200,000 open clues.

The stock is put straight into the derived tables, no events stand behind it: as many finished cases as a few months
bring, and around now whatever clocks are overdue, due soon or paused.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.department_table import TableFilter, month_of
from domain.lists.worklists import ClockFilter
from domain.people.actors import Actor, Role
from domain.people.visibility import scope_of
from infra.postgres.clocks.lists import ClockLists
from infra.postgres.engine.engine import create_engine
from infra.postgres.figures.department_table import DepartmentTables
from tests.bench.measures import ForeignCpu, quantile
from tests.bench.sizes import asked_of
from tests.bench.stock import case_rows, copied
from tests.support.record import prepared
from tests.support.servers import plain_url, running_postgres

OPEN = 200_000
_RECENT_OPEN = 0.7
"""Of the newest cases of `case_rows`, so many are open."""
FINISHED_FOR_OPEN, FINISHED_DAYS = 1.5, 90
"""Finished cases for each open one, and how many days back they end: a month brings half as many answers as there are
open cases."""

_TABLES = ("cases", "holdings", "clocks")
_LIVES = f"""
CREATE TEMPORARY TABLE lives AS
SELECT stream, region, channel, category, region || '.12345' AS office, lead, stage, completed,
       coalesce((SELECT d FROM unnest(departments) AS d WHERE d <> lead LIMIT 1), lead) AS first,
       random() < 0.1 AS bounced, random() < 0.05 AS paused, random() AS late,
       clock_timestamp() - random() * interval '{FINISHED_DAYS} days' AS fed_back_at,
       clock_timestamp() - random() * interval '100 days' AS signed_at,
       random() * interval '30 hours' AS signing, random() * interval '18 days' AS handling,
       random() * interval '10 hours' AS dispatching
FROM cases;
UPDATE lives SET signed_at = fed_back_at - handling WHERE completed;
ALTER TABLE lives ADD COLUMN dispatched_at timestamptz, ADD COLUMN registered_at timestamptz;
UPDATE lives SET dispatched_at = signed_at - signing, registered_at = signed_at - signing - dispatching;
"""
_HOLDINGS = """
INSERT INTO holdings (stream, number, department, region, channel, category, held_from, held_to, ended, ground,
  first_dispatched_at, signed_at, fed_back_at, paused_ground, handed_back_by, signing, signing_paused, handling,
  handling_paused, real_time, real_time_paused, held, held_paused, altogether, altogether_paused)
SELECT stream, 3, lead, region, channel, category, dispatched_at,
       CASE WHEN completed THEN fed_back_at END, CASE WHEN completed THEN 'completed' END, NULL, dispatched_at,
       CASE WHEN stage <> 'dispatched' THEN signed_at END, CASE WHEN completed THEN fed_back_at END,
       CASE WHEN paused AND NOT completed AND stage <> 'dispatched' THEN 'appraisal' END, NULL,
       CASE WHEN stage <> 'dispatched' THEN extract(epoch FROM signing)::int END,
       CASE WHEN stage <> 'dispatched' THEN 0 END,
       CASE WHEN completed THEN extract(epoch FROM handling)::int END,
       CASE WHEN completed THEN floor(random() * 10000)::int END,
       CASE WHEN completed THEN extract(epoch FROM handling + signing)::int END,
       CASE WHEN completed THEN floor(random() * 10000)::int END,
       CASE WHEN completed THEN extract(epoch FROM handling + signing)::int END,
       CASE WHEN completed THEN floor(random() * 10000)::int END,
       CASE WHEN completed THEN extract(epoch FROM handling + signing)::int END,
       CASE WHEN completed THEN floor(random() * 10000)::int END
FROM lives WHERE stage <> 'registered'
UNION ALL
SELECT stream, 2, first, region, channel, category, dispatched_at - interval '2 days', dispatched_at, 'returned',
       (ARRAY['not_our_remit', 'wrong_region', 'incomplete', 'not_signed_for'])[1 + floor(random() * 4)::int],
       dispatched_at - interval '2 days', NULL, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, 172800, 0, 172800, 0
FROM lives WHERE bounced AND stage <> 'registered'
UNION ALL
SELECT stream, 1, office, region, channel, category, registered_at,
       CASE WHEN stage <> 'registered' THEN dispatched_at END, CASE WHEN stage <> 'registered' THEN 'dispatched' END,
       NULL, NULL, NULL, NULL, NULL, CASE WHEN stage = 'registered' AND bounced THEN region || '.market' END,
       NULL, NULL, NULL, NULL, NULL, NULL,
       CASE WHEN stage <> 'registered' THEN extract(epoch FROM dispatching)::int END,
       CASE WHEN stage <> 'registered' THEN 0 END,
       CASE WHEN stage <> 'registered' THEN extract(epoch FROM dispatching)::int END,
       CASE WHEN stage <> 'registered' THEN 0 END
FROM lives
"""
_CLOCKS = """
INSERT INTO clocks (stream, clock, kind, rule, pack, certainty, standing, owed_by, region, channel, category,
  started_at, warn_at, due_at, breach_at, provisional, reached, stopped_at, outcome, paused_at)
SELECT stream, kind || '-' || place, kind, kind || '.1', 'stock@1', 'P', 'internal',
       CASE WHEN kind = 'dispatch' THEN office ELSE coalesce(lead, office) END, region, channel, category,
       registered_at, due - interval '3 days', due, due, false, '{}',
       CASE WHEN stopped THEN dispatched_at END, CASE WHEN stopped THEN 'met' END,
       CASE WHEN paused AND NOT stopped AND kind = 'handling' THEN clock_timestamp() - interval '1 day' END
FROM lives CROSS JOIN LATERAL (VALUES
  ('dispatch', 1, stage <> 'registered', true),
  ('sign_for', 2, stage <> 'dispatched', stage <> 'registered'),
  ('handling', 3, completed, stage NOT IN ('registered', 'dispatched')),
  ('oversight', 4, completed, late < 0.2 AND stage <> 'registered'))
  AS started(kind, place, stopped, there)
CROSS JOIN LATERAL (
  SELECT clock_timestamp() + (CASE WHEN stopped THEN -30 WHEN late < 0.1 THEN -5 * random()
                              ELSE 25 * random() END) * interval '1 day' AS due)
WHERE there
"""


async def fill(url: str, clues: int) -> int:
    """Put the stock into a migrated database and gather statistics; how many clues are open."""
    recent = int(clues / _RECENT_OPEN)
    total = int(clues * (1 + FINISHED_FOR_OPEN))
    async with await psycopg.AsyncConnection.connect(plain_url(url), autocommit=True) as connection:
        await connection.execute("SET maintenance_work_mem = '256MB'")
        # Whatever is not on the disk yet, or still read by an automatic ANALYZE, VACUUM cannot mark as visible to all.
        await connection.execute("SET synchronous_commit = on")
        for table in _TABLES:
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        await copied(connection, "cases", case_rows(total, random.Random(1), recent / total))
        await connection.execute("SELECT setseed(0.5)")
        for statement in (_LIVES, _HOLDINGS, _CLOCKS):
            await connection.execute(statement)
        for table in _TABLES:
            await connection.execute(f"VACUUM ANALYZE {table}")
        found = await connection.execute("SELECT count(*) FROM cases WHERE NOT completed")
        row = await found.fetchone()
        assert row is not None
        return int(row[0])


SUPERVISOR = Actor(account="supervisor.370100", department="370100.12345", region="370100", roles=(Role.SUPERVISOR,))
READERS = {
    "supervisor of the city": SUPERVISOR,
    "supervisor of a district": Actor(
        account="supervisor.370102", department="370102.12345", region="370102", roles=(Role.SUPERVISOR,)
    ),
    "head of a department": Actor(
        account="head.ecology.370102", department="370102.ecology", region="370102", roles=(Role.HEAD,)
    ),
}
AIMS = {"table": 200.0, "overdue": 30.0}
"""Milliseconds a supervisor waits: half of the tables, nearly all of the overdue lists."""


def questions(engine: AsyncEngine) -> Iterator[tuple[str, Callable[[], Awaitable[Any]]]]:
    """The table of departments and the list of overdue clocks, by reader."""
    tables, lists = DepartmentTables(engine), ClockLists(engine)
    since, until = month_of(datetime.now(UTC))
    of_the_month = TableFilter(since=since, until=until)
    for who, actor in READERS.items():
        yield f"{who}: table", partial(tables.table, scope_of(actor), of_the_month)
    narrowed = TableFilter(since=since, until=until, channel="media", category="report")
    yield "supervisor of the city: table, a channel and category", partial(tables.table, scope_of(SUPERVISOR), narrowed)
    month = TableFilter(since=datetime.now(UTC) - timedelta(days=30), until=datetime.now(UTC))
    yield "supervisor of the city: table, 30 days", partial(tables.table, scope_of(SUPERVISOR), month)
    for who, actor in READERS.items():
        yield f"{who}: overdue", partial(lists.page, scope_of(actor), ClockFilter(), limit=50)


async def measured(ask: Callable[[], Awaitable[Any]], times: int) -> dict[str, float]:
    """Median and p99 in milliseconds; the first turns, which prepare statements, do not count."""
    millis = []
    for turn in range(times + 4):
        begun = time.perf_counter()
        await ask()
        if turn >= 4:
            millis.append((time.perf_counter() - begun) * 1000)
    return {"p50": quantile(millis, 0.5), "p99": quantile(millis, 0.99)}


async def oversight(*, clues: int, times: int) -> None:
    """Measure every question over the stock and print it."""
    async with running_postgres() as server:
        url = server.create_database()
        await prepared(url)
        stock = await fill(url, clues)
        engine = create_engine(url, pool_size=2)
        print(f"{stock} open clues, {int(clues * FINISHED_FOR_OPEN)} finished in {FINISHED_DAYS} days")
        print(f"{'milliseconds':<60} {'p50':>8} {'p99':>8} {'aim':>6}")
        with ForeignCpu() as foreign:
            for name, ask in questions(engine):
                found = await measured(ask, times)
                aim = next(aim for what, aim in AIMS.items() if what in name)
                print(f"{name:<60} {found['p50']:>8.1f} {found['p99']:>8.1f} {aim:>6.0f}", flush=True)
        await engine.dispose()
    print(f"other programs took {foreign.share:.0%} of the processors meanwhile")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.oversight", description=__doc__)
    parser.add_argument("--clues", type=int, default=OPEN, help="how many are open")
    parser.add_argument("--times", type=int, default=30)
    asked = asked_of(parser, clues=300, times=2)
    asyncio.run(oversight(clues=asked.clues, times=asked.times))


if __name__ == "__main__":
    main()
