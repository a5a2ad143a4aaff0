"""`xiezhi import` over the store in memory: once each, whatever comes in between."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.actors import Actor, Role
from domain.calendar import national_calendar
from domain.clue import CLUE
from domain.errors import XiezhiError
from domain.handling import World
from domain.rules import load_pack
from infra.importing import ImportOptions, ImportReport, ImportStopped, import_file
from infra.memory.store import MemoryStore

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SOURCE = Actor(account="source.hotline", department="370100.12345", region="370100", roles=(Role.SOURCE_SYSTEM,))


class NoEvidence:
    async def has(self, digest: str) -> bool:
        return False


class Away(XiezhiError):
    code = "store_unavailable"


def world(store: Any) -> World:
    entropy = iter(range(1, 1_000_000))
    return World(
        store=store,
        evidence=NoEvidence(),
        pack=load_pack("national"),
        calendar=national_calendar(),
        entropy=lambda size: next(entropy).to_bytes(size, "big"),
        fingerprint=lambda content: str(hash(content)),
    )


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "region": "370102",
        "channel": "hotline_12345",
        "external_id": f"T-{number:04d}",
        "category": "report",
        "received_at": "2026-11-19T09:24:15+08:00",
        "title": f"占道经营 {number}",
        "body": "每天傍晚摆摊。",
        **changes,
    }


def written(path: Path, rows: Sequence[dict[str, Any] | str]) -> Path:
    text = "".join((line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def options(file: Path, **changes: Any) -> ImportOptions:
    folder = file.parent
    return ImportOptions(file, SOURCE, folder / "rejects.jsonl", folder / "progress.json", **changes)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.registered, report.already, report.rejected, report.skipped


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
async def test_given_a_file_when_imported_twice_then_each_message_is_one_clue(tmp_path: Path, name: str) -> None:
    store = MemoryStore(lambda: NOW)
    file = written(tmp_path / name, [row(number) for number in range(30)])
    assert counts(await import_file(world(store), CLUE, options(file))) == (30, 0, 0, 0)
    assert counts(await import_file(world(store), CLUE, options(file))) == (0, 30, 0, 0)
    assert len(store.tables.cases) == 30


async def test_given_rows_that_do_not_fit_then_they_are_rejected_with_line_and_reason_for_the_owner_only(
    tmp_path: Path,
) -> None:
    file = written(
        tmp_path / "rows.jsonl",
        [
            row(1),
            "{not json",
            "",
            "[]",
            row(2, external_id=None),
            row(3, category="gossip"),
            row(4, region="310000"),
            row(5, phone="13800001111"),
            row(1, title="同号异文"),
            row(6),
        ],
    )
    given = options(file, in_flight=1)
    assert counts(await import_file(world(MemoryStore(lambda: NOW)), CLUE, given)) == (2, 0, 7, 0)
    rejected = [json.loads(line) for line in given.rejects.read_text(encoding="utf-8").splitlines()]
    assert [(entry["line"], entry["code"]) for entry in rejected] == [
        (2, "malformed"),
        (4, "malformed"),
        (5, "malformed"),
        (6, "malformed"),
        (7, "wrong_region"),
        (8, "malformed"),
        (9, "key_reused"),
    ]
    assert rejected[3]["reason"] == "category: literal_error"
    assert given.rejects.stat().st_mode & 0o777 == 0o600


async def test_given_rows_without_region_or_channel_then_the_defaults_fill_them(tmp_path: Path) -> None:
    bare = {name: value for name, value in row(1).items() if name not in ("region", "channel")}
    given = options(
        written(tmp_path / "rows.jsonl", [bare]), defaults={"region": "370102", "channel": "online_platform"}
    )
    store = MemoryStore(lambda: NOW)
    assert counts(await import_file(world(store), CLUE, given)) == (1, 0, 0, 0)
    assert [case.summary.channel for case in store.tables.cases.values()] == ["online_platform"]


async def test_given_a_database_that_goes_away_when_imported_again_then_it_goes_on_without_a_second_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(MemoryStore):
        left = 120

        def transaction(self) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Away
            return super().transaction()

    async def at_once(_seconds: float) -> None:
        return

    monkeypatch.setattr("infra.importing.asyncio.sleep", at_once)
    store = Failing(lambda: NOW)
    rows: list[dict[str, Any] | str] = [row(number) for number in range(200)]
    rows[10] = "{not json"
    given = options(written(tmp_path / "rows.jsonl", rows))
    with pytest.raises(ImportStopped):
        await import_file(world(store), CLUE, given)
    with given.rejects.open("a", encoding="utf-8") as file:
        file.write('{"line": 12, "co')  # a kill in the middle of a line

    store.left = 10_000
    report = await import_file(world(store), CLUE, given)
    assert report.skipped >= 100
    assert len(store.tables.cases) == 199
    assert [json.loads(line)["line"] for line in given.rejects.read_text(encoding="utf-8").splitlines()] == [11]
    assert not given.progress.exists()
