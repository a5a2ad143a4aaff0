"""A noun gets everything by `case_routes` alone: here the clue under another name, without any hook of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from api.cases.surface import Surface
from domain.clue import CLUE
from domain.clue.intake.commands import Register
from tests.api.desks import DISPATCHER, ELSEWHERE, INTAKE, MARKET, REGION, Desks, desks_over
from tests.api.memory import PASSWORD, MemoryService
from tests.support.toy_service import NOUNS, PACK, TOY_SURFACES

PLAIN = Surface(CLUE, prefix="/matters")


@pytest_asyncio.fixture
async def plain(memory: MemoryService) -> AsyncIterator[Desks]:
    """Desks before an application that knows this noun only."""
    async with desks_over(memory.service(), PASSWORD, (PLAIN,)) as opened:
        yield opened


async def opened(desks: Desks, **changes: Any) -> str:
    """A fresh case; its id."""
    body: Mapping[str, Any] = {**Register.example, "region": REGION, "external_id": uuid4().hex, **changes}
    answer = await desks.post(INTAKE, "/matters", body)
    assert answer.status_code == 201, answer.text
    case: str = answer.json()["outcome"]["stream"]
    assert answer.headers["Location"] == f"/api/v1/matters/{case}"
    return case


async def test_given_a_case_then_it_can_be_read_stepped_and_followed_through(plain: Desks) -> None:
    case = await opened(plain)
    read = await plain.get(DISPATCHER, f"/matters/{case}")
    (dispatch,) = [command for command in read.json()["commands"] if command["slug"] == "dispatch"]
    assert dispatch["href"] == f"/api/v1/matters/{case}/commands/dispatch"
    tried = await plain.post(
        DISPATCHER, f"/matters/{case}/commands/dispatch?dry_run=true", {"department": MARKET}, key=None
    )
    assert tried.json()["stage"] == "dispatched"
    given = await plain.post(
        DISPATCHER, f"/matters/{case}/commands/dispatch", {"department": MARKET}, if_match=read.headers["ETag"]
    )
    assert given.status_code == 200, given.text
    record = (await plain.get(DISPATCHER, f"/matters/{case}/events")).json()["items"]
    timeline = (await plain.get(DISPATCHER, f"/matters/{case}/timeline")).json()
    assert timeline["versions"] == len(record)
    differing = (await plain.get(DISPATCHER, f"/matters/{case}/diff", **{"from": "v1", "to": f"v{len(record)}"})).json()
    assert "stage" in {difference["at"] for difference in differing["differences"]}
    process = (await plain.get(DISPATCHER, f"/matters/{case}/process")).json()
    assert process["recorded"] == len(record)
    clock = (await plain.get(DISPATCHER, f"/matters/{case}")).json()["clocks"][-1]
    why = await plain.get(DISPATCHER, f"/clocks/{case}.{clock['id']}/explain")
    assert why.json()["clock"] == clock["id"]


async def test_given_cases_then_the_list_shows_those_in_scope_newest_first(plain: Desks) -> None:
    cases = [await opened(plain) for _ in range(3)]
    first = (await plain.get(DISPATCHER, "/matters", limit=2)).json()
    rest = (await plain.get(DISPATCHER, "/matters", limit=2, cursor=first["next"])).json()
    assert sorted(row["id"] for row in (*first["items"], *rest["items"])) == sorted(cases)
    assert rest["next"] is None
    assert (await plain.get(DISPATCHER, "/matters", stage="archived")).json()["items"] == []
    assert (await plain.get(ELSEWHERE, "/matters")).json()["items"] == []


async def test_given_a_case_then_it_can_be_taken_out_as_a_document(plain: Desks) -> None:
    case = await opened(plain)
    taken = await plain.get(DISPATCHER, f"/matters/{case}/export", **{"as": "json"})
    assert taken.json()["id"] == case
    assert (await plain.get(ELSEWHERE, f"/matters/{case}/export")).status_code == 404


@pytest.mark.parametrize("path", ["/matters/toy-{hex}", "/clocks/toy-{hex}.handling-1/explain"])
async def test_given_a_stream_of_another_noun_then_there_is_no_such_case(plain: Desks, path: str) -> None:
    assert (await plain.get(DISPATCHER, path.format(hex="a" * 32))).status_code == 404


async def test_given_a_step_only_time_may_take_then_people_are_refused(plain: Desks) -> None:
    case = await opened(plain)
    assert (await plain.post(DISPATCHER, f"/matters/{case}/commands/elapse")).json()["code"] == "process_only"
    assert (await plain.post(DISPATCHER, f"/matters/{case}/commands/fly")).json()["code"] == "unknown_command"


@pytest_asyncio.fixture
async def toys(memory: MemoryService) -> AsyncIterator[Desks]:
    """Desks before an application that is also handed a noun nobody knew of."""
    async with desks_over(memory.service(NOUNS, PACK), PASSWORD, TOY_SURFACES) as opened:
        yield opened


async def test_given_a_new_noun_then_being_handed_to_the_application_is_enough(toys: Desks) -> None:
    made = await toys.post(DISPATCHER, "/toys", {"region": REGION, "department": MARKET})
    assert made.status_code == 201, made.text
    toy = made.json()["outcome"]["stream"]
    read = (await toys.get(DISPATCHER, f"/toys/{toy}")).json()
    assert read["state"]["stage_title"] == "在用"
    for clock in read["clocks"]:
        assert (await toys.get(DISPATCHER, f"/clocks/{toy}.{clock['id']}/explain")).status_code == 200
    for part in ("events", "timeline", "process", "export"):
        assert (await toys.get(DISPATCHER, f"/toys/{toy}/{part}")).status_code == 200, part
    tried = await toys.post(DISPATCHER, f"/toys/{toy}/commands/retire?dry_run=true", key=None)
    assert tried.json()["stage_title"] == "已退役"
    assert [row["id"] for row in (await toys.get(DISPATCHER, "/toys")).json()["items"]] == [toy]
    assert (await toys.get(DISPATCHER, f"/clues/{toy}")).status_code == 404


async def test_given_a_refusal_of_the_new_noun_then_it_is_answered_by_its_kind(toys: Desks) -> None:
    made = await toys.post(DISPATCHER, "/toys", {"region": REGION, "department": MARKET})
    toy = made.json()["outcome"]["stream"]
    refused = await toys.post(INTAKE, f"/toys/{toy}/commands/retire")
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_role")
    alone = await toys.post(DISPATCHER, f"/toys/{toy}/commands/pair", {"other": f"toy-{'0' * 32}"})
    assert (alone.status_code, alone.json()["code"]) == (404, "unknown_toy")
