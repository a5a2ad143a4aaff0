"""No list reads a whole table: the plan of every shape of query over a stock that makes it worth while to be clever."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args

import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue.entry import ClueEntry
from domain.lists.worklists import LIVES, AsOf, CaseFilter, ClockFilter, ClockState, Part, Selection
from domain.people.visibility import Scope
from infra.postgres.cases.listing import Cases
from infra.postgres.clocks.lists import ClockLists
from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.session import session
from tests.bench.stock import LAST, fill

REGION, CITY, PROVINCE = Scope(region_prefix="370102"), Scope(region_prefix="3701"), Scope(region_prefix="37")
DEPARTMENT = Scope(department="370102.market")
BOTH = Scope(region_prefix="370102", department="370103.market")
READERS = {"district": REGION, "city": CITY, "province": PROVINCE, "department": DEPARTMENT, "both": BOTH}

LIFE = LIVES["clue"]
PARTS = {
    "stock": Part(stages=LIFE.stages),
    "completed": Part(stages=LIFE.completed),
    "department": Part(stages=LIFE.open, responsible="370102.market"),
    "hands": Part(stages=LIFE.open, responsible="370102.market", handlers=("handler.market.370102",)),
}
FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "stage": {"stages": ("verifying", "signed_for")},
    "region": {"region": "370103"},
    "desk": {"department": "370102.market"},
    "involved": {"involved": "370102.market"},
    "handler": {"handler": "handler.market.370102"},
    "channel and category": {"channel": "media", "category": "suggestion"},
    "entity": {"entity": "910000000000001234"},
    "number": {"number": "370102-12345-2026-000001"},
    "ticket": {"channel": "media", "external_id": "T00000001"},
    "time": {"registered_to": LAST},
    "not overdue": {"punctual": True},
    "overdue": {"clock": "overdue"},
    "due soon": {"clock": "due_soon"},
    "urgent": {"sort": "due"},
    "kind of clock": {"clock": "running", "clock_kind": "handling"},
}


CLOCKS: dict[str, dict[str, Any]] = {
    "all": {},
    "department": {"department": "370102.market"},
    "city": {"region": "370100"},
    "district": {"region": "370103"},
    "rule": {"rule": "stock.2"},
    "level": {"level": 2},
    "matter": {"category": "suggestion", "channel": "media"},
    "district and rule": {"region": "370102", "rule": "stock.2"},
}

_SHARED = ", ".join(ClueEntry.model_fields)
_STATES = text(
    "INSERT INTO case_states (stream, version, recorded_at, superseded_at, happened_at, outlived_at, "
    f"{_SHARED}) SELECT stream, state, registered_at, NULL, registered_at, NULL, {_SHARED} "
    "FROM cases, generate_series(1, 3) AS state"
)
_CLOCKS = text(
    "UPDATE clocks SET rule = 'stock.' || hashtext(stream) % 3, "
    "level = CASE WHEN breach_at < :last - interval '1 day' THEN abs(hashtext(stream)) % 4 ELSE 0 END, "
    "paused_at = CASE WHEN hashtext(stream) % 20 = 0 THEN :last END, "
    "outcome = CASE WHEN stopped_at IS NOT NULL AND hashtext(stream) % 10 = 0 THEN 'missed' ELSE outcome END"
)
"""Several rules, climbed ladders, pauses and missed deadlines."""


@pytest_asyncio.fixture(scope="module")
async def large(postgres_server: Any, record_template: str) -> AsyncIterator[AsyncEngine]:
    """Some thousand clues, each with a state it was in."""
    url = postgres_server.create_database(template=record_template)
    await fill(url, 6_000, texts=False)
    engine = create_engine(url)
    async with session(engine) as opened:
        await opened.run(_STATES)
        await opened.run(text("ANALYZE case_states"))
        await opened.run(_CLOCKS, last=LAST)
        await opened.run(text("ANALYZE clocks"))
    yield engine
    await engine.dispose()
    postgres_server.drop_database(url)


@pytest.fixture
def statements(large: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the server."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and not statement.startswith("SELECT pg_catalog"):
            sent.append((statement, parameters))

    event.listen(large.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(large.sync_engine, "before_cursor_execute", note)


async def plans(engine: AsyncEngine, statements: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """The plan of each statement."""
    sent, found = list(statements), []
    async with engine.connect() as connection:
        for statement, parameters in sent:
            told = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            (shape,) = told.scalar_one() if not isinstance(told, str) else json.loads(told)
            found.append(shape["Plan"])
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


async def check(engine: AsyncEngine, statements: list[tuple[str, Any]]) -> None:
    """No statement goes through a whole table."""
    assert statements
    for (statement, _), plan in zip(list(statements), await plans(engine, statements), strict=True):
        for node in nodes(plan):
            if node["Node Type"] == "Seq Scan":
                raise AssertionError(f"{node['Relation Name']} is read whole by\n{statement}")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("part", PARTS)
async def test_given_a_reader_and_a_worklist_then_no_filter_reads_a_table_whole(
    large: AsyncEngine, statements: list[tuple[str, Any]], reader: str, part: str
) -> None:
    listing = Cases(large)
    for narrowed in FILTERS.values():
        selection = Selection(READERS[reader], (PARTS[part],), CaseFilter(**narrowed))
        first = await listing.page(selection, limit=20)
        if first.next:
            await listing.page(selection, cursor=first.next, limit=20)
        await listing.count(selection)
    await check(large, statements)


@pytest.mark.parametrize("reader", READERS)
async def test_given_a_reader_then_start_pages_and_the_past_read_no_table_whole(
    large: AsyncEngine, statements: list[tuple[str, Any]], reader: str
) -> None:
    listing, scope = Cases(large), READERS[reader]
    await listing.by_stage(scope)
    await listing.counts({name: Selection(scope, (part,), CaseFilter()) for name, part in PARTS.items()})
    for axis in ("recorded", "happened"):
        past = AsOf(at=LAST, axis=axis)
        await listing.page(Selection(scope, (PARTS["stock"],), CaseFilter(), as_of=past), limit=20)
    await check(large, statements)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("state", get_args(ClockState))
async def test_given_a_reader_and_a_state_then_no_list_of_clocks_reads_a_table_whole(
    large: AsyncEngine, statements: list[tuple[str, Any]], reader: str, state: ClockState
) -> None:
    listing, scope = ClockLists(large), READERS[reader]
    for given in CLOCKS.values():
        for sort in ("due", "late"):
            narrowed = ClockFilter(state=state, sort=sort, **given)
            first = await listing.page(scope, narrowed, limit=20)
            if first.next:
                await listing.page(scope, narrowed, cursor=first.next, limit=20)
    await check(large, statements)
