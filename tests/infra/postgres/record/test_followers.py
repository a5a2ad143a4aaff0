"""Outbox, effects, inbox: what is handed on once or at least once, and the ages that give alarm."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.cases.reading import Record
from infra.postgres.engine.health import record_health
from infra.postgres.engine.session import session
from infra.postgres.notices.inbox import Inbox
from infra.postgres.record.effects import Effects
from infra.postgres.record.outbox import Outbox
from tests.support.record import CLERK, Casebook, value_of


async def freed(engine: AsyncEngine) -> None:
    """End all leases."""
    async with session(engine) as opened:
        await opened.run(text("UPDATE outbox SET leased_until = NULL"))


async def test_given_rows_then_each_is_leased_to_one_relay_and_gone_once_delivered(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    streams = {await casebook.registered() for _ in range(6)}
    outbox = Outbox(engine)
    assert await outbox.lease("live", 10, 30) == ()  # the process that appended delivers first
    await freed(engine)
    leased = await asyncio.gather(*(outbox.lease("live", 3, 30) for _ in range(4)))
    taken = [advance.stream for batch in leased for advance in batch]
    assert sorted(taken) == sorted(streams)
    sent = [(advance.stream, advance.last) for batch in leased for advance in batch]
    await outbox.delivered([*sent[:5], ("clue-unknown", 7)])
    await outbox.release(sent[5:])
    again = await outbox.lease("live", 10, 30)
    assert [(advance.stream, advance.last) for advance in again] == sent[5:]


async def test_given_a_relay_that_died_then_its_lease_runs_out(engine: AsyncEngine, casebook: Casebook) -> None:
    stream = await casebook.registered()
    await freed(engine)
    outbox = Outbox(engine)
    assert len(await outbox.lease("live", 10, 0.05)) == 1
    assert await outbox.lease("live", 10, 30) == ()
    await asyncio.sleep(0.1)
    assert [advance.stream for advance in await outbox.lease("live", 10, 30)] == [stream]


async def test_given_both_lanes_then_each_is_leased_by_itself_in_order(engine: AsyncEngine, casebook: Casebook) -> None:
    bulk = (await casebook.command(CLERK, "register", received_at="2026-03-02T11:00:00+08:00", lane="bulk")).outcome
    live = await casebook.driven("sign_for")
    await freed(engine)
    outbox = Outbox(engine)
    assert [advance.stream for advance in await outbox.lease("bulk", 10, 30)] == [bulk.stream]
    rows = await outbox.lease("live", 10, 30)
    assert {advance.stream for advance in rows} == {live}
    assert [advance.first for advance in rows] == [1, *(advance.last + 1 for advance in rows[:-1])]


async def test_given_an_effect_then_it_is_performed_once_and_its_first_outcome_stays(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    stream = await casebook.driven("dispatch")
    effects, record = Effects(engine), Record(engine)
    standing = await record.standing(stream)
    assert standing is not None
    (reference,) = standing.effects
    pending = await effects.pending(reference.id)
    assert pending is not None
    assert pending.effect.recipient == "department_assigner@370102.market"
    await asyncio.gather(*(effects.remind(pending) for _ in range(3)))
    await effects.settle(reference.id, "dead_letter:late")
    assert await effects.pending(reference.id) is None
    assert await effects.pending(uuid4()) is None
    (row,) = await effects.of(stream)
    assert (row.outcome, row.attempts) == ("done", 1)
    assert await value_of(engine, "SELECT count(*) FROM inbox") == 1
    after = await record.standing(stream)
    assert after is not None
    assert after.effects == ()


async def test_given_a_dead_letter_then_it_is_listed_and_can_be_tried_again(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    stream = await casebook.driven("dispatch")
    effects = Effects(engine)
    (row,) = await effects.of(stream)
    await effects.settle(row.id, "dead_letter:exchange_away")
    assert [dead.id for dead in await effects.dead_letters()] == [row.id]
    assert await effects.retry(row.id)
    assert not await effects.retry(row.id)
    assert await effects.pending(row.id) is not None


async def test_given_notices_then_a_person_reads_those_to_the_account_or_the_role_in_the_department(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    effects, inbox = Effects(engine), Inbox(engine)
    for _ in range(5):
        stream = await casebook.driven("dispatch")
        for row in await effects.of(stream):
            pending = await effects.pending(row.id)
            assert pending is not None
            await effects.remind(pending)
    mine = ["assigner.market.370102", "department_assigner@370102.market"]
    first = await inbox.page(mine, limit=3)
    rest = await inbox.page(mine, cursor=first.next, limit=3)
    assert [len(first.items), len(rest.items), rest.next] == [3, 2, None]
    assert len({notice.id for notice in (*first.items, *rest.items)}) == 5
    assert (await inbox.page(["head@370102.market"], limit=3)).items == []
    assert await inbox.read(first.items[0].id, mine, mine[0])
    assert await inbox.read(first.items[0].id, mine, mine[0])
    assert not await inbox.read(first.items[1].id, ["somebody"], "somebody")
    assert len((await inbox.page(mine, unread=True, limit=9)).items) == 4


async def test_given_work_left_and_an_open_transaction_then_their_ages_are_told(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    empty = await record_health(engine)
    assert (empty.outbox_rows, empty.outbox_age, empty.undone_effects) == (0, 0, 0)
    await casebook.driven("dispatch")
    async with session(engine) as opened:
        await opened.run(text("SELECT pg_current_xact_id()"))
        await asyncio.sleep(0.05)
        health = await record_health(engine)
    assert (health.outbox_rows, health.undone_effects, health.dead_letters) == (2, 1, 0)
    assert health.outbox_age > 0.05
    assert health.undone_effect_age > 0.05
    assert health.horizon_age > 0.05
