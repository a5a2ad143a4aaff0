"""Taking data out over HTTP, with the process that makes the files: recorded, marked, and only for who asked."""

from __future__ import annotations

import csv
import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

from docx import Document as open_docx
from pypdf import PdfReader
from sqlalchemy import text

from api.exports import UNDER_WAY
from domain.export import EXPORT
from domain.record.envelope import GENESIS, chain
from domain.record.handler import Request as Asked
from domain.record.handler import handle
from infra.postgres.cases.chronicle import Chronicle
from infra.postgres.cases.reading import Record
from infra.postgres.engine.session import session
from infra.postgres.record.store import PostgresStore
from tests.api.desks import ASSIGNER, AUDITOR, DISPATCHER, ELSEWHERE, HANDLER, SECURITY, SUPERVISOR, Desks
from tests.api.real import Running, running_service
from tests.support.record import demo, world_of
from tests.support.servers import running_temporal
from tests.support.stack import until


async def test_given_a_service_then_cases_and_lists_are_taken_out_on_record(record_url: str, tmp_path: Path) -> None:
    async with running_temporal() as temporal, running_service(record_url, temporal, tmp_path) as running:
        case = await running.desks.given("record_findings", title="某烧烤店占道经营")
        assert (await running.desks.step(ASSIGNER, case, "take_up")).status_code == 403
        await _a_case_goes_out_as_the_reader_may_see_it(running, case)
        await _a_list_is_made_fetched_and_overseen(running, case)
        await _an_erased_text_takes_files_back(running, case)
        await _a_request_may_be_cancelled_or_be_impossible(running)


