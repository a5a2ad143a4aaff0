"""Whatever is changed behind the record's back is found; what follows from the events can be made again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.people.reporter_index import marker
from infra.postgres.proof.checkpoint import CheckpointInvalid, load_or_make_key, open_note, take_checkpoint
from infra.postgres.proof.rebuild import REBUILDABLE, TABLES, Rebuildable, rebuild
from infra.postgres.proof.verify import Report, verify
from infra.postgres.record.store import PostgresStore
from infra.postgres.record.vault import Vault
from tests.support.record import CLERK, DISPATCHER, HANDLER, SECURITY, SUPERVISOR, Casebook, tamper, value_of, world_of

KEY = Ed25519PrivateKey.generate()


async def lived(casebook: Casebook) -> str:
    """A record with an archived case, an open one, a refusal, an erasure and a repeat; the archived case."""
    archived = await casebook.driven()
    opened = await casebook.driven("record_findings")
    await casebook.command(SUPERVISOR, "order_oversight", opened)
    await casebook.command(HANDLER, "archive", opened)
    texts = await Vault(casebook.world.store._engine).texts_of(archived)  # type: ignore[attr-defined]
    await casebook.command(SECURITY, "erase_text", archived, texts=[str(next(iter(texts)))])
    for _ in range(2):
        await casebook.command(DISPATCHER, "reopen", archived, key="reopen")
    await casebook.command(CLERK, "dispatch", opened)
    return archived


async def checked(engine: AsyncEngine, *, against: str | None = None) -> Report:
    return await verify(engine, KEY.public_key(), against=against)


async def test_given_a_record_that_lived_then_nothing_is_found(casebook: Casebook, maintenance: AsyncEngine) -> None:
    await lived(casebook)
    note = await take_checkpoint(maintenance, KEY)
    await casebook.driven("sign_for")  # the record grows past its checkpoint
    progress: list[int] = []
    report = await verify(maintenance, KEY.public_key(), progress=progress.append)
    assert report.findings == []
    assert report.clean
    assert report.checkpoint is not None
    assert report.streams == await value_of(maintenance, "SELECT count(*) FROM streams")
    assert report.events == await value_of(maintenance, "SELECT count(*) FROM events")
    assert progress[-1] == report.streams
    assert (await checked(maintenance, against=note)).clean


async def test_given_an_empty_record_then_it_verifies_and_can_be_signed(maintenance: AsyncEngine) -> None:
    await take_checkpoint(maintenance, KEY)
    report = await checked(maintenance)
    assert report.clean
    assert report.checkpoint is not None


TAMPERINGS = {
    "an event's text": ("UPDATE events SET body = replace(body, 'report', 'help') WHERE version = 1", "chain"),
    "an event's type column": ("UPDATE events SET type = 'clue.archived' WHERE version = 1", "chain"),
    "an event in the middle": ("DELETE FROM events WHERE stream = :stream AND version = 3", "chain"),
    "the last event": (
        "DELETE FROM events WHERE stream = :stream "
        "AND version = (SELECT max(version) FROM events WHERE stream = :stream)",
        "head",
    ),
    "a head": ("UPDATE streams SET version = version + 1", "head"),
    "a missing head": ("DELETE FROM streams WHERE stream = :stream", "head"),
    "a case row": ("UPDATE cases SET stage = 'registered' WHERE stream = :stream", "case"),
    "where a process should be": ("UPDATE followed SET alarm_at = NULL WHERE stream = :stream", "followed"),
    "a missing row of what is followed": ("DELETE FROM followed WHERE stream = :stream", "followed"),
    "a missing case row": ("DELETE FROM cases WHERE stream = :stream", "case"),
    "a clock's due date": ("UPDATE clocks SET due_at = due_at + interval '1 day' WHERE stream = :stream", "clock"),
    "a clock from nowhere": ("UPDATE clocks SET clock = clock || 'x' WHERE stream = :stream", "clock"),
    "who held a case": ("UPDATE holdings SET held_to = NULL WHERE stream = :stream", "holding"),
    "a holding from nowhere": ("UPDATE holdings SET number = number + 9 WHERE stream = :stream", "holding"),
    "an oversight order": ("UPDATE oversight_orders SET status = 'settled'", "order"),
    "a missing effect": ("DELETE FROM effects WHERE stream = :stream", "effect"),
    "an effect's recipient": ("UPDATE effects SET recipient = 'me' WHERE stream = :stream", "effect"),
    "a missing command": ("DELETE FROM commands WHERE slug = 'dispatch' AND stream = :stream", "command"),
    "a command's claim": (
        "UPDATE commands SET outcome = jsonb_set(outcome, '{last}', '99') WHERE slug = 'dispatch' AND stream = :stream",
        "command",
    ),
    "a text": ("UPDATE vault SET text = 'something else' WHERE stream = :stream AND text IS NOT NULL", "text"),
    "a text erased without an event": ("UPDATE vault SET text = NULL, salt = NULL WHERE stream = :stream", "text"),
    "an erased text brought back": (
        "UPDATE vault SET text = 'back', salt = 'x', erased_at = NULL WHERE erased_at IS NOT NULL",
        "text",
    ),
    "a missing text": ("DELETE FROM vault WHERE stream = :stream", "text"),
}


@pytest.mark.parametrize("changed", TAMPERINGS)
async def test_given_something_changed_behind_the_record_then_it_is_found(
    casebook: Casebook, maintenance: AsyncEngine, changed: str
) -> None:
    stream = await lived(casebook)
    statement, check = TAMPERINGS[changed]
    await tamper(maintenance, statement, **({"stream": stream} if ":stream" in statement else {}))
    assert check in {finding.check for finding in (await checked(maintenance)).findings}


async def test_given_a_tail_cut_with_all_its_rows_then_only_the_checkpoint_tells(
    casebook: Casebook, maintenance: AsyncEngine
) -> None:
    await casebook.registered()
    gone = await casebook.registered()
    note = await take_checkpoint(maintenance, KEY)
    for table in (
        "events", "streams", "commands", "followed", "cases", "case_states", "clocks", "holdings", "effects", "vault",
        "outbox",
    ):  # fmt: skip
        await tamper(maintenance, f"DELETE FROM {table} WHERE stream = :stream", stream=gone)
    gap = await checked(maintenance, against=note)
    assert {finding.check for finding in gap.findings} == {"checkpoint", "number"}
    await tamper(maintenance, "UPDATE serials SET last = last - 1")
    report = await checked(maintenance, against=note)
    assert [finding.check for finding in report.findings] == ["checkpoint"]


async def test_given_a_note_that_was_edited_or_signed_by_another_then_it_is_not_believed(
    casebook: Casebook, maintenance: AsyncEngine
) -> None:
    await casebook.registered()
    note = await take_checkpoint(maintenance, KEY)
    streams = open_note(note, KEY.public_key()).heads.streams
    stranger = Ed25519PrivateKey.generate().public_key()
    for forged, key in (
        (note.replace(f"streams: {streams}", f"streams: {streams + 1}"), KEY.public_key()),
        (note, stranger),
        (note.replace("\n\n", "\nextra: 1\n\n"), KEY.public_key()),
        ("", KEY.public_key()),
        ("x\n\n— y z", KEY.public_key()),
    ):
        with pytest.raises(CheckpointInvalid):
            open_note(forged, key)
    assert [finding.check for finding in (await checked(maintenance, against="nonsense")).findings] == ["checkpoint"]


def test_given_no_key_then_one_is_made_for_its_owner_only_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "data" / "checkpoint.key"
    made = load_or_make_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_or_make_key(file).private_bytes_raw() == made.private_bytes_raw()
    assert [path.name for path in file.parent.iterdir()] == ["checkpoint.key"]


@pytest.mark.parametrize("name", REBUILDABLE)
async def test_given_damaged_rows_when_rebuilt_then_they_are_as_before(
    maintenance: AsyncEngine, name: Rebuildable
) -> None:
    stream = await lived(Casebook(world_of(PostgresStore(maintenance, marked=marker("test")))))
    table = TABLES[name]
    all_rows = f"SELECT json_agg(row_to_json({table}) ORDER BY row_to_json({table})::text)::text FROM {table}"
    before = await value_of(maintenance, all_rows)
    stray = "UPDATE {0} SET stream = 'clue-stray' WHERE ctid = (SELECT min(ctid) FROM {0})"
    await tamper(maintenance, stray.format(table))
    if name == "cases":
        await tamper(
            maintenance, "UPDATE cases SET stage = 'x', departments = '{}' WHERE stream = :stream", stream=stream
        )
    heard: list[tuple[int, int]] = []
    streams = await value_of(maintenance, "SELECT count(*) FROM streams")
    told = lambda done, of: heard.append((done, of))  # noqa: E731
    assert await rebuild(maintenance, name, told, marked=marker("test")) == streams
    assert json.loads(await value_of(maintenance, all_rows)) == json.loads(before)
    assert heard[-1] == (streams, streams)
    assert (await checked(maintenance)).clean


async def test_given_a_rebuild_under_load_then_no_append_is_written_over(
    casebook: Casebook, maintenance: AsyncEngine
) -> None:

    async def again() -> None:
        for _ in range(5):
            await rebuild(maintenance, "cases")
            await rebuild(maintenance, "clocks")

    await asyncio.gather(again(), *(casebook.driven() for _ in range(4)))
    assert (await checked(maintenance)).findings == []
