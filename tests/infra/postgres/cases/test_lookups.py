"""Marks of reporters: written with the text, gone with it, and telling nothing without the key."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.reporters import identifier
from domain.people.visibility import Scope
from infra.people.reporter_index import marker
from infra.postgres.cases.lookups import Lookups
from infra.postgres.engine.session import session
from infra.postgres.proof.rebuild import rebuild
from infra.postgres.proof.restore import ErasureLedger, erase_again
from infra.postgres.record.store import PostgresStore
from tests.support.record import SECURITY, Casebook, value_of, world_of

EVERYTHING = Scope(everything=True)
MARKED = marker("a key of the tests")
REPORTER = "来电人:欧阳震华先生 139-1234-5678"


@pytest.fixture
def marking(engine: AsyncEngine) -> Casebook:
    """Clues whose reporters are marked."""
    return Casebook(world_of(PostgresStore(engine, marked=MARKED)))


@pytest.fixture
def lookups(engine: AsyncEngine) -> Lookups:
    return Lookups(engine, MARKED)


async def found(lookups: Lookups, kind: str, value: str, scope: Scope = EVERYTHING, limit: int = 10) -> list[str]:
    """The cases an answer shows."""
    sought = identifier(kind, value)  # type: ignore[arg-type]
    assert sought is not None
    return [case.stream for case in await lookups.cases(lookups.mark(sought), scope, limit)]


async def test_given_a_reporter_then_the_case_is_found_by_phone_and_name_newest_first_and_in_the_scope_only(
    marking: Casebook, lookups: Lookups
) -> None:
    first = await marking.registered(reporter=REPORTER)
    second = await marking.registered(body="请回电13912345678", reporter="来电人陈先生")
    await marking.registered(reporter="来电人陈先生 13900000000")
    assert await found(lookups, "phone", "+86 13912345678") == [second, first]
    assert await found(lookups, "phone", "13912345678", limit=1) == [second]
    assert await found(lookups, "name", "欧阳震华") == await found(lookups, "name", "欧阳震华先生") == [first]
    assert await found(lookups, "phone", "13912345678", Scope(region_prefix="370103")) == []
    assert await found(lookups, "phone", "13912345678", Scope()) == []
    assert await found(lookups, "phone", "13912345679") == []


async def test_given_another_key_then_nothing_is_found(marking: Casebook, engine: AsyncEngine) -> None:
    await marking.registered(reporter=REPORTER)
    assert await found(Lookups(engine, marker("another key")), "phone", "13912345678") == []


async def test_given_marks_then_neither_the_number_nor_its_plain_hash_stands_there(
    marking: Casebook, engine: AsyncEngine
) -> None:
    await marking.registered(reporter=REPORTER)
    assert await value_of(engine, "SELECT count(*) FROM reporter_marks") == 3
    kept = await value_of(
        engine,
        "SELECT count(*) FROM reporter_marks "
        "WHERE mark IN (sha256('13912345678'), sha256(convert_to(E'phone\\n13912345678', 'UTF8')))",
    )
    assert kept == 0


async def test_given_an_erased_reporter_then_no_mark_is_left_and_none_comes_back(
    marking: Casebook, lookups: Lookups, engine: AsyncEngine
) -> None:
    stream = await marking.registered(reporter=REPORTER)
    stays = await marking.registered(reporter=REPORTER)
    ref = await value_of(engine, "SELECT ref::text FROM vault WHERE stream = :s AND field = 'reporter'", s=stream)
    done = await marking.command(SECURITY, "erase_text", stream, texts=[ref], ground="consent_withdrawn")
    assert done.outcome.status == "recorded"
    assert await found(lookups, "phone", "13912345678") == [stays]
    await rebuild(engine, "reporters", marked=MARKED)
    assert await found(lookups, "phone", "13912345678") == [stays]


async def test_given_texts_that_came_back_with_a_backup_then_erasing_again_takes_what_finds_them_too(
    marking: Casebook, lookups: Lookups, engine: AsyncEngine, tmp_path: Path
) -> None:
    stream = await marking.registered(reporter=REPORTER)
    async with session(engine) as opened:
        refs = tuple((await opened.run(text("SELECT ref FROM vault WHERE stream = :s"), s=stream)).scalars())
    ledger = ErasureLedger(tmp_path / "ledger.jsonl")
    await ledger.enter("effect-1", refs)
    assert await erase_again(engine, ledger) == len(refs)
    assert await found(lookups, "phone", "13912345678") == []
    for table in ("search", "reporter_marks"):
        assert await value_of(engine, f"SELECT count(*) FROM {table} WHERE stream = :s", s=stream) == 0


async def test_given_lost_marks_when_made_again_then_they_are_the_same(marking: Casebook, engine: AsyncEngine) -> None:
    await marking.driven("dispatch", reporter=REPORTER)
    rows = "SELECT json_agg(m ORDER BY mark)::text FROM reporter_marks AS m"
    before = await value_of(engine, rows)
    assert before is not None
    async with session(engine) as opened:
        await opened.run(text("DELETE FROM reporter_marks"))
    await rebuild(engine, "reporters", marked=MARKED)
    assert await value_of(engine, rows) == before
