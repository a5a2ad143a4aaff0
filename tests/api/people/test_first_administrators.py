"""How the administration begins: a secret shown on the host opens three people's accounts, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.people.first_administrators import new_secret
from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.migrate import migrate
from infra.postgres.engine.session import session
from infra.reference.seed import seed_departments
from tests.api.alone import application_over
from tests.api.desks import Desks

PATH = "/api/v1/administrators/first"


@pytest_asyncio.fixture
async def empty(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database with departments and nobody in it."""
    engine = create_engine(database_url)
    await migrate(engine)
    await seed_departments(engine)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture
async def desks(empty: AsyncEngine, database_url: str, tmp_path: Path) -> AsyncIterator[Desks]:
    """Before the API of a real installation."""
    async with application_over(database_url, tmp_path, embedded_database=False) as (_, opened):
        yield opened


def founders(secret: str | None, **changes: Any) -> dict[str, Any]:
    three = {
        office: {"account": f"{office}.admin", "name": f"{office}姓名", "password": f"the one of {office[::-1]}"}
        for office in ("system", "security", "audit")
    }
    return {"secret": secret, "region": "370100", **three, **changes}


async def post(desks: Desks, body: dict[str, Any]) -> httpx.Response:
    return await desks.http.post(PATH, json=body)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def test_given_nobody_when_the_secret_is_used_then_three_administrators_act_and_it_works_no_more(
    desks: Desks, empty: AsyncEngine
) -> None:
    assert code(await post(desks, founders("guessed"))) == "wrong_secret"
    older, secret = await new_secret(empty), await new_secret(empty)
    assert code(await post(desks, founders(older))) == "wrong_secret", "only the newest one counts"
    weak = {"account": "audit.admin", "name": "姓名", "password": "short"}
    assert code(await post(desks, founders(secret, audit=weak))) == "password_weak"
    twice = {"account": "system.admin", "name": "姓名", "password": "long enough for it"}
    assert code(await post(desks, founders(secret, audit=twice))) == "role_conflict"
    assert "姓名" not in (await post(desks, founders(secret, audit={**weak, "more": "姓名"}))).text

    answers = await asyncio.gather(*(post(desks, founders(secret)) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert code(await post(desks, founders(secret))) == "administrators_exist"
    assert await new_secret(empty) is None

    for office, role in (("system", "system_administrator"), ("audit", "audit_administrator")):
        login = {"account": f"{office}.admin", "password": f"the one of {office[::-1]}"}
        answer = await desks.http.post("/api/v1/token", json=login)
        assert answer.json()["actor"]["roles"] == [role]
    async with session(empty) as opened:
        kept = (await opened.run(text("SELECT string_agg(body, '') FROM events"))).scalar_one()
    assert "姓名" not in kept
    assert "the one of" not in kept


async def test_given_an_attempt_that_broke_off_before_the_passwords_when_tried_again_then_it_succeeds(
    desks: Desks, empty: AsyncEngine
) -> None:
    secret = await new_secret(empty)
    assert (await post(desks, founders(secret))).status_code == 204
    async with session(empty) as opened:
        await opened.run(text("UPDATE accounts SET password_hash = ''"))
    again = await new_secret(empty)
    assert again is not None, "nobody can log in: there is no administrator"
    assert (await post(desks, founders(again))).status_code == 204
    taken = await desks.http.post("/api/v1/token", json={"account": "audit.admin", "password": "the one of tidua"})
    assert taken.status_code == 200
