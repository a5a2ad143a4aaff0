"""Lists: one rendering of visibility, exact pages, overdue as a question and not a flag."""

from __future__ import annotations

from datetime import datetime
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lists.worklists import LIVES, CaseFilter, Count, Part, Selection
from domain.people.visibility import Scope
from infra.postgres.cases import urgency
from infra.postgres.cases.listing import Cases
from infra.postgres.cases.reading import Accounts, Record
from infra.postgres.cases.scope import within
from infra.postgres.engine.cursors import BadCursor
from infra.postgres.engine.session import session
from infra.postgres.record.tables import cases
from tests.support.record import CLERK, Casebook, demo, tamper

EVERYTHING = Scope(everything=True)
STOCK = (Part(stages=LIVES["clue"].stages),)


def stock(scope: Scope = EVERYTHING, **narrowed: Any) -> Selection:
    """All cases of a scope, narrowed."""
    return Selection(scope, STOCK, CaseFilter(**narrowed))


async def several(casebook: Casebook) -> list[str]:
    """Cases in three regions and several stages, newest first."""
    streams = [await casebook.registered(), await casebook.driven("dispatch"), await casebook.driven("complete")]
    for region in ("370103", "370105"):
        done = await casebook.command(
            demo(f"intake.{region}"), "register", region=region, external_id=region, received_at="2026-03-02T11:00:00Z"
        )
        streams.append(done.outcome.stream)
    return streams[::-1]


