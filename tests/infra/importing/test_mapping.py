"""The mapping file: what it makes of a row, and what it says of itself and of rows that do not fit."""

from __future__ import annotations

import csv
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Malformed
from infra.importing.errors import MappingInvalid
from infra.importing.mapping import ColumnMapping, load_mapping

EXAMPLE = resources.files("infra.reference") / "mappings" / "hotline_12345.toml"

BASE = """
[fields.channel]
constant = "hotline_12345"
[fields.external_id]
columns = ["编号"]
number = true
"""
ROW: dict[str, Any] = {
    "工单编号": "20261121000123.0",
    "诉求类型": "举报",
    "所属区县": "历下区",
    "受理时间": "2026/11/21 9:05",
    "工单标题": "占道经营",
    "诉求内容": "每天傍晚摆摊。",
    "来电人": "陈先生",
    "联系电话": 13800001111,
}


def loaded(folder: Path, text: str) -> ColumnMapping:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def problems(mapping: ColumnMapping, row: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as malformed:
        mapping.body(row)
    return [(found["at"], found["problem"]) for found in malformed.value.problems]


def test_given_the_shipped_example_then_a_row_of_a_typical_export_becomes_a_registration() -> None:
    with resources.as_file(EXAMPLE) as path:
        mapping = load_mapping(path)
    assert mapping.body(ROW) == {
        "external_id": "20261121000123",
        "channel": "hotline_12345",
        "category": "report",
        "region": "370102",
        "received_at": "2026-11-21T01:05:00+00:00",
        "title": "占道经营",
        "body": "每天傍晚摆摊。",
        "reporter": "陈先生 13800001111",
    }
    named = mapping.body({**ROW, "被反映单位": "某烧烤店", "统一社会信用代码": " "})
    assert named["entity"] == {"name": "某烧烤店"}


def test_given_rows_that_do_not_fit_then_each_field_is_named_and_no_value() -> None:
    with resources.as_file(EXAMPLE) as path:
        mapping = load_mapping(path)
    odd = {**ROW, "诉求类型": "吐槽", "所属区县": "历下区某小区", "受理时间": "11/21/2026", "工单标题": " "}
    assert problems(mapping, odd) == [
        ("category", "not_in_values"),
        ("region", "not_in_values"),
        ("received_at", "not_an_unambiguous_instant"),
        ("title", "missing"),
    ]


@pytest.mark.parametrize(
    ("cell", "made"),
    [
        ("20261121000123.0", "20261121000123"),
        (20261121000123.0, "20261121000123"),
        (20261121000123, "20261121000123"),
        ("00123", "00123"),
        ("A-1.0", "A-1.0"),
        (" T-1 ", "T-1"),
    ],
)
def test_given_a_number_that_was_a_ticket_then_it_is_its_digits(tmp_path: Path, cell: Any, made: str) -> None:
    assert loaded(tmp_path, BASE).body({"编号": cell})["external_id"] == made


@pytest.mark.parametrize("cell", ["2.0261121E+13", 2026112100012345.0, 1234567890123456, "12.5"])
def test_given_a_number_that_has_lost_digits_then_the_row_is_refused(tmp_path: Path, cell: Any) -> None:
    assert problems(loaded(tmp_path, BASE), {"编号": cell}) == [("external_id", "number_lost_digits")]


def test_given_candidates_defaults_and_otherwise_then_each_does_what_it_says(tmp_path: Path) -> None:
    mapping = loaded(
        tmp_path,
        BASE
        + """
[fields.category]
columns = ["类型", "类 别"]
values = { "举报" = "report" }
otherwise = "help"
default = "consultation"
[fields.received_at]
columns = ["时间"]
dates = ["%m/%d/%Y %H:%M"]
[fields.body]
join = ["地点", ["内容", "描述"]]
separator = ":"
""",
    )
    row = {"编号": "1", "类别": "举报", "时间": "11/21/2026 09:05", "地点": "某路", "描述": "摆摊"}
    made = mapping.body(row)
    assert (made["category"], made["received_at"], made["body"]) == ("report", "2026-11-21T01:05:00+00:00", "某路:摆摊")
    assert mapping.body({**row, "类别": "表扬"})["category"] == "help"
    assert mapping.body({**row, "类别": None})["category"] == "consultation"
    assert (
        mapping.body({**row, "时间": datetime.fromisoformat("2026-11-21T09:05")})["received_at"]
        == "2026-11-21T01:05:00+00:00"
    )
    assert mapping.body({**row, "地点": ""})["body"] == "摆摊"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[fields", "不是有效的 TOML"),
        (BASE + '[fields.colour]\nconstant = "x"', "未知字段: colour。可用的有: region"),
        (BASE + '[fields.title]\ncolumns = ["a"]\nconstant = "x"', "columns、join、constant"),
        (BASE + '[fields.title]\ncolumn = ["a"]', "fields.title"),
        (BASE + '[fields.title]\ncolumns = ["a"]\notherwise = "x"', "otherwise"),
        (BASE + '[fields.received_at]\ncolumns = ["a"]\ndates = ["MM/dd"]', "dates"),
        (BASE + '[file]\ntimezone = "Mars"', "没有这个时区"),
        ('[fields.channel]\nconstant = "media"', "必须给出字段: external_id"),
    ],
)
def test_given_a_mapping_that_breaks_a_rule_then_it_says_where(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(MappingInvalid, match=says):
        loaded(tmp_path, text)


def test_given_the_content_changes_then_the_digest_does(tmp_path: Path) -> None:
    assert loaded(tmp_path, BASE).digest == loaded(tmp_path, BASE).digest != loaded(tmp_path, BASE + "\n").digest
    assert csv.field_size_limit() >= 1 << 17
