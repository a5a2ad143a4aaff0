"""A month over PostgreSQL: the same numbers as counted from the events one by one, at whatever instant it is asked."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from domain.record.envelope import StoredEvent
from domain.record.takeover import Adoption, Step, adopt
from domain.report.figures import digest_of
from infra.postgres.engine.session import session
from infra.postgres.figures.reports import Reports, Unsettled
from infra.postgres.proof.rebuild import Rebuildable, rebuild
from infra.postgres.proof.verify import verify
from infra.postgres.record.rows import stored_event
from infra.postgres.record.store import PostgresStore
from infra.postgres.record.vault import Vault
from tests.support.naive_months import counted, figures_of
from tests.support.pasts import past
from tests.support.record import (
    ASSIGNER,
    CLERK,
    DISPATCHER,
    HANDLER,
    SECURITY,
    Casebook,
    demo,
    tamper,
    world_of,
)
from tests.support.stock import Stock, _actor

REGIONS = {"000000": "", "370000": "37", "370100": "3701", "370102": "370102", "420000": "42"}
SEED = 20261122


@pytest.fixture
def reports(engine: AsyncEngine) -> Reports:
    return Reports(engine)


async def record_of(engine: AsyncEngine) -> dict[str, list[StoredEvent]]:
    """Every clue's events in order."""
    found: dict[str, list[StoredEvent]] = {}
    async with session(engine) as opened:
        for row in await opened.run(text("SELECT * FROM events WHERE stream LIKE 'clue-%' ORDER BY stream, version")):
            found.setdefault(row.stream, []).append(stored_event(row))
    return found


async def lived(engine: AsyncEngine) -> Stock:
    """Cases of four months of last spring, with returns, answers, reopenings, corrections and undone completions."""
    dice = random.Random(SEED)
    stock = Stock(dice)
    for _ in range(4):
        await stock.register(9)
        await stock.go_on(7)
        await _corrected(stock, dice)
        stock.now += timedelta(days=24)
    await stock.put(PostgresStore(engine))
    async with session(engine) as opened:  # numbers given in memory are taken
        for series, last in stock.store.tables.serials.items():
            await opened.run(
                text("INSERT INTO serials (series, last) VALUES (:series, :last)"), series=series, last=last
            )
    return stock


async def _corrected(stock: Stock, dice: random.Random) -> None:
    for stream, case in list(stock.store.tables.cases.items()):
        summary: Any = case.entry
        kind = (summary.lead or "x.market").partition(".")[2]
        if summary.stage == "completed" and summary.lead and dice.random() < 0.5:
            body = {"reason": "误点。"}
            await stock._command(_actor("handler", kind, summary.region), "undo_completion", stream, **body)
        elif dice.random() < 0.2:
            body = {"category": dice.choice(("report", "help")), "reason": "来电人更正。"}
            await stock._command(_actor("dispatcher", kind, summary.region), "correct", stream, **body)


async def adopted(engine: AsyncEngine, ticket: str, begun: datetime, until: str) -> str:
    """A case another system handled, taken over now with its own times."""
    told = past(ticket, begun, until)
    shape = CLUE.commands["register"].model_fields
    body = {name: value for name, value in told.items() if name in shape}
    steps = [Step(CLERK, "register", body, datetime.fromisoformat(told["registered_at"]))]
    steps += [
        Step(demo(step["by"]), step["do"], step["with"], datetime.fromisoformat(step["at"])) for step in told["steps"]
    ]
    done = await adopt(world_of(PostgresStore(engine)), CLUE, Adoption(demo("source.hotline"), ticket, "old", steps))
    return done.outcome.stream


async def test_given_a_record_that_lived_then_every_figure_is_what_the_events_say_at_any_instant(
    engine: AsyncEngine, reports: Reports
) -> None:
    stock = await lived(engine)
    await adopted(engine, "old-1", datetime(2025, 4, 2, 3, 0, tzinfo=UTC), "archive")
    await adopted(engine, "old-2", datetime(2026, 3, 30, 23, 0, tzinfo=UTC), "sign_for")
    record = await record_of(engine)
    seen: set[tuple[int, str]] = set()
    spring = [datetime(2026, 4, 12, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), stock.now]
    for as_of in (*spring, await reports.present()):
        for month in ("2026-03", "2026-04", "2026-05"):
            for region, prefix in REGIONS.items():
                content = await reports.counted(region, month, as_of)
                expected = counted(record, prefix, month, as_of)
                assert figures_of(content) == expected, (as_of, month, region)
                seen |= {(slot, measure) for slot, measure, *_ in expected}
    measures = {"received", "completed", "open", "returned", "reopened", "met", "missed"}
    assert seen == {(slot, measure) for slot in (0, 1) for measure in measures} | {
        (2, measure) for measure in ("received", "completed", "met")
    }


