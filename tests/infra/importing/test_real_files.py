"""Real ledgers through a mapping: messages as CSV and workbook, a hotline's export as it was published.

No row of them enters the project; the files and mappings are written where the test runs.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from infra.importing import ImportOptions, ImportReport, Ledger, import_file, load_mapping
from infra.postgres.engine.session import session
from infra.postgres.record.store import PostgresStore
from tests.support.messages import real, shared_data
from tests.support.record import demo, value_of, world_of

HEAD = ["编号", "留言用户", "留言主题", "留言时间", "留言详情", "类别"]
MESSAGES = """
[fields.external_id]
columns = ["编号"]
number = true
[fields.channel]
constant = "online_platform"
[fields.region]
constant = "370102"
[fields.category]
columns = ["类别"]
values = { "城建" = "report" }
otherwise = "help"
[fields.received_at]
columns = ["留言时间"]
[fields.title]
columns = ["留言主题"]
[fields.body]
columns = ["留言详情"]
[fields.reporter]
columns = ["留言用户"]
"""
REQUESTS = """
[file]
timezone = "America/New_York"
[fields.external_id]
columns = ["request_id"]
[fields.channel]
columns = ["method"]
values = { "Phone" = "hotline_12345" }
otherwise = "online_platform"
[fields.region]
constant = "370102"
[fields.category]
constant = "report"
[fields.received_at]
columns = ["created"]
[fields.title]
columns = ["type"]
[fields.body]
join = ["type", "agency", "neighborhood", "last_activity"]
separator = "; "
"""


async def imported(engine: AsyncEngine, file: Path, mapping: str) -> ImportReport:
    place = file.with_suffix(".toml")
    place.write_text(mapping, encoding="utf-8")
    options = ImportOptions(
        ledger=Ledger(file, load_mapping(place)),
        actor=demo("source.hotline"),
        rejects=file.parent / "rejects.jsonl",
        progress=file.parent / "progress.json",
    )
    return await import_file(world_of(PostgresStore(engine)), CLUE, options)


def shown(at: str) -> str:
    """A time as spreadsheets in China write it."""
    wall = datetime.fromisoformat(at)
    return f"{wall.year}/{wall.month}/{wall.day} {wall.hour}:{wall:%M:%S}"


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_given_real_messages_as_csv_and_then_as_workbook_then_each_is_one_clue_with_the_same_texts(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    messages = real()
    for m in messages:  # what spreadsheets left in them differs by format
        m["text"] = m["text"].replace("_x000D_", "").replace("\r", "")
    rows = [[m["id"], m["user"], m["title"], shown(m["time"]), m["text"], "其他"] for m in messages]
    ledger = tmp_path / "留言.csv"
    with ledger.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([["2020年留言明细"], HEAD, *rows])
    first = await imported(engine, ledger, MESSAGES)
    assert (first.registered, first.rejected) == (len(messages), 0)

    book = Workbook(write_only=True)
    sheet = book.create_sheet("留言")
    sheet.append(HEAD)
    for m, row in zip(messages, rows, strict=True):
        sheet.append([float(m["id"]), *row[1:3], datetime.fromisoformat(m["time"]), *row[4:]])
    book.save(tmp_path / "留言.xlsx")
    second = await imported(engine, tmp_path / "留言.xlsx", MESSAGES)
    assert (second.already, second.rejected) == (len(messages), 0)  # the same tickets with the same content

    async with session(engine) as opened:
        kept = Counter((await opened.run(text("SELECT text FROM vault WHERE stream LIKE 'clue-%'"))).scalars())
    assert kept == Counter(said.strip() for m in messages for said in (m["title"], m["text"], m["user"]))


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_given_a_hotlines_published_export_when_imported_twice_then_every_request_is_one_clue(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    original = shared_data() / "311_baltimore2018" / "requests.csv.gz"
    ledger = tmp_path / "requests.csv.gz"
    ledger.write_bytes(original.read_bytes())
    with gzip.open(original, "rt", encoding="utf-8", newline="") as file:
        requests = list(csv.DictReader(file))
    report = await imported(engine, ledger, REQUESTS)
    assert (report.registered, report.already) == (len({row["request_id"] for row in requests}), 0)
    assert report.rows == len(requests)
    again = await imported(engine, ledger, REQUESTS)
    assert (again.already, again.registered) == (report.registered, 0)
    earliest = min(row["created"] for row in requests)
    assert (
        await value_of(engine, "SELECT min(received_at) AT TIME ZONE 'America/New_York' FROM cases")
    ).isoformat() == earliest
