"""Planted names, phones and ID numbers are found nowhere but in the vault and in what their readers may read."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from infra.cli.importing import import_messages
from infra.importing import Ledger
from infra.postgres.engine.session import session
from tests.api.desks import ASSIGNER, DISPATCHER, HANDLER, HEAD, INTAKE, MARKET, Desks
from tests.api.real import Running, running_service, spans
from tests.domain.clue import steps as c
from tests.support.logs import captured
from tests.support.servers import running_temporal
from tests.support.stack import until

NAME, PHONE, NUMBER = "欧阳震华", "13912345678", "370102199003071234"
PLANTED = f"{NAME} {PHONE} {NUMBER}"
FORMS = (NAME, PHONE, NUMBER, json.dumps(NAME).strip('"'))

LIFE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (DISPATCHER, "dispatch", {"department": MARKET, "opinion": PLANTED}),
    (ASSIGNER, "return", {"ground": "not_our_remit", "reason": PLANTED}),
    (DISPATCHER, "dispatch", {"department": MARKET, "opinion": PLANTED}),
    (ASSIGNER, "sign_for", {}),
    (ASSIGNER, "assign", {"handler": HANDLER}),
    (HANDLER, "take_up", {}),
    (HANDLER, "open_verification", {"plan": PLANTED}),
    (HANDLER, "record_findings", {"findings": PLANTED}),
    (HANDLER, "conclude", {"conclusion": "substantiated", "summary": PLANTED}),
    (HANDLER, "propose_disposition", {"measure": "educate", "reason": PLANTED}),
    (HEAD, "reject_disposition", {"reason": PLANTED}),
    (HANDLER, "propose_disposition", {"measure": "educate", "reason": PLANTED}),
    (HEAD, "approve_disposition", {}),
    (HANDLER, "feed_back", {"reply": PLANTED}),
    (HANDLER, "complete", {}),
    (DISPATCHER, "reopen", {"ground": "dissatisfied", "reason": PLANTED}),
)


def found_in(place: str, content: str) -> list[str]:
    """Where something planted was found, with its surroundings."""
    return [
        f"{place}: …{content[max(0, content.index(form) - 80) : content.index(form) + 40]}…"
        for form in FORMS
        if form in content
    ]


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All this process logs."""
    with captured("DEBUG") as stream:
        yield stream


@pytest_asyncio.fixture
async def running(record_url: str, tmp_path: Path, logged: io.StringIO) -> AsyncIterator[Running]:
    """The whole service."""
    async with running_temporal() as temporal, running_service(record_url, temporal, tmp_path / "data") as opened:
        yield opened


