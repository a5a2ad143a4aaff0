"""Looking back at a case over HTTP: timeline, business time, differences; each reader sees what the reader may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.api.desks import ASSIGNER, AUDITOR, DISPATCHER, ELSEWHERE, HANDLER, INTAKE, MARKET, Desks
from tests.api.memory import START, MemoryService


async def test_given_a_case_when_its_timeline_is_read_then_steps_deadlines_and_refusals_stand_in_order(
    desks: Desks, memory: MemoryService
) -> None:
    case = await desks.given("dispatch")
    memory.pass_time(minutes=5)
    assert (await desks.step(HANDLER, case, "sign_for")).status_code == 403
    memory.pass_time(minutes=5)
    await desks.step(ASSIGNER, case, "sign_for")

    told = (await desks.get(DISPATCHER, f"/clues/{case}/timeline")).json()
    kinds = [entry["kind"] for entry in told["entries"]]
    assert set(kinds) == {"step", "clock", "refusal"}
    refusal = next(entry for entry in told["entries"] if entry["kind"] == "refusal")
    assert (refusal["code"], refusal["account"]) == ("wrong_role", HANDLER)
    times = [entry["recorded_at"] for entry in told["entries"]]
    assert times == sorted(times)
    sentences = [entry["sentence"] for entry in told["entries"]]
    assert "分办给 历下区市场监督管理局" in sentences

    steps = (await desks.get(DISPATCHER, f"/clues/{case}/timeline", kinds="step")).json()["entries"]
    assert {entry["kind"] for entry in steps} == {"step"}
    assert (await desks.get(DISPATCHER, f"/clues/{case}/timeline", kinds="nonsense")).status_code == 422
    assert (await desks.get(ELSEWHERE, f"/clues/{case}/timeline")).status_code == 404


async def test_given_readers_then_texts_stand_in_the_timeline_only_for_those_who_may_read_them(desks: Desks) -> None:
    case = await desks.given(title="某烧烤店占道经营")
    for reader, readable in ((INTAKE, True), (AUDITOR, False)):
        entries = (await desks.get(reader, f"/clues/{case}/timeline")).json()["entries"]
        shown = {line["field"]: line["text"] for entry in entries for line in entry.get("texts", [])}
        assert (shown["title"] == "某烧烤店占道经营") is readable, reader


async def test_given_two_times_then_the_state_is_what_was_known_about_what_had_happened(
    desks: Desks, memory: MemoryService
) -> None:
    case = await desks.given("dispatch")
    memory.pass_time(days=9)
    await desks.step(ASSIGNER, case, "sign_for")  # only now is it recorded that nobody had signed in time
    known = START + timedelta(days=1)

    async def stage(**vantage: object) -> str:
        params = {name: str(value) for name, value in vantage.items()}
        answer = await desks.get(DISPATCHER, f"/clues/{case}", **params)
        assert answer.status_code == 200, answer.text
        assert "ETag" not in answer.headers
        return str(answer.json()["state"]["stage"])

    def reached(answer: dict[str, Any]) -> list[Any]:
        (clock,) = [clock for clock in answer["clocks"] if clock["kind"] == "sign_for"]
        return list(clock["reached"])

    assert await stage(at=known) == "dispatched"
    then = (START + timedelta(days=4)).isoformat()
    as_known = (await desks.get(DISPATCHER, f"/clues/{case}", at=then)).json()
    as_it_was = (await desks.get(DISPATCHER, f"/clues/{case}", happened=then)).json()
    assert reached(as_known) == []
    assert {"warned", "expired"} <= set(reached(as_it_was))
    both = (await desks.get(DISPATCHER, f"/clues/{case}", at=then, happened=then)).json()
    assert reached(both) == []
    assert (as_it_was["happened_by"], as_it_was["as_of"], as_it_was["commands"]) == (
        as_it_was["happened_by"],
        None,
        [],
    )
    early = (START - timedelta(days=1)).isoformat()
    for path in (f"/clues/{case}", f"/clues/{case}/timeline"):
        answer = await desks.get(DISPATCHER, path, happened=early)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_yet_known")


async def test_given_two_points_then_both_values_are_told_in_words(desks: Desks) -> None:
    case = await desks.given("sign_for")
    told = (await desks.get(DISPATCHER, f"/clues/{case}/diff", **{"from": "v2", "to": "v5"})).json()
    assert (told["before"], told["after"]) == (2, 5)
    places = {one["at"]: one for one in told["differences"]}
    assert (places["department"]["before"], places["department"]["after"]) == (None, MARKET)
    assert places["department"]["after_title"] == "历下区市场监督管理局"
    wrong = await desks.get(DISPATCHER, f"/clues/{case}/diff", **{"from": "v2", "to": "tomorrow"})
    assert (wrong.status_code, wrong.json()["problems"][0]["at"]) == (422, "to")
    early = await desks.get(DISPATCHER, f"/clues/{case}/diff", **{"from": "v0", "to": "v2"})
    assert early.json()["code"] == "not_yet_known"
    assert (await desks.get(ELSEWHERE, f"/clues/{case}/diff", **{"from": "v1", "to": "v2"})).status_code == 404
