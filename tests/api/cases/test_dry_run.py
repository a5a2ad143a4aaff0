"""`?dry_run=true` over HTTP: the same way in, the same no, nothing written and nobody told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.contract import document
from domain.record.dry_run import UNNUMBERED
from tests.api.desks import ASSIGNER, DISPATCHER, ELSEWHERE, HANDLER, INTAKE, MARKET, Desks
from tests.api.memory import MemoryService
from tests.domain.clue import steps as c


async def rehearsed(desks: Desks, account: str, case: str, slug: str, body: Any = None, **given: Any) -> Any:
    """One step rehearsed, without a key."""
    return await desks.step(account, case, f"{slug}?dry_run=true", body, key=None, **given)


async def test_given_a_step_when_rehearsed_then_it_says_what_follows_and_nothing_is_written(
    desks: Desks, memory: MemoryService
) -> None:
    case = await desks.given()
    before, told = memory.store.tables, len(memory.delivered)
    answer = await rehearsed(desks, DISPATCHER, case, "dispatch", {"department": MARKET, "opinion": "来电人住三楼。"})
    assert answer.status_code == 200, answer.text
    assert "来电人住三楼" not in answer.text
    shown = answer.json()
    assert (shown["dry_run"], shown["status"], shown["stage_title"]) == (True, "recorded", "待签收")
    assert [event["type"] for event in shown["events"]] == ["clue.dispatched", "clock.stopped", "clock.started"]
    assert shown["events"][0]["sentence"] == "分办给 历下区市场监督管理局"
    assert [(clock["id"], clock["what"]) for clock in shown["clocks"]] == [
        ("dispatch-1", ["stopped"]),
        ("sign_for-2", ["started"]),
    ]
    assert (shown["clocks"][0]["outcome"], shown["clocks"][1]["due_at"] is not None) == ("met", True)
    assert [(effect["recipient"], effect["recipient_title"], effect["subject"]) for effect in shown["effects"]] == [
        (f"department_assigner@{MARKET}", "部门分派员@历下区市场监督管理局", "clue_dispatched")
    ]
    assert (memory.store.tables is before, len(memory.delivered)) == (True, told)
    done = await desks.step(DISPATCHER, case, "dispatch", {"department": MARKET})
    assert done.json()["outcome"]["stage"] == shown["stage"]
    assert done.json()["outcome"]["steps"] == shown["steps"]


async def test_given_a_registration_when_rehearsed_then_it_has_neither_number_nor_place(
    desks: Desks, memory: MemoryService
) -> None:
    answer = await desks.post(INTAKE, "/clues?dry_run=true", c.Register.example, key=None)
    assert answer.status_code == 200, answer.text
    assert UNNUMBERED in answer.text
    assert str(c.Register.example["title"]) not in answer.text
    assert "Location" not in answer.headers
    assert (memory.store.tables.events, memory.store.tables.commands, memory.delivered) == ({}, {}, [])


@pytest.mark.parametrize(
    ("account", "slug", "body"),
    [
        (ASSIGNER, "archive", {}),
        (HANDLER, "sign_for", {}),
        (ELSEWHERE, "dispatch", {"department": MARKET}),
        (ASSIGNER, "return", {"ground": "?"}),
        (DISPATCHER, "elapse", {"until": "2026-11-24T16:00:00Z"}),
        (DISPATCHER, "fly", {}),
    ],
)
async def test_given_a_no_when_rehearsed_then_it_is_the_same_problem_and_none_is_kept(
    desks: Desks, memory: MemoryService, account: str, slug: str, body: Any
) -> None:
    case = await desks.given("dispatch")
    before = memory.store.tables
    promised = await rehearsed(desks, account, case, slug, body)
    assert memory.store.tables is before
    real = await desks.step(account, case, slug, body)
    assert promised.status_code == real.status_code >= 400
    assert {**promised.json(), "instance": ""} == {**real.json(), "instance": ""}


async def test_given_an_etag_that_is_no_longer_current_when_rehearsed_then_412(desks: Desks) -> None:
    case = await desks.given("sign_for")
    answer = await rehearsed(desks, ASSIGNER, case, "assign", {"handler": HANDLER}, if_match=f'"{case}:1"')
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


async def test_given_time_that_brought_something_when_rehearsed_then_it_stands_first(
    desks: Desks, memory: MemoryService
) -> None:
    case = await desks.given("open_verification")
    memory.pass_time(days=60)
    shown = (await rehearsed(desks, HANDLER, case, "record_findings", {"findings": "现场核查。"})).json()
    assert "clock.expired" in [event["type"] for event in shown["due_first"]]
    assert [event["type"] for event in shown["events"]] == ["clue.findings_recorded"]
    assert any(effect["recipient"] == f"head@{MARKET}" for effect in shown["effects"])


async def test_given_a_write_that_is_no_rehearsal_then_it_needs_its_key(desks: Desks) -> None:
    case = await desks.given()
    answer = await desks.step(DISPATCHER, case, "dispatch?dry_run=false", {"department": MARKET}, key=None)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


def test_given_the_document_then_every_step_says_that_it_can_be_rehearsed() -> None:
    told = json.loads(document())
    steps = [path for path in told["paths"] if "/commands/" in path and path.startswith("/api/v1/clues")]
    for path in ("/api/v1/clues", *steps):
        operation = told["paths"][path]["post"]
        assert "dry_run" in [parameter["name"] for parameter in operation["parameters"]]
        assert "RehearsalView" in json.dumps(operation["responses"]["200"])
    assert len(steps) > 30
