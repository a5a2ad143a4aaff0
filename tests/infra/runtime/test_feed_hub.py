"""The feed over real PostgreSQL: nothing passed over, nothing twice, whoever writes and whenever somebody resumes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.nouns import DECIDERS
from infra.postgres.cases.changes import Change, Changes
from infra.postgres.engine.cursors import BadCursor
from infra.postgres.engine.session import session
from infra.runtime import feed_hub as hub
from infra.runtime.feed_hub import FeedEnded, FeedHub, Follower
from tests.support.record import ASSIGNER, DISPATCHER, Casebook, casebook, tamper
from tests.support.stack import until

__all__ = ["casebook"]


@asynccontextmanager
async def feed_of(engine: AsyncEngine, *, page: int = 100) -> AsyncIterator[FeedHub]:
    """A feed that looks often."""
    opened = FeedHub(Changes(engine, DECIDERS), pause=0.02, page=page)
    try:
        yield opened
    finally:
        opened.stop()


async def all_of(follower: Follower, count: int) -> list[Change]:
    """The next so many changes."""
    heard: list[Change] = []
    async with asyncio.timeout(20):
        while len(heard) < count:
            heard += await follower.next(0.5)
    assert len(heard) == count
    return heard


def places(changes: Sequence[Change]) -> list[tuple[str, int]]:
    return [(change.event.stream, change.event.version) for change in changes]


async def recorded(engine: AsyncEngine) -> list[tuple[str, int]]:
    """Every event in the global order."""
    async with session(engine) as opened:
        rows = await opened.run(
            text("SELECT stream, version FROM events WHERE stream LIKE 'clue-%' ORDER BY xid, position")
        )
        return [(row.stream, row.version) for row in rows]


async def test_given_writers_at_once_and_a_transaction_held_open_then_all_is_heard_once_in_order(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    async with feed_of(engine, page=7) as feed:
        before, live = await feed.follow(None, beginning=True), await feed.follow(None)
        async with session(engine) as held:
            await held.run(text("SELECT pg_current_xact_id()"))  # whatever is written now lies above the horizon
            streams = await asyncio.gather(*(casebook.driven("take_up") for _ in range(6)))
            assert not await live.next(0.3)
            resumed = await feed.follow(live.cursor)
        written = await recorded(engine)
        assert {stream for stream, _ in written} == set(streams)
        for follower in (before, live, resumed):
            assert places(await all_of(follower, len(written))) == written
            assert not await follower.next(0.1)


async def test_given_a_follower_that_comes_back_again_and_again_then_it_has_heard_everything_once(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    async with feed_of(engine, page=3) as feed:
        start = (await feed.follow(None)).cursor
        writing = asyncio.gather(*(casebook.driven() for _ in range(3)))
        heard: list[Change] = []
        cursor = start
        while not writing.done() or await _more(feed, cursor):
            follower = await feed.follow(cursor)
            got = list(await follower.next(0.05))
            heard += got[: len(got) // 2 + 1]  # cut off somewhere in the middle
            cursor = heard[-1].cursor if heard else start
            follower.close()
        await writing
        assert places(heard) == await recorded(engine)


async def _more(feed: FeedHub, cursor: str) -> bool:
    follower = await feed.follow(cursor)
    more = bool(await follower.next(0.2))
    follower.close()
    return more


async def test_given_a_change_then_it_says_how_the_case_was_after_it_and_stands_now(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    stream = await casebook.driven("sign_for")
    async with feed_of(engine) as feed:
        changes = await all_of(await feed.follow(None, beginning=True), len(await recorded(engine)))
        told = {change.event.type: change for change in changes}
        stages = [told[f"clue.{name}"].after for name in ("registered", "dispatched", "signed_for")]
        assert [after.stage for after in stages if after] == ["registered", "dispatched", "signed_for"]
        registered = told["clue.registered"]
        assert registered.after is not None
        assert registered.after.responsible == DISPATCHER.department
        assert registered.standing.responsible == ASSIGNER.department  # the case has moved on since
        assert registered.event.stream == stream


async def test_given_an_event_this_build_cannot_read_then_it_is_told_without_a_stage_and_the_feed_goes_on(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    odd = await casebook.driven("sign_for")
    await tamper(
        engine, 'UPDATE events SET body = replace(body, \'"type":"clue.signed_for"\', \'"type":"clue.later"\')'
    )
    sound = await casebook.driven("dispatch")
    async with feed_of(engine) as feed:
        changes = await all_of(await feed.follow(None, beginning=True), len(await recorded(engine)))
        unread = [change for change in changes if change.after is None]
        assert {change.event.stream for change in unread} == {odd}
        assert next(change.event.type for change in unread) == "clue.signed_for"
        assert all(change.after for change in changes if change.event.stream == sound)


async def test_given_a_follower_that_never_listens_then_it_is_let_go_and_can_resume_where_it_was(
    engine: AsyncEngine, casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "WAITING_CHANGES", 5)
    async with feed_of(engine, page=2) as feed:
        slow, quick = await feed.follow(None), await feed.follow(None)
        assert not await slow.next(0)
        assert not await quick.next(0)
        await casebook.driven("sign_for")
        written = await recorded(engine)
        await all_of(quick, len(written))
        await casebook.driven("sign_for")
        await all_of(quick, len(await recorded(engine)) - len(written))
        with pytest.raises(FeedEnded) as ended:
            await slow.next(1)
        assert ended.value.code == "too_slow"
        again = await feed.follow(slow.cursor)
        assert places(await again.next(1))[:1] == written[:1]


async def test_given_many_followers_then_they_cost_one_reader_and_none_costs_nothing(
    engine: AsyncEngine, casebook: Casebook
) -> None:
    asked = 0
    changes = Changes(engine, DECIDERS)
    real = changes.after

    async def counted(*given: object) -> object:
        nonlocal asked
        asked += 1
        return await real(*given)  # type: ignore[arg-type]

    changes.after = counted  # type: ignore[assignment,method-assign]
    feed = FeedHub(changes, pause=0.05)
    followers = [await feed.follow(None) for _ in range(200)]
    await asyncio.gather(*(follower.next(0) for follower in followers))
    asked = 0
    await casebook.registered()
    written = len(await recorded(engine))
    heard = await asyncio.gather(*(all_of(follower, written) for follower in followers))
    assert len({tuple(places(of_one)) for of_one in heard}) == 1
    assert asked < len(followers)
    for follower in followers:
        follower.close()

    async def at_rest() -> bool:
        before = asked
        await asyncio.sleep(0.2)
        return asked == before

    await until(at_rest, "nobody reads for nobody")


@pytest.mark.parametrize(
    "cursor", ["", "x", "1", "1.", "1.2.3", "-1.5", "1.99999999999999999999", "\u0663.\u0664", "999999999.0"]
)
async def test_given_a_cursor_of_somewhere_else_then_it_is_refused(engine: AsyncEngine, cursor: str) -> None:
    async with feed_of(engine) as feed:
        with pytest.raises(BadCursor):
            await feed.follow(cursor)


async def test_given_a_feed_that_stops_then_all_are_told_so(engine: AsyncEngine) -> None:
    async with feed_of(engine) as feed:
        follower = await feed.follow(None)
        waiting = asyncio.create_task(follower.next(30))
        await asyncio.sleep(0.05)
        feed.stop()
        with pytest.raises(FeedEnded, match="stopping"):
            await waiting
        with pytest.raises(FeedEnded, match="stopping"):
            await (await feed.follow(None)).next(30)
