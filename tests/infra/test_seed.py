"""Reference data: what the default installation knows, and that planting it twice changes nothing."""

from __future__ import annotations

import json

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.actors import Role
from domain.clue import CLUE
from domain.clue import commands as c
from domain.clue.permissions import STEPS
from domain.handling import Request, parse
from domain.vault import Sealer
from infra.identity import password_fits
from infra.postgres.reading import Accounts
from infra.postgres.session import session
from infra.reference import demo_accounts, departments, regions, sample_messages
from infra.seed import seed
from tests.support.record import CLERK, DEMO_PASSWORD, engine, record_template, record_url, value_of

__all__ = ["engine", "record_template", "record_url"]


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
    needed = {grant.role for step in STEPS.values() for grant in step.grants} - {Role.SYSTEM}
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
    engine: AsyncEngine,
) -> None:
    everything = "SELECT md5(string_agg(a::text, '|' ORDER BY account)) FROM accounts a"
    before = await value_of(engine, everything)
    await seed(engine, DEMO_PASSWORD)
    assert await value_of(engine, everything) == before
    async with session(engine) as opened:
        await opened.run(text("UPDATE accounts SET active = false WHERE account = :account"), account=CLERK.account)
    await seed(engine, "another")
    known = await Accounts(engine).account(CLERK.account)
    assert known is not None
    assert not known.active
    assert password_fits(known.password_hash, "another")
