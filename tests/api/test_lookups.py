"""A lookup over HTTP: a purpose or nothing, on record before it is answered, and what was sought kept nowhere."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.cases.reading import Record
from infra.postgres.engine.session import session
from infra.postgres.proof.verify import verify
from infra.wiring.bootstrap import Application
from tests.api.alone import application_over
from tests.api.desks import ASSIGNER, AUDITOR, DISPATCHER, ELSEWHERE, HANDLER, INTAKE, SOURCE, Desks
from tests.support.logs import captured

PHONE, NAME = "13912345678", "欧阳震华"
REPORTER = f"来电人:{NAME} {PHONE}"
ASKED = {"by": "phone", "value": "139-1234-5678", "purpose": "progress_inquiry", "reason": "来电人查询办理进度"}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All this process logs."""
    with captured("DEBUG") as stream:
        yield stream


@pytest_asyncio.fixture
async def opened(record_url: str, tmp_path: Path, logged: io.StringIO) -> AsyncIterator[tuple[Application, Desks]]:
    """The application as it is wired, Temporal away."""
    async with application_over(record_url, tmp_path) as (application, desks):
        yield application, desks


async def test_given_a_reporter_when_looked_up_then_the_case_is_shown_once_the_lookup_is_on_record(
    opened: tuple[Application, Desks],
) -> None:
    application, desks = opened
    case = await desks.registered(reporter=REPORTER)
    await desks.registered(reporter="来电人陈先生 13900000000")

    answer = await desks.post(DISPATCHER, "/lookups", ASKED, key="one")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [(line["stream"], line["region"]) for line in told["items"]] == [(case, "370102")]
    assert told["more"] is False
    made, answered = await Record(application.engine).history(told["lookup"])
    data = json.loads(made.body)["data"]
    assert (made.type, data["purpose"], data["sought"]) == ("lookup.made", "progress_inquiry", "phone")
    assert json.loads(answered.body)["data"] == {"cases": [case], "more": False}

    again = await desks.post(DISPATCHER, "/lookups", ASKED, key="one")
    assert again.json() == told
    assert len(await Record(application.engine).history(told["lookup"])) == 2

    by_name = await desks.post(INTAKE, "/lookups", {**ASKED, "by": "name", "value": NAME})
    assert [line["stream"] for line in by_name.json()["items"]] == [case]
    for account in (ELSEWHERE, HANDLER):  # another region; a department that never had a part in it
        assert (await desks.post(account, "/lookups", ASKED)).json()["items"] == []


async def test_given_a_case_registered_after_a_lookup_when_repeated_then_the_new_answer_is_on_record_too(
    opened: tuple[Application, Desks],
) -> None:
    application, desks = opened
    first = (await desks.post(DISPATCHER, "/lookups", ASKED, key="one")).json()
    assert first["items"] == []
    case = await desks.registered(reporter=REPORTER)
    second = (await desks.post(DISPATCHER, "/lookups", ASKED, key="one")).json()
    assert [line["stream"] for line in second["items"]] == [case]
    types = [row.type for row in await Record(application.engine).history(first["lookup"])]
    assert types == ["lookup.made", "lookup.answered", "lookup.answered"]
    report = await verify(application.engine, Ed25519PrivateKey.generate().public_key())
    assert report.findings == []


UNFIT: tuple[tuple[dict[str, Any], str], ...] = (
    ({"purpose": None}, "purpose"),
    ({"purpose": "curiosity"}, "purpose"),
    ({"reason": None}, "reason"),
    ({"reason": "  "}, "reason"),
    ({"reason": f"查一下{PHONE}是谁"}, "reason"),
    ({"reason": "查一下139 1234 5678"}, "reason"),
    ({"by": "address"}, "by"),
    ({"value": PHONE[:-1]}, "value"),
    ({"value": 13912345678}, "value"),
    ({"by": "id", "value": "370102199003071234"}, "value"),
    ({"note": PHONE}, "(未知项)"),
)