async def test_given_any_scope_then_the_query_admits_exactly_what_the_rule_admits(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    await several(casebook)
    lines = (await Cases(engine).page(stock(), limit=50)).items
    for everything, prefix, department in product(
        (False, True), (None, "3701", "370102", "37010_", "%"), (None, "370102.market", "370103.market")
    ):
        scope = Scope(everything=everything, region_prefix=prefix, department=department)
        async with session(engine) as opened:
            seen = set((await opened.run(select(cases.c.stream).where(within(scope)))).scalars())
        assert seen == {line.stream for line in lines if scope.admits(line.summary)}, scope


async def test_given_pages_then_they_are_exact_while_cases_arrive(casebook: Casebook, engine: AsyncEngine) -> None:
    streams = await several(casebook)
    listing = Cases(engine)
    first = await listing.page(stock(), limit=2)
    await casebook.registered()
    second = await listing.page(stock(), cursor=first.next, limit=2)
    third = await listing.page(stock(), cursor=second.next, limit=2)
    assert [line.stream for page in (first, second, third) for line in page.items] == streams
    assert third.next is None


async def test_given_the_cursor_of_another_list_then_it_is_refused(casebook: Casebook, engine: AsyncEngine) -> None:
    await several(casebook)
    listing = Cases(engine)
    cursor = (await listing.page(stock(), limit=2)).next
    for other in (stock(sort="due"), stock(stages=("registered",)), Selection(EVERYTHING, (), CaseFilter())):
        with pytest.raises(BadCursor):
            await listing.page(other, cursor=cursor, limit=2)


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24", "W10", "WyIyMDI2LTAxLTAxIiwgMV0", "\x00", "语"])
async def test_given_a_cursor_this_list_never_gave_out_then_it_is_refused(engine: AsyncEngine, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await Cases(engine).page(stock(), cursor=cursor, limit=2)


@pytest.mark.parametrize(
    ("narrowed", "count"),
    [
        ({}, 5),
        ({"kind": "clue"}, 5),
        ({"stages": ("registered",)}, 3),
        ({"stages": ("registered", "dispatched")}, 4),
        ({"department": "370102.market"}, 2),
        ({"involved": "370102.market"}, 2),
        ({"region": "370103"}, 1),
        ({"region": "370100"}, 5),
        ({"region": "370000"}, 5),
        ({"region": "000000"}, 5),
        ({"region": "370200"}, 0),
        ({"category": "report", "channel": "hotline_12345"}, 5),
        ({"external_id": "370105"}, 1),
        ({"clock": "overdue"}, 0),
        ({"clock": "running", "clock_kind": "sign_for"}, 1),
        ({"sort": "due"}, 5),
        ({"punctual": True}, 5),
        ({"registered_to": datetime.fromisoformat("2020-01-01T00:00:00Z")}, 0),
        ({"registered_from": datetime.fromisoformat("2020-01-01T00:00:00Z")}, 5),
    ],
)
async def test_given_a_filter_then_only_those_cases_and_their_number(
    casebook: Casebook, engine: AsyncEngine, narrowed: dict[str, Any], count: int
) -> None:
    await several(casebook)
    assert len((await Cases(engine).page(stock(**narrowed), limit=50)).items) == count
    assert (await Cases(engine).count(stock(**narrowed))).count == count


async def test_given_a_clock_past_its_breach_then_case_and_clock_are_overdue_without_anybody_having_said_so(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    late, soon, calm = [await casebook.driven("dispatch") for _ in range(3)]
    listing = Cases(engine)
    past = "UPDATE clocks SET breach_at = now() - interval '1 hour' WHERE stream = :stream AND stopped_at IS NULL"
    await tamper(engine, past, stream=late)
    warned = "UPDATE clocks SET warn_at = now() - interval '1 hour', breach_at = now() + interval '1 hour' "
    await tamper(engine, warned + "WHERE stream = :stream AND stopped_at IS NULL", stream=soon)
    assert [line.stream for line in (await listing.page(stock(clock="overdue"), limit=9)).items] == [late]
    one = await listing.one(EVERYTHING, late)
    assert one is not None
    assert one.clock is not None
    assert one.clock.overdue
    assert [line.stream for line in (await listing.page(stock(sort="due"), limit=9)).items] == [late, soon, calm]


async def test_given_a_case_then_its_standing_history_and_newest_hashes_agree(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    stream = await casebook.driven("dispatch")
    record = Record(engine)
    history, standing = await record.history(stream), await record.standing(stream)
    assert standing is not None
    assert (standing.last, standing.head_hash) == (len(history), history[-1].hash)
    assert (standing.stage, standing.department) == ("dispatched", "370102.market")
    assert standing.alarm is not None
    assert await record.recent_hashes(stream, 2) == tuple((row.version, row.hash) for row in history[-2:])
    assert await record.event(stream, 1) == history[0]
    assert await record.event(stream, 99) is None
    early = await record.history(stream, until=history[0].recorded_at)
    assert early == tuple(row for row in history if row.recorded_at <= history[0].recorded_at)
    assert await record.history(stream, until=datetime.fromisoformat("2020-01-01T00:00:00Z")) == ()
    assert await record.standing("clue-none") is None
    assert await record.heads() == ((stream, standing.last, standing.head_hash, False),)
    assert await record.heads(after=stream) == ()


async def test_given_the_seed_then_accounts_are_found_with_their_role_and_place(engine: AsyncEngine) -> None:
    known = await Accounts(engine).account(CLERK.account)
    assert known is not None
    assert (known.actor, known.active) == (CLERK, True)
    assert await Accounts(engine).account("nobody") is None


async def test_given_an_export_then_every_case_comes_once(casebook: Casebook, engine: AsyncEngine) -> None:
    streams = await several(casebook)
    pages = [[line.stream for line in page] async for page in Cases(engine).each(stock(), size=2)]
    assert pages == [streams[:2], streams[2:4], streams[4:]]
    assert [page async for page in Cases(engine).each(stock(region="370200"))] == []


async def test_given_more_cases_than_are_counted_then_it_is_said(casebook: Casebook, engine: AsyncEngine) -> None:
    await several(casebook)
    listing = Cases(engine)
    assert await listing.counts({"all": stock(), "few": stock(region="370103")}, bound=3) == {
        "all": Count(3, more=True),
        "few": Count(1, more=False),
    }
    by_stage = await listing.by_stage(EVERYTHING, bound=2)
    assert by_stage["registered"] == Count(2, more=True)
    assert by_stage["dispatched"] == Count(1, more=False)
    assert by_stage["verifying"] == Count(0, more=False)
    assert set(by_stage) == set(LIVES["clue"].stages)


async def test_given_few_clocks_are_gone_through_then_the_order_by_urgency_is_the_same(
    casebook: Casebook, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways to the most urgent give the same pages."""
    await several(casebook)
    await several(casebook)
    listing, scope = Cases(engine), Scope(region_prefix="370103", department="370102.market")

    async def pages() -> list[str]:
        found, cursor = list[str](), None
        while True:
            page = await listing.page(stock(scope, sort="due"), cursor=cursor, limit=2)
            found += [line.stream for line in page.items]
            if (cursor := page.next) is None:
                return found

    through_clocks = await pages()
    monkeypatch.setattr(urgency, "WALKED", 1)
    assert await pages() == through_clocks
    assert len(through_clocks) == len(set(through_clocks)) == 5
