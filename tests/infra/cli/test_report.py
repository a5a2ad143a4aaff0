"""`xiezhi report`: a month counted as of an instant, told or written, and the same on a later run."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document as open_docx
from openpyxl import load_workbook
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import Malformed
from infra.cli.report import Monthly, Wanted, monthly_report
from infra.postgres.figures.reports import Reports
from tests.support.as_of import program
from tests.support.database_clock import mid_month, pin
from tests.support.messages import REPOSITORY
from tests.support.record import DISPATCHER, HANDLER, Casebook, casebook
from tests.support.servers import plain_url

__all__ = ["casebook"]

NOW = mid_month()
MONTH = f"{NOW:%Y-%m}"


@pytest.fixture
def record_url(record_url: str) -> str:
    """A record in the middle of a month."""
    pin(plain_url(record_url), NOW)
    return record_url


async def made(engine: AsyncEngine, as_of: datetime | None = None, out: Path | None = None) -> Monthly:
    return await monthly_report(engine, Wanted.of(MONTH, "370102", out), as_of, training=True)


async def test_given_an_instant_of_the_past_when_counted_again_after_corrections_then_numbers_and_digest_are_equal(
    engine: AsyncEngine, casebook: Casebook, tmp_path: Path
) -> None:
    case = await casebook.driven("complete")
    first = await made(engine, await Reports(engine).present(), tmp_path / "first.xlsx")
    await casebook.command(HANDLER, "undo_completion", case, reason="误点。")
    await casebook.command(DISPATCHER, "correct", case, category="help", reason="来电人更正。")
    later = await made(engine, first.content.as_of, tmp_path / "again.xlsx")
    assert later.as_json()["digest"] == first.as_json()["digest"]
    assert (later.content, later.sheets) == (first.content, first.sheets)
    assert (await made(engine)).as_json()["digest"] != first.as_json()["digest"]

    books = [load_workbook(tmp_path / name) for name in ("first.xlsx", "again.xlsx")]
    kept = [[[cell.value for cell in row] for row in book["分行政区划"].iter_rows(min_row=3)] for book in books]
    assert kept[0] == kept[1]
    assert kept[0][-1][:5] == ["370102", "历下区", 1, 1, 0]
    assert "演练环境" in books[0]["总体情况"]["A2"].value

    await made(engine, first.content.as_of, tmp_path / "paper.docx")
    texts = [paragraph.text for paragraph in open_docx(str(tmp_path / "paper.docx")).paragraphs]
    assert f"数据摘要:SHA-256 {first.as_json()['digest']}" in texts
    assert "办结\t1\t无可比基数\t无可比基数" in list(first.lines())


async def test_given_what_is_no_month_no_region_or_no_such_file_then_it_is_malformed(engine: AsyncEngine) -> None:
    for month, region, out, at in (
        ("2026-00", "370102", None, "month"),
        (MONTH, "3701", None, "region"),
        (MONTH, "370102", Path("month.pdf"), "out"),
    ):
        with pytest.raises(Malformed) as refused:
            Wanted.of(month, region, out)
        assert [problem["at"] for problem in refused.value.problems] == [at]
    with pytest.raises(Malformed):
        await made(engine, NOW + timedelta(days=1))


async def test_given_the_command_then_it_tells_the_report_as_json_and_ends_with_0_only_on_success(
    casebook: Casebook, record_url: str, tmp_path: Path
) -> None:
    await casebook.driven("complete")
    out = tmp_path / "month.docx"
    code, printed = await ran(record_url, tmp_path, MONTH, "--region", "370102", "--out", str(out))
    report = json.loads(printed)
    assert code == 0
    assert (report["content"]["month"], report["file"]) == (MONTH, str(out))
    assert out.exists()
    as_of = datetime.fromisoformat(report["content"]["as_of"]).replace(microsecond=0)
    _, past = await ran(record_url, tmp_path, MONTH, "--as-of", f"{as_of - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+0000")
    assert json.loads(past)["content"]["lines"] == []
    code, printed = await ran(record_url, tmp_path, "2026-13")
    assert (code, json.loads(printed)["code"]) == (1, "malformed")


async def ran(url: str, folder: Path, *arguments: str) -> tuple[int | None, Any]:
    """The command as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *program(), "report", *arguments, "--json",
        cwd=REPOSITORY, env={**os.environ, "DATABASE_URL": url, "XIEZHI_DATA_DIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return process.returncode, printed