async def test_given_what_happens_later_when_counted_as_of_then_the_numbers_and_the_digest_stay(
    engine: AsyncEngine, casebook: Casebook, reports: Reports
) -> None:
    completed = await casebook.driven("complete")
    archived = await casebook.driven("archive")
    as_of = await reports.present()
    month = f"{as_of + timedelta(hours=8):%Y-%m}"
    before = await reports.counted("370102", month, as_of)

    await casebook.command(HANDLER, "undo_completion", completed, reason="误点。")
    await casebook.command(CLERK, "correct", archived, category="complaint", reason="来电人更正。")
    await casebook.command(DISPATCHER, "reopen", archived)
    texts = await Vault(engine).texts_of(archived)
    await casebook.command(SECURITY, "erase_text", archived, texts=[str(next(iter(texts)))])
    await adopted(engine, "late", as_of - timedelta(days=1), "register")

    assert await reports.counted("370102", month, as_of) == before
    later = await reports.counted("370102", month, await reports.present())
    assert digest_of(later) != digest_of(before)
    rebuilt: tuple[Rebuildable, ...] = ("cases", "states", "ends")
    for name in rebuilt:
        await rebuild(engine, name)
    assert digest_of(await reports.counted("370102", month, as_of)) == digest_of(before)


async def test_given_months_before_anything_was_known_then_they_are_unknown_and_not_empty(
    engine: AsyncEngine, reports: Reports
) -> None:
    empty = await reports.counted("370102", "2026-05", await reports.present())
    assert (empty.known_since, empty.lines) == (None, ())
    until = await reports.present()
    await adopted(engine, "old", datetime(2026, 4, 2, 3, 0, tzinfo=UTC), "archive")
    content = await reports.counted("370102", "2026-05", await reports.present())
    assert (content.known_since, content.known) == ("2026-04", (True, True, False))
    assert (await reports.counted("370103", "2026-05", await reports.present())).known_since is None
    assert (await reports.counted("370102", "2026-05", until)).known_since is None


async def test_given_a_writer_that_began_before_then_the_present_waits_for_it(
    engine: AsyncEngine, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.postgres.figures.reports.SETTLING_SECONDS", 0.2)
    async with session(engine) as opened:
        await opened.run(text("SELECT pg_current_xact_id()"))
        with pytest.raises(Unsettled):
            await reports.present()
    assert await reports.present()


async def test_given_a_verdict_changed_behind_the_record_then_it_is_found_and_can_be_made_again(
    casebook: Casebook, maintenance: AsyncEngine
) -> None:
    await casebook.driven("archive")
    key = Ed25519PrivateKey.generate().public_key()
    for statement in ("UPDATE clock_ends SET verdict = 'missed'", "DELETE FROM clock_ends WHERE kind = 'handling'"):
        await tamper(maintenance, statement)
        assert {finding.check for finding in (await verify(maintenance, key)).findings} == {"clock end"}
        await rebuild(maintenance, "ends")
        assert (await verify(maintenance, key)).clean


async def test_given_cases_whose_rows_do_not_say_how_they_ended_when_rebuilt_then_it_follows_from_their_events(
    casebook: Casebook, engine: AsyncEngine, maintenance: AsyncEngine
) -> None:
    reopened = await casebook.driven("archive")
    await casebook.command(DISPATCHER, "reopen", reopened)
    for actor, slug in ((ASSIGNER, "sign_for"), (ASSIGNER, "assign"), (HANDLER, "take_up")):
        await casebook.command(actor, slug, reopened)
    answered = await casebook.registered()
    await casebook.command(DISPATCHER, "answer", answered)
    await _declined(casebook)
    kept = "SELECT json_agg(row_to_json(kept)) FROM (SELECT stream, steps, result FROM {0} ORDER BY 1, 2) AS kept"
    async with session(engine) as opened:
        before = [(await opened.run(text(kept.format(table)))).scalar() for table in ("cases", "case_states")]
        for table in ("cases", "case_states"):
            await opened.run(text(f"UPDATE {table} SET result = 'unknown'"))
    await rebuild(maintenance, "cases")
    await rebuild(maintenance, "states")
    async with session(maintenance) as opened:
        after = [(await opened.run(text(kept.format(table)))).scalar() for table in ("cases", "case_states")]
    assert after == before
    assert after[1] is not None
    results = {row["result"] for row in after[1]}
    assert results == {None, "substantiated", "answered", "declined"}


async def _declined(casebook: Casebook) -> None:
    stream = await casebook.driven("assign", category="complaint")
    for slug in ("decline", "feed_back", "complete"):
        done = await casebook.command(HANDLER, slug, stream)
        assert done.outcome.status == "recorded", done.outcome
