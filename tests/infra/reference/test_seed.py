"""Reference data: what the default installation knows, and that planting it twice changes nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.ext.asyncio import AsyncEngine

import infra.postgres
from domain.clue import CLUE
from domain.people.account import ACCOUNT, stream_of
from domain.people.actors import Role
from domain.record.handler import Request, handle, parse
from domain.record.vault import Sealer
from domain.time.rules import load_pack
from infra.people.identity import hash_password, password_fits
from infra.postgres.cases.reading import Accounts
from infra.postgres.engine.engine import create_maintenance_engine
from infra.postgres.engine.migrate import migrate
from infra.postgres.people.accounts import AccountBook
from infra.postgres.proof.verify import verify
from infra.postgres.record.store import PostgresStore
from infra.reference import demo_accounts, departments, regions, sample_messages
from infra.reference.installation import adopt_editions, take_over, unrecorded_editions
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

MIGRATIONS = Path(infra.postgres.__path__[0]) / "migrations"


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


# An earlier release ----------------------------------------------------------------------------------------------


async def test_given_accounts_of_an_earlier_release_when_taken_over_then_they_act_as_before_and_have_streams(
    database_url: str,
) -> None:
    engine = create_maintenance_engine(database_url)
    await asyncio.to_thread(_at_schema, database_url, "0001")
    hashed, demo_account = hash_password("as ever"), demo_accounts()[0]
    rows = [
        {"account": "李娜@旧", "name": "李娜", "roles": ["handler", "head"], "active": True},
        {"account": "gone", "name": " ", "roles": ["auditor"], "active": False},
        {"account": demo_account.account, "name": demo_account.name, "roles": ["intake_clerk"], "active": True},
    ]
    for row in rows:
        await tamper(
            engine,
            "INSERT INTO accounts (account, password_hash, name, department, region, roles, active) "
            "VALUES (:account, :hashed, :name, '370102.market', '370102', :roles, :active)",
            hashed=hashed,
            **row,
        )
    await migrate(engine)
    between = await Accounts(engine).account("李娜@旧")
    assert between is not None
    assert between.actor.roles == ("handler", "head"), "nobody is locked out between migration and take-over"
    world = world_of(PostgresStore(engine))
    assert await take_over(world, engine) == 3
    assert await take_over(world, engine) == 0

    known = {row["account"]: await Accounts(engine).account(str(row["account"])) for row in rows}
    told = {name: (one.active, one.demo, len(one.actor.roles)) for name, one in known.items() if one}
    assert told == {"李娜@旧": (True, False, 2), "gone": (False, False, 1), demo_account.account: (True, True, 1)}
    assert all(one and password_fits(one.password_hash, "as ever") for one in known.values())
    read = await AccountBook(engine).one("李娜@旧")
    assert read is not None
    assert (read.name, await value_of(engine, "SELECT string_agg(name, '') FROM accounts")) == ("李娜", "")
    assert await findings(engine) == []
    await engine.dispose()


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


def _at_schema(url: str, revision: str) -> None:
    """Bring an empty database to an older schema."""
    engine = create_sync_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
