"""What PostgreSQL adds to the contract: rows beside the events, one transaction, and silence about texts."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from domain.record.vault import VaultEntry
from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.faults import StoreFault, StoreUnavailable
from infra.postgres.engine.session import session
from infra.postgres.record.store import PostgresStore
from infra.postgres.record.vault import Vault
from tests.support.record import CLERK, DISPATCHER, SECURITY, Casebook, value_of

SECRET = "张三13800138000"


async def test_given_a_command_then_all_its_rows_are_there_and_the_answer_is_told(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    done = await casebook.command(CLERK, "register", external_id="one", received_at="2026-03-02T11:00:00+08:00")
    told, stream = done.outcome, done.outcome.stream
    assert (told.status, told.first, told.last, told.stage) == ("recorded", 1, 3, "registered")
    async with session(engine) as opened:
        case = (await opened.run(text("SELECT * FROM cases"))).one()
        followed = (await opened.run(text("SELECT * FROM followed"))).one()
        assert case.stream == stream
        assert (followed.stream, followed.version, followed.head_hash) == (stream, 3, told.head_hash)
        assert (followed.kind, followed.stage, followed.responsible) == ("clue", "registered", "370102.12345")
        assert (case.external_id, case.responsible, case.departments) == ("one", "370102.12345", [])
        assert case.number == f"370102-12345-{case.registered_at.year}-000001"
        states = (await opened.run(text("SELECT version, number, superseded_at FROM case_states ORDER BY 1"))).all()
        assert [(was.version, was.number) for was in states] == [(1, None), (3, case.number)]
        assert [was.superseded_at for was in states] == [case.registered_at, None]
        clock = (await opened.run(text("SELECT * FROM clocks"))).one()
        assert (clock.kind, clock.stopped_at, clock.reached) == ("dispatch", None, [])
        assert (followed.alarm_clock, followed.alarm_at) == (clock.clock, clock.warn_at)
        waiting = (await opened.run(text("SELECT * FROM outbox"))).one()
        assert (waiting.stream, waiting.last, waiting.lane) == (stream, 3, "live")
        assert waiting.leased_until is not None
        assert (await opened.run(text("SELECT count(*) FROM vault WHERE stream = :s"), {"s": stream})).scalar() == 3


async def test_given_the_bulk_lane_then_the_relay_may_take_the_row_at_once(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    await casebook.command(CLERK, "register", received_at="2026-03-02T11:00:00+08:00", lane="bulk")
    assert await value_of(engine, "SELECT leased_until FROM outbox WHERE lane = 'bulk'") is None


async def test_given_a_command_then_it_takes_few_round_trips(casebook: Casebook, engine: AsyncEngine) -> None:
    stream = await casebook.registered()
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    await casebook.command(DISPATCHER, "dispatch", stream)
    assert len(statements) == 4, statements


async def test_given_texts_in_every_script_then_they_come_back_unchanged(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    title = "「占道经营」𠮷野家\n\t\"quoted\" \\u0000 \\ 😀 'x' %s :name {}"
    stream = await casebook.registered(title=title)
    assert title in (await Vault(engine).texts_of(stream)).values()


async def test_given_an_erasure_then_text_and_salt_are_gone_in_the_same_transaction(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    stream = await casebook.registered(title=SECRET)
    vault = Vault(engine)
    ref = next(ref for ref, kept in (await vault.texts_of(stream)).items() if kept == SECRET)
    assert await vault.text(ref) == SECRET
    done = await casebook.command(SECURITY, "erase_text", stream, texts=[str(ref)])
    assert done.outcome.status == "recorded"
    assert await vault.texts([ref, uuid4()]) == {ref: None}
    gone = "SELECT text IS NULL AND salt IS NULL AND erased_at IS NOT NULL FROM vault WHERE ref = :ref"
    assert await value_of(engine, gone, ref=ref) is True
    assert await value_of(engine, "SELECT count(*) FROM effects WHERE kind = 'record_erasure'") == 1


async def keep(store: PostgresStore, ref: UUID, kept: str) -> None:
    async with store.transaction() as tx:
        await tx.keep("clue-1", [VaultEntry(ref=ref, field="title", salt=b"s" * 32, text=kept)])


def told_by(error: BaseException) -> str:
    """Everything a log, a trace or a careless handler could print of an exception."""
    parts, seen = [], []
    while error is not None and error not in seen:
        seen.append(error)
        parts += [str(error), repr(error), repr(error.args), *traceback.format_exception(error)]
        following = error.__cause__ or error.__context__
        if following is None:
            break
        error = following
    return "\n".join(parts)


@pytest.mark.parametrize("failure", ["duplicate", "check", "nul"])
async def test_given_a_vault_insert_that_fails_then_nothing_tells_the_text(
    engine: AsyncEngine, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store, ref = PostgresStore(engine), uuid4()
    seen: list[BaseException] = []
    event.listen(engine.sync_engine, "handle_error", lambda context: seen.append(context.original_exception))
    if failure == "check":  # its DETAIL quotes the failing row
        async with session(engine) as opened:
            await opened.run(text("ALTER TABLE vault ADD CHECK (field <> 'title')"))
    if failure == "duplicate":
        await keep(store, ref, "another")
    with pytest.raises(StoreFault) as raised:
        await keep(store, ref, SECRET + ("\x00" if failure == "nul" else ""))
    assert raised.value.code == "store_fault"
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    assert SECRET not in told_by(raised.value)
    assert all(SECRET not in told_by(error) for error in seen)  # what tracing hooks are given
    assert seen
    assert SECRET not in caplog.text


async def test_given_a_failing_statement_outside_the_store_then_its_error_tells_no_row_either(
    engine: AsyncEngine,
) -> None:
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as raised:
            await connection.execute(text("SELECT CAST(:given AS int)"), {"given": SECRET})
    assert SECRET not in told_by(raised.value)


async def test_given_connections_that_died_then_one_typed_error_and_the_next_command_works(
    casebook: Casebook, engine: AsyncEngine, record_url: str
) -> None:
    stream = await casebook.registered()
    other = create_engine(record_url)
    async with session(other) as opened:
        await opened.run(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    with pytest.raises(StoreUnavailable):
        await casebook.command(DISPATCHER, "dispatch", stream)
    done = await casebook.command(DISPATCHER, "dispatch", stream)
    assert done.outcome.status == "recorded"
    await other.dispose()


async def test_given_a_lock_held_too_long_then_it_is_unavailable(casebook: Casebook, record_url: str) -> None:
    stream = await casebook.registered()
    impatient = create_engine(record_url, lock_seconds=0.1)
    store = PostgresStore(impatient)
    async with casebook.world.store.transaction() as tx:
        await tx.lock([stream])
        with pytest.raises(XiezhiError) as raised:
            async with store.transaction() as waiting:
                await waiting.lock([stream])
    assert raised.value.code == "store_unavailable"
    await impatient.dispose()


async def test_given_a_request_cancelled_midway_then_nothing_is_kept_and_the_connection_is_given_back(
    engine: AsyncEngine,
) -> None:
    store, begun = PostgresStore(engine), asyncio.Event()

    async def abandoned() -> None:
        async with store.transaction() as tx:
            await tx.take_key("clerk", "1", uuid4(), "register", "print")
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(abandoned())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await value_of(engine, "SELECT count(*) FROM commands WHERE account = 'clerk'") == 0
    pool: Any = engine.pool
    assert pool.checkedout() == 0


async def test_given_sixteen_at_once_on_one_case_then_each_step_is_recorded_once(casebook: Casebook) -> None:
    stream = await casebook.registered()
    outcomes = await asyncio.gather(
        *(casebook.command(DISPATCHER, "dispatch", stream, key=f"same-{n % 4}") for n in range(16))
    )
    recorded = [done for done in outcomes if done.outcome.status == "recorded"]
    assert len({done.outcome.head_hash for done in recorded}) == 1
    assert sum(not done.repeated for done in recorded) == 1
    assert {done.outcome.refusal.code for done in outcomes if done.outcome.refusal} == {"wrong_stage"}


async def test_given_one_ticket_registered_at_once_by_many_then_there_is_one_case(
    casebook: Casebook, engine: AsyncEngine
) -> None:
    done = await asyncio.gather(
        *(
            casebook.command(CLERK, "register", external_id="same", received_at="2026-03-02T11:00:00+08:00")
            for _ in range(8)
        )
    )
    assert sum(one.outcome.status == "recorded" for one in done) == 1
    assert {one.outcome.refusal.code for one in done if one.outcome.refusal} == {"already_registered"}
    assert await value_of(engine, "SELECT count(*) FROM streams WHERE kind = 'clue'") == 1
