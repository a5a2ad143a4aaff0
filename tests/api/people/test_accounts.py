"""Accounts over HTTP and PostgreSQL: three separate administrators, substitutes with both names, what auditors read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from domain.value import SHANGHAI
from infra.reference import demo_accounts
from tests.api.alone import application_over
from tests.api.desks import ASSIGNER, AUDITOR, HANDLER, HEAD, INTAKE, MARKET, SECURITY, Desks
from tests.support.record import DEMO_PASSWORD

SYSTEM, AUDIT = "system.370100", "audit.370100"
DEPUTY = "deputy.market"
NEW_PASSWORD = "correct horse battery"


@pytest_asyncio.fixture
async def desks(record_url: str, tmp_path: Path) -> AsyncIterator[Desks]:
    """People before the API over PostgreSQL."""
    async with application_over(record_url, tmp_path) as (_, opened):
        yield opened


async def step(desks: Desks, by: str, account: str, slug: str, body: Any = None, **given: Any) -> httpx.Response:
    return await desks.post(by, f"/accounts/{account}/commands/{slug}", body, **given)


async def done(desks: Desks, by: str, account: str, slug: str, body: Any = None) -> Any:
    answer = await step(desks, by, account, slug, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def deputy(desks: Desks, *roles: str) -> None:
    """A new account in the market department, with a password of its own."""
    body = {"account": DEPUTY, "department": MARKET, "region": "370102", "name": "周副局长"}
    opened = await desks.post(SYSTEM, "/accounts", body)
    assert (opened.status_code, opened.headers["Location"]) == (201, f"/api/v1/accounts/{DEPUTY}")
    for role in roles:
        await done(desks, SECURITY, DEPUTY, "grant", {"role": role})
    once = (await done(desks, SECURITY, DEPUTY, "reset_password"))["one_time_password"]
    await token(desks, DEPUTY, once, new_password=NEW_PASSWORD)


async def token(desks: Desks, account: str, password: str, **more: str) -> dict[str, str]:
    """The header of a fresh token."""
    answer = await log_in(desks, account, password, **more)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def log_in(desks: Desks, account: str, password: str, **more: str) -> httpx.Response:
    return await desks.http.post("/api/v1/token", json={"account": account, "password": password, **more})


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def days(first: int, last: int) -> dict[str, str]:
    """Days from today on, which may be yesterday when they are asked about."""
    today = datetime.now(SHANGHAI).date()
    return {"since": str(today + timedelta(days=first)), "until": str(today + timedelta(days=last))}


async def test_given_three_administrators_then_an_account_takes_two_of_them_and_its_owner(desks: Desks) -> None:
    body = {"account": "li.na", "department": MARKET, "region": "370102", "name": "李娜"}
    assert problem(await desks.post(SECURITY, "/accounts", body)) == (403, "wrong_role")
    first = await desks.post(SYSTEM, "/accounts", body, key="open-1")
    again = await desks.post(SYSTEM, "/accounts", body, key="open-1")
    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert problem(await desks.post(SYSTEM, "/accounts", body)) == (409, "account_exists")

    assert problem(await step(desks, SYSTEM, "li.na", "grant", {"role": "handler"})) == (403, "wrong_role")
    assert problem(await step(desks, AUDIT, "li.na", "grant", {"role": "handler"})) == (403, "wrong_role")
    await done(desks, SECURITY, "li.na", "grant", {"role": "handler"})
    await done(desks, SECURITY, "li.na", "grant", {"role": "head", **days(2, 30)})
    assert problem(await log_in(desks, "li.na", "anything")) == (401, "bad_credentials")

    reset = await step(desks, SECURITY, "li.na", "reset_password", key="reset-1")
    once = reset.json()["one_time_password"]
    replayed = (await step(desks, SECURITY, "li.na", "reset_password", key="reset-1")).json()
    assert "one_time_password" not in replayed
    assert problem(await log_in(desks, "li.na", once)) == (403, "password_change_required")
    assert problem(await log_in(desks, "li.na", once, new_password="short")) == (422, "password_weak")
    headers = await token(desks, "li.na", once, new_password=NEW_PASSWORD)
    me = (await desks.http.get("/api/v1/me", headers=headers)).json()
    assert (me["actor"]["roles"], me["stand_ins"]) == (["handler"], []), "the head's days have not come"
    assert problem(await log_in(desks, "li.na", once)) == (401, "bad_credentials")


async def test_given_an_account_when_read_then_it_tells_what_may_be_done_and_what_was(desks: Desks) -> None:
    await deputy(desks, "handler")
    seen = await desks.get(SECURITY, f"/accounts/{DEPUTY}")
    view = seen.json()
    assert (view["name"], view["roles"], view["has_password"]) == ("周副局长", ["handler"], True)
    offered = {command["slug"]: command["allowed"] for command in view["commands"]}
    assert offered["grant"]
    assert not offered["move"]
    assert [entry["type"] for entry in view["history"]] == [
        "account.opened", "account.role_granted", "account.password_set", "account.password_set",
    ]  # fmt: skip
    assert [entry["by"]["account"] for entry in view["history"]] == [SYSTEM, SECURITY, SECURITY, DEPUTY]

    etag = seen.headers["ETag"]
    changed = await step(desks, SECURITY, DEPUTY, "grant", {"role": "auditor"}, if_match=etag)
    assert changed.headers["ETag"] != etag
    stale = await step(desks, SECURITY, DEPUTY, "revoke", {"role": "auditor"}, if_match=etag)
    assert problem(stale) == (412, "precondition_failed")
    for account, path in ((HANDLER, DEPUTY), (SECURITY, "nobody"), (ASSIGNER, "assigner.health.370102")):
        assert problem(await desks.get(account, f"/accounts/{path}")) == (404, "unknown_account")
    assert problem(await step(desks, SECURITY, "nobody", "grant", {"role": "handler"})) == (404, "unknown_account")
    assert problem(await step(desks, SYSTEM, DEPUTY, "set_password")) == (404, "unknown_command")


async def test_given_a_disabled_account_then_its_token_ends_and_so_does_its_password(desks: Desks) -> None:
    await deputy(desks, "handler")
    headers = await token(desks, DEPUTY, NEW_PASSWORD)
    await done(desks, SYSTEM, DEPUTY, "disable")
    assert problem(await desks.http.get("/api/v1/me", headers=headers)) == (401, "unauthenticated")
    assert problem(await log_in(desks, DEPUTY, NEW_PASSWORD)) == (401, "bad_credentials")
    await done(desks, SYSTEM, DEPUTY, "enable")
    assert (await log_in(desks, DEPUTY, NEW_PASSWORD)).status_code == 200


async def test_given_the_own_password_when_changed_then_earlier_tokens_end(desks: Desks) -> None:
    await deputy(desks, "handler")
    headers, earlier = await token(desks, DEPUTY, NEW_PASSWORD), await token(desks, DEPUTY, NEW_PASSWORD)
    path, other = "/api/v1/me/password", "another horse battery"
    wrong = await desks.http.post(path, headers=headers, json={"old": "not this one", "new": other})
    assert problem(wrong) == (401, "bad_credentials")
    weak = await desks.http.post(path, headers=headers, json={"old": NEW_PASSWORD, "new": f"{DEPUTY}-12345"})
    assert problem(weak) == (422, "password_weak")
    changed = await desks.http.post(path, headers=headers, json={"old": NEW_PASSWORD, "new": other})
    assert changed.status_code == 204
    assert (await log_in(desks, DEPUTY, NEW_PASSWORD)).status_code == 401
    fresh = await token(desks, DEPUTY, other)
    assert (await desks.http.get("/api/v1/me", headers=fresh)).status_code == 200
    assert earlier != fresh


async def test_given_too_many_wrong_passwords_then_the_security_administrator_unlocks(desks: Desks) -> None:
    await deputy(desks, "handler")
    answers = [await log_in(desks, DEPUTY, "wrong") for _ in range(6)]
    assert problem(answers[-1]) == (429, "too_many_logins")
    await done(desks, SECURITY, DEPUTY, "unlock")
    assert (await log_in(desks, DEPUTY, NEW_PASSWORD)).status_code == 200


async def test_given_a_substitute_then_the_step_is_taken_with_both_names_and_never_on_the_own_proposal(
    desks: Desks,
) -> None:
    case = await desks.given("propose_disposition")
    await deputy(desks, "handler")
    assert problem(await log_in(desks, DEPUTY, NEW_PASSWORD, on_behalf_of=HEAD)) == (403, "no_substitution")
    for substitute in (DEPUTY, HANDLER):
        await done(
            desks, ASSIGNER, HEAD, "name_substitute", {"substitute": substitute, "ground": "leave", **days(0, 3)}
        )
    own = await token(desks, DEPUTY, NEW_PASSWORD)
    (open_to_me,) = (await desks.http.get("/api/v1/me", headers=own)).json()["stand_ins"]
    assert (open_to_me["account"], open_to_me["roles"]) == (HEAD, ["head"])

    proposer = await token(desks, HANDLER, DEMO_PASSWORD, on_behalf_of=HEAD)
    path = f"/api/v1/clues/{case}/commands/approve_disposition"
    refused = await desks.http.post(path, json={}, headers={**proposer, "Idempotency-Key": "behind"})
    assert problem(refused) == (403, "own_proposal")

    acting = await token(desks, DEPUTY, NEW_PASSWORD, on_behalf_of=HEAD)
    approved = await desks.http.post(path, json={}, headers={**acting, "Idempotency-Key": "for-the-head"})
    assert approved.status_code == 200, approved.text
    events = (await desks.get(ASSIGNER, f"/clues/{case}/events")).json()["items"]
    actor = next(event["event"]["actor"] for event in events if event["event"]["type"] == "clue.disposition_approved")
    assert (actor["account"], actor["on_behalf_of"], actor["roles"]) == (DEPUTY, HEAD, ["head"])
    for where in ("/inbox", "/inbox?unread=true"):
        assert (await desks.http.get(f"/api/v1{where}", headers=acting)).status_code == 200
    own_only = await desks.http.post("/api/v1/me/password", headers=acting, json={"old": "a", "new": NEW_PASSWORD})
    assert problem(own_only) == (403, "own_password_only")

    fresh = await token(desks, DEPUTY, NEW_PASSWORD, on_behalf_of=HEAD)
    await done(desks, SECURITY, HEAD, "end_substitution", {"substitute": DEPUTY})
    assert problem(await log_in(desks, DEPUTY, NEW_PASSWORD, on_behalf_of=HEAD)) == (403, "no_substitution")
    assert fresh


async def test_given_days_that_have_not_come_or_are_over_then_nobody_stands_in(desks: Desks) -> None:
    await deputy(desks, "handler")
    later = {"substitute": DEPUTY, "ground": "business_trip", **days(2, 3)}
    await done(desks, ASSIGNER, HEAD, "name_substitute", later)
    assert problem(await log_in(desks, DEPUTY, NEW_PASSWORD, on_behalf_of=HEAD)) == (403, "no_substitution")
    over = {**later, **days(-3, -1)}
    assert problem(await step(desks, ASSIGNER, HEAD, "name_substitute", over)) == (409, "period_over")


async def test_given_overseers_then_each_lists_what_is_theirs_page_by_page(desks: Desks) -> None:
    first = (await desks.get(SYSTEM, "/accounts", limit=100)).json()
    rest = (await desks.get(SYSTEM, "/accounts", limit=100, cursor=first["next"])).json()
    names = [line["account"] for line in first["items"] + rest["items"]]
    assert names == sorted(set(names))
    assert (len(names), rest["next"]) == (len(demo_accounts()), None)
    own = (await desks.get(ASSIGNER, "/accounts")).json()["items"]
    assert {line["department"] for line in own} == {MARKET}
    assert (await desks.get(ASSIGNER, "/accounts", department="370102.health")).json()["items"] == []
    heads = (await desks.get(AUDIT, "/accounts", role="head", department=MARKET, active=True)).json()["items"]
    assert [line["account"] for line in heads] == [HEAD]
    assert problem(await desks.get(HANDLER, "/accounts")) == (403, "wrong_role")
    assert problem(await desks.get(INTAKE, "/administration")) == (403, "wrong_role")


async def test_given_the_log_of_the_administration_then_auditors_read_it_newest_first(desks: Desks) -> None:
    await deputy(desks, "handler")
    page = (await desks.get(AUDIT, "/administration", limit=3)).json()
    assert [entry["type"] for entry in page["items"]] == [
        "account.password_set", "account.password_set", "account.role_granted",
    ]  # fmt: skip
    granted = page["items"][2]
    assert (granted["account"], granted["by"], granted["sentence"][:9]) == (DEPUTY, SECURITY, "授予角色承办人,自")
    older = (await desks.get(AUDITOR, "/administration", limit=1, cursor=page["next"])).json()["items"]
    assert older[0]["type"] == "account.opened"
    assert "周副局长" not in str(page) + str(older)


async def test_given_anybody_then_departments_of_a_region_and_the_rules_in_force_are_known(desks: Desks) -> None:
    everywhere = (await desks.get(INTAKE, "/departments")).json()["items"]
    district = (await desks.get(INTAKE, "/departments", region="370102")).json()["items"]
    assert {line["region"] for line in district} == {"370102"}
    assert len(district) < len(everywhere)
    assert problem(await desks.get(INTAKE, "/departments", region="37")) == (422, "malformed")
    assert (await desks.get(INTAKE, "/rulebooks")).json() == {"items": []}
    assert {"role": "head", "title": "负责人"} in (await desks.get(INTAKE, "/roles")).json()
