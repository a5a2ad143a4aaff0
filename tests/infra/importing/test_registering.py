"""`xiezhi import` over the store in memory: once each, whatever comes in between."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st
from openpyxl import Workbook

from domain.clue import CLUE
from domain.errors import XiezhiError
from domain.nouns import DECIDERS
from domain.people.actors import Actor, Role
from domain.record.handler import HandlerPorts
from domain.time.calendar import national_calendars
from domain.time.rules import load_pack
from infra.importing import ImportOptions, ImportReport, ImportStopped, Ledger, check_file, import_file
from infra.importing.errors import FileBroken, UnknownFormat
from infra.memory.store import MemoryStore

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SOURCE = Actor(account="source.hotline", department="370100.12345", region="370100", roles=(Role.SOURCE_SYSTEM,))


class NoEvidence:
    async def has(self, digest: str) -> bool:
        return False


class Away(XiezhiError):
    code = "store_unavailable"


def world(store: Any) -> HandlerPorts:
    entropy = iter(range(1, 1_000_000))
    return HandlerPorts(
        nouns=DECIDERS,
        store=store,
        evidence=NoEvidence(),
        pack=load_pack("national"),
        calendars=national_calendars(),
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


def options(file: Path, *, in_flight: int = 8, **how: Any) -> ImportOptions:
    folder = file.parent
    return ImportOptions(Ledger(file, **how), SOURCE, folder / "rejects.jsonl", folder / "progress.json", in_flight)


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
    assert [case.entry.model_dump()["channel"] for case in store.tables.cases.values()] == ["online_platform"]


HEAD = ["external_id", "region", "channel", "category", "received_at", "title", "body"]


def cells(number: int) -> list[str]:
    """A row as a table has it; its text goes over several lines and has quotes in it."""
    return [
        f"T-{number:04d}",
        "370102",
        "hotline_12345",
        "report",
        "2026/11/19 9:24",
        f"占道 {number}",
        '他说"不走",\n还在',
    ]


def table(path: Path, rows: Sequence[list[str]]) -> Path:
    """The rows as a CSV of any name or as a workbook."""
    if path.suffix == ".xlsx":
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        for each in (["2026年11月工单明细"], HEAD, *rows):
            sheet.append(each)
        book.save(path)
        return path
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([HEAD, *rows])
    return path


class Failing(MemoryStore):
    """A store that goes away after some transactions."""

    left = 120

    def transaction(self) -> Any:
        self.left -= 1
        if self.left < 0:
            raise Away
        return super().transaction()


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.xlsx"])
async def test_given_a_database_that_goes_away_when_imported_again_then_it_goes_on_without_a_second_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async def at_once(_seconds: float) -> None:
        return

    monkeypatch.setattr("infra.importing.patience.asyncio.sleep", at_once)
    store = Failing(lambda: NOW)
    if name == "rows.jsonl":
        lines: list[dict[str, Any] | str] = [row(number) for number in range(200)]
        lines[10] = "{not json"
        file = written(tmp_path / name, lines)
    else:
        rows = [cells(number) for number in range(200)]
        rows[10][4] = "昨天"
        file = table(tmp_path / name, rows)
    given = options(file)
    with pytest.raises(ImportStopped):
        await import_file(world(store), CLUE, given)
    with given.rejects.open("a", encoding="utf-8") as rejects:
        rejects.write('{"row": 12, "co')  # a kill in the middle of a line

    store.left = 10_000
    report = await import_file(world(store), CLUE, given)
    assert report.skipped >= 100
    assert len(store.tables.cases) == 199
    assert [json.loads(line)["row"] for line in given.rejects.read_text(encoding="utf-8").splitlines()] == [11]
    assert not given.progress.exists()


@pytest.mark.parametrize("name", ["rows.csv", "rows.xlsx"])
async def test_given_a_mapping_that_changed_in_between_then_the_import_starts_anew(tmp_path: Path, name: str) -> None:
    store = MemoryStore(lambda: NOW)
    given = options(table(tmp_path / name, [cells(number) for number in range(3)]))
    assert counts(await import_file(world(store), CLUE, given)) == (3, 0, 0, 0)
    found = given.ledger.path.stat()
    source = {"name": name, "size": found.st_size, "modified": found.st_mtime_ns}
    for mapping, expected in ((None, (0, 0, 0, 3)), ("other", (0, 3, 0, 0))):
        noted = {**source, "mapping": mapping, "encoding": None, "sheet": None, "settled": 3}
        given.progress.write_text(json.dumps(noted), encoding="utf-8")
        assert counts(await import_file(world(store), CLUE, given)) == expected


def test_given_a_file_to_be_checked_then_it_tells_what_an_import_would_meet_and_writes_nothing(tmp_path: Path) -> None:
    rows = [cells(number) for number in range(30)]
    for number in (3, 7):
        rows[number][4] = "昨天"
    rows[9][3] = "gossip"
    file = table(tmp_path / "rows.csv", rows)
    report = check_file(CLUE, Ledger(file), SOURCE, lambda size: bytes(size))
    assert report.summary() == {
        "encoding": "gb18030",
        "separator": "comma",
        "columns": "、".join(HEAD),
        "rows": 30,
        "fit": 27,
        "unfit": 3,
        "reasons": ["2 × received_at: not_an_unambiguous_instant", "1 × category: literal_error"],
        "first_problems": [
            "line 8: received_at: not_an_unambiguous_instant",
            "line 16: received_at: not_an_unambiguous_instant",
            "line 20: category: literal_error",
        ],
    }
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize("ending", ["", 'T-9999,"open'])
async def test_given_a_file_that_was_cut_off_then_every_row_before_the_damage_is_a_clue_and_the_damage_is_told(
    tmp_path: Path, ending: str
) -> None:
    rows = table(tmp_path / "rows.csv", [cells(number) for number in range(400)]).read_text("gb18030").splitlines(True)
    rows.insert(101, ending + "\n")
    file = tmp_path / "rows.csv.gz"
    file.write_bytes(gzip.compress("".join(rows).encode("gb18030"))[:-9])  # the last rows and the checksum
    store = MemoryStore(lambda: NOW)
    with pytest.raises(FileBroken):
        await import_file(world(store), CLUE, options(file))
    whole = {f"T-{number:04d}" for number in range(398)}
    assert whole <= {case.entry.model_dump()["external_id"] for case in store.tables.cases.values()}


async def test_given_a_file_of_no_known_kind_then_it_says_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "rows.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(UnknownFormat, match=r"\.xlsx"):
        await import_file(world(MemoryStore(lambda: NOW)), CLUE, options(tmp_path / "rows.xls"))


garbage = st.one_of(st.binary(max_size=50), st.text(alphabet='",\n\r\x00 a1', max_size=30).map(str.encode))


@settings(max_examples=60, deadline=None)
@given_any(st.lists(st.tuples(st.integers(0, 8), garbage), max_size=10), st.sampled_from(["utf-8", "gb18030"]))
def test_given_a_fuzzed_file_then_every_good_row_is_a_clue_once_and_every_other_row_is_in_the_rejects(
    junk: list[tuple[int, bytes]], encoding: str
) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([HEAD])
    blocks = [text.getvalue().encode(encoding)]
    for number in range(8):
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells(number))
        blocks.append(text.getvalue().encode(encoding))
    for place, each in sorted(junk, reverse=True):
        blocks.insert(place + 1, each + b"\n")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        file.write_bytes(b"".join(blocks))
        given = options(file, encoding=encoding)
        store = MemoryStore(lambda: NOW)
        report = asyncio.run(import_file(world(store), CLUE, given))
        rejected = [json.loads(line) for line in given.rejects.read_text(encoding="utf-8").splitlines()]
    assert counts(report) == (8, 0, len(rejected), 0)
    assert {case.entry.model_dump()["external_id"] for case in store.tables.cases.values()} == {
        f"T-{number:04d}" for number in range(8)
    }
    assert sorted(entry["row"] for entry in rejected) == sorted({entry["row"] for entry in rejected})
    assert all(entry["code"] == "malformed" and entry["reason"] for entry in rejected)
