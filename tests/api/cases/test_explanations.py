"""A deadline explained over HTTP: a case with a pause, an extension and a holiday, checked on a wall calendar."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.clue import CLUE
from domain.reading.timeline import Reading
from domain.time.rules import load_pack
from domain.time.why import explain
from domain.value import SHANGHAI
from tests.api.desks import ASSIGNER, AUDITOR, DISPATCHER, ELSEWHERE, HANDLER, HEAD, MARKET, Desks
from tests.api.memory import MemoryService

MONDAY = datetime(2026, 9, 14, 10, tzinfo=SHANGHAI)


@pytest.fixture
def autumn(memory: MemoryService) -> MemoryService:
    """A Monday before 中秋 and 国庆."""
    memory.now = MONDAY
    return memory


async def taken_up(desks: Desks) -> str:
    """A report that the market regulator handles since Monday."""
    return await desks.given("take_up", received_at="2026-09-11T09:00:00+08:00", category="report")


async def step(desks: Desks, account: str, case: str, slug: str, body: dict[str, Any]) -> None:
    answer = await desks.step(account, case, slug, body)
    assert answer.status_code == 200, answer.text


async def explained(desks: Desks, case: str, kind: str) -> dict[str, Any]:
    """The last clock of that kind, as the auditor of the city reads it."""
    clocks = (await desks.get(AUDITOR, f"/clues/{case}")).json()["clocks"]
    name = [clock["id"] for clock in clocks if clock["kind"] == kind][-1]
    answer = await desks.get(AUDITOR, f"/clocks/{case}.{name}/explain")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["id"] == f"{case}.{name}"
    return told


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def test_given_a_pause_an_extension_and_holidays_then_each_is_a_step_towards_the_due_date(
    desks: Desks, autumn: MemoryService
) -> None:
    case = await taken_up(desks)
    before = await explained(desks, case, "handling")
    assert datetime.fromisoformat(before["due_at"]) == instant("2026-10-11T00:00")  # 15 working days: Saturday 10-10
    autumn.pass_time(days=2)
    suspended = {"ground": "appraisal", "document": "检测委托书", "reason": "等待检测报告。"}
    await step(desks, HEAD, case, "suspend", suspended)
    resting = await explained(desks, case, "handling")
    assert (resting["state"], resting["paused_ground"]) == ("paused", "appraisal")
    autumn.pass_time(days=2)
    await step(desks, HEAD, case, "resume", {"reason": "检测报告已出具。"})
    await step(
        desks, HANDLER, case, "request_extension", {"clock": before["clock"], "amount": 5, "reason": "案情复杂。"}
    )
    await step(desks, HEAD, case, "approve_extension", {"clock": before["clock"]})

    told = await explained(desks, case, "handling")
    assert datetime.fromisoformat(told["due_at"]) == instant("2026-10-21T00:00")  # 17 and 18 do not count, 5 days more
    assert [found["what"] for found in told["steps"]] == [
        "start",
        "paused",
        "skipped_weekends",
        "makeup_workday",
        "skipped_holiday",
        "skipped_holiday",
        "makeup_workday",
        "extended",
        "due",
    ]
    assert (told["started_by"], told["owed_by"], told["state"]) == ("签收", MARKET, "running")
    assert (told["provisional"], told["open_day_type"]) == (False, False)
    assert [found["ground"] for found in told["excluded"]] == ["appraisal"]
    assert [(found["grade"], found["amount"]) for found in told["extended"]] == [(1, 5)]
    cited = told["citation"]
    assert (cited["rule"], cited["article"], cited["certainty_title"]) == (
        "market.handling.1",
        "第十八条",
        "已核对原文",
    )
    assert (cited["standing_title"], cited["length"], cited["pack"]) == ("法定", "15个工作日", told["pack"])
    assert [found["type"] for found in told["happened"]] == [
        "clock.started",
        "clock.paused",
        "clock.resumed",
        "clock.extended",
    ]
    for words in (
        "核查处理期限由历下区市场监督管理局承担",
        "第十八条（SAM-01、SAM-02、CMP-09），已核对原文",
        "2026-09-14 10:00:00 起算，当日不计入",
        "2026-09-20 为国庆节调休上班日，计入",
        "2026-09-25 至 2026-09-27 中秋放假",
        "2026-10-01 至 2026-10-07 国庆节放假",
        "因检测、检验、鉴定不计入",
        "其中经批准第1次延长5个工作日",
        "于 2026-10-20 24:00 届满；目前计时中。",
    ):
        assert words in told["sentence"]
    assert told["sentence"].count("。") == 1


async def test_given_a_missed_clock_then_the_marks_it_reached_stand_with_their_instants(
    desks: Desks, autumn: MemoryService
) -> None:
    case = await desks.given("dispatch", received_at="2026-09-11T09:00:00+08:00")
    autumn.pass_time(days=2)
    late = await explained(desks, case, "sign_for")
    assert (late["state"], late["happened"][-1]["type"]) == ("overdue", "clock.started")  # nobody has looked yet
    await step(desks, ASSIGNER, case, "sign_for", {})
    told = await explained(desks, case, "sign_for")
    assert [(found["type"], datetime.fromisoformat(found["at"])) for found in told["happened"]] == [
        ("clock.started", MONDAY),
        ("clock.warned", instant("2026-09-15T12:00")),
        ("clock.expired", instant("2026-09-16T00:00")),
        ("clock.stopped", MONDAY + timedelta(days=2)),
    ]
    assert (told["outcome"], told["state_title"]) == ("missed", "逾期终止")
    assert (told["citation"]["confirmed"], told["citation"]["certainty_title"]) == (False, "未核对（产品默认值）")
    assert told["sentence"].endswith("已于 2026-09-16 10:00:00 终止：逾期终止。")


async def test_given_both_readings_of_days_beyond_the_calendar_then_both_instants_and_the_doubt_are_told(
    desks: Desks, autumn: MemoryService
) -> None:
    autumn.now = datetime(2026, 11, 23, 10, tzinfo=SHANGHAI)
    case = await desks.given("take_up", category="complaint")
    told = await explained(desks, case, "mediation")
    assert (told["open_day_type"], told["provisional"]) == (True, True)
    assert told["due_at"] < told["breach_at"]
    assert told["provisional_because"].startswith("2027-01-01 至 ")
    assert "未核对（据转述）" in told["sentence"]


async def test_given_a_case_or_clock_the_reader_may_not_see_or_that_is_none_then_there_is_no_answer(
    desks: Desks, autumn: MemoryService
) -> None:
    case = await taken_up(desks)
    for reader, clock, code in (
        (ELSEWHERE, f"{case}.dispatch-1", "unknown_case"),
        (DISPATCHER, f"{case}.dispatch-99", "unknown_clock_id"),
        (DISPATCHER, case, "unknown_clock_id"),
        (DISPATCHER, f"clue-{'0' * 32}.dispatch-1", "unknown_case"),
    ):
        answer = await desks.get(reader, f"/clocks/{clock}/explain")
        assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_given_a_clock_of_an_older_pack_then_the_answer_says_where_its_article_was_read(
    desks: Desks, autumn: MemoryService
) -> None:
    case, national = await taken_up(desks), load_pack("national")
    rows = tuple(autumn.store.tables.events[case])
    later = national.model_copy(update={"version": "2030.1"})
    told = explain(CLUE, case, "handling-3", rows, later, autumn.now, Reading())
    assert (told.pack, told.citation.pack if told.citation else None) == (national.ref, "national@2030.1")
    assert "已核对原文，出处据现行 national@2030.1）" in told.sentence
    bare = explain(CLUE, case, "handling-3", rows, load_pack("training"), autumn.now, Reading())
    assert bare.citation is None
    assert f"market.handling.1（{national.ref}，已核对原文）" in bare.sentence
