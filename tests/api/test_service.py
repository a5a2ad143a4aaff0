"""Tokens, inbox, evidence, health and metrics, over the store in memory."""

from __future__ import annotations

from typing import Any

import pytest

from api import deps
from api.app import create_app
from api.cases.reading import ProcessView
from api.contract import never_opened
from domain.errors import XiezhiError
from infra.people.identity import KnownAccount
from tests.api.desks import ASSIGNER, DISPATCHER, HANDLER, INTAKE, MARKET, Desks
from tests.api.memory import PASSWORD, MemoryService


class Away(XiezhiError):
    code = "store_unavailable"


# Tokens ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [False, True], ids=["json", "oauth2 form"])
async def test_given_an_account_when_logging_in_then_a_token_and_who_it_speaks_for(desks: Desks, form: bool) -> None:
    given: dict[str, Any] = (
        {"data": {"username": INTAKE, "password": PASSWORD, "grant_type": "password"}}
        if form
        else {"json": {"account": INTAKE, "password": PASSWORD}}
    )
    answer = await desks.http.post("/api/v1/token", **given)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "bearer")
    assert answer.json()["actor"]["account"] == INTAKE
    assert answer.json()["expires_in"] == 3600


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"account": INTAKE, "password": "wrong"}, (401, "bad_credentials")),
        ({"account": "nobody", "password": PASSWORD}, (401, "bad_credentials")),
        ({"account": INTAKE}, (422, "malformed")),
        ({"account": INTAKE, "password": 5}, (422, "malformed")),
    ],
)
async def test_when_logging_in_wrongly_then_no_token(desks: Desks, body: Any, expected: tuple[int, str]) -> None:
    answer = await desks.http.post("/api/v1/token", json=body)
    assert (answer.status_code, answer.json()["code"]) == expected


@pytest.mark.parametrize("path", ["/clues", "/clues/clue-0", "/clues/clue-0/events", "/inbox"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}])
async def test_when_nobody_is_named_then_401(desks: Desks, path: str, headers: dict[str, str]) -> None:
    answer = await desks.http.get(f"/api/v1{path}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_given_a_token_when_the_account_is_switched_off_then_it_speaks_for_nobody(
    desks: Desks, memory: MemoryService
) -> None:
    assert (await desks.get(DISPATCHER, "/clues")).status_code == 200
    known = memory.accounts[DISPATCHER]
    memory.accounts[DISPATCHER] = KnownAccount(known.actor, known.password_hash, active=False)
    assert (await desks.get(DISPATCHER, "/clues")).status_code == 401


# Inbox -------------------------------------------------------------------------------------------------------------


async def test_given_messages_then_each_reads_those_to_the_account_or_its_role(
    desks: Desks, memory: MemoryService
) -> None:
    case = f"clue-{'0' * 32}"
    role = memory.tell(f"department_assigner@{MARKET}", case, "clue_dispatched")
    memory.tell(HANDLER, case, "clue_assigned")
    inbox = (await desks.get(ASSIGNER, "/inbox")).json()
    assert [message["subject"] for message in inbox["items"]] == ["clue_dispatched"]
    assert (await desks.post(ASSIGNER, f"/inbox/{role}/read")).status_code == 204
    assert (await desks.get(ASSIGNER, "/inbox", unread=True)).json()["items"] == []
    assert (await desks.post(HANDLER, f"/inbox/{role}/read")).status_code == 404
    assert (await desks.post(HANDLER, "/inbox/nothing/read")).status_code == 422


# Evidence ----------------------------------------------------------------------------------------------------------


async def test_when_a_file_is_too_large_then_413_and_nothing_is_kept(
    desks: Desks, memory: MemoryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cases.evidence.MAX_EVIDENCE_BYTES", 1000)

    async def endless() -> Any:
        for _ in range(100):
            yield b"x" * 100

    declared = await desks.post(HANDLER, "/evidence", content=b"x" * 1001)
    streamed = await desks.post(HANDLER, "/evidence", content=endless())
    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert memory.files == {}
    kept = await desks.post(HANDLER, "/evidence", content=b"x" * 1000)
    assert (kept.status_code, kept.json()["size"]) == (201, 1000)


# Outages and health ------------------------------------------------------------------------------------------------


async def test_given_no_database_then_commands_and_reads_get_503_and_a_time_to_retry(
    desks: Desks, memory: MemoryService
) -> None:
    case = await desks.given("dispatch")
    memory.away = Away("away")
    for answer in (
        await desks.get(DISPATCHER, f"/clues/{case}"),
        await desks.get(DISPATCHER, "/clues"),
        await desks.step(DISPATCHER, case, "dispatch", {"department": MARKET}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"] == "2"
    ready = await desks.http.get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (503, "away")
    assert (await desks.http.get("/healthz")).status_code == 200
    assert "xiezhi_database_up 0.0" in (await desks.http.get("/metrics")).text


async def test_given_no_temporal_then_ready_and_says_so(desks: Desks, memory: MemoryService) -> None:
    ready = await desks.http.get("/readyz")
    assert (ready.status_code, ready.json()["process"]) == (200, "away")
    memory.process = ProcessView(status="running")
    assert (await desks.http.get("/readyz")).json()["process"] == "ok"


async def test_given_requests_then_metrics_count_them_by_route_and_name_no_address(desks: Desks) -> None:
    case = await desks.given()
    await desks.get(DISPATCHER, f"/clues/{case}")
    await desks.http.get("/陈建国")
    text = (await desks.http.get("/metrics")).text
    assert 'xiezhi_http_requests_total{method="GET",route="/api/v1/clues/{id}",status="200"} 1.0' in text
    assert 'route="unmatched",status="404"' in text
    assert case not in text
    assert "陈建国" not in text
    for name in ("outbox_age", "undone_effect_age", "horizon_age", "applied_lag"):
        assert f"xiezhi_{name}_seconds" in text


async def test_given_a_bug_then_500_without_a_word_of_it(desks: Desks, memory: MemoryService) -> None:
    memory.away = RuntimeError("陈建国13800001111")
    answer = await desks.http.post("/api/v1/token", json={"account": INTAKE, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "陈" not in answer.text


async def test_when_an_address_or_method_does_not_exist_then_a_problem(desks: Desks) -> None:
    unknown = await desks.http.get("/api/v1/nothing")
    method = await desks.http.delete("/api/v1/clues")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")


def test_given_the_limits_then_they_are_those_of_the_contract() -> None:
    assert (deps.MAX_BODY_BYTES, deps.MAX_EVIDENCE_BYTES) == (1024**2, 100 * 1024**2)


def test_given_the_application_then_no_telemetry_leaves_it_past_the_allow_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    app = create_app(never_opened)
    assert not any(app._telemetry[name] for name in ("auto_configure", "tracing", "metrics", "logs"))