async def _a_case_goes_out_as_the_reader_may_see_it(running: Running, case: str) -> None:
    desks = running.desks
    answer = await desks.get(DISPATCHER, f"/clues/{case}/export", **{"as": "json", "purpose": "litigation"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="{case}.json"'
    told = answer.json()
    assert told["exported"]["line"].startswith(f"由 {DISPATCHER} 于 ")
    assert told["exported"]["line"].endswith(",用途:诉讼")
    head = GENESIS
    for row in told["events"]:
        assert row["previous_hash"] == head
        head = row["hash"]
    stored = await Record(running.engine).history(case)
    assert head == told["head"] == stored[-1].hash
    assert chain(stored[-2].hash, stored[-1].body) == head
    assert "某烧烤店占道经营" in answer.text
    (refusal,) = [entry for entry in told["timeline"] if entry["kind"] == "refusal"]
    assert (refusal["account"], refusal["title"], refusal["code"]) == (ASSIGNER, "接办", "wrong_role")

    blind = await desks.get(AUDITOR, f"/clues/{case}/export", **{"as": "json"})
    assert "某烧烤店占道经营" not in blind.text
    pdf = PdfReader(BytesIO((await desks.get(DISPATCHER, f"/clues/{case}/export", **{"as": "pdf"})).content))
    printed = "".join(page.extract_text() for page in pdf.pages)
    docx = open_docx(BytesIO((await desks.get(DISPATCHER, f"/clues/{case}/export", **{"as": "docx"})).content))
    written = "\n".join(cell.text for table in docx.tables for row in table.rows for cell in row.cells)
    for shown in (printed.replace("\n", ""), written.replace("\n", "")):
        assert "分办给 历下区市场监督管理局" in shown
        assert "该操作须由承办人办理" in shown
    assert "某烧烤店占道经营" in printed
    assert (await desks.get(ELSEWHERE, f"/clues/{case}/export")).status_code == 404
    assert (await desks.get(DISPATCHER, f"/clues/{case}/export", **{"as": "exe"})).status_code == 422

    mine = (await desks.get(DISPATCHER, "/exports")).json()["items"]
    assert [(line["case"], line["form"], line["status"]) for line in mine] == [
        (case, form, "issued") for form in ("docx", "pdf", "json")
    ]
    assert mine[-1]["digest"] == hashlib.sha256(answer.content).hexdigest()
    assert (mine[-1]["purpose_title"], mine[-1]["with_texts"]) == ("诉讼", True)
    assert [row.type for row in await Record(running.engine).history(mine[0]["id"])] == ["export.issued"]


async def _a_list_is_made_fetched_and_overseen(running: Running, case: str) -> None:
    desks = running.desks
    asked = {"form": "csv", "query": {"stage": ["verifying"], "region": "370100"}, "purpose": "supervision"}
    answer = await desks.post(SUPERVISOR, "/exports", asked, key="november")
    assert answer.status_code == 202, answer.text
    export = answer.json()["id"]
    assert answer.headers["location"] == f"/api/v1/exports/{export}"
    assert (await desks.post(SUPERVISOR, "/exports", asked, key="november")).json()["id"] == export
    line = await _ended(desks, SUPERVISOR, export)
    assert (line["status"], line["rows"], line["progress"], line["total"]) == ("made", 1, 1, 1)
    assert (line["available"], line["with_texts"], line["query"]["stages"]) == (True, True, ["verifying"])

    file = await desks.get(SUPERVISOR, f"/exports/{export}/file")
    assert file.status_code == 200, file.text
    assert (hashlib.sha256(file.content).hexdigest(), len(file.content)) == (line["digest"], line["size"])
    mark, _, row = csv.reader(file.content.decode("utf-8-sig").splitlines())
    assert mark[0].endswith(",用途:督办")
    assert (row[-1], row[2]) == (case, "某烧烤店占道经营")
    assert [stored.type for stored in await Record(running.engine).history(export)] == [
        "export.requested",
        "export.completed",
        "export.fetched",
    ]

    for other in (DISPATCHER, HANDLER):
        assert (await desks.get(other, f"/exports/{export}")).json()["code"] == "unknown_export"
        assert (await desks.get(other, f"/exports/{export}/file")).status_code == 404
    overseen = (await desks.get(AUDITOR, "/exports")).json()["items"]
    assert {line["account"] for line in overseen} == {DISPATCHER, SUPERVISOR, AUDITOR}
    (seen,) = [line for line in overseen if line["id"] == export]
    assert (seen["fetched"], seen["rows"], seen["digest"]) == (1, 1, line["digest"])
    assert (await desks.get(AUDITOR, f"/exports/{export}/file")).json()["code"] == "wrong_account"
    assert {line["account"] for line in (await desks.get(AUDITOR, "/exports", own=True)).json()["items"]} == {AUDITOR}

    async def process_ended() -> bool:
        await running.relay.turn()
        described = await running.client.get_workflow_handle(export).describe()
        return described.status is not None and described.status.name == "COMPLETED"

    await until(process_ended, "the export's process at its end")


async def _an_erased_text_takes_files_back(running: Running, case: str) -> None:
    desks = running.desks
    export = (await desks.post(SUPERVISOR, "/exports", {"form": "xlsx"})).json()["id"]
    assert (await _ended(desks, SUPERVISOR, export))["available"] is True
    title = json.loads((await Record(running.engine).history(case))[0].body)["data"]["title"]["ref"]
    gone = await desks.step(SECURITY, case, "erase_text", {"texts": [title], "ground": "court_order"})
    assert gone.status_code == 200, gone.text
    assert (await desks.get(SUPERVISOR, f"/exports/{export}/file")).json()["code"] == "export_withdrawn"
    assert (await desks.get(SUPERVISOR, f"/exports/{export}")).json()["available"] is False
    again = (await desks.get(DISPATCHER, f"/clues/{case}/export", **{"as": "json"})).text
    assert "某烧烤店占道经营" not in again


async def _a_request_may_be_cancelled_or_be_impossible(running: Running) -> None:
    desks = running.desks
    async with session(running.engine) as opened:
        await opened.run(
            text("UPDATE accounts SET active = false WHERE account = :account"), account="coordinator.370102"
        )
    for wrong, code in (
        ({"form": "xlsx", "query": {"overdue": True, "sort": "newest"}}, 422),
        ({"form": "exe"}, 422),
        ({"form": "csv", "q": "13800001111"}, 422),
        ({"form": "csv", "query": {"colour": "red"}}, 422),
    ):
        answer = await desks.post(SUPERVISOR, "/exports", wrong)
        assert answer.status_code == code, answer.text
        assert "13800001111" not in answer.text
    fetched = (await desks.post(SUPERVISOR, "/exports", {"form": "csv", "q": "烧烤"})).json()["id"]
    line = await _ended(desks, SUPERVISOR, fetched)
    assert (line["status"], line["searched"]) == ("made", True)
    late = await desks.http.delete(f"/api/v1/exports/{fetched}", headers=await desks._headers(SUPERVISOR))
    assert (late.status_code, late.json()["code"]) == (409, "export_over")
    assert await Chronicle(running.engine).refusals(fetched)
    for number in range(UNDER_WAY):
        asked = Asked(demo(SUPERVISOR), f"unheard-{number}", "request", {"form": "csv"})  # no process is told
        assert (await handle(world_of(PostgresStore(running.engine)), EXPORT, asked)).outcome.status == "recorded"
    assert (await desks.post(SUPERVISOR, "/exports", {"form": "csv"})).json()["code"] == "too_many_exports"
    repeat = await desks.post(SUPERVISOR, "/exports", {"form": "csv", "query": {"worklist": "mine"}}, key="unheard-0")
    assert repeat.json()["code"] == "key_reused"
    waiting = (await desks.get(SUPERVISOR, "/exports", limit=1)).json()["items"][0]["id"]
    gone = await desks.http.delete(f"/api/v1/exports/{waiting}", headers=await desks._headers(SUPERVISOR))
    assert gone.status_code == 204
    assert (await desks.get(SUPERVISOR, f"/exports/{waiting}")).json()["status"] == "cancelled"
    refused = await desks.post("source.hotline", "/exports", {"form": "csv"})
    assert refused.json()["code"] == "wrong_role"


async def _ended(desks: Desks, account: str, export: str) -> dict[str, Any]:
    """The export once it is no longer being made."""
    line: dict[str, Any] = {}

    async def over() -> bool:
        nonlocal line
        line = (await desks.get(account, f"/exports/{export}")).json()
        return bool(line["status"] != "requested")

    await until(over, "the export made")
    return line
