"""A database restored into another server, made usable again."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.engine.migrate import DatabaseNotReady, check_database
from infra.postgres.engine.session import session
from infra.postgres.proof.restore import Erasure, ErasureLedger, after_restore
from infra.postgres.record.feed import START, Place, move_to, place_of, read_after
from infra.postgres.record.outbox import Outbox
from infra.postgres.record.vault import Vault
from tests.support.record import Casebook, tamper


async def recorded(engine: AsyncEngine) -> list[tuple[str, int]]:
    """Stream and version of every event, in the global order."""
    return [(found.event.stream, found.event.version) for found in await read_after(engine, START, limit=10_000)]


def cases_of(events: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Those of cases."""
    return [event for event in events if event[0].startswith("clue-")]


async def test_given_ids_of_another_server_when_rebased_then_everything_is_seen_in_order_and_work_goes_on(
    casebook: Casebook, maintenance: AsyncEngine, tmp_path: Path
) -> None:
    first, _ = await casebook.driven("sign_for"), await casebook.driven("dispatch")
    before = await recorded(maintenance)
    for table in ("events", "outbox"):
        await tamper(maintenance, f"UPDATE {table} SET xid = ((xid::text::bigint) + 1000000)::text::xid8")
    async with session(maintenance) as opened:
        await move_to(opened, "stats", Place(1_000_000_000, 3))
    with pytest.raises(DatabaseNotReady):
        await check_database(maintenance)
    assert await read_after(maintenance, START) == ()  # this is why it is refused

    done = await after_restore(maintenance, ErasureLedger(tmp_path / "ledger.jsonl"))

    await check_database(maintenance)
    assert (done.events, done.outbox, done.erased) == (len(before), 5, 0)
    after = await recorded(maintenance)
    assert sorted(after) == sorted(before)
    assert cases_of(after) == cases_of(before)  # accounts were opened at once: their transactions interleaved
    assert len(await Outbox(maintenance).lease("live", 10, 30)) == 5  # leases of the dead are free
    async with session(maintenance) as opened:
        assert await place_of(opened, "stats") == START
    third = await casebook.registered()
    assert (await recorded(maintenance))[-1][0] == third
    assert first in {stream for stream, _ in before}


async def test_given_a_sound_database_when_rebased_then_nothing_changes(
    casebook: Casebook, maintenance: AsyncEngine, tmp_path: Path
) -> None:
    await casebook.registered()
    before = await read_after(maintenance, START)
    done = await after_restore(maintenance, ErasureLedger(tmp_path / "ledger.jsonl"))
    assert (done.events, done.outbox, done.erased) == (0, 0, 0)
    assert await read_after(maintenance, START) == before


async def test_given_texts_that_came_back_with_a_backup_then_the_ledger_erases_them_again(
    casebook: Casebook, maintenance: AsyncEngine, tmp_path: Path
) -> None:
    stream = await casebook.registered()
    vault, ledger = Vault(maintenance), ErasureLedger(tmp_path / "ledger.jsonl")
    gone, stays, _ = await vault.texts_of(stream)
    await ledger.enter("effect-1", (gone, uuid4()))
    assert (await after_restore(maintenance, ledger)).erased == 1
    assert set(await vault.texts([gone, stays])) == {gone, stays}
    assert await vault.text(gone) is None
    assert await vault.text(stays) is not None
    assert (await after_restore(maintenance, ledger)).erased == 0


async def test_given_an_entry_twice_or_a_line_cut_short_then_the_ledger_stays_whole(tmp_path: Path) -> None:
    file = tmp_path / "data" / "ledger.jsonl"
    ledger, one, two = ErasureLedger(file), (uuid4(),), (uuid4(), uuid4())
    assert list(ledger.entries()) == []
    await ledger.enter("a", one)
    await ledger.enter("a", one)
    with file.open("a") as opened:
        opened.write('{"entry": "cut')
    await ledger.enter("b", two)
    assert list(ledger.entries()) == [Erasure("a", one), Erasure("b", two)]
    assert file.stat().st_mode & 0o777 == 0o600
