"""问题线索 over HTTP: given a case, when a request, then a response and new events."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from api.cases.reading import ProcessView
from api.cases.schemas import process_only
from api.deps import MAX_BODY_BYTES
from domain.clue import CLUE
from domain.record.envelope import check_chain
from tests.api.desks import (
    ASSIGNER,
    AUDITOR,
    DISPATCHER,
    ELSEWHERE,
    HANDLER,
    HEAD,
    INTAKE,
    MARKET,
    SECURITY,
    SOURCE,
    STRAIGHT,
    SUPERVISOR,
    Desks,
)
from tests.api.memory import MemoryService
from tests.domain.clue import steps as c


def code(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["instance"].startswith("urn:trace:")
    return answer.status_code, problem["code"]


# Registering -------------------------------------------------------------------------------------------------------


async def test_when_registered_then_the_answer_says_where_the_case_is(desks: Desks, memory: MemoryService) -> None:
    answer = await desks.post(INTAKE, "/clues", c.Register.example)
    assert answer.status_code == 201
    case = answer.json()["outcome"]["stream"]
    assert answer.headers["Location"] == f"/api/v1/clues/{case}"
    assert answer.headers["ETag"] == f'"{case}:1"'
    assert [advance.stream for advance in memory.delivered] == [case]


async def test_given_a_key_when_repeated_then_the_same_answer_marked_and_no_second_case(
    desks: Desks, memory: MemoryService
) -> None:
    first = await desks.post(SOURCE, "/clues", c.Register.example, key="K1")
    again = await desks.post(SOURCE, "/clues", c.Register.example, key="K1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert (len(memory.store.tables.cases), len(memory.delivered)) == (1, 1)


async def test_given_a_key_when_used_for_another_body_then_422(desks: Desks) -> None:
    await desks.post(INTAKE, "/clues", c.Register.example, key="K1")
    assert code(await desks.post(INTAKE, "/clues", {**c.Register.example, "title": "别的"}, key="K1")) == (
        422,
        "key_reused",
    )


async def test_given_a_ticket_when_registered_again_under_another_key_then_409(desks: Desks) -> None:
    await desks.post(INTAKE, "/clues", c.Register.example)
    assert code(await desks.post(INTAKE, "/clues", c.Register.example)) == (409, "already_registered")


async def test_when_a_write_has_no_key_then_400(desks: Desks) -> None:
    assert code(await desks.post(INTAKE, "/clues", c.Register.example, key=None)) == (400, "idempotency_key_missing")


# Steps -------------------------------------------------------------------------------------------------------------


async def test_given_the_main_path_when_every_step_is_taken_then_the_case_is_archived(
    desks: Desks, memory: MemoryService
) -> None:
    case = await desks.given("archive")
    shown = (await desks.get(DISPATCHER, f"/clues/{case}")).json()
    assert (shown["state"]["stage"], shown["state"]["ending"]) == ("archived", "handled")
    check_chain(memory.store.tables.events[case])
    assert [advance.first for advance in memory.delivered] == sorted(advance.first for advance in memory.delivered)
    assert memory.delivered[-1].closed


@pytest.mark.parametrize(
    ("account", "slug", "body", "expected"),
    [
        (HANDLER, "dispatch", {"department": MARKET}, (403, "wrong_role")),
        (ASSIGNER, "sign_for", {}, (404, "unknown_case")),
        (ELSEWHERE, "dispatch", {"department": MARKET}, (404, "unknown_case")),
        (DISPATCHER, "archive", {}, (409, "wrong_stage")),
        (DISPATCHER, "dispatch", {"department": "370102.nowhere"}, (409, "unknown_department")),
        (DISPATCHER, "dispatch", {}, (422, "malformed")),
        (DISPATCHER, "dispatch", {"department": MARKET, "haste": True}, (422, "malformed")),
        (DISPATCHER, "elapse", {"until": "2026-11-24T16:00:00Z"}, (403, "process_only")),
        (DISPATCHER, "fly", {}, (404, "unknown_command")),
        (DISPATCHER, "register", {}, (404, "unknown_command")),
    ],
)
async def test_given_a_registered_clue_when_a_step_is_not_open_then_the_problem_says_why(
    desks: Desks, memory: MemoryService, account: str, slug: str, body: Any, expected: tuple[int, str]
) -> None:
    case = await desks.given()
    before = len(memory.store.tables.events[case])
    if account == HANDLER:  # who may not see a case hears nothing of it: show it to the department first
        await desks.step(DISPATCHER, case, "dispatch", {"department": MARKET})
        before = len(memory.store.tables.events[case])
    assert code(await desks.step(account, case, slug, body)) == expected
    assert len(memory.store.tables.events[case]) == before


async def test_given_an_assigned_clue_when_another_than_its_handler_takes_it_up_then_403(
    desks: Desks, memory: MemoryService
) -> None:
    case = await desks.given("assign")
    other = memory.accounts[HANDLER].actor.model_copy(update={"account": "handler.other"})
    memory.accounts["handler.other"] = type(memory.accounts[HANDLER])(
        other, memory.accounts[HANDLER].password_hash, active=True
    )
    answer = await desks.step("handler.other", case, "take_up")
    assert code(answer) == (403, "wrong_handler")
    assert answer.json()["detail"] == "只有该线索的承办人可以进行该操作"


async def test_given_a_refused_key_when_repeated_then_the_same_refusal_marked(desks: Desks) -> None:
    case = await desks.given()
    first = await desks.step(DISPATCHER, case, "archive", key="K")
    again = await desks.step(DISPATCHER, case, "archive", key="K")
    assert code(first) == code(again) == (409, "wrong_stage")
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_given_an_etag_when_the_case_moved_on_then_412_and_a_current_one_passes(desks: Desks) -> None:
    case = await desks.given()
    read = await desks.get(DISPATCHER, f"/clues/{case}")
    step = (DISPATCHER, case, "dispatch", {"department": MARKET})
    assert code(await desks.step(*step, if_match=f'"{case}:9"')) == (412, "precondition_failed")
    assert code(await desks.step(*step, if_match=f"W/{read.headers['ETag']}")) == (412, "precondition_failed")
    assert code(await desks.step(*step, if_match='"clue-0:1"')) == (412, "precondition_failed")
    passed = await desks.step(*step, if_match=read.headers["ETag"])
    assert (passed.status_code, passed.headers["ETag"]) == (200, f'"{case}:2"')


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'"text"', b'{"department": NaN}', b"\xff\xfe", b'{"opinion": "\\ud800"}', b"[" * 100_000],
)
async def test_when_a_body_is_no_json_object_then_422(desks: Desks, content: bytes) -> None:
    case = await desks.given()
    assert code(await desks.step(DISPATCHER, case, "dispatch", content=content)) == (422, "malformed")


async def test_when_a_body_is_too_large_then_413(desks: Desks) -> None:
    case = await desks.given()
    content = b'{"opinion": "' + b"a" * MAX_BODY_BYTES + b'"}'
    assert code(await desks.step(DISPATCHER, case, "dispatch", content=content)) == (413, "body_too_large")


# Reading -----------------------------------------------------------------------------------------------------------


async def test_given_a_case_when_read_then_it_offers_each_step_or_says_why_not(desks: Desks) -> None:
    case = await desks.given("dispatch")
    shown = (await desks.get(ASSIGNER, f"/clues/{case}")).json()
    steps = {step["slug"]: step for step in shown["commands"]}
    assert set(steps) == set(CLUE.commands) - process_only(CLUE)
    assert [slug for slug, step in steps.items() if step["allowed"]] == [
        "correct", "sign_for", "return", "note", "record_contact", "attach_evidence", "link",
    ]  # fmt: skip
    assert steps["dispatch"]["why_not"] == {"code": "wrong_role", "detail": "该操作须由分办员办理"}
    assert steps["return"]["href"] == f"/api/v1/clues/{case}/commands/return"
    for step in steps.values():
        jsonschema.validate(step["example"], step["schema"])
        assert step["title"]


async def test_given_a_case_when_read_then_its_clock_says_until_when_and_why(desks: Desks) -> None:
    case = await desks.given("dispatch")
    dispatch, sign_for = (await desks.get(DISPATCHER, f"/clues/{case}")).json()["clocks"]
    assert (dispatch["running"], dispatch["outcome"]) == (False, "met")
    assert (sign_for["running"], sign_for["owed_by"], sign_for["overdue"]) == (True, MARKET, False)
    assert sign_for["explanation"]
    assert sign_for["certainty"]


async def test_given_a_case_then_texts_are_read_by_those_who_need_them_and_by_no_auditor(desks: Desks) -> None:
    case = await desks.given("dispatch")
    seen = (await desks.get(ASSIGNER, f"/clues/{case}")).json()
    audited = (await desks.get(AUDITOR, f"/clues/{case}")).json()
    assert seen["state"]["title"]["text"] == c.Register.example["title"]
    assert seen["texts"][1]["text"] == c.Register.example["body"]
    assert (audited["texts_readable"], audited["state"]["title"]["text"]) == (False, None)
    assert audited["state"]["title"]["commitment"] == seen["state"]["title"]["commitment"]
    assert [entry["text"] for entry in audited["texts"]] == [None] * len(seen["texts"])


async def test_given_an_erased_text_then_it_is_marked_and_gone_also_from_the_past(
    desks: Desks, memory: MemoryService
) -> None:
    case = await desks.given()
    before = memory.now.isoformat()
    memory.pass_time(minutes=1)
    ref = (await desks.get(DISPATCHER, f"/clues/{case}")).json()["state"]["reporter"]["ref"]
    erased = await desks.step(SECURITY, case, "erase_text", {"texts": [ref], "ground": "court_order"})
    assert erased.status_code == 200
    for params in ({}, {"at": before}):
        reporter = (await desks.get(DISPATCHER, f"/clues/{case}", **params)).json()["state"]["reporter"]
        assert (reporter["erased"], reporter["text"]) == (True, None)


async def test_given_a_past_instant_then_the_case_is_shown_as_known_then(desks: Desks, memory: MemoryService) -> None:
    case = await desks.given()
    then = memory.now.isoformat()
    memory.pass_time(hours=1)
    await desks.step(DISPATCHER, case, "dispatch", {"department": MARKET})
    answer = await desks.get(DISPATCHER, f"/clues/{case}", at=then)
    assert answer.json()["state"]["stage"] == "registered"
    assert (answer.json()["commands"], answer.headers.get("ETag")) == ([], None)
    assert code(await desks.get(DISPATCHER, f"/clues/{case}", at="2020-01-01T00:00:00Z")) == (404, "not_yet_known")
    assert code(await desks.get(DISPATCHER, f"/clues/{case}", at="2020-01-01")) == (422, "malformed")


async def test_given_cases_when_listed_then_each_sees_the_own_scope_page_by_page(
    desks: Desks, memory: MemoryService
) -> None:
    cases = [await desks.given() for _ in range(3)]
    led = await desks.given("dispatch")
    page = (await desks.get(DISPATCHER, "/clues", limit=3)).json()
    rest = (await desks.get(DISPATCHER, "/clues", limit=3, cursor=page["next"])).json()
    assert {line["id"] for line in page["items"] + rest["items"]} == {*cases, led}
    assert rest["next"] is None
    assert [line["id"] for line in (await desks.get(ASSIGNER, "/clues")).json()["items"]] == [led]
    assert (await desks.get(ELSEWHERE, "/clues")).json()["items"] == []
    assert [line["id"] for line in (await desks.get(DISPATCHER, "/clues", stage="dispatched")).json()["items"]] == [led]
    assert (await desks.get(DISPATCHER, "/clues", overdue=True)).json()["items"] == []
    memory.pass_time(days=60)
    assert len((await desks.get(SUPERVISOR, "/clues", overdue=True)).json()["items"]) == 4


@pytest.mark.parametrize(
    "params", [{"limit": 201}, {"limit": 0}, {"cursor": "x"}, {"region": "山东"}, {"overdue": "?"}]
)
async def test_when_a_list_is_asked_wrongly_then_422(desks: Desks, params: dict[str, Any]) -> None:
    assert code(await desks.get(DISPATCHER, "/clues", **params)) == (422, "malformed")


async def test_given_a_case_then_its_record_is_read_in_order_with_its_hashes(
    desks: Desks, memory: MemoryService
) -> None:
    case = await desks.given("take_up")
    rows = memory.store.tables.events[case]
    items: list[Any] = []
    after: int | None = 0
    while after is not None:
        page = (await desks.get(AUDITOR, f"/clues/{case}/events", after=after, limit=3)).json()
        items, after = items + page["items"], page["next"]
    assert [item["hash"] for item in items] == [row.hash for row in rows]
    assert [item["previous_hash"] for item in items[1:]] == [row.hash for row in rows[:-1]]
    assert [item["event"]["type"] for item in items] == [row.type for row in rows]


async def test_given_a_process_then_it_is_told_whether_it_has_caught_up(desks: Desks, memory: MemoryService) -> None:
    case = await desks.given()
    version = len(memory.store.tables.events[case])
    away = (await desks.get(DISPATCHER, f"/clues/{case}/process")).json()
    assert (away["process"], away["behind"], away["recorded"]) == ("unavailable", True, version)
    memory.process = ProcessView(status="running", applied=version, awaited="等待分办")
    caught_up = (await desks.get(DISPATCHER, f"/clues/{case}/process")).json()
    assert (caught_up["process"], caught_up["behind"], caught_up["awaited"]) == ("running", False, "等待分办")


@pytest.mark.parametrize("path", ["", "/events", "/process", "/evidence/00"])
async def test_given_a_case_out_of_scope_then_it_does_not_exist(desks: Desks, path: str) -> None:
    case = await desks.given()
    assert code(await desks.get(ELSEWHERE, f"/clues/{case}{path}")) == (404, "unknown_case")
    assert code(await desks.get(DISPATCHER, f"/clues/clue-{'0' * 32}{path}")) == (404, "unknown_case")
    assert code(await desks.get(DISPATCHER, f"/clues/nothing{path}")) == (404, "unknown_case")


async def test_given_evidence_when_a_finding_rests_on_it_then_the_department_reads_it(desks: Desks) -> None:
    case = await desks.given("open_verification")
    digest = (await desks.post(HANDLER, "/evidence", content=b"a photograph")).json()["digest"]
    missing = {"findings": "见照片。", "evidence": [{"digest": "0" * 64, "name": "照片.jpg"}]}
    assert code(await desks.step(HANDLER, case, "record_findings", missing)) == (409, "unknown_evidence")
    assert code(await desks.get(HEAD, f"/clues/{case}/evidence/{digest}")) == (404, "unknown_file")
    finding = {"findings": "见照片。", "evidence": [{"digest": digest, "name": "照片.jpg"}]}
    assert (await desks.step(HANDLER, case, "record_findings", finding)).status_code == 200
    assert (await desks.get(HEAD, f"/clues/{case}/evidence/{digest}")).content == b"a photograph"
    assert code(await desks.get(AUDITOR, f"/clues/{case}/evidence/{digest}")) == (403, "text_not_readable")


def test_given_the_main_path_then_it_names_only_steps_that_exist() -> None:
    assert {slug for _, slug, _ in STRAIGHT} <= set(CLUE.commands)
