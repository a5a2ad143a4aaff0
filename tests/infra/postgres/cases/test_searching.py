"""Search over what the reader may read equals reading every text, whichever way a page is filled."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.search import UNSEARCHED_FIELDS, Search, fold, parse_query
from domain.lists.worklists import LIVES, CaseFilter, Part, Selection
from domain.people.visibility import Scope
from infra.postgres.cases import searching
from infra.postgres.cases.listing import Cases
from infra.postgres.engine.session import session
from infra.postgres.proof.rebuild import rebuild
from tests.support.record import SECURITY, Casebook, demo, value_of

EVERYTHING = Scope(everything=True)
STOCK = (Part(stages=LIVES["clue"].stages),)
LETTERS = "油烟直排占道的了Ａ1,。 "
SMALL = {"GLANCE": 2, "WALK": 3, "FREQUENT": 1, "RARE": 1}
WAYS: tuple[Mapping[str, int], ...] = (
    {},
    SMALL,
    {"GLANCE": 1, "FREQUENT": 99, "RARE": 0},
    {"GLANCE": 1, "FREQUENT": 99, "RARE": 3},
)
"""How much is walked and gathered at a time, so that each way of filling a page comes into play."""


@pytest.fixture
def dice() -> random.Random:
    return random.Random(2020)


@pytest.fixture(params=WAYS, ids=["usual", "small steps", "by period", "rare"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in request.param.items():
        monkeypatch.setattr(searching, name, value)


async def said_by(engine: AsyncEngine) -> dict[str, list[str]]:
    """Every searchable text of every case, newest case first."""
    async with session(engine) as opened:
        rows = (
            await opened.run(
                text(
                    "SELECT stream, field, text FROM cases JOIN vault USING (stream) WHERE text IS NOT NULL "
                    "ORDER BY registered_at DESC, stream DESC"
                )
            )
        ).all()
    said: dict[str, list[str]] = {}
    for row in rows:
        said.setdefault(row.stream, [])
        if row.field not in UNSEARCHED_FIELDS:
            said[row.stream].append(fold(row.text))
    return said


def naive(said: Mapping[str, list[str]], query: str) -> list[str]:
    """Who reads every text."""
    terms = parse_query(query).terms
    return [stream for stream, texts in said.items() if all(any(term in text for text in texts) for term in terms)]


async def found(
    engine: AsyncEngine,
    query: str,
    scope: Scope = EVERYTHING,
    readable: Scope = EVERYTHING,
    *,
    size: int = 4,
    **by: Any,
) -> list[str]:
    """All pages of a search."""
    of = Selection(scope, STOCK, CaseFilter(**by), Search(parse_query(query), readable))
    streams: list[str] = []
    cursor: str | None = None
    while True:
        page = await Cases(engine).page(of, cursor=cursor, limit=size)
        streams += [line.stream for line in page.items]
        if (cursor := page.next) is None:
            return streams


async def random_cases(casebook: Casebook, engine: AsyncEngine, dice: random.Random, count: int) -> None:
    """Cases in three regions, some dispatched, registered over several years."""
    for _ in range(count):
        region = dice.choice(("370102", "370103", "370105"))
        body = {name: "".join(dice.choices(LETTERS, k=dice.randrange(2, 14))) + "字" for name in ("title", "body")}
        done = await casebook.command(demo(f"intake.{region}"), "register", **_ticket(dice), region=region, **body)
        stream = done.outcome.stream
        if dice.random() < 0.5:
            department = dice.choice(("market", "ecology"))
            opinion = "".join(dice.choices(LETTERS, k=6)) + "字"
            await casebook.command(
                demo(f"dispatcher.{region}"), "dispatch", stream, department=f"{region}.{department}", opinion=opinion
            )
        await _registered_earlier(engine, stream, timedelta(hours=dice.randrange(3 * 365 * 24)))
    await rebuild(engine, "search")


def _ticket(dice: random.Random) -> dict[str, str]:
    return {"external_id": f"T{dice.randrange(10**9)}", "received_at": "2026-03-02T11:00:00Z"}


async def _registered_earlier(engine: AsyncEngine, stream: str, by: timedelta) -> None:
    async with session(engine) as opened:
        await opened.run(
            text("UPDATE cases SET registered_at = registered_at - :by WHERE stream = :stream"), by=by, stream=stream
        )


@pytest.mark.usefixtures("_way")
async def test_given_any_texts_and_query_then_search_finds_what_reading_finds(
    casebook: Casebook, engine: AsyncEngine, dice: random.Random
) -> None:
    await random_cases(casebook, engine, dice, 16)
    said = await said_by(engine)
    asked = {"的", "字", "A", "１", "油烟", "烟油", "占道 油", "直排占", "天", "的 了 字"}
    for texts in dice.sample(list(said.values()), 4):
        words = " ".join(texts).split()
        word = dice.choice(words)
        start = dice.randrange(len(word))
        asked |= {word[start : start + dice.randrange(1, 6)], f"{dice.choice(words)} {dice.choice(words)}"}
    for query in sorted(asked):
        assert await found(engine, query) == naive(said, query), query


@pytest.mark.usefixtures("_way")
async def test_given_any_scope_and_narrowing_then_only_readable_texts_of_listed_cases_match(
    casebook: Casebook, engine: AsyncEngine, dice: random.Random
) -> None:
    await random_cases(casebook, engine, dice, 12)
    said = await said_by(engine)
    listed = (await Cases(engine).page(Selection(EVERYTHING, STOCK, CaseFilter()), limit=50)).items
    summaries = {line.stream: line.summary for line in listed}
    scopes = (EVERYTHING, Scope(), Scope(region_prefix="370102", department="370103.market"))
    readables = (EVERYTHING, Scope(), Scope(region_prefix="370103"))
    for scope, readable, stages, query in product(scopes, readables, ((), ("dispatched",)), ("字", "占 了")):
        expected = [
            stream
            for stream in naive(said, query)
            if scope.admits(summaries[stream])
            and readable.admits(summaries[stream])
            and (not stages or summaries[stream].stage in stages)
        ]
        assert await found(engine, query, scope, readable, stages=stages, size=5) == expected, (scope, readable, query)


async def test_given_texts_of_later_steps_then_they_are_found_and_the_reporter_is_not(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    stream = await casebook.registered(reporter="来电人欧阳震华 13912345678")
    await casebook.command(
        demo("dispatcher.370102"), "dispatch", stream, department="370102.market", opinion="请到鹊华烟雨现场核实"
    )
    assert await found(engine, "鹊华烟雨") == [stream]
    for sought in ("欧阳震华", "欧", "1391234567"):
        assert await found(engine, sought) == []


async def test_given_a_case_number_or_ticket_then_its_beginning_finds_the_case_also_for_who_reads_no_text(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    await casebook.registered()
    stream = await casebook.registered(external_id="WEB-20261117-0007", body="正文")
    number = await value_of(engine, "SELECT number FROM cases WHERE stream = :stream", stream=stream)
    for code in ("WEB-20261117-0007", "WEB-20261117", number):
        assert await found(engine, code, readable=Scope()) == [stream]
    assert await found(engine, "EB-20261117", readable=Scope()) == []
    assert await found(engine, "正文", readable=Scope()) == []
    assert await found(engine, number, Scope(region_prefix="370103")) == []


async def test_given_an_erased_text_then_nothing_of_it_is_found_or_kept(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    stream = await casebook.registered(title="鹊华烟雨题目", body="正文里的油烟", reporter="来电人陈先生 13912345678")
    other = await casebook.registered(body="别处的油烟", reporter="来电人陈先生 13912345678")
    assert await found(engine, "油烟") == [other, stream]
    async with session(engine) as opened:
        kept = await opened.run(text("SELECT ref::text FROM vault WHERE stream = :s"), s=stream)
        refs = list(kept.scalars())
    done = await casebook.command(SECURITY, "erase_text", stream, texts=refs, ground="court_order")
    assert done.outcome.status == "recorded"
    assert await found(engine, "油烟") == [other]
    assert await found(engine, "鹊华") == []
    assert await value_of(engine, "SELECT count(*) FROM search WHERE stream = :s", s=stream) == 0
    await rebuild(engine, "search")
    assert await found(engine, "油烟") == [other]


async def test_given_a_page_then_each_line_shows_where_it_matched(casebook: Casebook, engine: AsyncEngine) -> None:
    await casebook.registered(title="题目", body="每天傍晚起在人行道摆桌," * 9 + "油烟直排,居民无法开窗。")
    of = Selection(EVERYTHING, STOCK, CaseFilter(), Search(parse_query("直排"), EVERYTHING))
    (line,) = (await Cases(engine).page(of, limit=5)).items
    assert line.snippet is not None
    assert "油烟直排" in line.snippet
    assert len(line.snippet) < 80


async def test_given_the_rows_made_again_then_they_are_the_same(casebook: Casebook, engine: AsyncEngine) -> None:
    await casebook.driven("conclude")
    rows = (
        "SELECT json_agg(r ORDER BY ref)::text FROM (SELECT ref, stream, registered_at, folded, "
        "ARRAY(SELECT unnest(grams) ORDER BY 1) FROM search) AS r"
    )
    before = await value_of(engine, rows)
    assert before is not None
    async with session(engine) as opened:
        await opened.run(text("DELETE FROM search WHERE stream IN (SELECT stream FROM search LIMIT 1)"))
        await opened.run(text("INSERT INTO search SELECT gen_random_uuid(), 'clue-gone', now(), '{}', ''"))
    await rebuild(engine, "search")
    assert await value_of(engine, rows) == before
