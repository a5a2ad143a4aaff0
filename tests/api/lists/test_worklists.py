"""Lists over HTTP: worklists by role, what is asked and what is refused, saved filters and start pages."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from domain.clue.life import StageName
from domain.lists.worklists import LIVES, CannotCombine, CaseFilter, parts_of
from domain.people.actors import Actor, Role
from tests.api.desks import ASSIGNER, AUDITOR, DISPATCHER, ELSEWHERE, HANDLER, HEAD, MARKET, Desks
from tests.api.memory import MemoryService


async def ids(desks: Desks, account: str, **query: Any) -> list[str]:
    answer = await desks.get(account, "/clues", **query)
    assert answer.status_code == 200, answer.text
    return [line["id"] for line in answer.json()["items"]]


@pytest.mark.parametrize(
    ("until", "waits_for"),
    [
        (None, {DISPATCHER}),
        ("dispatch", {ASSIGNER}),
        ("sign_for", {ASSIGNER}),
        ("assign", {HANDLER}),
        ("conclude", {HANDLER}),
        ("propose_disposition", {HANDLER, HEAD}),
        ("approve_disposition", {HANDLER}),
        ("complete", {ASSIGNER}),
        ("archive", set()),
    ],
)
async def test_given_a_step_then_the_clue_is_in_the_worklist_of_who_takes_the_next(
    desks: Desks, until: str | None, waits_for: set[str]
) -> None:
    case = await desks.given(until)
    everyone = (DISPATCHER, ASSIGNER, HANDLER, HEAD, AUDITOR)
    assert {account for account in everyone if case in await ids(desks, account, worklist="mine")} == waits_for


def test_given_any_stage_something_is_awaited_in_then_it_is_in_somebodys_worklist() -> None:
    everyone = Actor(account="a", department=MARKET, region="370102", roles=tuple(Role))
    awaited = {stage for part in parts_of("mine", everyone) for stage in part.stages}
    assert awaited == set(LIVES["clue"].stages) - set(LIVES["clue"].closed)
    assert set(LIVES["clue"].stages) == set(get_args(StageName)) - {"unregistered"}


async def test_given_clues_on_their_way_then_each_worklist_and_filter_holds_its_own(
    desks: Desks, memory: MemoryService
) -> None:
    fresh = await desks.given()
    memory.pass_time(minutes=1)
    led = await desks.given("dispatch")
    memory.pass_time(minutes=1)
    done = await desks.given("complete")
    assert await ids(desks, ASSIGNER, worklist="department") == [led]
    assert await ids(desks, DISPATCHER, worklist="completed") == [done]
    assert await ids(desks, DISPATCHER, worklist="stock") == [done, led, fresh]
    assert await ids(desks, DISPATCHER, stage=["registered", "dispatched"]) == [led, fresh]
    assert await ids(desks, DISPATCHER, region="370100") == [done, led, fresh]
    number = memory.store.tables.cases[led].entry.number  # type: ignore[attr-defined]
    assert await ids(desks, DISPATCHER, number=number) == [led]
    for entry, case in memory.store.tables.cases.items():
        assert case.entry.closed == (case.entry.stage in LIVES["clue"].closed), entry
        assert case.entry.completed == (case.entry.stage in LIVES["clue"].completed)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("query", "at", "allowed"),
    [
        ({"worklist": "theirs"}, "worklist", "mine、department、stock、completed"),
        ({"clock": "late"}, "clock", "overdue、due_soon、running、paused"),
        ({"sort": "oldest"}, "sort", "newest、due"),
        ({"registered_from": "yesterday"}, "registered_from", ""),
        ({"region": "3701"}, "region", ""),
    ],
)
async def test_given_a_value_no_list_knows_then_422_with_those_it_does(
    desks: Desks, query: dict[str, str], at: str, allowed: str
) -> None:
    answer = await desks.get(DISPATCHER, "/clues", **query)
    assert answer.status_code == 422
    problem = answer.json()["problems"][0]
    assert problem["at"].startswith(at)
    assert problem["detail"].endswith(allowed)


async def test_given_an_unknown_condition_then_it_is_refused_and_not_ignored(desks: Desks) -> None:
    answer = await desks.get(DISPATCHER, "/clues", stages="registered")
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


@pytest.mark.parametrize(
    "query",
    [
        {"clock": "overdue", "sort": "newest"},
        {"clock": "overdue", "q": "油烟"},
        {"sort": "due", "at": "2026-11-20T00:00:00Z"},
        {"overdue": "false", "happened": "2026-11-20T00:00:00Z"},
        {"overdue": "false", "sort": "due"},
        {"overdue": "true", "clock": "running"},
        {"q": "油烟", "at": "2026-11-20T00:00:00Z"},
        {"happened": "2026-11-20T00:00:00Z", "at": "2026-11-20T00:00:00Z"},
    ],
)
async def test_given_conditions_that_do_not_go_together_then_422_says_which(
    desks: Desks, query: dict[str, str]
) -> None:
    answer = await desks.get(DISPATCHER, "/clues", **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "cannot_combine")


def test_given_a_filter_made_by_hand_then_the_same_holds() -> None:
    with pytest.raises(CannotCombine):
        CaseFilter(clock="running", sort="newest")


async def test_given_a_kept_filter_then_it_is_its_owners_until_it_is_dropped(desks: Desks) -> None:
    body = {"title": "本周媒体线索", "query": {"channel": "media", "registered_from": "2026-11-16"}, "pinned": True}
    kept = await put(desks, DISPATCHER, "week-media", body)
    assert kept == (await put(desks, DISPATCHER, "week-media", body))
    assert kept == {"slug": "week-media", "place": 0, "broken": False, **body}
    assert (await desks.get(DISPATCHER, "/filters")).json() == {"items": [kept]}
    assert (await desks.get(ELSEWHERE, "/filters")).json() == {"items": []}
    assert await drop(desks, ELSEWHERE, "week-media") == 404
    assert await drop(desks, DISPATCHER, "week-media") == 204
    assert (await desks.get(DISPATCHER, "/filters")).json() == {"items": []}


async def test_given_a_filter_no_list_takes_then_it_is_not_kept(desks: Desks) -> None:
    for query in ({"q": "陈先生"}, {"stage": ["gone"]}, {"at": "2026-11-20T00:00:00Z"}):
        answer = await desks.http.put(
            "/api/v1/filters/x", json={"title": "x", "query": query}, headers=await desks._headers(DISPATCHER)
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


async def test_given_a_kept_filter_lists_no_longer_take_then_it_is_shown_as_broken(
    desks: Desks, memory: MemoryService
) -> None:
    await put(desks, DISPATCHER, "old", {"title": "旧", "query": {"category": "report"}, "pinned": True})
    memory.filters.age(DISPATCHER, "old", {"stage": ["abolished"]})
    (shown,) = (await desks.get(DISPATCHER, "/filters")).json()["items"]
    assert (shown["broken"], shown["query"]) == (True, {"stage": ["abolished"]})
    assert (await desks.get(DISPATCHER, "/clues/counts")).json()["filters"] == []


async def test_given_fifty_filters_then_another_is_refused_and_a_change_is_not(desks: Desks) -> None:
    for number in range(50):
        await put(desks, DISPATCHER, f"f{number}", {"title": "一", "query": {}})
    headers = await desks._headers(DISPATCHER)
    answer = await desks.http.put("/api/v1/filters/f50", json={"title": "一", "query": {}}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_filters")
    assert (await put(desks, DISPATCHER, "f7", {"title": "二", "query": {}}))["title"] == "二"


async def test_given_a_start_page_then_worklists_stages_and_pinned_filters_are_counted(desks: Desks) -> None:
    await desks.given()
    await desks.given("dispatch")
    await put(desks, DISPATCHER, "led", {"title": "已分办", "query": {"department": MARKET}, "pinned": True})
    counts = (await desks.get(DISPATCHER, "/clues/counts")).json()
    assert {name: one["count"] for name, one in counts["worklists"].items()} == {
        "mine": 1,
        "department": 1,
        "stock": 2,
        "completed": 0,
    }
    assert counts["stages"]["dispatched"] == {"count": 1, "more": False}
    assert counts["filters"] == [{"slug": "led", "title": "已分办", "count": 1, "more": False}]
    assert (await desks.get(ASSIGNER, "/clues/count", worklist="mine")).json() == {"count": 1, "more": False}


async def put(desks: Desks, account: str, slug: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await desks.http.put(f"/api/v1/filters/{slug}", json=body, headers=await desks._headers(account))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def drop(desks: Desks, account: str, slug: str) -> int:
    answer = await desks.http.delete(f"/api/v1/filters/{slug}", headers=await desks._headers(account))
    return answer.status_code
