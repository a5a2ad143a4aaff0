"""XLSX, streamed: a workbook of a million rows never lies in memory, and one that unpacks to far too much is refused.

The size a sheet claims is not believed, for some programs write a wrong one and rows beyond it would be lost.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook

from infra.importing.errors import FileBroken, SheetUnclear
from infra.importing.rows import HEADER_WITHIN, Header, Row, Wanted, checked, find_header

LARGEST_PART = 8 << 30
LARGEST_STRING_TABLE = 256 << 20
"""The one part of a workbook that is held in memory as a whole."""
LARGEST_RATIO = 250
"""Unpacked to packed. Ledgers lie between 5 and 60; the format itself allows a thousand."""
RATIO_COUNTS_FROM = 16 << 20
LAST_ROW = 1 << 20
"""A sheet ends here by definition."""

_RETURN = re.compile("_x000D_\n?")


class WorkbookFile:
    """A sheet of an XLSX workbook and how to read it."""

    def __init__(self, path: Path, wanted: Sequence[Wanted], sheet: str | None = None) -> None:
        """Finds the sheet and its header. Raises `SheetUnclear`, `HeaderMissing` or `FileBroken`."""
        _refuse_bombs(path)
        self._path = path
        self.share_read = 0.0
        with _open_workbook(path) as book:
            self._sheet, header = _sheet(book, wanted, sheet)
            self._last = book[self._sheet].max_row or 0
        self.columns = checked(header, wanted).columns
        self._below = header.first + header.rows + 1 if header else 1

    @property
    def described(self) -> dict[str, Any]:
        """How the file is read."""
        return {"sheet": self._sheet, "columns": "、".join(filter(None, self.columns))}

    def rows(self) -> Iterator[Row]:
        """Every row below the header that has anything in it."""
        with _open_workbook(self._path) as book:
            number = 0
            for line, values in _lines(book, self._sheet):
                if line < self._below or not any(_filled(value) for value in values):
                    continue
                number += 1
                if number % 256 == 1 and self._last:
                    self.share_read = min(line / self._last, 1.0)
                yield self._row(number, line, tuple(map(_cleaned, values)))
        self.share_read = 1.0

    def _row(self, number: int, line: int, values: tuple[Any, ...]) -> Row:
        raw = json.dumps(values, ensure_ascii=False, default=str)
        if any(map(_filled, values[len(self.columns) :])):
            return Row(number, line, raw, problem="wrong_number_of_cells")
        if any(value in ERROR_CODES for value in values if isinstance(value, str)):
            return Row(number, line, raw, problem="formula_error")
        padded = values + (None,) * (len(self.columns) - len(values))
        return Row(number, line, raw, {name: cell for name, cell in zip(self.columns, padded, strict=False) if name})


def _sheet(book: Workbook, wanted: Sequence[Wanted], asked: str | None) -> tuple[str, Header | None]:
    """The sheet asked for, or the only one with the columns."""
    if asked is not None and asked not in book.sheetnames:
        raise SheetUnclear(f"没有工作表“{asked}”,文件中有: {'、'.join(book.sheetnames)}")
    names = [asked] if asked is not None else [sheet.title for sheet in book.worksheets]
    headers = {name: _header(book, name, wanted) for name in names}
    most = max((header.found for header in headers.values() if header), default=0)
    best = [name for name, header in headers.items() if header and header.found == most]
    if len(best) > 1:
        raise SheetUnclear(f"多个工作表都有所需的列,请用 --sheet 指定其一: {'、'.join(best)}")
    chosen = best[0] if best else names[0]
    return chosen, headers[chosen]


def _header(book: Workbook, sheet: str, wanted: Sequence[Wanted]) -> Header | None:
    return find_header([values for _, values in islice(_lines(book, sheet), HEADER_WITHIN)], wanted)


def _lines(book: Workbook, sheet: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    opened = book[sheet]
    opened.reset_dimensions()
    for line, values in enumerate(opened.iter_rows(values_only=True), 1):
        if line > LAST_ROW:
            raise FileBroken("工作表的行号超出格式允许的范围")
        yield line, values


def _filled(value: Any) -> bool:
    return value is not None and (not isinstance(value, str) or bool(value.strip()))


def _cleaned(value: Any) -> Any:
    """A text without the escaped carriage returns that workbooks carry."""
    return _RETURN.sub("\n", value) if isinstance(value, str) else value


def _refuse_bombs(path: Path) -> None:
    with _explain_damage(), zipfile.ZipFile(path) as packed:
        for part in packed.infolist():
            ratio = part.file_size / max(part.compress_size, 1)
            too_much = part.file_size > LARGEST_PART or (part.file_size > RATIO_COUNTS_FROM and ratio > LARGEST_RATIO)
            if too_much or (part.filename.endswith("sharedStrings.xml") and part.file_size > LARGEST_STRING_TABLE):
                raise FileBroken("文件解压后过大,已拒绝读取;确为台账的,请另存为 CSV 再导入")


@contextmanager
def _open_workbook(path: Path) -> Iterator[Workbook]:
    with _explain_damage():
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            yield book
        finally:
            book.close()


@contextmanager
def _explain_damage() -> Iterator[None]:
    """What reading a damaged workbook raises, as one typed error."""
    try:
        yield
    except (zipfile.BadZipFile, InvalidFileException, ParseError, zlib.error, EOFError, LookupError, ValueError):
        raise FileBroken("不是可读的 XLSX 文件(已损坏或加密),损坏处之前的行已处理") from None
