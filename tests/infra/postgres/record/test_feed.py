"""The global order: what a reader sees while transactions are open, and that it skips nothing."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.engine.session import Session, session
from infra.postgres.record.feed import START, Place, move_to, place_of, read_after
from infra.postgres.record.outbox import Outbox
from tests.support.record import Casebook


async def write(opened: Session, stream: str) -> None:
    await opened.run(
        text(
            "INSERT INTO events (stream, version, type, recorded_at, body, hash) "
            "VALUES (:stream, 1, 'x', now(), '{}', 'h')"
        ),
        stream=stream,
    )
    await opened.run(
        text("INSERT INTO outbox (stream, last, lane, advance) VALUES (:stream, 1, 'live', :advance)"),
        stream=stream,
        advance=(
            f'{{"stream":"{stream}","first":1,"last":1,"previous_hash":"","head_hash":"","stage":"x",'
            f'"department":"x","alarm":null,"effects":[],"closed":false}}'
        ),
    )


async def test_given_two_open_transactions_that_commit_out_of_order_then_a_reader_skips_neither(
    engine: AsyncEngine,
) -> None:
    outbox, seeded = Outbox(engine), await end_of(engine)
    async with session(engine) as slow:
        await slow.run(text("SELECT pg_current_xact_id()"))  # the lower transaction id …
        async with session(engine) as quick:
            await write(quick, "quick")  # … has the higher position
        await write(slow, "slow")
        assert await read_after(engine, seeded) == ()  # committed, but an older transaction is still open
        assert await outbox.lease("live", 10, 30) == ()
    seen = await read_after(engine, seeded)
    assert [recorded.event.stream for recorded in seen] == ["slow", "quick"]
    assert seen[0].place.position > seen[1].place.position  # a checkpoint of one number would have skipped a row
    assert [advance.stream for advance in await outbox.lease("live", 10, 30)] == ["slow", "quick"]


async def test_given_a_place_then_a_reader_goes_on_from_there_page_by_page(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    place = await end_of(engine)
    stream = await casebook.driven("take_up")
    versions: list[int] = []
    while page := await read_after(engine, place, limit=3):
        versions += [recorded.event.version for recorded in page]
        place = page[-1].place
        async with session(engine) as opened:
            await move_to(opened, "test", place)
    assert versions == list(range(1, len(versions) + 1))
    assert len(versions) == len(await _history(casebook, stream))
    async with session(engine) as opened:
        assert await place_of(opened, "test") == place > Place(1, 1)
        assert await place_of(opened, "other") == START


async def end_of(engine: AsyncEngine) -> Place:
    """The place behind the streams of the seeded accounts."""
    return (await read_after(engine, START, limit=10_000))[-1].place


async def _history(casebook: Casebook, stream: str) -> tuple[object, ...]:
    async with casebook.world.store.transaction() as tx:
        return await tx.load(stream)