async def test_given_personal_data_in_every_place_then_it_is_found_in_none_that_others_read(
    running: Running, logged: io.StringIO, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desks = running.desks
    case = await desks.registered(title=PLANTED, body=PLANTED, reporter=PLANTED)
    for account, slug, body in LIFE:
        body = await _with_evidence(desks, body) if slug == "record_findings" else body
        answer = await desks.step(account, case, slug, body)
        assert answer.status_code == 200, answer.text
    problems = [answer.text for answer in await _refused(desks, case)]
    problems += [await _failing_vault(running)]
    await _imported(running, tmp_path)

    async def caught_up() -> bool:
        process = (await desks.get(DISPATCHER, f"/clues/{case}/process")).json()
        return process["behind"] is False

    await until(caught_up, "the process at the head of its case")
    shown = (await desks.get(DISPATCHER, f"/clues/{case}")).json()
    assert shown["state"]["body"]["text"] == PLANTED  # it is there, for those who may read it

    found = [hit for answer in problems for hit in found_in("problem", answer)]
    found += found_in("log", logged.getvalue())
    found += found_in("printed", "".join(capsys.readouterr()))
    found += found_in("metrics", (await desks.http.get("/metrics")).text)
    for span in spans():
        found += found_in("span", f"{span.name} {dict(span.attributes or {})} {span.events} {span.status.description}")
    for table in ("events", "cases", "clocks", "effects", "outbox", "inbox", "streams"):
        found += found_in(table, await _rows(running, table))
    found += found_in("Temporal", await _histories(running))
    assert found == []
    assert len(spans()) > 100
    assert '"event": "request"' in logged.getvalue()
    assert '"code": "store_fault"' in logged.getvalue()
    assert "unforeseen" not in logged.getvalue()


async def _with_evidence(desks: Desks, body: dict[str, Any]) -> dict[str, Any]:
    digest = (await desks.post(HANDLER, "/evidence", content=b"photograph")).json()["digest"]
    return {**body, "evidence": [{"digest": digest, "name": f"{PLANTED}.jpg"}]}


async def _refused(desks: Desks, case: str) -> list[Any]:
    """Requests that fail, each with something planted; their answers."""
    register = {**c.Register.example, "external_id": "P-1"}
    step = f"/clues/{case}/commands"
    answers = [
        await desks.post(INTAKE, "/clues", {**register, "备注": PLANTED}),
        await desks.post(INTAKE, "/clues", {**register, PLANTED: "x"}),
        await desks.post(INTAKE, "/clues", {**register, PHONE: "x"}),
        await desks.post(INTAKE, "/clues", {**register, "category": PLANTED}),
        await desks.post(INTAKE, "/clues", {**register, "region": PLANTED}),
        await desks.post(INTAKE, "/clues", {**register, "received_at": PLANTED}),
        await desks.post(INTAKE, "/clues", {**register, "title": [PLANTED]}),
        await desks.post(INTAKE, "/clues", {**register, "title": f"{PLANTED}\x00"}),
        await desks.post(INTAKE, "/clues", content=f'{{"title": "{PLANTED}'.encode()),
        await desks.post(INTAKE, "/clues", content=PLANTED.encode("gb18030")),
        await desks.post(DISPATCHER, f"{step}/dispatch", {"department": PLANTED}),
        await desks.post(ASSIGNER, f"{step}/assign", {"handler": PHONE}),
        await desks.post(ASSIGNER, f"{step}/sign_for", {}, if_match=PHONE),
        await desks.post(ASSIGNER, f"{step}/{PLANTED}", {}),
        await desks.get(DISPATCHER, f"/clues/{PLANTED}"),
        await desks.get(DISPATCHER, f"/{PLANTED}"),
        await desks.get(DISPATCHER, "/clues", cursor=PLANTED, stage=PLANTED, q=PLANTED),
        await desks.get(DISPATCHER, "/clues", region=PLANTED),
        await desks.get(DISPATCHER, f"/clues/{case}", at=PLANTED),
        await desks.http.post("/api/v1/token", json={"account": PLANTED, "password": PLANTED}),
        await desks.http.post("/api/v1/token", json={"account": [PLANTED]}),
    ]
    for number, answer in enumerate(answers):
        assert 400 <= answer.status_code < 500, (number, answer.text)
    return answers


async def _failing_vault(running: Running) -> str:
    """A vault insert that the database refuses; the answer."""
    async with session(running.engine) as opened:
        await opened.run(text("ALTER TABLE vault ADD CONSTRAINT nothing CHECK (text IS NULL) NOT VALID"))
    answer = await running.desks.post(
        INTAKE, "/clues", {**c.Register.example, "external_id": "P-2", "body": PLANTED, "reporter": PLANTED}
    )
    async with session(running.engine) as opened:
        await opened.run(text("ALTER TABLE vault DROP CONSTRAINT nothing"))
    assert answer.status_code == 500, answer.text
    return answer.text


async def _imported(running: Running, folder: Path) -> None:
    """An import with a row that fits and rows that do not; only the rejects file may hold them."""
    rows = [
        {**c.Register.example, "external_id": "P-3", "body": PLANTED},
        {**c.Register.example, "external_id": "P-4", "category": PLANTED},
        {**c.Register.example, "external_id": "P-5", PLANTED: PLANTED},
    ]
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    counted = await import_messages(running.settings, Ledger(file), account="source.hotline", rejects=None, quiet=False)
    assert (counted["registered"], counted["rejected"]) == (1, 2)
    rejected = Path(counted["rejects"])
    assert rejected.stat().st_mode & 0o777 == 0o600
    reasons = [{**json.loads(line), "raw": ""} for line in rejected.read_text(encoding="utf-8").splitlines()]
    assert found_in("reason", json.dumps(reasons, ensure_ascii=False)) == []


async def _rows(running: Running, table: str) -> str:
    async with session(running.engine) as opened:
        return "\n".join((await opened.run(text(f"SELECT {table}::text FROM {table}"))).scalars())


async def _histories(running: Running) -> str:
    """Everything Temporal keeps of the processes, payloads as they are."""
    kept = []
    async for process in running.client.list_workflows():
        history = await running.client.get_workflow_handle(process.id, run_id=process.run_id).fetch_history()
        kept += [event.SerializeToString().decode("utf-8", errors="replace") for event in history.events]
        kept.append(str(process.search_attributes))
    assert kept
    return "\n".join(kept)
