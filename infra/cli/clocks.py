"""`xiezhi overdue`: clocks as a table people read, the same for every terminal and for a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import XiezhiError
from infra.cli.answer import AsJson, Result, finished, print_json, settings_in_use
from infra.cli.record_access import read_watermark, serving_engine

if TYPE_CHECKING:
    from rich.console import Console

    from domain.lists.clocks import ClockLine
    from domain.lists.worklists import ClockFilter
    from infra.runtime.settings import Settings

UNCONFIRMED = "未确认"
"""Marks a rule whose text was not read (any certainty but S)."""
_WIDE = 200
"""Columns of a table that goes into a file or a pipe."""
_HEADS = ("案件编号", "责任部门", "期限", "届满", "逾期", "催办级别", "规则")


class UnfitFilter(XiezhiError):
    """A list cannot be narrowed so; the text names each option and what it takes."""

    code = "malformed"


def overdue(
    state: Annotated[
        str, typer.Option(help="overdue, due_soon, running or paused; met or missed for clocks that ended.")
    ] = "overdue",
    department: Annotated[str | None, typer.Option(help="Who owes it, such as 370102.market.")] = None,
    region: Annotated[str | None, typer.Option(help="Of the case, with everything below it (GB/T 2260).")] = None,
    rule: Annotated[str | None, typer.Option(help="The rule's id.")] = None,
    kind: Annotated[str | None, typer.Option(help="What it waits for, such as sign_for or handling.")] = None,
    category: Annotated[str | None, typer.Option(help="Of the case, such as complaint.")] = None,
    channel: Annotated[str | None, typer.Option(help="Of the case, such as hotline_12345.")] = None,
    level: Annotated[int, typer.Option(min=0, help="At least this rung of escalation was climbed.")] = 0,
    certainty: Annotated[str | None, typer.Option(help="How sure the rule is: S, S2, M, X or P.")] = None,
    provisional: Annotated[bool, typer.Option("--provisional", help="Only those not yet sure of their days.")] = False,
    sort: Annotated[str, typer.Option(help="due: most urgent (or newest end) first; late: most behind first.")] = "due",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many are shown.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List clocks that are overdue, or in another state. It is the operator's: it sees the cases of all regions."""
    given = {
        "state": state,
        "department": department,
        "region": region,
        "rule": rule,
        "kind": kind,
        "category": category,
        "channel": channel,
        "level": level,
        "certainty": certainty,
        "provisional": provisional,
        "sort": sort,
    }
    settings = settings_in_use()
    listed = finished(list_clocks(settings, given, limit), as_json)
    if as_json:
        print_json(listed.as_json())
        return
    watermark = finished(read_watermark(settings), as_json)
    if watermark:
        typer.echo(watermark)
    print_table(listed)


@dataclass(frozen=True)
class ListedClocks:
    """The first clocks of a list, how many there are in all (`more`: at least), and the names of departments."""

    asked: ClockFilter
    lines: Sequence[ClockLine]
    count: int
    more: bool
    departments: Mapping[str, str]

    def as_json(self) -> Result:
        """For programs."""
        return {
            "state": self.asked.state,
            "count": self.count,
            "more": self.more,
            "items": [asdict(line) for line in self.lines],
        }


async def list_clocks(settings: Settings, given: Mapping[str, Any], limit: int) -> ListedClocks:
    """The first clocks of a list over the cases of all regions, and how many there are. Raises `Malformed`."""
    from domain.people.visibility import Scope
    from infra.postgres.cases.chronicle import Chronicle
    from infra.postgres.clocks.lists import ClockLists

    asked, everything = _clock_filter(given), Scope(everything=True)
    async with serving_engine(settings) as engine:
        listing = ClockLists(engine)
        page = await listing.page(everything, asked, limit=limit)
        numbers = await listing.by_state(everything, asked, (asked.state,))
        names = await Chronicle(engine).departments()
    return ListedClocks(asked, page.items, numbers.counts[asked.state], numbers.more, names)


def _clock_filter(given: Mapping[str, Any]) -> ClockFilter:
    """Raises `UnfitFilter`."""
    from pydantic import ValidationError

    from domain.lists.worklists import ClockFilter

    try:
        return ClockFilter.model_validate(given)
    except ValidationError as error:
        faults = ((str(fault["loc"][0]), fault["msg"]) for fault in error.errors())
        raise UnfitFilter("; ".join(f"--{option}: {problem}" for option, problem in faults)) from None


def print_table(listed: ListedClocks, console: Console | None = None) -> None:
    """Print the table and how much of the list it is."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from domain.time.clock_titles import CLOCK_VALUES

    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    table = Table(*_HEADS, box=SIMPLE_HEAD)
    for line in listed.lines:
        table.add_row(*_cells(line, listed.departments))
    console.print(table, markup=False)
    state = CLOCK_VALUES["clock_state"][listed.asked.state]
    console.print(f"{state}的期限共 {listed.count} 项{'以上' if listed.more else ''},上表列出 {len(listed.lines)} 项")


def _cells(line: ClockLine, departments: Mapping[str, str]) -> Iterator[str]:
    from domain.time.clock_titles import CLOCKS

    yield line.number or line.stream
    yield departments.get(line.owed_by, line.owed_by)
    yield CLOCKS.get(line.kind, line.kind) + ("(已中止)" if line.paused_at and not line.stopped_at else "")
    yield _due(line)
    yield _length(line.late_seconds) if line.late_seconds else "—"
    yield str(line.level) if line.level else "—"
    yield line.rule if line.certainty == "S" else f"{line.rule} [{line.certainty} {UNCONFIRMED}]"


def _due(line: ClockLine) -> str:
    """Of a clock without a number its age."""
    from domain.value import local

    if line.due_at is None:
        return f"及时,已 {_length(line.age_seconds)}"
    return local(line.due_at) + ("(暂定)" if line.provisional else "")


def _length(seconds: int) -> str:
    """`3天4小时`, `5小时6分`, `7分`."""
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    if days:
        return f"{days}天{hours}小时"
    return f"{hours}小时{minutes}分" if hours else f"{minutes}分"
