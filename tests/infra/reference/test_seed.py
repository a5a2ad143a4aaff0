"""Reference data: what the default installation knows, and that planting it twice changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from domain.people.account import ACCOUNT, stream_of
from domain.people.actors import Role
from domain.record.handler import Request, handle, parse
from domain.record.vault import Sealer
from domain.time.rules import load_pack
from infra.people.identity import password_fits
from infra.postgres.cases.reading import Accounts
from infra.postgres.proof.verify import verify
from infra.postgres.record.store import PostgresStore
from infra.reference import demo_accounts, departments, regions, sample_messages
from infra.reference.installation import adopt_editions, unrecorded_editions
from infra.reference.seed import seed
from tests.domain.clue import steps as c
from tests.support.record import (
    CLERK,
    DEMO_PASSWORD,
    DISPATCHER,
    demo,
    engine,
    maintenance,
    record_template,
    record_url,
    tamper,
    value_of,
    world_of,
)

__all__ = ["engine", "maintenance", "record_template", "record_url"]


def test_given_the_reference_data_then_every_region_has_an_office_and_every_district_all_departments() -> None:
    districts = [region for region in regions() if not region.is_city]
    kinds = {department.kind for department in departments()} - {"12345"}
    assert len(districts) >= 3
    assert len(kinds) >= 12
    codes = {department.code for department in departments()}
    assert {f"{region.code}.12345" for region in regions()} <= codes
    assert {f"{region.code}.{kind}" for region in districts for kind in kinds} <= codes
    assert len(codes) == len(departments())


def test_given_the_demo_accounts_then_every_human_step_has_somebody_in_every_district() -> None:
    held = {(account.role, account.region) for account in demo_accounts()}
    needed = {role for step in CLUE.steps.values() for role in step.asked_of} - {Role.SYSTEM}
    for region in (region for region in regions() if not region.is_city):
        for role in needed:
            assert (role, region.code) in held or (role, "370100") in held
    assert len({account.account for account in demo_accounts()}) == len(demo_accounts())


def test_given_the_sample_messages_then_each_is_a_registration_and_no_two_are_one_ticket() -> None:
    lines = [json.loads(line) for line in sample_messages().read_text(encoding="utf-8").splitlines()]
    assert len(lines) >= 12
    assert len({(line["channel"], line["external_id"]) for line in lines}) == len(lines)
    for line in lines:
        command = parse(CLUE, Request(actor=CLERK, key="k", slug="register", body=line), Sealer(bytes))
        assert isinstance(command, c.Register)
    assert {line["region"] for line in lines} == {region.code for region in regions() if not region.is_city}


async def test_given_a_seeded_database_when_seeded_again_then_nothing_changes_but_a_new_password_holds(
    engine: AsyncEngine, maintenance: AsyncEngine
) -> None:
    world = world_of(PostgresStore(engine))
    everything = "SELECT md5(string_agg(a::text, '|' ORDER BY account)) FROM accounts a"
    before = await value_of(engine, everything)
    await seed(world, engine, DEMO_PASSWORD)
    assert await value_of(engine, everything) == before
    system = demo("system.370100")
    off = Request(actor=system, key="off", slug="disable", body={}, stream=stream_of(CLERK.account))
    assert (await handle(world, ACCOUNT, off)).outcome.status == "recorded"
    await seed(world, engine, "another")
    known, other = await Accounts(engine).account(CLERK.account), await Accounts(engine).account(DISPATCHER.account)
    assert known is not None
    assert other is not None
    assert (known.active, known.demo, other.active, other.passwords) == (False, True, True, 2)
    assert password_fits(other.password_hash, "another")
    assert await findings(maintenance) == []


async def test_given_somebody_written_into_the_table_then_verify_names_them(
    engine: AsyncEngine, maintenance: AsyncEngine
) -> None:
    await tamper(
        engine,
        "INSERT INTO accounts (account, department, region, roles) "
        "VALUES ('intruder', '370100.12345', '370100', '{system_administrator}')",
    )
    assert await findings(maintenance) == ["register account intruder: row follows from no event"]
    await tamper(engine, "DELETE FROM accounts WHERE account = 'intruder'")
    await tamper(engine, "UPDATE accounts SET grants = '[]' WHERE account = :account", account=CLERK.account)
    assert await findings(maintenance) == [
        f"register {stream_of(CLERK.account)}: columns differ from the events: grants"
    ]


# Rules and calendars ---------------------------------------------------------------------------------------------


async def test_given_a_build_when_its_editions_are_adopted_then_once_and_again_only_when_they_change(
    engine: AsyncEngine, maintenance: AsyncEngine
) -> None:
    world = world_of(PostgresStore(engine))
    training = replace(world, pack=load_pack("training"))
    assert len(await unrecorded_editions(world, engine)) == 2
    assert len(await adopt_editions(world, engine)) == 2
    assert await adopt_editions(world, engine) == []
    assert await unrecorded_editions(world, engine) == []
    assert [told.split("@")[0] for told in await unrecorded_editions(training, engine)] == ["pack training"]
    assert [told.split("@")[0] for told in await adopt_editions(training, engine)] == ["pack training"]
    assert [told.split("@")[0] for told in await adopt_editions(world, engine)] == ["pack national"]
    assert await value_of(engine, "SELECT count(*) FROM events WHERE type = 'rulebook.adopted'") == 4
    assert await findings(maintenance) == []


async def findings(engine: AsyncEngine) -> list[str]:
    """What `xiezhi verify` finds."""
    report = await verify(engine, Ed25519PrivateKey.generate().public_key())
    return [f"{found.check} {found.where}: {found.problem}" for found in report.findings]
