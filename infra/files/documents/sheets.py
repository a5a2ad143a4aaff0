"""Long lists as files, written row by row: XLSX and CSV. Every cell is text; nothing in it is ever a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from xlsxwriter import Workbook

from infra.files.documents import printable

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMN_WIDTH = 18
_CELL_LIMIT = 32_767
"""Characters a cell of a spreadsheet can hold."""


class Sheet(Protocol):
    """A list on its way into a file."""

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Write some rows."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class XlsxSheet:
    """A workbook of one sheet. Rows go to a scratch file at once, so memory does not grow with them."""

    def __init__(self, path: Path, mark: str, columns: Sequence[str]) -> None:
        options = {"constant_memory": True, "tmpdir": str(path.parent), "in_memory": False}
        self._book = Workbook(str(path), options)
        self._sheet = self._book.add_worksheet("导出")
        self._row = 0
        self._sheet.set_column(0, len(columns) - 1, _COLUMN_WIDTH)
        self._sheet.freeze_panes(2, 0)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.repeat_rows(0, 1)
        self._sheet.set_header(f"&C{_plain(mark)}")
        self._sheet.set_footer(f"&L{_plain(mark)}&R第 &P 页 / 共 &N 页")
        self.add([(mark,)])
        self._write(columns, self._book.add_format({"bold": True, "bottom": 1}))

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Write some rows."""
        for row in rows:
            self._write(row)

    def close(self) -> None:
        """Put the workbook together."""
        self._book.close()

    def _write(self, row: Sequence[str], form: object = None) -> None:
        for column, cell in enumerate(row):
            self._sheet.write_string(self._row, column, printable(cell)[:_CELL_LIMIT], form)
        self._row += 1


class CsvSheet:
    """UTF-8 with a byte order mark, so that spreadsheet programs read it as such."""

    def __init__(self, path: Path, mark: str, columns: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self.add([(mark,), columns])

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Write some rows."""
        self._writer.writerows([[_harmless(printable(cell)) for cell in row] for row in rows])

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _harmless(cell: str) -> str:
    """A cell no spreadsheet program takes for a formula: a quote in front, the rest as it was."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _plain(mark: str) -> str:
    """Header and footer lines have codes of their own, which begin with an ampersand."""
    return printable(mark).replace("&", "&&")
