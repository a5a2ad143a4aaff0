"""`xiezhi rules check|show|diff` as programs use them: answers in Chinese or JSON, exit code 0 only without faults."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from domain.time.rules import Circumstances, load_pack, pack_names, parse_pack
from domain.time.rules.choosing import consider
from domain.time.rules.loading import packaged
from infra.cli.__main__ import app
from tests.domain.time.rule_files import HEAD, OTHERS, row

TODAY = date(2026, 11, 22)


def xiezhi(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rules", *arguments])


def told(*arguments: str) -> Any:
    answered = xiezhi(*arguments, "--json")
    assert answered.exit_code == 0, answered.output
    return json.loads(answered.output)


def written(folder: Path, name: str, text: str) -> str:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


# check ----------------------------------------------------------------------------------------------------------------


def test_given_the_shipped_packs_then_the_check_names_each_and_succeeds() -> None:
    assert [pack["name"] for pack in told("check")["packs"]] == list(pack_names())
    assert f"{load_pack('national').ref}：" in xiezhi("check").output


def test_given_a_faulty_file_then_every_fault_is_told_and_the_check_fails(tmp_path: Path) -> None:
    faulty = row("handling", 'starts = ["clue.signed"]') + row("handling", 'region = "37"', number=2)
    file = written(tmp_path, "ours", HEAD + faulty + OTHERS)
    answered = xiezhi("check", file)
    assert answered.exit_code == 1
    assert answered.output.splitlines() == [
        "ours.toml 第 1 条 (test.handling.1): 没有名为 clue.signed 的事件；步骤待建的，写入 waits_for",
        "ours.toml 第 2 条 (test.handling.2): region: 37 不是六位行政区划代码",
    ]
    answer = json.loads(xiezhi("check", file, "--json").output)
    assert (answer["ok"], len(answer["faults"])) == (False, 2)


def test_given_a_good_file_of_ones_own_then_it_can_be_checked_shown_and_compared(tmp_path: Path) -> None:
    own = row("answer", 'region = "370100"', 'length = { amount = 3, day = "working_days" }')
    file = written(tmp_path, "ours", 'name = "ours"\nversion = "7"\nextends = "national"\n' + own)
    assert told("check", file)["packs"] == [{"name": "ours", "version": "7", "rows": 1 + len(NATIONAL.rules)}]
    (shown,) = told("show", file, "--kind", "answer")["rows"]
    assert (shown["id"], shown["confirmed"]) == ("test.answer.1", False)
    assert told("diff", "national", file)["differences"] == [
        {"rule": "test.answer.1", "change": "added", "fields": {}},
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", "nowhere"), "rule_pack_invalid"),
        (("show", "."), "rule_pack_invalid"),
        (("show", "--kind", "hearing"), "unknown_kind"),
        (("diff", "national", "nowhere"), "rule_pack_invalid"),
    ],
)
def test_given_a_pack_or_kind_that_is_none_then_the_command_says_so_and_fails(
    arguments: tuple[str, ...], code: str
) -> None:
    answered = xiezhi(*arguments, "--json")
    assert answered.exit_code == 1
    assert json.loads(answered.output)["code"] == code


# show -----------------------------------------------------------------------------------------------------------------

NATIONAL = load_pack("national")


def test_given_a_case_then_the_row_it_gets_is_shown_with_why_and_why_no_other() -> None:
    shown = told("show", "--kind", "handling", "--department", "370102.market")["rows"]
    assert [(rule["id"], rule["taken"], rule["confirmed"]) for rule in shown] == [
        ("market.handling.1", True, True),
        ("national.handling.1", False, False),
    ]
    assert shown[1]["why"] == "让位于 market.handling.1：法定的优先"
    printed = xiezhi("show", "--kind", "handling", "--department", "370102.market").output
    for words in (
        "15个工作日",
        "《市场监督管理行政处罚程序规定",
        "第十八条",
        "已核对原文",
        "未核对（产品默认值）",
        "采用",
    ):
        assert words in printed


def test_given_no_kind_then_of_every_kind_the_row_that_is_taken_is_shown() -> None:
    case = ("--department", "370102.market", "--category", "complaint", "--channel", "hotline_12345")
    taken = {rule["kind"]: rule["id"] for rule in told("show", "jinan", *case, "--on", "2026-04-14")["rows"]}
    assert (taken["mediation"], taken["answer"]) == ("market.mediation.1", "jinan.answer.1")
    assert len(taken) == len(told("show", "jinan", *case, "--on", "2026-04-14")["rows"])
    assert told("show", "jinan", *case, "--on", "2026-04-15")["rows"] != []


def test_given_a_row_whose_expiry_has_an_effect_in_law_or_that_waits_for_a_step_then_the_rows_view_says_so() -> None:
    mediation = xiezhi("show", "national", "--kind", "mediation").output
    assert "    期满后果: 期满未达成调解协议的，终止调解。\n" in mediation
    notice = xiezhi("show", "national", "--kind", "mediation_notice")
    assert "    自终止调解（待建），至告知终止调解（待建）\n" in notice.output
    (first, _) = told("show", "national", "--kind", "mediation_notice")["rows"]
    assert first["waits_for"] == {"clue.mediation_ended": "终止调解", "clue.mediation_end_told": "告知终止调解"}


def test_given_a_day_then_only_rows_in_force_are_shown() -> None:
    def shown(*arguments: str) -> set[str]:
        return {rule["id"] for rule in told("show", "national", "--kind", "mediation", *arguments)["rows"]}

    assert shown() == {"market.mediation.1", "market.mediation.2"}
    assert shown("--on", "2026-04-14") == {"market.mediation.1"}
    assert shown("--on", "2026-04-15") == {"market.mediation.2"}


@pytest.mark.parametrize(
    ("on", "department", "given", "expected"),
    [
        (
            date(2026, 4, 14),
            "370102.market",
            Circumstances(category="complaint"),
            {"market.mediation.1": "采用：当日施行且适用的规则中最优先", "market.mediation.2": "未施行：2026-04-15 起"},
        ),
        (
            date(2026, 4, 15),
            "370102.market",
            Circumstances(category="complaint"),
            {"market.mediation.1": "已失效：至 2026-04-14", "market.mediation.2": "采用：当日施行且适用的规则中最优先"},
        ),
        (
            date(2026, 4, 15),
            "370102.ecology",
            Circumstances(category="report"),
            {
                "market.mediation.1": "不适用：限部门类别 market、限诉求类别 complaint",
                "market.mediation.2": "不适用：限部门类别 market、限诉求类别 complaint",
            },
        ),
    ],
)
def test_given_a_case_then_each_row_says_why_it_is_taken_or_not(
    on: date, department: str, given: Circumstances, expected: dict[str, str]
) -> None:
    found = consider(NATIONAL, "mediation", on, department, given)
    assert {one.rule.id: one.why for one in found} == expected


def test_given_the_transition_clause_then_it_is_why_the_older_row_is_taken() -> None:
    text = packaged("national")
    assert text is not None
    pack = parse_pack(text.replace('transition = "start"', 'transition = "received"'), "national.toml")
    given = Circumstances(category="complaint", received_on=date(2026, 4, 14))
    found = {one.rule.id: one for one in consider(pack, "mediation", date(2026, 4, 20), "370102.market", given)}
    assert (found["market.mediation.1"].taken, found["market.mediation.2"].taken) == (True, False)
    assert "按其过渡条款沿用" in found["market.mediation.1"].why
    assert found["market.mediation.2"].why == "不采用：收件在 2026-04-15 之前，按过渡条款沿用此前的规则"


def test_given_a_region_that_gives_way_then_the_narrower_scope_is_the_reason() -> None:
    text = 'name = "test"\nversion = "1"\nextends = "shandong"\n' + row(
        "sign_for",
        'region = "370100"',
        'channel = "hotline_12345"',
        'certainty = "S2"',
        'standing = "statutory"',
        'source = ["HOT-10"]',
        'instrument = "某市条例"',
    )
    pack = parse_pack(text, "test.toml")
    found = consider(pack, "sign_for", TODAY, "370102.market", Circumstances(channel="hotline_12345"))
    assert [(one.rule.id, one.taken) for one in found] == [
        ("test.sign_for.1", True),
        ("shandong.sign_for.1", False),
        ("national.sign_for.1", False),
    ]
    assert found[1].why == "让位于 test.sign_for.1：适用范围更小的优先"


# diff -----------------------------------------------------------------------------------------------------------------


def test_given_two_packs_then_rows_are_compared_field_by_field(tmp_path: Path) -> None:
    text = packaged("national")
    assert text is not None
    other = text.replace(NATIONAL.version, "2027.1", 1).replace('transition = "start"', 'transition = "received"')
    file = written(tmp_path, "other", other)
    found = told("diff", "national", file)
    assert (found["before"], found["after"]) == (NATIONAL.ref, "national@2027.1")
    assert found["differences"] == [
        {"rule": "market.mediation.2", "change": "changed", "fields": {"transition": ["start", "received"]}}
    ]
    printed = xiezhi("diff", "national", file).output
    assert "改动 market.mediation.2\n    transition: start → received\n" in printed
    gone = xiezhi("diff", "shandong", "national").output
    assert "删去 shandong.answer.1" in gone
    assert gone.endswith("共 2 条不同\n")
