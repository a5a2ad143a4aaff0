"""`python -m tests.bench.months [--clues 200000]`: how long a monthly report takes to be counted, frozen and written.

The stock of `tests.bench.stock` spreads over three years; here every clue gets the states it went through and the
verdicts on its clocks, as rows without events behind them.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.reading.document import Mark
from domain.record.handler import Request, handle
from domain.report import REPORT
from domain.report.figures import Content
from domain.report.tables import Names, document_of, sheets_of
from infra.files.documents import Documents
from infra.postgres.engine.engine import create_engine, create_maintenance_engine
from infra.postgres.engine.session import session
from infra.postgres.figures.reports import Reports
from infra.postgres.record.store import PostgresStore
from tests.bench.measures import ForeignCpu, quantile
from tests.bench.sizes import asked_of
from tests.bench.stock import LAST, fill
from tests.support.record import demo, prepared, world_of
from tests.support.servers import running_postgres

T = TypeVar("T")

AUDITOR = demo("auditor.370100")
MONTH = "2026-10"
_MARK = Mark(AUDITOR.account, LAST, "statistics")
REGIONS = {"the city": "370100", "a district": "370102"}
_STAGES = (
    "registered", "dispatched", "signed_for", "assigned", "taken_up", "verifying", "verified", "disposition_proposed",
    "disposed", "fed_back", "completed", "archived",
)  # fmt: skip
_APART = "interval '9 hours'"

_STATES = text(
    f"""
INSERT INTO case_states (stream, version, recorded_at, superseded_at, happened_at, outlived_at, kind, stage, number,
  region, channel, category, external_id, entity, lead, responsible, handler, departments, links, returns, reopenings,
  steps, received_at, registered_at, completed, migrated, closed, result)
SELECT stream, place, registered_at + {_APART} * (place - 1) + interval '1 second',
  CASE WHEN place < last THEN registered_at + {_APART} * place + interval '1 second' END,
  registered_at + {_APART} * (place - 1), CASE WHEN place < last THEN registered_at + {_APART} * place END,
  kind, stages[place], number, region, channel, category, external_id, entity, lead,
  CASE WHEN place = 1 THEN region || '.12345' ELSE responsible END, handler, departments, links, 0, reopenings, place,
  received_at, registered_at, place > 10, migrated, place = 12, CASE WHEN place > 10 THEN 'substantiated' END
FROM (SELECT cases.*, CAST(:stages AS text[]) AS stages, array_position(CAST(:stages AS text[]), stage) AS last
      FROM cases) AS ended
CROSS JOIN LATERAL generate_series(1, last) AS place
ORDER BY registered_at + {_APART} * (place - 1)
"""
)
_ENDS = text(
    """
INSERT INTO clock_ends (stream, version, clock, recorded_at, ended_at, kind, owed_by, verdict)
SELECT stream, version, kinds[ended] || '-' || ended, recorded_at, happened_at, kinds[ended], responsible,
  CASE WHEN hashtext(stream) % 10 = 0 THEN 'missed' ELSE 'met' END
FROM (SELECT *, CAST('{dispatch,sign_for,handling,feedback,archive}' AS text[]) AS kinds,
        array_position(ARRAY['dispatched', 'signed_for', 'verified', 'fed_back', 'archived'], stage) AS ended
      FROM case_states) AS states
WHERE ended IS NOT NULL ORDER BY recorded_at
"""
)


async def filled(url: str, clues: int) -> None:
    """The stock with its past."""
    await fill(url, clues, texts=False)
    engine = create_maintenance_engine(url)
    async with session(engine) as opened:
        await opened.run(_STATES, stages=list(_STAGES))
        await opened.run(_ENDS)
    async with engine.connect() as connection:
        raw = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await raw.execute(text("VACUUM ANALYZE case_states, clock_ends"))
    await engine.dispose()


async def months(clues: int, times: int) -> dict[str, Any]:
    """Seconds of each step: the median and the longest of so many times."""
    found: dict[str, Any] = {}
    async with running_postgres() as server:
        url = server.create_database()
        await prepared(url)
        await filled(url, clues)
        engine = create_engine(url, pool_size=2)
        reports, documents = Reports(engine), Documents()
        with ForeignCpu() as foreign:
            for name, region in REGIONS.items():
                content, found[f"count {name}"] = await _timed(partial(_counted, reports, region), times)
                _, found[f"freeze {name}"] = await _timed(partial(_frozen, engine, content), times)
                workbook = partial(documents.tabulated, sheets_of(content, Names()), _MARK)
                _, found[f"xlsx of {name}"] = await _timed(workbook, times)
                paper = partial(documents.printed, document_of(content, Names(), _MARK), "docx")
                _, found[f"docx of {name}"] = await _timed(paper, times)
                found[f"lines of {name}"] = len(content.lines)
        async with session(engine) as opened:
            for table in ("case_states", "clock_ends"):
                counted = await opened.run(text(f"SELECT count(*) FROM {table}"))
                found[f"rows of {table}"] = counted.scalar_one()
        await engine.dispose()
    found["foreign cpu"] = foreign.share
    return found


async def _counted(reports: Reports, region: str) -> Content:
    return await reports.counted(region, MONTH, LAST + timedelta(days=1))


async def _frozen(engine: AsyncEngine, content: Content) -> None:
    body = {"content": content.model_dump(mode="json")}
    await handle(
        world_of(PostgresStore(engine)), REPORT, Request(AUDITOR, f"k{time.perf_counter_ns()}", "freeze", body)
    )


async def _timed(work: Callable[[], Awaitable[T]], times: int) -> tuple[T, str]:
    """What it gave, and how long it took; the first time, which prepares statements and caches, counts too."""
    seconds, given = [], []
    for _ in range(times):
        begun = time.perf_counter()
        given = [await work()]
        seconds.append(time.perf_counter() - begun)
    return given[0], f"p50 {quantile(seconds, 0.5):.2f} s, longest {max(seconds):.2f} s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.months", description=__doc__)
    parser.add_argument("--clues", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=5)
    asked = asked_of(parser, clues=300, times=1)
    for name, value in asyncio.run(months(asked.clues, asked.times)).items():
        print(f"{name:<24} {value}")


if __name__ == "__main__":
    main()
