"""Lists of clocks against a plain filter in Python over every clock of random cases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
import pytest_asyncio
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue.entry import ClueEntry
from domain.lists.worklists import ClockFilter, ClockGroup, ClockState
from domain.people.visibility import Scope
from domain.time.counting import NEVER
from infra.postgres.clocks import lists as clock_lists
from infra.postgres.clocks.clock_tables import clocks
from infra.postgres.clocks.lists import ClockLists
from infra.postgres.engine.cursors import BadCursor, cursor_of
from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.session import session
from infra.postgres.record.store import PostgresStore
from infra.postgres.record.tables import cases
from tests.support.record import CLERK, Casebook, value_of
from tests.support.stock import CATEGORIES, CHANNELS, KINDS, REGIONS, Stock

SEED = 20261122
STATES: tuple[ClockState, ...] = get_args(ClockState)
EVERYTHING = Scope(everything=True)
SCOPES = (
    EVERYTHING,
    Scope(region_prefix=""),
    Scope(region_prefix="37"),
    Scope(region_prefix="3701"),
    Scope(region_prefix="370102"),
    Scope(region_prefix="370200"),
    Scope(department="370102.market"),
    Scope(department="370103.ecology", region_prefix="370105"),
    Scope(department="370102.market", region_prefix="370102"),
    Scope(),
)


@dataclass
class Ground:
    """Every clock in the database with its case, and when it was looked at."""

    engine: AsyncEngine
    rows: list[dict[str, Any]]
    now: datetime


@pytest_asyncio.fixture(scope="module")
async def ground(postgres_server: Any, record_template: str) -> AsyncIterator[Ground]:
    """Random cases, whose clocks were moved so that every state is there many times and some keys are equal."""
    url = postgres_server.create_database(template=record_template)
    engine = create_engine(url)
    stock = Stock(random.Random(SEED))
    await stock.register(70)
    await stock.go_on(8)
    await stock.put(PostgresStore(engine))
    now = await value_of(engine, "SELECT clock_timestamp()")
    await _shaken(engine, now)
    async with session(engine) as opened:
        admitted = {row.stream: _clue_of(row) for row in await opened.run(select(cases))}
        rows = [{**row, "case": admitted[row["stream"]]} for row in (await opened.run(select(clocks))).mappings()]
    yield Ground(engine, rows, now)
    await engine.dispose()
    postgres_server.drop_database(url)


def _clue_of(row: Any) -> ClueEntry:
    """What a row of `cases` says of a clue."""
    return ClueEntry.model_validate({name: getattr(row, name) for name in ClueEntry.model_fields})


async def _shaken(engine: AsyncEngine, now: datetime) -> None:
    """Give every clock random instants well away from now, and random marks; none runs in a closed case."""
    dice = random.Random(SEED)
    found = select(clocks.c.stream, clocks.c.clock, cases.c.closed).join(cases, cases.c.stream == clocks.c.stream)
    async with session(engine) as opened:
        for row in (await opened.run(found.order_by(clocks.c.stream, clocks.c.clock))).all():
            running, never = not row.closed and dice.random() < 0.7, dice.random() < 0.1
            ahead = timedelta(hours=dice.randrange(-40, 40) or 1, microseconds=dice.randrange(3))
            breach = NEVER if never else now + ahead
            given = {
                "warn_at": NEVER if never else breach - timedelta(hours=20),
                "due_at": breach,
                "breach_at": breach,
                "paused_at": now - timedelta(hours=dice.randrange(1, 60) + 0.5) if dice.random() < 0.3 else None,
                "stopped_at": None if running else now - timedelta(minutes=dice.randrange(1, 30)),
                "outcome": None
                if running
                else dice.choice(("met", "settled") if never else ("met", "missed", "missed")),
                "level": dice.choice((0, 0, 1, 2, 3)),
                "provisional": dice.random() < 0.3,
                "certainty": dice.choice(("S", "P")),
            }
            await opened.run(
                update(clocks).where(clocks.c.stream == row.stream, clocks.c.clock == row.clock).values(**given)
            )


# The plain filter -------------------------------------------------------------------------------------------------


def is_in(state: ClockState, row: dict[str, Any], now: datetime) -> bool:
    """What each state means, for one clock."""
    if row["stopped_at"] is not None:
        return bool(row["outcome"] == state)
    paused = row["paused_at"]
    if state == "overdue":
        return bool(row["breach_at"] <= (paused or now))
    if state == "due_soon":
        return paused is None and row["warn_at"] <= now < row["breach_at"]
    return state == ("paused" if paused else "running")


def fits(narrowed: ClockFilter, row: dict[str, Any]) -> bool:
    """Whether a clock is as asked, its state aside."""
    reach = narrowed.region or ""
    while reach[-2:] == "00":
        reach = reach[:-2]
    return (
        row["case"].region.startswith(reach)
        and narrowed.department in (None, row["owed_by"])
        and narrowed.rule in (None, row["rule"])
        and narrowed.kind in (None, row["kind"])
        and narrowed.category in (None, row["case"].category)
        and narrowed.channel in (None, row["case"].channel)
        and row["level"] >= narrowed.level
        and narrowed.certainty in (None, row["certainty"])
        and (row["provisional"] or not narrowed.provisional)
    )


def late(row: dict[str, Any], now: datetime) -> timedelta:
    """How far beyond its breach a clock came; below zero in time."""
    until, breach = row["paused_at"] or row["stopped_at"] or now, row["breach_at"]
    assert isinstance(until, datetime)
    assert isinstance(breach, datetime)
    return until - breach


def sorted_as(narrowed: ClockFilter, rows: list[dict[str, Any]], now: datetime) -> list[tuple[str, str]]:
    """The clocks in the order of the list: by how late they are, by their ends, or by their breaches."""

    def key(row: dict[str, Any]) -> Any:
        if narrowed.sort == "late" and narrowed.state == "missed":
            return late(row, now)
        if narrowed.ended:
            return row["stopped_at"]
        if narrowed.sort == "late" and narrowed.state in ("overdue", "paused") and row["breach_at"] != NEVER:
            return now - late(row, now)
        return row["breach_at"]

    ordered = sorted(rows, key=lambda row: (key(row), row["stream"], row["clock"]), reverse=narrowed.ended)
    return [(row["stream"], row["clock"]) for row in ordered]


def expected(ground: Ground, scope: Scope, narrowed: ClockFilter) -> list[dict[str, Any]]:
    """Every clock the list should hold."""
    return [
        row
        for row in ground.rows
        if scope.admits(row["case"]) and fits(narrowed, row) and is_in(narrowed.state, row, ground.now)
    ]


def questions(dice: random.Random, ground: Ground) -> Iterator[dict[str, Any]]:
    """Random conditions, few at once."""
    while True:
        some = dice.choice(ground.rows)
        offered: dict[str, Any] = {
            "department": f"{dice.choice(REGIONS)}.{dice.choice((*KINDS, '12345'))}",
            "region": dice.choice((*REGIONS, "370100", "370000", "370200", "000000")),
            "rule": some["rule"],
            "kind": some["kind"],
            "category": dice.choice(CATEGORIES),
            "channel": dice.choice(CHANNELS),
            "level": dice.choice((1, 2, 3, 4)),
            "certainty": dice.choice(("S", "P", "X")),
            "provisional": True,
        }
        yield {name: offered[name] for name in dice.sample(list(offered), dice.choice((0, 0, 1, 1, 2)))}


async def pages(listing: ClockLists, scope: Scope, narrowed: ClockFilter, size: int) -> list[Any]:
    """Every line of a list, page by page."""
    found, cursor = list[Any](), None
    while True:
        page = await listing.page(scope, narrowed, cursor=cursor, limit=size)
        found += page.items
        if (cursor := page.next) is None:
            return found


# The comparisons --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("sort", ["due", "late"])
async def test_given_random_clocks_then_every_list_holds_exactly_what_a_plain_filter_does(
    ground: Ground, state: ClockState, sort: Any
) -> None:
    dice = random.Random(f"{SEED}{state}{sort}")
    asked, listing, found = questions(dice, ground), ClockLists(ground.engine), 0
    for scope in SCOPES:
        for given in ({}, *(next(asked) for _ in range(3))):
            narrowed = ClockFilter(state=state, sort=sort, **given)
            wanted = expected(ground, scope, narrowed)
            lines = await pages(listing, scope, narrowed, dice.choice((6, 50)))
            in_order = sorted_as(narrowed, wanted, ground.now)
            assert [(line.stream, line.id) for line in lines] == in_order, (scope, narrowed)
            found += len(lines)
    assert found > 100


async def test_given_random_clocks_then_counts_are_those_of_the_lists(ground: Ground) -> None:
    dice = random.Random(SEED)
    asked, listing = questions(dice, ground), ClockLists(ground.engine)
    columns = {"department": "owed_by", "rule": "rule", "kind": "kind", "level": "level"}
    for scope in SCOPES:
        for given in ({}, *(next(asked) for _ in range(3))):
            narrowed = ClockFilter(**given)
            numbers = await listing.by_state(scope, narrowed, STATES)
            by_state = {state: ClockFilter(state=state, **given) for state in STATES}
            assert numbers.counts == {state: len(expected(ground, scope, each)) for state, each in by_state.items()}
            narrowed = by_state[dice.choice(STATES)]
            group: ClockGroup = dice.choice(get_args(ClockGroup))
            numbers = await listing.by(scope, narrowed, group)
            assert numbers.counts == Counter(row[columns[group]] for row in expected(ground, scope, narrowed))
            assert not numbers.more


async def test_given_a_line_then_it_tells_what_the_rows_say(ground: Ground) -> None:
    known = {(row["stream"], row["clock"]): row for row in ground.rows}
    second, kinds = timedelta(seconds=1), Counter[str]()
    for state in STATES:
        begun = await value_of(ground.engine, "SELECT clock_timestamp()")
        lines = await pages(ClockLists(ground.engine), EVERYTHING, ClockFilter(state=state), 50)
        ended = await value_of(ground.engine, "SELECT clock_timestamp()")
        for line in lines:
            row = known[line.stream, line.id]
            same = ("kind", "rule", "owed_by", "started_at", "paused_at", "stopped_at", "outcome", "level", "about")
            assert {name: getattr(line, name) for name in same} == {name: row[name] for name in same}
            assert (line.number, line.handler) == (row["case"].number, row["case"].handler)
            assert (line.region, line.category) == (row["case"].region, row["case"].category)
            if row["breach_at"] == NEVER:
                assert (line.due_at, line.breach_at, line.warn_at, line.late_seconds) == (None, None, None, 0)
                kinds["never"] += 1
            else:
                least, most = (max(timedelta(0), late(row, at)) for at in (begun, ended))
                assert least - second <= timedelta(seconds=line.late_seconds) <= most + second
            assert line.overdue == (is_in("overdue", row, ground.now) or state == "missed")
            youngest, oldest = ((row["stopped_at"] or at) - row["started_at"] for at in (begun, ended))
            assert youngest - second <= timedelta(seconds=line.age_seconds) <= oldest + second
    assert kinds["never"] > 3


async def test_given_more_ended_clocks_than_are_counted_then_the_newest_are_and_it_is_said(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_lists, "COUNTED", 5)
    newest = sorted(expected(ground, EVERYTHING, ClockFilter(state="met")), key=lambda row: row["stopped_at"])[-5:]
    numbers = await ClockLists(ground.engine).by(EVERYTHING, ClockFilter(state="met"), "kind")
    assert numbers.more
    assert numbers.counts == Counter(row["kind"] for row in newest)
    assert (await ClockLists(ground.engine).by_state(EVERYTHING, ClockFilter(), ("running", "met"))).more
    running = await ClockLists(ground.engine).by(EVERYTHING, ClockFilter(state="running"), "kind")
    assert sum(running.counts.values()) > 5
    assert not running.more


async def test_given_the_cursor_of_another_list_then_it_is_refused(ground: Ground) -> None:
    listing, late_ones = ClockLists(ground.engine), ClockFilter(sort="late")
    cursor = (await listing.page(EVERYTHING, ClockFilter(), limit=3)).next
    identity = f"clocks {late_ones.model_dump_json()}"
    long_ago = datetime.min.replace(tzinfo=UTC)
    made_up = [
        cursor_of(place, identity)
        for place in ((ground.now, "not so"), (ground.now, "not", "so", "x"), (ground.now, long_ago, "clue-1", "x-1"))
    ]
    for given in (cursor, *made_up):
        with pytest.raises(BadCursor):
            await listing.page(EVERYTHING, late_ones, cursor=given, limit=3)


async def test_given_a_corrected_case_then_its_clocks_are_listed_by_what_it_is_now(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    stream = await casebook.driven("dispatch", category="report")
    await casebook.command(CLERK, "correct", stream, category="complaint")
    listing = ClockLists(engine)
    states: tuple[ClockState, ...] = ("running", "met")
    for state in states:
        narrowed = ClockFilter(state=state, category="complaint", region="370100", channel="hotline_12345")
        assert [line.stream for line in await pages(listing, EVERYTHING, narrowed, 9)] == [stream], state
        assert await pages(listing, EVERYTHING, narrowed.model_copy(update={"category": "report"}), 9) == []
