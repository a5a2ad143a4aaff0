"""Clocks as a table people read, the same for every terminal and for a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from domain.lists.clocks import ClockLine
from domain.lists.worklists import ClockFilter
from domain.reading.field_titles import VALUES
from domain.time.clock_titles import CLOCKS
from domain.value import local

UNCONFIRMED = "未确认"
"""Marks a rule whose text was not read (any certainty but S)."""
_WIDE = 200
"""Columns of a table that goes into a file or a pipe."""


@dataclass(frozen=True)
class ListedClocks:
    """The first clocks of a list, how many there are in all (`more`: at least), and the names of departments."""

    asked: ClockFilter
    lines: Sequence[ClockLine]
    count: int
    more: bool
    departments: Mapping[str, str]


def show(listed: ListedClocks, console: Console | None = None) -> None:
    """Print the table and how much of the list it is."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    table = Table(*_HEADS, box=SIMPLE_HEAD)
    for line in listed.lines:
        table.add_row(*_cells(line, listed.departments))
    console.print(table, markup=False)
    state = VALUES["clock_state"][listed.asked.state]
    console.print(f"{state}的期限共 {listed.count} 项{'以上' if listed.more else ''},上表列出 {len(listed.lines)} 项")


_HEADS = ("案件编号", "责任部门", "期限", "届满", "逾期", "催办级别", "规则")


def _cells(line: ClockLine, departments: Mapping[str, str]) -> Iterator[str]:
    yield line.number or line.stream
    yield departments.get(line.owed_by, line.owed_by)
    yield CLOCKS.get(line.kind, line.kind) + ("(已中止)" if line.paused_at and not line.stopped_at else "")
    yield _due(line)
    yield _length(line.late_seconds) if line.late_seconds else "—"
    yield str(line.level) if line.level else "—"
    yield line.rule if line.certainty == "S" else f"{line.rule} [{line.certainty} {UNCONFIRMED}]"


def _due(line: ClockLine) -> str:
    """Of a clock without a number its age."""
    if line.due_at is None:
        return f"及时,已 {_length(line.age_seconds)}"
    return local(line.due_at) + ("(暂定)" if line.provisional else "")


def _length(seconds: int) -> str:
    """`3天4小时`, `5小时6分`, `7分`."""
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    if days:
        return f"{days}天{hours}小时"
    return f"{hours}小时{minutes}分" if hours else f"{minutes}分"
