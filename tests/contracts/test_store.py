"""What every `Store` promises, checked against the memory twin and PostgreSQL alike."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.clue import CLUE
from domain.clue.case import summary
from domain.errors import Conflict
from domain.record.decider import Facts, Happened, Needs, advance, next_alarm, placed
from domain.record.envelope import GENESIS, Envelope, check_chain, write
from domain.record.ids import command_id, event_id, stream_for
from domain.record.ports import Append, Head, Outcome, Store, Was
from domain.record.vault import Sealed, VaultEntry
from infra.memory.store import MemoryStore
from infra.postgres.record.store import PostgresStore
from tests.domain.clue import events as e
from tests.support.record import CLERK, known_departments, known_officers, world_of

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
STREAM = stream_for("clue", "contract", "1")
OTHER = stream_for("clue", "contract", "2")


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """The store under contract."""
    if request.param == "memory":
        return MemoryStore(lambda: datetime.now(UTC), departments=known_departments(), officers=known_officers())
    return PostgresStore(request.getfixturevalue("engine"))


def sealed() -> Sealed:
    return Sealed(ref=uuid4(), commitment="00" * 32)


def appended(stream: str, head: Head, *events: Any, state: Any = None, at: datetime = NOW) -> Append:
    """An append as the handler makes it, of these events at the end of a stream."""
    world = world_of(MemoryStore(lambda: at))
    facts = Facts(now=at, actor=CLERK, stream=stream, pack=world.pack, calendars=world.calendars)
    made: list[Happened] = []
    after = advance(CLUE, state or CLUE.initial(), events, facts, made)
    command = command_id(CLERK.account, f"{stream}{head.version}")
    stored, previous = [], head.hash
    for index, entry in enumerate(made):
        envelope = Envelope(
            event_id(command, stream, index), stream, head.version + index + 1, at, at, CLERK, command, command,
            None, None, None, entry.event,
        )  # fmt: skip
        stored.append(write(envelope, previous))
        previous = stored[-1].hash
    return Append(
        stream=stream,
        expected=head.version,
        previous_hash=head.hash,
        events=tuple(stored),
        entry=CLUE.summary(after),
        placed=placed(CLUE, after, CLUE.summary(after)),
        followed=CLUE.process,
        were=(Was(head.version + 1, at, at, summary(after)),),
        alarm=next_alarm(CLUE, after),
        clocks=CLUE.clocks(after),
        effects=(),
        erased=(),
        advance=None,
    )


def registration(stream: str = STREAM) -> Append:
    """The first append of a clue."""
    event = e.ClueRegistered(
        region="370102", channel="patrol", external_id=stream[-8:], category="report",
        received_at=NOW, title=sealed(), body=sealed(), reporter=None, entity=None,
    )  # fmt: skip
    return appended(stream, Head(version=0, hash=GENESIS, recorded_at=None), event)


async def append(store: Store, *appends: Append) -> None:
    async with store.transaction() as tx:
        await tx.lock([given.stream for given in appends])
        await tx.append(appends)


async def length(store: Store, stream: str) -> int:
    async with store.transaction() as tx:
        return len(await tx.load(stream))


async def test_given_nothing_when_locked_then_the_head_is_version_0_and_the_genesis_hash(store: Store) -> None:
    async with store.transaction() as tx:
        assert await tx.lock([STREAM]) == {STREAM: Head(version=0, hash=GENESIS, recorded_at=None)}
        assert await tx.load(STREAM) == ()


async def test_given_an_append_when_loaded_then_it_is_byte_for_byte_what_was_given(store: Store) -> None:
    given = registration()
    await append(store, given)
    async with store.transaction() as tx:
        head = (await tx.lock([STREAM]))[STREAM]
        loaded = await tx.load(STREAM)
    assert loaded == given.events
    assert check_chain(loaded) == head.hash
    assert (head.version, head.recorded_at) == (len(given.events), NOW)


async def test_given_a_load_without_a_lock_then_it_is_the_same(store: Store) -> None:
    given = registration()
    await append(store, given)
    async with store.transaction() as tx:
        assert await tx.load(STREAM) == given.events


@pytest.mark.parametrize("expected", [0, 1, 99])
async def test_given_a_head_elsewhere_when_appended_then_conflict_and_nothing_is_kept(
    store: Store, expected: int
) -> None:
    await append(store, registration())
    before = await length(store, STREAM)
    stale = appended(STREAM, Head(version=expected, hash=GENESIS, recorded_at=None), *registration_event())
    with pytest.raises(Conflict):
        await append(store, stale)
    assert await length(store, STREAM) == before


async def test_given_the_right_version_with_another_hash_when_appended_then_conflict(store: Store) -> None:
    first = registration()
    await append(store, first)
    wrong = Head(version=len(first.events), hash="ab" * 32, recorded_at=NOW)
    with pytest.raises(Conflict):
        await append(store, appended(STREAM, wrong, *registration_event()))


async def test_given_two_streams_when_one_is_not_as_expected_then_neither_gains(store: Store) -> None:
    await append(store, registration(OTHER))
    before = await length(store, OTHER)
    with pytest.raises(Conflict):
        await append(store, registration(STREAM), registration(OTHER))
    assert (await length(store, STREAM), await length(store, OTHER)) == (0, before)


async def test_given_two_streams_as_expected_when_appended_then_both_gain(store: Store) -> None:
    await append(store, registration(STREAM), registration(OTHER))
    assert await length(store, STREAM) == await length(store, OTHER) > 0


async def test_given_an_exception_in_a_transaction_then_nothing_is_kept_and_the_key_is_free(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.transaction() as tx:
            await tx.take_key("clerk", "1", uuid4(), "register", "print")
            await tx.lock([STREAM])
            await tx.append((registration(),))
            raise ZeroDivisionError
    assert await length(store, STREAM) == 0
    async with store.transaction() as tx:
        assert await tx.take_key("clerk", "1", uuid4(), "register", "print") is None


async def test_given_a_settled_key_when_taken_again_then_its_fingerprint_and_outcome_are_told(store: Store) -> None:
    outcome = Outcome(
        status="recorded", stream=STREAM, first=1, last=2, head_hash="ab" * 32, stage="registered", steps=1
    )
    async with store.transaction() as tx:
        assert await tx.take_key("clerk", "1", uuid4(), "register", "print") is None
        await tx.settle("clerk", "1", outcome)
    async with store.transaction() as tx:
        known = await tx.take_key("clerk", "1", uuid4(), "register", "another")
    assert known is not None
    assert (known.fingerprint, known.outcome) == ("print", outcome)
    async with store.transaction() as tx:
        assert await tx.take_key("dispatcher", "1", uuid4(), "register", "print") is None


async def test_given_a_key_held_by_an_open_transaction_when_taken_then_the_second_waits_and_hears_the_outcome(
    store: Store,
) -> None:
    taken, go_on = asyncio.Event(), asyncio.Event()
    outcome = Outcome(status="unchanged", stream=STREAM)

    async def first() -> None:
        async with store.transaction() as tx:
            assert await tx.take_key("clerk", "1", uuid4(), "register", "print") is None
            taken.set()
            await go_on.wait()
            await tx.settle("clerk", "1", outcome)

    async def second() -> Outcome | None:
        await taken.wait()
        async with store.transaction() as tx:
            known = await tx.take_key("clerk", "1", uuid4(), "register", "print")
            return known.outcome if known else None

    running = asyncio.create_task(first()), asyncio.create_task(second())
    await asyncio.wait({running[1]}, timeout=0.1)
    assert not running[1].done()
    go_on.set()
    assert (await asyncio.gather(*running))[1] == outcome


async def test_given_a_lock_that_waited_then_the_head_and_the_clock_are_of_after_the_wait(store: Store) -> None:
    await append(store, registration())
    before = await length(store, STREAM)
    locked, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> datetime:
        async with store.transaction() as tx:
            head = (await tx.lock([STREAM]))[STREAM]
            locked.set()
            await go_on.wait()
            await tx.append((appended(STREAM, head, *registration_event()),))
            return datetime.now(UTC)

    async def second() -> tuple[int, int, datetime]:
        await locked.wait()
        async with store.transaction() as tx:
            head = (await tx.lock([STREAM]))[STREAM]
            return head.version, len(await tx.load(STREAM)), await tx.now()

    running = asyncio.create_task(first()), asyncio.create_task(second())
    await asyncio.wait({running[1]}, timeout=0.2)
    go_on.set()
    released, (version, loaded, now) = await asyncio.gather(*running)
    assert version == loaded > before
    assert now >= released - timedelta(milliseconds=50)


async def test_given_a_lock_whose_holder_rolled_back_then_the_clock_is_of_after_the_wait(store: Store) -> None:
    await append(store, registration())
    locked, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> datetime:
        with pytest.raises(ZeroDivisionError):
            async with store.transaction() as tx:
                await tx.lock([STREAM])
                locked.set()
                await go_on.wait()
                raise ZeroDivisionError
        return datetime.now(UTC)

    async def second() -> datetime:
        await locked.wait()
        async with store.transaction() as tx:
            await tx.lock([STREAM])
            return await tx.now()

    running = asyncio.create_task(first()), asyncio.create_task(second())
    await asyncio.wait({running[1]}, timeout=0.2)
    go_on.set()
    released, now = await asyncio.gather(*running)
    assert now >= released - timedelta(milliseconds=50)


async def test_given_transactions_locking_the_same_streams_in_another_order_then_none_deadlocks(store: Store) -> None:
    await append(store, registration(STREAM), registration(OTHER))

    async def both(streams: list[str]) -> None:
        for _ in range(20):
            async with store.transaction() as tx:
                assert len(await tx.lock(streams)) == 2

    await asyncio.gather(both([STREAM, OTHER]), both([OTHER, STREAM]), both([STREAM, OTHER]))


async def test_given_needs_then_only_known_departments_and_officers_among_them_are_told(store: Store) -> None:
    async with store.transaction() as tx:
        facts = await tx.facts(
            Needs(departments=("370102.market", "370102.nowhere"), officers=("handler.market.370102", "nobody"))
        )
        nothing = await tx.facts(Needs())
    assert facts.departments == {"370102.market": "370102"}
    assert list(facts.officers) == ["handler.market.370102"]
    assert facts.officers["handler.market.370102"].department == "370102.market"
    assert (nothing.departments, nothing.officers) == ({}, {})


async def test_given_a_refused_command_then_its_vault_entries_can_be_kept_apart_from_an_append(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.keep(STREAM, [VaultEntry(ref=uuid4(), field="title", salt=b"s" * 32, text="某处漏水")])
    assert await length(store, STREAM) == 0


def registration_event() -> tuple[e.ClueRegistered]:
    """Another event for a stream; stores don't ask whether it makes sense."""
    return (
        e.ClueRegistered(
            region="370102", channel="patrol", external_id=str(uuid4()), category="report",
            received_at=NOW, title=sealed(), body=sealed(), reporter=None, entity=None,
        ),
    )  # fmt: skip
