"""Monthly reports over HTTP: frozen once and the same ever after, within the own region, as files, side by side."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from docx import Document as open_docx
from openpyxl import load_workbook

from domain.report.figures import Content, digest_of
from infra.postgres.cases.reading import Record
from infra.postgres.proof.verify import verify
from infra.wiring.bootstrap import Application
from tests.api.alone import application_over
from tests.api.desks import AUDITOR, DISPATCHER, HANDLER, HEAD, MARKET, SECURITY, SUPERVISOR, Desks
from tests.support.database_clock import mid_month, pin
from tests.support.servers import plain_url

NOW = mid_month()
MONTH = f"{NOW:%Y-%m}"
OTHER = "supervisor.370103"
ASKED = {"region": "370102", "month": MONTH}


@pytest_asyncio.fixture
async def opened(record_url: str, tmp_path: Path) -> AsyncIterator[tuple[Application, Desks]]:
    """The application as it is wired, in the middle of a month, Temporal away."""
    pin(plain_url(record_url), NOW)
    async with application_over(record_url, tmp_path) as (application, desks):
        yield application, desks


async def frozen(desks: Desks, account: str = SUPERVISOR, **changes: Any) -> Any:
    """A fresh report."""
    answer = await desks.post(account, "/reports", {**ASKED, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


def count(report: Any, measure: str) -> Any:
    return report["node"]["figures"][measure]["count"]


async def test_given_corrections_after_a_report_then_it_reads_the_same_and_the_next_one_shows_what_changed(
    opened: tuple[Application, Desks],
) -> None:
    application, desks = opened
    case = await desks.given("complete")
    await desks.given("dispatch", category="complaint")
    first = await frozen(desks)
    assert [count(first, measure) for measure in ("received", "completed", "open", "missed")] == [2, 1, 1, 0]
    (result,) = first["node"]["splits"]["result"]
    assert (result["of"], result["name"]) == ("substantiated", "属实")
    assert [part["of"] for part in first["node"]["departments"]] == ["370102.12345", MARKET]
    assert first["node"]["figures"]["received"]["before"]["said"] == "无可比基数"
    assert first["complete"] is False

    for account, slug, body in (
        (HANDLER, "undo_completion", {"reason": "误点。"}),
        (DISPATCHER, "correct", {"category": "suggestion", "reason": "来电人更正。"}),
    ):
        assert (await desks.step(account, case, slug, body)).status_code == 200
    body = json.loads((await Record(application.engine).history(case))[0].body)["data"]["body"]["ref"]
    erased = await desks.step(SECURITY, case, "erase_text", {"texts": [body], "ground": "retention_ended"})
    assert erased.status_code == 200, erased.text

    assert (await desks.get(SUPERVISOR, f"/reports/{first['id']}")).json() == first
    second = await frozen(desks)
    assert (count(second, "completed"), count(second, "open")) == (0, 2)
    assert second["digest"] != first["digest"]
    contrast = (await desks.get(SUPERVISOR, f"/reports/{first['id']}/diff/{second['id']}")).json()
    assert [contrast[side]["digest"] for side in ("one", "other")] == [first["digest"], second["digest"]]
    changed = {(item["by"], item["of"], item["measure"]): (item["one"], item["other"]) for item in contrast["items"]}
    assert changed["department", MARKET, "completed"] == (1, 0)
    assert changed["result", "substantiated", "completed"] == (1, 0)
    assert changed["category", "suggestion", "received"] == (0, 1)
    assert ("channel", "hotline_12345", "received") not in changed
    report = await verify(application.engine, Ed25519PrivateKey.generate().public_key())
    assert report.findings == []


async def test_given_a_key_used_again_then_the_same_report_is_the_answer_and_for_another_month_there_is_none(
    opened: tuple[Application, Desks],
) -> None:
    _, desks = opened
    first = await desks.post(SUPERVISOR, "/reports", ASKED, key="one")
    await desks.given("dispatch")
    again = await desks.post(SUPERVISOR, "/reports", ASKED, key="one")
    assert (again.status_code, again.json()) == (201, first.json())
    assert first.headers["Location"].endswith(first.json()["id"])
    other = await desks.post(SUPERVISOR, "/reports", {**ASKED, "region": "370102", "month": "2026-01"}, key="one")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


async def test_given_a_district_supervisor_then_only_the_own_region_is_reported_on_and_read(
    opened: tuple[Application, Desks],
) -> None:
    _, desks = opened
    await desks.given("dispatch")
    for account, region, code in (
        (SUPERVISOR, "370100", "wrong_region"),
        (SUPERVISOR, "370103", "wrong_region"),
        (SUPERVISOR, "000000", "wrong_region"),
        (HANDLER, "370102", "wrong_role"),
        (HEAD, "370102", "wrong_role"),
        (SECURITY, "370100", "wrong_role"),
    ):
        refused = await desks.post(account, "/reports", {**ASKED, "region": region})
        assert (refused.status_code, refused.json()["code"]) == (403, code), (account, region)
    city = await frozen(desks, AUDITOR, region="370100")
    district = await frozen(desks)
    for account, report, status in (
        (SUPERVISOR, district, 200),
        (AUDITOR, district, 200),
        (AUDITOR, city, 200),
        (SUPERVISOR, city, 404),
        (OTHER, district, 404),
        (HANDLER, district, 404),
    ):
        for path in ("", "/file", f"/diff/{district['id']}"):
            answer = await desks.get(account, f"/reports/{report['id']}{path}")
            assert answer.status_code == (
                409 if report is city and path.startswith("/diff") and status == 200 else status
            )
    assert (await desks.get(SUPERVISOR, f"/reports/{district['id']}/diff/{city['id']}")).status_code == 404
    listed = {
        account: [line["id"] for line in (await desks.get(account, "/reports")).json()["items"]]
        for account in (SUPERVISOR, AUDITOR, OTHER)
    }
    assert listed == {SUPERVISOR: [district["id"]], AUDITOR: [district["id"], city["id"]], OTHER: []}
    assert (await desks.get(HANDLER, "/reports")).json()["code"] == "wrong_role"
    page = (await desks.get(AUDITOR, "/reports", limit=1, month=MONTH)).json()
    (last,) = (await desks.get(AUDITOR, "/reports", limit=1, month=MONTH, cursor=page["next"])).json()["items"]
    assert last["id"] == city["id"]
    assert (await desks.get(AUDITOR, "/reports", month="2026-01")).json()["items"] == []


async def test_given_a_city_report_when_gone_down_then_each_level_adds_up_and_nothing_outside_is_shown(
    opened: tuple[Application, Desks],
) -> None:
    _, desks = opened
    await desks.given("dispatch")
    await desks.given("complete")
    await desks.registered()
    city = await frozen(desks, AUDITOR, region="370100")
    (district,) = city["node"]["regions"]
    assert (district["of"], district["name"], district["figures"]["received"]["count"]) == ("370102", "历下区", 3)
    assert city["node"]["departments"] == []
    down = (await desks.get(AUDITOR, f"/reports/{city['id']}", region="370102")).json()
    assert (down["digest"], down["region"], down["node"]["region"]) == (city["digest"], "370100", "370102")
    received = {part["of"]: part["figures"]["received"]["count"] for part in down["node"]["departments"]}
    assert received == {MARKET: 2, "370102.12345": 1}
    outside = await desks.get(AUDITOR, f"/reports/{city['id']}", region="370200")
    assert (outside.status_code, outside.json()["problems"][0]["at"]) == (422, "region")


async def test_given_a_report_then_its_files_say_the_same_numbers_and_digest_whenever_they_are_made(
    opened: tuple[Application, Desks],
) -> None:
    application, desks = opened
    await desks.given("complete")
    report = await frozen(desks)
    kept = await desks.get(SUPERVISOR, f"/reports/{report['id']}/file", **{"as": "json"})
    assert hashlib.sha256(kept.content).hexdigest() == report["digest"]
    assert digest_of(Content.model_validate_json(kept.content)) == report["digest"]

    book = await _workbook(desks, report)
    assert book.sheetnames[:3] == ["总体情况", "分行政区划", "分部门"]
    overview = [[cell.value for cell in row] for row in book["总体情况"].iter_rows()]
    assert overview[0][0] == f"历下区跨部门综合监管月报({MONTH[:4]}年{int(MONTH[5:])}月)"
    assert overview[1][0].startswith(f"由 {SUPERVISOR} 于 ")
    assert "演练环境" in overview[1][0]
    assert ["数据摘要", f"SHA-256 {report['digest']}"] in [row[:2] for row in overview]
    assert ["登记", 1, "无可比基数", "无可比基数"] in overview
    on_time = report["node"]["figures"]["on_time"]["share"]
    said = f"100.0%({on_time['numerator']}/{on_time['denominator']})"
    assert ["按期率", said] in [row[:2] for row in overview]
    market = "历下区市场监督管理局"
    (department,) = [[cell.value for cell in row] for row in book["分部门"].iter_rows() if row[1].value == market]
    assert department[:4] == ["370102", market, 1, 1]
    assert "期末在办" in {row[0].value for row in book["指标口径"].iter_rows()}

    await desks.given("dispatch")
    assert _numbers(await _workbook(desks, report)) == _numbers(book)

    paper = open_docx(BytesIO((await desks.get(SUPERVISOR, f"/reports/{report['id']}/file", **{"as": "docx"})).content))
    texts = [paragraph.text for paragraph in paper.paragraphs]
    assert f"数据摘要:SHA-256 {report['digest']}" in texts
    assert any(text.startswith("期末在办:") for text in texts)
    assert [cell.text for cell in paper.tables[0].rows[1].cells] == ["登记", "1", "无可比基数", "无可比基数"]
    assert paper.sections[0].footer.paragraphs[0].text.startswith(f"由 {SUPERVISOR} 于 ")
    types = [row.type for row in await Record(application.engine).history(report["id"])]
    assert types == ["report.frozen", *["report.issued"] * 4]


async def _workbook(desks: Desks, report: Any) -> Any:
    answer = await desks.get(SUPERVISOR, f"/reports/{report['id']}/file", **{"as": "xlsx"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"] == f'attachment; filename="report-370102-{MONTH}.xlsx"'
    return load_workbook(BytesIO(answer.content))


def _numbers(book: Any) -> list[Any]:
    """Everything but the mark, which says when the file was made."""
    return [
        [[cell.value for cell in row] for row in sheet.iter_rows() if not str(row[0].value).startswith("由 ")]
        for sheet in book
    ]


async def test_given_what_is_no_month_or_has_not_come_then_there_is_no_report(
    opened: tuple[Application, Desks],
) -> None:
    _, desks = opened
    for changes in ({"month": "2026-13"}, {"month": "2026"}, {"region": "3701"}, {"note": "x"}):
        answer = await desks.post(SUPERVISOR, "/reports", {**ASKED, **changes})
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), changes
    to_come = await desks.post(SUPERVISOR, "/reports", {**ASKED, "month": "2099-01"})
    assert (to_come.status_code, to_come.json()["code"]) == (409, "month_not_begun")
    assert (await desks.get(SUPERVISOR, f"/reports/report-{'0' * 32}")).json()["code"] == "unknown_report"