async def test_given_no_purpose_or_nothing_whole_to_look_for_then_nothing_is_shown_or_recorded(
    opened: tuple[Application, Desks],
) -> None:
    application, desks = opened
    await desks.registered(reporter=REPORTER)
    for changes, at in UNFIT:
        body = {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
        answer = await desks.post(DISPATCHER, "/lookups", body)
        assert answer.status_code == 422, (changes, answer.text)
        assert answer.json()["problems"][0]["at"] == at, changes
        assert PHONE not in answer.text
    async with session(application.engine) as transaction:
        assert (await transaction.run(text("SELECT count(*) FROM lookups"))).scalar_one() == 0


async def test_given_a_role_without_need_then_it_is_refused_and_overseers_alone_see_who_looked(
    opened: tuple[Application, Desks],
) -> None:
    _, desks = opened
    case = await desks.registered(reporter=REPORTER)
    for account in (ASSIGNER, AUDITOR, SOURCE):
        refused = await desks.post(account, "/lookups", ASKED)
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong_role")
    looked = (await desks.post(DISPATCHER, "/lookups", ASKED)).json()
    await desks.post(INTAKE, "/lookups", {**ASKED, "by": "name", "value": "李四"})

    assert (await desks.get(DISPATCHER, "/lookups")).json()["code"] == "not_overseer"
    first = (await desks.get(AUDITOR, "/lookups", limit=1)).json()
    (second,) = (await desks.get(AUDITOR, "/lookups", limit=1, cursor=first["next"])).json()["items"]
    assert [line["account"] for line in first["items"]] == [INTAKE]
    assert (second["stream"], second["account"], second["hits"]) == (looked["lookup"], DISPATCHER, 1)
    assert (second["purpose"], second["reason"]) == (ASKED["purpose"], ASKED["reason"])
    assert case not in json.dumps(second)
    mine = (await desks.get(AUDITOR, "/lookups", maker=DISPATCHER)).json()["items"]
    assert [line["stream"] for line in mine] == [looked["lookup"]]


async def test_given_a_lookup_then_what_was_sought_is_found_in_no_table_and_no_log(
    opened: tuple[Application, Desks], logged: io.StringIO
) -> None:
    application, desks = opened
    for by, value in (("phone", PHONE), ("name", NAME)):
        assert (await desks.post(DISPATCHER, "/lookups", {**ASKED, "by": by, "value": value})).status_code == 200
    await desks.get(AUDITOR, "/lookups")
    kept = await _everything(application.engine)
    assert '"event": "request"' in logged.getvalue()
    for sought in (PHONE, NAME, json.dumps(NAME).strip('"')):
        assert sought not in kept
        assert sought not in logged.getvalue()


async def test_given_a_whole_phone_number_when_searched_in_the_address_then_a_lookup_is_asked_for(
    opened: tuple[Application, Desks],
) -> None:
    _, desks = opened
    case = await desks.registered(title="某烧烤店占道经营", reporter=REPORTER)
    assert [line["id"] for line in (await desks.get(DISPATCHER, "/clues", q="占道")).json()["items"]] == [case]
    assert (await desks.get(AUDITOR, "/clues", q="占道")).json()["items"] == []
    assert (await desks.get(ELSEWHERE, "/clues", q="占道")).json()["items"] == []
    refused = await desks.get(DISPATCHER, "/clues", q=PHONE)
    assert (refused.status_code, refused.json()["code"]) == (422, "use_lookup")
    assert (await desks.get(DISPATCHER, "/clues", q="。")).json()["code"] == "unsearchable"


async def _everything(engine: AsyncEngine) -> str:
    """Every row of every table, as text."""
    async with session(engine) as transaction:
        tables = (await transaction.run(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        rows = [
            (await transaction.run(text(f"SELECT {table}::text FROM {table}"))).scalars().all()
            for table in tables.all()
        ]
    return "\n".join(row for some in rows for row in some)
