"""XLSX as it is found: titles, merged heads, numbers that were texts, wrong claims of size, damage and bombs."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from infra.importing.errors import FileBroken, HeaderMissing, SheetUnclear
from infra.importing.rows import Wanted
from infra.importing.workbook import WorkbookFile

COLUMNS = ("工单编号", "受理时间", "标题")
WANTED = tuple(Wanted((name,)) for name in COLUMNS)
AT = datetime.fromisoformat("2026-11-21T09:05")


def book(path: Path, sheets: dict[str, Any], change: Callable[[Workbook], None] = lambda _: None) -> Path:
    made = Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    change(made)
    made.save(path)
    return path


def rewritten(path: Path, part: str, change: Callable[[str], str]) -> Path:
    """The workbook with the text of one of its parts changed."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts[part] = change(parts[part].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


def cells(file: WorkbookFile) -> list[tuple[Any, ...]]:
    return [tuple(row.cells.values()) for row in file.rows() if row.cells is not None]


def test_given_a_title_a_merged_head_and_empty_rows_then_every_row_has_its_number_and_place(tmp_path: Path) -> None:
    rows = [
        ["2026年11月工单明细表"],
        ["工单", None, "内容"],
        ["编 号", "受理时间", "标题", "处置"],
        [20261121000123.0, AT, "占道_x000D_\n经营", None],
        [None, "  ", None],
        ["T-2", 46347.378472222, "油烟"],
        [],
    ]

    def change(made: Workbook) -> None:
        sheet = made.worksheets[0]
        sheet.merge_cells("A1:D1")
        sheet.merge_cells("A2:B2")
        sheet["A3"].value = "工单编号"
        sheet.cell(400, 3).number_format = "@"  # a formatted cell far below, as deleted rows leave it

    file = WorkbookFile(book(tmp_path / "rows.xlsx", {"明细": rows}, change), WANTED)
    assert file.described == {"sheet": "明细", "columns": "工单编号、受理时间、标题、处置"}
    assert [(row.number, row.line) for row in file.rows()] == [(1, 4), (2, 6)]
    assert cells(file) == [(20261121000123, AT, "占道\n经营", None), ("T-2", 46347.378472222, "油烟", None)]


def test_given_names_in_the_upper_of_two_head_rows_then_both_are_the_head(tmp_path: Path) -> None:
    rows = [["工单编号", "受理时间", "诉求", None], [None, None, "标题", "内容"], ["T-1", AT, "占道", "摆摊"]]
    file = WorkbookFile(book(tmp_path / "rows.xlsx", {"明细": rows}), WANTED)
    assert file.columns == ("工单编号", "受理时间", "标题", "内容")
    assert cells(file) == [("T-1", AT, "占道", "摆摊")]


def test_given_a_sheet_that_claims_to_be_smaller_then_no_row_is_lost(tmp_path: Path) -> None:
    path = book(tmp_path / "rows.xlsx", {"明细": [COLUMNS, *([f"T-{number}", AT, "占道"] for number in range(30))]})
    rewritten(
        path, "xl/worksheets/sheet1.xml", lambda xml: re.sub('<dimension ref="[^"]*"', '<dimension ref="A1"', xml)
    )
    assert len(cells(WorkbookFile(path, WANTED))) == 30


def test_given_cells_beyond_the_columns_or_with_errors_then_the_row_is_named(tmp_path: Path) -> None:
    rows = [COLUMNS, ["T-1", AT, "a", "b"], ["T-2", AT, "#N/A"], ["T-3", AT, "c"]]
    found = list(WorkbookFile(book(tmp_path / "rows.xlsx", {"明细": rows}), WANTED).rows())
    assert [row.problem for row in found] == ["wrong_number_of_cells", "formula_error", ""]


def test_given_several_sheets_then_the_one_that_fits_is_read_and_two_that_fit_are_asked_about(tmp_path: Path) -> None:
    month = [COLUMNS, ["T-1", AT, "占道"]]
    one = book(tmp_path / "one.xlsx", {"填报说明": [["请按月填报"]], "11月": month})
    assert len(cells(WorkbookFile(one, WANTED))) == 1
    two = book(tmp_path / "two.xlsx", {"10月": month, "11月": [*month, *month[1:]]})
    with pytest.raises(SheetUnclear, match="10月、11月"):
        WorkbookFile(two, WANTED)
    assert len(cells(WorkbookFile(two, WANTED, "11月"))) == 2
    with pytest.raises(SheetUnclear, match="没有工作表"):
        WorkbookFile(two, WANTED, "12月")
    with pytest.raises(HeaderMissing):
        WorkbookFile(one, WANTED, "填报说明")


def test_given_what_is_no_workbook_or_a_damaged_one_then_it_says_so(tmp_path: Path) -> None:
    path = book(tmp_path / "rows.xlsx", {"明细": [COLUMNS, *([f"T-{number}", AT, "占道"] for number in range(5000))]})
    whole = path.read_bytes()
    for content in (b"", b"PK\x03\x04 nothing", whole[: len(whole) // 2], "工单编号,标题\n".encode()):
        path.write_bytes(content)
        with pytest.raises(FileBroken):
            WorkbookFile(path, WANTED)
    path.write_bytes(whole)
    rewritten(path, "xl/worksheets/sheet1.xml", lambda xml: xml[: len(xml) // 2])
    read: list[int] = []
    with pytest.raises(FileBroken):
        read.extend(row.number for row in WorkbookFile(path, WANTED).rows())


def test_given_a_workbook_that_unpacks_to_far_too_much_then_it_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = book(tmp_path / "rows.xlsx", {"明细": [COLUMNS]})
    rewritten(path, "xl/worksheets/sheet1.xml", lambda xml: xml + " " * (64 << 20))
    with pytest.raises(FileBroken, match="解压后过大"):
        WorkbookFile(path, WANTED)


def test_given_entities_that_multiply_then_it_is_refused(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    path = book(tmp_path / "rows.xlsx", {"明细": [COLUMNS, ["T-1", AT, "占道"]]})
    entities = f'<!DOCTYPE worksheet [<!ENTITY l0 "lol">{laughs}]>'
    rewritten(path, "xl/worksheets/sheet1.xml", lambda xml: entities + xml.replace("<t>T-1</t>", "<t>&l9;</t>"))
    with pytest.raises(FileBroken):
        WorkbookFile(path, WANTED)
