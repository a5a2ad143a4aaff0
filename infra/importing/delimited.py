"""CSV as it is found: any of the usual separators, titles above the header, line ends within quotes, and broken rows.

A broken row never takes a good one with it. A record that is not strict CSV, or spans lines and has the wrong width, is
given up with its first line only, and reading goes on with the second: an opening quote nobody closed would otherwise
swallow everything up to the next one. What is strict CSV is never split, so no text can smuggle in a row of its own.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from infra.importing.errors import FileBroken
from infra.importing.rows import HEADER_WITHIN, Header, Row, Wanted, checked, find_header
from infra.importing.text import UNDECODABLE, Line, TextFile

SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}
LONGEST_RECORD_LINES = 2_000

csv.field_size_limit(1 << 20)


class DelimitedFile:
    """A CSV file and how to read it."""

    def __init__(self, path: Path, wanted: Sequence[Wanted], encoding: str | None = None) -> None:
        """Finds encoding, separator and header. Raises `EncodingUnclear`, `HeaderMissing` or `FileBroken`."""
        self._text = TextFile(path, encoding)
        top: list[Line] = []
        with suppress(FileBroken):  # said when the rows are read
            top.extend(islice(self._text.lines(), HEADER_WITHIN * 10))
        found = [(name, _header(top, separator, wanted)) for name, separator in SEPARATORS.items()]
        self._separator, (header, self._below) = max(found, key=lambda each: each[1][0].found if each[1][0] else 0)
        self.columns = checked(header, wanted).columns

    @property
    def described(self) -> dict[str, Any]:
        """How the file is read."""
        columns = "、".join(filter(None, self.columns))
        return {"encoding": self._text.encoding, "separator": self._separator, "columns": columns}

    @property
    def share_read(self) -> float:
        """How much has been read."""
        return self._text.share_read

    def rows(self) -> Iterator[Row]:
        """Every row below the header."""
        lines = (line for line in self._text.lines() if line.number >= self._below)
        records = read_records(lines, SEPARATORS[self._separator], len(self.columns))
        for number, record in enumerate(filter(_filled, records), 1):
            yield self._row(number, record)

    def _row(self, number: int, record: Record) -> Row:
        problem = _problem(record, len(self.columns))
        if problem:
            return Row(number, record.line, record.raw, problem=problem)
        cells = {name: cell for name, cell in zip(self.columns, record.cells or (), strict=False) if name}
        return Row(number, record.line, record.raw, cells)


@dataclass(frozen=True, slots=True)
class Record:
    """A CSV record as read; `cells` is None when its first line begins none."""

    line: int
    lines: int
    raw: str
    cells: list[str] | None
    cut: bool = False


def read_records(lines: Iterator[Line], separator: str, width: int | None = None) -> Iterator[Record]:
    """Records of `width` cells (None: any), each line in exactly one."""
    ahead = _Ahead(lines)
    while (first := ahead.take()) is not None:
        taken = [first]
        try:
            cells = next(csv.reader(_feed(taken, ahead), delimiter=separator, strict=True))
        except csv.Error:
            cells = None
        torn = cells is None or (len(taken) > 1 and width is not None and len(cells) != width)
        if torn:
            ahead.give_back(taken[1:])
            yield Record(first.number, 1, first.text, None, first.cut)
        else:
            raw = "".join(line.text for line in taken)
            yield Record(first.number, len(taken), raw, cells, any(line.cut for line in taken))
    if ahead.damage is not None:
        raise ahead.damage


class _Ahead(Iterator[Line]):
    """Lines of which some may be given back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._back: deque[Line] = deque()
        self.damage: FileBroken | None = None
        """Where the file cannot be read on; the lines end there, and those given back still come."""

    def __next__(self) -> Line:
        if self._back:
            return self._back.popleft()
        try:
            return next(self._lines)
        except FileBroken as damage:
            self.damage = damage
            raise StopIteration from None

    def take(self) -> Line | None:
        """The next line, or None at the end."""
        return next(self, None)

    def give_back(self, lines: Sequence[Line]) -> None:
        """Take these again first."""
        self._back.extendleft(reversed(lines))


def _feed(taken: list[Line], ahead: _Ahead) -> Iterator[str]:
    """The lines a record asks for. Within bounds: then the record ends in an error, as at the end of the file."""
    yield taken[0].text
    size = len(taken[0].text)
    while len(taken) < LONGEST_RECORD_LINES and size < csv.field_size_limit():
        line = ahead.take()
        if line is None:
            return
        taken.append(line)
        size += len(line.text)
        yield line.text


def _filled(record: Record) -> bool:
    """Not a blank line, and not the separators a spreadsheet leaves below the last row."""
    return bool(record.raw.strip()) and (record.cells is None or any(cell.strip() for cell in record.cells))


def _problem(record: Record, width: int) -> str:
    """Why a record is no row, or nothing. Empty cells beyond the last column are a spreadsheet's, and no fault."""
    rules: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("line_too_long", lambda: record.cut),
        ("undecodable", lambda: UNDECODABLE in record.raw),
        ("nul_character", lambda: "\x00" in record.raw),
        ("broken_quotes", lambda: record.cells is None),
        ("wrong_number_of_cells", lambda: _misses(record.cells or [], width)),
    )
    return next((name for name, holds in rules if holds()), "")


def _misses(cells: list[str], width: int) -> bool:
    return len(cells) < width or any(cell.strip() for cell in cells[width:])


def _header(top: list[Line], separator: str, wanted: Sequence[Wanted]) -> tuple[Header | None, int]:
    """The header under this separator, and the first line below it."""
    records = [record for record in islice(read_records(iter(top), separator), HEADER_WITHIN) if record.cells]
    header = find_header([record.cells or [] for record in records], wanted)
    if header is None:
        return None, 1
    last = records[header.first + header.rows - 1]
    return header, last.line + last.lines
