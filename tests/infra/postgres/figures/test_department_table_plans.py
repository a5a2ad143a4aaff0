"""The table of departments is counted from indexes alone, for whoever sees whole regions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.department_table import TableFilter, month_of
from domain.people.visibility import Scope
from infra.postgres.engine.engine import create_engine
from infra.postgres.figures.department_table import DepartmentTables
from tests.bench.oversight import fill
from tests.infra.postgres.cases.test_plans import CITY, PROVINCE, REGION, nodes, plans
from tests.support.database_clock import pin
from tests.support.servers import plain_url

NOW = datetime(2026, 6, 16, 2, 0, tzinfo=UTC)
"""In the middle of a month: on its first day the period would be empty."""


@pytest_asyncio.fixture(scope="module")
async def supervised(postgres_server: Any, record_template: str) -> AsyncIterator[AsyncEngine]:
    """Some thousand open clues, and those that were finished in the last months."""
    url = postgres_server.create_database(template=record_template)
    pin(plain_url(url), NOW)
    await fill(url, 3_000)
    engine = create_engine(url)
    yield engine
    await engine.dispose()
    postgres_server.drop_database(url)


@pytest.mark.parametrize("scope", [REGION, CITY, PROVINCE, Scope(everything=True)])
@pytest.mark.parametrize("narrowed", [{}, {"region": "370102"}, {"channel": "media", "category": "report"}])
async def test_given_a_reader_of_whole_regions_then_no_row_is_looked_at_but_those_of_paused_clocks(
    supervised: AsyncEngine, scope: Scope, narrowed: dict[str, str]
) -> None:
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "GROUP BY" in statement:
            sent.append((statement, parameters))

    event.listen(supervised.sync_engine, "before_cursor_execute", note)
    since, until = month_of(NOW)
    table = await DepartmentTables(supervised).table(scope, TableFilter(since=since, until=until, **narrowed))
    event.remove(supervised.sync_engine, "before_cursor_execute", note)
    assert table.lines
    assert len(sent) == 10
    for (statement, _), plan in zip(sent, await plans(supervised, sent), strict=True):
        for node in nodes(plan):
            if node.get("Relation Name") in ("holdings", "clocks") and "paused_at IS NOT NULL" not in statement:
                assert node["Node Type"] == "Index Only Scan", f"{node}\n{statement}"
