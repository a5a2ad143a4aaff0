"""Rates, login attempts, and what is refused by its size, over real PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from starlette.requests import Request

from api.edge.limits import BURST_SECONDS, KEPT_CALLERS, MAX_HEAD_BYTES, Rate, address_of
from infra.postgres.engine.session import session
from infra.wiring.bootstrap import Application
from tests.api.alone import application_over
from tests.api.desks import DISPATCHER, HANDLER, INTAKE, Desks
from tests.support.record import DEMO_PASSWORD

# Rates -------------------------------------------------------------------------------------------------------------


def test_given_a_rate_then_a_burst_passes_and_the_wait_told_is_exact() -> None:
    now = [1000.0]
    rate = Rate(2, now=lambda: now[0])
    granted = sum(rate.wait("one") == 0 for _ in range(100))
    assert granted == 2 * BURST_SECONDS
    wait = rate.wait("one")
    assert wait == pytest.approx(0.5)
    assert rate.wait("other") == 0
    now[0] += wait
    assert rate.wait("one") == 0
    assert rate.wait("one") > 0


def test_given_more_callers_than_are_kept_then_only_those_at_rest_are_forgotten() -> None:
    now = [1000.0]
    rate = Rate(1, now=lambda: now[0])
    for number in range(KEPT_CALLERS - 1):
        rate.wait(f"idle {number}")
    now[0] += 2
    while rate.wait("busy") == 0:
        pass
    rate.wait("one more")
    assert rate.wait("busy") > 0
    assert len(rate._until) == 2


@pytest.mark.parametrize(
    ("host", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
    ],
)
def test_given_an_address_then_it_is_counted_as_its_network(host: str, counted_as: str) -> None:
    assert address_of(Request({"type": "http", "client": (host, 1), "headers": []})) == counted_as


async def test_given_an_account_over_its_rate_then_429_while_others_go_on(record_url: str, tmp_path: Path) -> None:
    rates = {"account_reads_per_second": 0.5, "account_writes_per_second": 0.2}
    async with application_over(record_url, tmp_path, **rates) as (_, desks):
        answers = [await desks.get(DISPATCHER, "/clues") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        _is_problem(answers[-1], "too_many_requests")
        assert (await desks.get(HANDLER, "/clues")).status_code == 200
        writes = [await desks.post(DISPATCHER, "/clues", {}) for _ in range(3)]
        assert [answer.status_code for answer in writes] == [422, 422, 429]


async def test_given_a_stranger_over_the_rate_then_429_for_what_needs_a_token_and_for_logins(
    record_url: str, tmp_path: Path
) -> None:
    async with application_over(record_url, tmp_path, stranger_requests_per_second=0.5) as (_, desks):
        assert (await desks.get(DISPATCHER, "/clues")).status_code == 200  # logging in was the first of five
        statuses = [(await desks.http.get("/api/v1/clues")).status_code for _ in range(5)]
        assert statuses == [401] * 4 + [429]
        _is_problem(await _login(desks, INTAKE, DEMO_PASSWORD), "too_many_requests")
        assert (await desks.get(DISPATCHER, "/clues")).status_code == 200
        assert (await desks.http.get("/healthz")).status_code == 200


# Logins ------------------------------------------------------------------------------------------------------------


async def test_given_too_many_wrong_passwords_then_not_even_the_right_one_until_the_pause_is_over(
    record_url: str, tmp_path: Path
) -> None:
    async with application_over(record_url, tmp_path, login_failures=3) as (application, desks):
        wrong = [await _login(desks, INTAKE, f"wrong {number}") for number in range(3)]
        assert [answer.status_code for answer in wrong] == [401] * 3
        locked = await _login(desks, INTAKE, DEMO_PASSWORD)
        _is_problem(locked, "too_many_logins")
        assert 10 <= int(locked.headers["Retry-After"]) <= 15
        assert (await _login(desks, DISPATCHER, DEMO_PASSWORD)).status_code == 200
        await _wait(application, seconds=15)
        assert (await _login(desks, INTAKE, "wrong again")).status_code == 401
        longer = await _login(desks, INTAKE, DEMO_PASSWORD)
        assert 25 <= int(longer.headers["Retry-After"]) <= 30
        await _wait(application, seconds=30)
        assert (await _login(desks, INTAKE, DEMO_PASSWORD)).status_code == 200
        assert (await _login(desks, INTAKE, "wrong")).status_code == 401  # counted from nothing again
        assert (await _login(desks, INTAKE, DEMO_PASSWORD)).status_code == 200


async def test_given_a_name_nobody_has_then_it_is_locked_in_the_same_words(record_url: str, tmp_path: Path) -> None:
    async with application_over(record_url, tmp_path, login_failures=3) as (application, desks):
        told = []
        for account in (INTAKE, "13800001111"):
            answers = [await _login(desks, account, "wrong") for _ in range(4)]
            told.append([(answer.status_code, answer.json()["code"], answer.json()["detail"]) for answer in answers])
        assert told[0] == told[1]
        assert told[0][-1][0] == 429
        async with session(application.engine) as opened:
            found = await opened.run(text("SELECT string_agg(login_attempts::text, ' ') FROM login_attempts"))
            kept = str(found.scalar_one())
        assert "13800001111" not in kept
        assert INTAKE not in kept


async def test_given_guesses_at_two_processes_at_once_then_they_are_counted_together(
    record_url: str, tmp_path: Path
) -> None:
    async with (
        application_over(record_url, tmp_path / "one", login_failures=4) as (_, one),
        application_over(record_url, tmp_path / "other", login_failures=4) as (_, other),
    ):
        guesses = [_login(desk, INTAKE, f"guess {number}") for number in range(8) for desk in (one, other)]
        statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert sorted(statuses) == [401] * 4 + [429] * 12


async def test_given_an_address_that_guesses_at_many_names_then_the_address_is_locked(
    record_url: str, tmp_path: Path
) -> None:
    async with application_over(record_url, tmp_path, login_failures_of_address=6) as (application, desks):
        statuses = [(await _login(desks, f"name{number}", "guess")).status_code for number in range(8)]
        assert statuses == [401] * 6 + [429] * 2
        assert (await _login(desks, INTAKE, DEMO_PASSWORD)).status_code == 429
        await _wait(application, seconds=15)
        assert (await _login(desks, INTAKE, DEMO_PASSWORD)).status_code == 200


async def test_given_failures_long_past_then_they_are_forgotten(record_url: str, tmp_path: Path) -> None:
    async with application_over(record_url, tmp_path) as (application, desks):
        for number in range(3):
            await _login(desks, f"name{number}", "wrong")
        await _wait(application, seconds=3601)
        await _login(desks, "another", "wrong")
        async with session(application.engine) as opened:
            assert (await opened.run(text("SELECT count(*) FROM login_attempts"))).scalar() == 2  # name and address


# Sizes -------------------------------------------------------------------------------------------------------------


async def test_given_an_address_or_headers_without_measure_then_431_on_every_kind_of_route(
    record_url: str, tmp_path: Path
) -> None:
    async with application_over(record_url, tmp_path) as (_, desks):
        for path in ("/healthz", "/api/v1/clues", "/api/v1/token", "/nothing"):
            _is_problem(await desks.http.get(path, params={"stage": "x" * MAX_HEAD_BYTES}), "headers_too_large")
            _is_problem(await desks.http.get(path, headers={"X-Long": "x" * MAX_HEAD_BYTES}), "headers_too_large")


@pytest.mark.parametrize("address", ["/clues?stage=a%00b", "/clues?cursor=%00", "/clues/clue-%00", "/inbox?%00=1"])
async def test_given_a_nul_in_an_address_then_it_is_malformed(record_url: str, tmp_path: Path, address: str) -> None:
    async with application_over(record_url, tmp_path) as (_, desks):
        _is_problem(await desks.http.get(f"/api/v1{address}"), "malformed")


@pytest.mark.parametrize(
    "given",
    [
        {"json": {"account": "a\0b", "password": "x"}},
        {"data": {"username": "a\0b", "password": "x"}},
        {"data": {f"field{number}": "x" for number in range(50)}},
    ],
)
async def test_given_odd_credentials_then_they_are_malformed(
    record_url: str, tmp_path: Path, given: dict[str, dict[str, str]]
) -> None:
    async with application_over(record_url, tmp_path) as (_, desks):
        answer = await desks.http.post("/api/v1/token", json=given.get("json"), data=given.get("data"))
        _is_problem(answer, "malformed")


async def _login(desks: Desks, account: str, password: str) -> httpx.Response:
    return await desks.http.post("/api/v1/token", json={"account": account, "password": password})


async def _wait(application: Application, *, seconds: float) -> None:
    """Let so much time pass for what was counted."""
    async with session(application.engine) as opened:
        for column in ("last_at", "blocked_until"):
            moved = f"UPDATE login_attempts SET {column} = {column} - make_interval(secs => :seconds)"
            await opened.run(text(moved), seconds=seconds)


def _is_problem(answer: httpx.Response, code: str) -> None:
    assert answer.json()["code"] == code, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    if answer.status_code == 429:
        assert int(answer.headers["Retry-After"]) >= 1
