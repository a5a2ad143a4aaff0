"""Lists: one rendering of visibility, exact pages, overdue as a question and not a flag."""

from __future__ import annotations

from datetime import datetime
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.visibility import Scope
from infra.postgres.cursors import BadCursor
from infra.postgres.listing import CaseFilter, Cases, within
from infra.postgres.reading import Accounts, Record
from infra.postgres.session import session
from infra.postgres.tables import cases
from tests.support.record import CLERK, Casebook, demo, tamper

EVERYTHING = Scope(everything=True)


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
    lines = (await Cases(engine).page(EVERYTHING, CaseFilter(), limit=50)).rows
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
    first = await listing.page(EVERYTHING, CaseFilter(), limit=2)
    await casebook.registered()
    second = await listing.page(EVERYTHING, CaseFilter(), cursor=first.following, limit=2)
    third = await listing.page(EVERYTHING, CaseFilter(), cursor=second.following, limit=2)
    assert [line.stream for page in (first, second, third) for line in page.rows] == streams
    assert third.following is None


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24", "W10", "WyIyMDI2LTAxLTAxIiwgMV0", "\x00", "语"])
async def test_given_a_cursor_this_list_never_gave_out_then_it_is_refused(engine: AsyncEngine, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await Cases(engine).page(EVERYTHING, CaseFilter(), cursor=cursor, limit=2)


@pytest.mark.parametrize(
    ("narrowed", "count"),
    [
        (CaseFilter(kind="clue"), 5),
        (CaseFilter(kind="referral"), 0),
        (CaseFilter(stage="registered"), 3),
        (CaseFilter(department="370102.market"), 2),
        (CaseFilter(region="370103"), 1),
        (CaseFilter(category="report", channel="hotline_12345"), 5),
        (CaseFilter(external_id="370105"), 1),
        (CaseFilter(overdue=True), 0),
        (CaseFilter(overdue=False), 5),
    ],
)
async def test_given_a_filter_then_only_those_cases(
    casebook: Casebook, engine: AsyncEngine, narrowed: CaseFilter, count: int
) -> None:
    await several(casebook)
    assert len((await Cases(engine).page(EVERYTHING, narrowed, limit=50)).rows) == count


async def test_given_a_clock_past_its_breach_then_case_and_clock_are_overdue_without_anybody_having_said_so(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    late, soon, calm = [await casebook.driven("dispatch") for _ in range(3)]
    listing = Cases(engine)
    past = "UPDATE clocks SET breach_at = now() - interval '1 hour' WHERE stream = :stream AND stopped_at IS NULL"
    await tamper(engine, past, stream=late)
    warned = "UPDATE clocks SET warn_at = now() - interval '1 hour', breach_at = now() + interval '1 hour' "
    await tamper(engine, warned + "WHERE stream = :stream AND stopped_at IS NULL", stream=soon)
    assert [line.stream for line in (await listing.page(EVERYTHING, CaseFilter(overdue=True), limit=9)).rows] == [late]
    one = await listing.one(EVERYTHING, late)
    assert one is not None
    assert one.clock is not None
    assert one.clock.overdue
    assert [line.stream for line in (await listing.clocks(EVERYTHING, "overdue", limit=9)).rows] == [late]
    assert [line.stream for line in (await listing.clocks(EVERYTHING, "due_soon", limit=9)).rows] == [soon]
    first = await listing.clocks(EVERYTHING, "running", department="370102.market", limit=2)
    rest = await listing.clocks(EVERYTHING, "running", cursor=first.following, limit=2)
    assert [line.stream for line in (*first.rows, *rest.rows)] == [late, soon, calm]
    assert (await listing.clocks(Scope(region_prefix="370103"), "running", limit=9)).rows == []


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
