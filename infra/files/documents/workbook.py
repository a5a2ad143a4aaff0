"""A report of several tables as .xlsx: one sheet a table, numbers as numbers, title, facts and mark on each."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from xlsxwriter import Workbook

from domain.reading.document import Mark
from domain.report.tables import Cell, Grid, Sheets
from infra.files.documents import printable

_WIDTH = 4.5
"""Characters a share of a column's width."""


def as_workbook(sheets: Sheets, mark: Mark) -> bytes:
    """The file."""
    file = BytesIO()
    book = Workbook(file, {"in_memory": True})
    book.set_properties({"title": printable(sheets.title), "author": printable(mark.account)})
    bold, heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True}), book.add_format({"bold": True})
    first, *further = sheets.grids
    _add(book, first, (sheets.title, mark.line), sheets.facts, mark, (heading, bold))
    for grid in further:
        _add(book, grid, (sheets.title, mark.line), sheets.facts[-1:], mark, (heading, bold))
    notes = Grid("指标口径", ("指标", "口径"), (3, 24), sheets.notes)
    _add(book, notes, (sheets.title, mark.line), (), mark, (heading, bold))
    book.close()
    return file.getvalue()


def _add(
    book: Workbook,
    grid: Grid,
    heads: Sequence[str],
    facts: Sequence[tuple[str, str]],
    mark: Mark,
    formats: tuple[Any, Any],
) -> None:
    sheet = book.add_worksheet(grid.title)
    heading, bold = formats
    for column, width in enumerate(grid.widths):
        sheet.set_column(column, column, width * _WIDTH)
    above: list[Sequence[Cell]] = [*((head,) for head in heads), *facts]
    for row, cells in enumerate(above):
        _write(sheet, row, cells, heading if row == 0 else None)
    _write(sheet, len(above), grid.columns, bold)
    for row, cells in enumerate(grid.rows, len(above) + 1):
        _write(sheet, row, cells)
    sheet.freeze_panes(len(above) + 1, 0)
    sheet.repeat_rows(len(above))
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    line = printable(mark.line).replace("&", "&&")  # an ampersand begins a code there
    sheet.set_header(f"&C{line}")
    sheet.set_footer(f"&L{line}&R第 &P 页 / 共 &N 页")


def _write(sheet: Any, row: int, cells: Sequence[Cell], form: object = None) -> None:
    """Texts are never taken for formulas."""
    for column, cell in enumerate(cells):
        if isinstance(cell, int):
            sheet.write_number(row, column, cell, form)
        else:
            sheet.write_string(row, column, printable(cell), form)
