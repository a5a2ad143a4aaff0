"""`xiezhi import --history` over PostgreSQL: whole cases at their own times, silently, and both sides counted."""

from __future__ import annotations

import csv
import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from domain.time.rules import load_pack
from domain.value import SHANGHAI
from infra.importing import Ledger, MigrationOptions, MigrationReport, import_histories, load_mapping
from infra.importing.errors import BatchInvalid, MappingInvalid
from infra.postgres.engine.session import session
from infra.postgres.proof.migrated import MigratedCases
from infra.postgres.record.store import PostgresStore
from infra.reference import demo_accounts
from tests.support.pasts import past, write_pasts
from tests.support.record import demo, tamper, value_of, world_of

SPRING = datetime(2026, 3, 2, 11, 0, tzinfo=SHANGHAI)
MAPPING = """
[fields.region]
columns = ["区县"]
values = "regions"
[fields.channel]
constant = "hotline_12345"
[fields.external_id]
columns = ["工单编号"]
[fields.category]
columns = ["类型"]
values = { "举报" = "report" }
[fields.received_at]
columns = ["来件时间"]
[fields.registered_at]
columns = ["登记时间"]
[fields.registered_by]
constant = "intake.370102"
[fields.title]
columns = ["标题"]
[fields.body]
columns = ["内容"]
[fields.expected.stage]
columns = ["状态"]
values = { "已分办" = "dispatched", "已归档" = "archived" }
[fields.expected.steps]
columns = ["步数"]

[steps.ticket]
columns = ["工单编号"]
[steps.at]
columns = ["时间"]
[steps.by]
columns = ["经办人"]
values = { "分办 张某" = "dispatcher.370102", "分派 李某" = "assigner.market.370102" }
[steps.do]
columns = ["环节"]
values = { "分办" = "dispatch", "签收" = "sign_for", "退回" = "return" }
[steps.with.dispatch.department]
columns = ["去向"]
values = "departments"
[steps.with.dispatch.opinion]
columns = ["意见"]
optional = true
[steps.with.return.ground]
constant = "incomplete"
[steps.with.return.reason]
columns = ["意见"]
"""


async def known(account: str) -> Any:
    return demo(account) if any(one.account == account for one in demo_accounts()) else None


async def migrated(
    engine: AsyncEngine, ledger: Ledger, *, steps: Path | None = None, **changed: Any
) -> MigrationReport:
    folder = ledger.path.parent
    options = MigrationOptions(
        ledger=ledger,
        steps=steps,
        by=demo("source.hotline"),
        batch=changed.get("batch", "2026-11-old"),
        rejects=folder / "rejects.jsonl",
        scratch=folder,
        rate=changed.get("rate"),
    )
    world = world_of(PostgresStore(engine))
    return await import_histories(world, CLUE, known, MigratedCases(engine), options)


