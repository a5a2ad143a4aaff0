"""What every source yields, whatever its format: numbered rows of named cells, broken ones among them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any, Protocol

from infra.importing.errors import HeaderMissing

HEADER_WITHIN = 20
"""Rows from the top among which the column names are looked for; above them stand titles and notes."""

Cell = str | int | float | bool | date | datetime | time | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `cells` is None when it could not be read; `problem` then says why, by a stable name."""

    number: int
    """Counts rows from 1, broken ones too, blank ones not. The same file always numbers the same way."""
    line: int
    """Where a person finds it: the line of a text file on which it begins, the row of a sheet."""
    raw: str
    """As it stands in the file. Personal data."""
    cells: dict[str, Any] | None = None
    problem: str = ""


class Source(Protocol):
    """An opened import file."""

    @property
    def described(self) -> dict[str, Any]:
        """How the file is read (encoding, separator, sheet, columns): what a person checks, and no row of it."""
        ...

    @property
    def share_read(self) -> float:
        """How much has been read, 0 to 1."""
        ...

    def rows(self) -> Iterator[Row]:
        """Every row in order, from the start. Raises `FileBroken` where the file cannot be read on."""
        ...


@dataclass(frozen=True)
class Wanted:
    """One thing looked for in a header: any of these names will do."""

    names: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True)
class Header:
    """The column names as found, and how many of the wanted ones are among them."""

    columns: tuple[str, ...]
    first: int
    rows: int
    found: int
    """How many of the wanted were found."""


def column_name(text: Any) -> str:
    """A column name as it is compared: full-width letters and brackets as plain ones, no blanks or line ends."""
    return "".join(unicodedata.normalize("NFKC", str(text)).split()) if text is not None else ""


def find_header(rows: Sequence[Sequence[Any]], wanted: Sequence[Wanted]) -> Header | None:
    """The first row, or pair of rows where a group name spans its columns' names, with the most wanted names."""
    single = [_without_blank_end(tuple(map(column_name, row))) for row in rows]
    tried = [Header(names, at, 1, _found(names, wanted)) for at, names in enumerate(single)]
    for at, (upper, lower) in enumerate(pairwise(single)):
        width = max(len(upper), len(lower))
        padded = [row + ("",) * (width - len(row)) for row in (upper, lower)]
        names = tuple(low or up for up, low in zip(*padded, strict=True))
        tried.append(Header(names, at, 2, _found(names, wanted)))
    best = max(tried, key=lambda header: header.found, default=None)
    return best if best is not None and best.found else None


def _without_blank_end(names: tuple[str, ...]) -> tuple[str, ...]:
    """Without the empty cells a spreadsheet leaves to the right."""
    return names[: max((at for at, name in enumerate(names, 1) if name), default=0)]


def checked(header: Header | None, wanted: Sequence[Wanted]) -> Header:
    """The header when it has all that is needed, each once. Raises `HeaderMissing` naming what there is."""
    if header is None:
        raise HeaderMissing(f"前 {HEADER_WITHIN} 行中找不到表头,映射需要的列: {_names(wanted)}")
    missing = [need for need in wanted if need.required and not _present(header.columns, need)]
    there = "、".join(filter(None, header.columns))
    if missing:
        raise HeaderMissing(f"文件缺少列: {_names(missing)}。文件中有: {there}")
    twice = sorted({name for need in wanted for name in need.names if header.columns.count(name) > 1})
    if twice:
        raise HeaderMissing(f"列名重复,无法确定用哪一列: {'、'.join(twice)}。文件中有: {there}")
    return header


def _found(columns: tuple[str, ...], wanted: Sequence[Wanted]) -> int:
    return sum(_present(columns, need) for need in wanted)


def _present(columns: tuple[str, ...], need: Wanted) -> bool:
    return any(name in columns for name in need.names)


def _names(wanted: Sequence[Wanted]) -> str:
    return "、".join(" 或 ".join(need.names) for need in wanted)
