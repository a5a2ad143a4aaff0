"""A real installation: no demo accounts, a secret for the first administrators, and never an office left empty."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.account import ACCOUNT, stream_of
from domain.people.actors import Actor
from domain.record.handler import Request, handle
from infra.cli.importing import import_messages
from infra.cli.installation import issue_first_secret, migrate_database, seed_reference
from infra.importing import Ledger
from infra.people.identity import DemoRefused
from infra.postgres.people.accounts import AccountBook
from infra.postgres.record.store import PostgresStore
from infra.reference.installation import instate
from infra.runtime.settings import Settings
from tests.api.alone import application_over
from tests.support.record import CLERK, DEMO_PASSWORD, demo, value_of, world_of


def settings_of(url: str, folder: Path, *, embedded: bool) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=SecretStr(url),
        fingerprint_key=SecretStr("a secret of this test"),
        embedded_database=embedded,
    )


async def test_given_an_external_database_when_migrated_then_the_secret_is_told_and_demo_accounts_are_refused(
    database_url: str, tmp_path: Path
) -> None:
    external = settings_of(database_url, tmp_path, embedded=False)
    first, second = [await migrate_database(external, after_restore=False) for _ in range(2)]
    assert len(first["in_force"]) == 2
    assert "in_force" not in second
    assert first["first_administrators"] != second["first_administrators"]
    asked = await issue_first_secret(external)
    assert asked["secret"] not in (None, second["first_administrators"])
    with pytest.raises(DemoRefused):
        await seed_reference(external, only_departments=False)
    assert (await seed_reference(external, only_departments=True))["departments"] > 0
    assert not (tmp_path / "demo-accounts.json").exists()


async def test_given_a_database_that_came_from_a_trial_then_its_demo_accounts_do_nothing_elsewhere(
    record_url: str, tmp_path: Path
) -> None:
    messages = tmp_path / "messages.jsonl"
    messages.touch()
    external = settings_of(record_url, tmp_path, embedded=False)
    with pytest.raises(DemoRefused):
        await import_messages(external, Ledger(messages), account="source.hotline", rejects=None, quiet=True)
    async with application_over(record_url, tmp_path, embedded_database=False) as (_, desks):
        login = {"account": CLERK.account, "password": DEMO_PASSWORD}
        answer = await desks.http.post("/api/v1/token", json=login)
        assert (answer.status_code, answer.json()["code"]) == (403, "demo_refused")
    assert (await issue_first_secret(external))["secret"], "a demo administrator is none"


async def test_given_two_who_take_their_office_from_each_other_at_once_then_one_keeps_it(engine: AsyncEngine) -> None:
    world, one = world_of(PostgresStore(engine)), demo("security.370100")
    body: dict[str, Any] = {"account": "second", "department": one.department, "region": one.region}
    await instate(world, [{**body, "roles": ["security_administrator"]}])
    await AccountBook(engine).store_hash(["second"], "a hash")
    two = one.model_copy(update={"account": "second"})

    async def revoke(by: Actor, of: Actor) -> str:
        role = {"role": "security_administrator"}
        asked = Request(actor=by, key="revoke", slug="revoke", body=role, stream=stream_of(of.account))
        outcome = (await handle(world, ACCOUNT, asked)).outcome
        return outcome.refusal.code if outcome.refusal else outcome.status

    assert sorted(await asyncio.gather(revoke(one, two), revoke(two, one))) == ["last_administrator", "recorded"]
    left = "SELECT count(*) FROM accounts WHERE 'security_administrator' = ANY(roles)"
    assert await value_of(engine, left) == 1


async def test_given_an_administrator_who_cannot_log_in_then_the_other_one_counts_as_the_last(
    engine: AsyncEngine,
) -> None:
    world, one = world_of(PostgresStore(engine)), demo("security.370100")
    body = {"account": "second", "department": one.department, "region": one.region}
    await instate(world, [{**body, "roles": ["security_administrator"]}])
    system = demo("system.370100")
    off = Request(actor=system, key="off", slug="disable", body={}, stream=stream_of(one.account))
    refusal = (await handle(world, ACCOUNT, off)).outcome.refusal
    assert refusal is not None
    assert refusal.code == "last_administrator"