def table(path: Path, head: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


async def test_given_open_and_closed_cases_then_all_stand_as_they_stood_and_nobody_is_told(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    recent = datetime.now(SHANGHAI) - timedelta(hours=1)
    pasts = [
        *(past(f"OLD-{number}", SPRING + timedelta(days=20 * number), "archive") for number in range(4)),
        past("OLD-late", SPRING, "dispatch"),
        past("OLD-recent", recent, "assign", apart=timedelta(minutes=10)),
    ]
    ledger = Ledger(write_pasts(tmp_path / "old.jsonl", pasts))
    report = await migrated(engine, ledger)
    assert report.summary()["ok"], report
    assert (report.migrated, report.already, report.rejected) == (6, 0, 0)
    assert report.record.stages == {"archived": 4, "dispatched": 1, "assigned": 1}
    assert report.record.steps == sum(1 + len(one["steps"]) for one in pasts)
    assert report.record.months == report.source.months
    assert report.record.months["2026-03"] > report.record.months["2026-05"] > 0

    for nothing in ("effects", "inbox"):
        assert await value_of(engine, f"SELECT count(*) FROM {nothing}") == 0
    async with session(engine) as opened:
        waiting = (await opened.run(text("SELECT external_id, lane FROM outbox JOIN cases USING (stream)"))).all()
    assert sorted(waiting) == [("OLD-late", "bulk"), ("OLD-recent", "bulk")]
    assert await value_of(engine, "SELECT bool_and(migrated) FROM cases")
    unmarked = "stream LIKE 'clue-%' AND body::jsonb->>'migrated' IS DISTINCT FROM '2026-11-old'"
    assert await value_of(engine, f"SELECT count(*) FROM events WHERE {unmarked}") == 0
    first = "SELECT min(body::jsonb->>'occurred_at') FROM events WHERE stream LIKE 'clue-%'"
    assert datetime.fromisoformat(await value_of(engine, first)) == SPRING + timedelta(minutes=5)
    late = (
        "SELECT count(*) FROM clocks JOIN cases USING (stream) "
        "WHERE external_id = 'OLD-late' AND stopped_at IS NULL AND breach_at < now()"
    )
    assert await value_of(engine, late) == 1

    again = await migrated(engine, ledger)
    assert (again.migrated, again.already, again.summary()["ok"]) == (0, 6, True)
    assert await value_of(engine, "SELECT count(*) FROM cases") == 6


async def test_given_a_step_that_cannot_have_been_taken_then_the_whole_case_stays_out_with_step_and_code(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    wrong_person = past("OLD-1", SPRING, "sign_for")
    wrong_person["steps"][1]["by"] = "handler.market.370102"
    wrong_order = past("OLD-2", SPRING, "sign_for")
    wrong_order["steps"][1]["at"] = SPRING.isoformat()
    nobody = past("OLD-3", SPRING, "dispatch")
    nobody["steps"][0]["by"] = "zhang.san"
    no_department = past("OLD-4", SPRING, "dispatch")
    del no_department["steps"][0]["with"]["department"]
    lost_step = past("OLD-5", SPRING, "sign_for")
    del lost_step["steps"][1]
    before_the_rules = past("OLD-7", SPRING.replace(year=1999), "sign_for")
    good = past("OLD-6", SPRING, "sign_for")
    pasts = [wrong_person, wrong_order, nobody, no_department, lost_step, before_the_rules, good]
    report = await migrated(engine, Ledger(write_pasts(tmp_path / "old.jsonl", pasts)))
    assert (report.migrated, report.rejected, report.summary()["ok"]) == (1, 6, False)
    rows = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted((row["line"], row["code"], row["reason"].partition(":")[0]) for row in rows) == [
        (1, "wrong_role", "第3步"),
        (2, "out_of_order", "第3步"),
        (3, "malformed", "steps.2.by"),
        (4, "malformed", "steps.2.department"),
        (5, "malformed", "steps"),
        (6, "rule_missing", f"规则包 {load_pack('national').ref} 没有 1999-03-02 生效的 dispatch 规则"),
    ]
    assert len(report.differences) == 6
    assert await value_of(engine, "SELECT string_agg(external_id, ' ') FROM cases") == "OLD-6"
    assert await value_of(engine, "SELECT count(DISTINCT stream) FROM vault WHERE stream LIKE 'clue-%'") == 1


async def test_given_a_source_that_says_otherwise_then_the_differences_are_listed(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    said = {**past("OLD-1", SPRING, "sign_for"), "expected": {"stage": "archived"}}
    pasts = [said, past("OLD-2", SPRING, "dispatch"), past("OLD-3", SPRING, "dispatch")]
    ledger = Ledger(write_pasts(tmp_path / "old.jsonl", pasts))
    report = await migrated(engine, ledger)
    assert report.differences == [
        "line 1: stage archived in the source, signed_for in the record",
        "stage archived: 1 in the source, 0 in the record",
        "stage signed_for: 0 in the source, 1 in the record",
    ]
    await tamper(engine, "DELETE FROM events WHERE type = 'clue.dispatched' AND stream = "
                 "(SELECT stream FROM cases WHERE external_id = 'OLD-2')")  # fmt: skip
    report = await migrated(engine, ledger)
    assert "steps: 7 in the source, 6 in the record" in report.differences
    assert "month 2026-03: 7 in the source, 6 in the record" in report.differences


async def test_given_a_past_told_differently_or_a_ticket_registered_here_then_it_is_rejected(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    first = Ledger(write_pasts(tmp_path / "old.jsonl", [past("OLD-1", SPRING, "dispatch")]))
    assert (await migrated(engine, first)).migrated == 1
    other = Ledger(write_pasts(tmp_path / "other.jsonl", [past("OLD-1", SPRING, "sign_for")]))
    for batch in ("2026-11-old", "another"):
        report = await migrated(engine, other, batch=batch)
        assert (report.migrated, report.already, report.rejected) == (0, 0, 1)
    assert await value_of(engine, "SELECT stage FROM cases") == "dispatched"


async def test_given_cases_and_steps_as_two_tables_in_any_order_then_they_are_joined_by_the_ticket(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    head = ["工单编号", "区县", "类型", "来件时间", "登记时间", "标题", "内容", "状态", "步数"]
    cases = [
        [f"OLD-{number}", "历下区", "举报", "2026/3/2 11:00", "2026年03月02日 11时05分", "占道", "摆摊", "已分办", "4"]
        for number in range(20)
    ]
    steps = [
        [f"OLD-{number}", f"2026-03-0{day} 09:00:00", who, what, where, "请核查"]
        for number in range(20)
        for day, who, what, where in (
            (3, "分办 张某", "分办", "历下区市场监督管理局"),
            (4, "分派 李某", "退回", ""),
            (5, "分办 张某", "分办", "历下区市场监督管理局"),
        )
    ]
    random.Random(7).shuffle(steps)
    steps[5][2] = "王某"  # nobody the mapping knows
    stranger = ["OLD-99", "2026-03-03 09:00:00", "分办 张某", "分办", "历下区市场监督管理局", ""]
    columns = ["工单编号", "时间", "经办人", "环节", "去向", "意见"]
    ledger = Ledger(table(tmp_path / "cases.csv", head, cases), load_mapping(tmp_path / "mapping.toml"))
    report = await migrated(engine, ledger, steps=table(tmp_path / "steps.csv", columns, [*steps, stranger]))
    assert (report.migrated, report.rejected) == (19, 1)
    assert report.record.stages == {"dispatched": 19}
    assert report.record.steps == 19 * 4
    assert report.differences[-1] == "steps of no case in the file: 1, rows 61"
    assert "by: not_in_values" in report.differences[0]
    assert not list(tmp_path.glob("tmp*"))  # the joining table held personal texts


async def test_given_no_usable_batch_or_steps_without_a_mapping_then_nothing_is_taken_over(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    ledger = Ledger(write_pasts(tmp_path / "old.jsonl", [past("OLD-1", SPRING, "dispatch")]))
    for batch in ("", "旧热线", "a b"):
        with pytest.raises(BatchInvalid):
            await migrated(engine, ledger, batch=batch)
    with pytest.raises(MappingInvalid):
        await migrated(engine, ledger, steps=ledger.path)
    assert await value_of(engine, "SELECT count(*) FROM cases") == 0
