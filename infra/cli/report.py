"""`xiezhi report`: a month counted from the record as known at an instant, told in lines or written as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import Malformed
from infra.cli.answer import INSTANT, AsJson, finished, print_json, print_lines, settings_in_use
from infra.cli.record_access import serving_engine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from domain.reading.document import Mark
    from domain.report.figures import Content
    from domain.report.tables import Names, Sheets
    from infra.runtime.settings import Settings

_FORMS = (".xlsx", ".docx")
_ACCOUNT = "xiezhi report"
"""Stands in the mark of a file made on the command line, where nobody logged in."""


def report(
    month: Annotated[str, typer.Argument(help="Which month, such as 2026-10.")],
    region: Annotated[str, typer.Option(help="Which region, with everything below it (GB/T 2260).")] = "000000",
    as_of: Annotated[datetime | None, typer.Option(formats=[INSTANT], help="As known then; now if not given.")] = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Write it as .xlsx or .docx.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count a month as it was known at an instant: later corrections change nothing in what is told of that instant."""
    monthly = finished(report_month(settings_in_use(), month, region, as_of, out), as_json)
    if as_json:
        print_json(monthly.as_json())
    else:
        print_lines(monthly.lines())


async def report_month(
    settings: Settings, month: str, region: str, as_of: datetime | None, out: Path | None
) -> Monthly:
    """Count a month and, when asked to, write it as a file. Raises `Malformed`."""
    from infra.training.mark import is_training

    wanted = Wanted.of(month, region, out)
    async with serving_engine(settings) as engine:
        return await monthly_report(engine, wanted, as_of, training=await is_training(engine))


@dataclass(frozen=True)
class Wanted:
    """Which month of which region, and the file to write, if any."""

    month: str
    region: str
    out: Path | None

    @classmethod
    def of(cls, month: str, region: str, out: Path | None) -> Wanted:
        """Raises `Malformed` for what is no month, no region or no such file."""
        from domain.report.figures import Month, Region

        problems = [
            {"at": name, "problem": "string_pattern_mismatch"}
            for name, given, shape in (("month", month, Month), ("region", region, Region))
            if not _fits(given, shape)
        ]
        if out is not None and out.suffix not in _FORMS:
            problems.append({"at": "out", "problem": "literal_error"})
        if problems:
            raise Malformed(problems)
        return cls(month, region, out)


@dataclass(frozen=True)
class Monthly:
    """What was counted, how it is shown, and where it was written."""

    content: Content
    sheets: Sheets
    out: Path | None

    def as_json(self) -> Mapping[str, Any]:
        """Everything, for programs. The digest is over `content` as RFC 8785 writes it."""
        from domain.report.figures import digest_of

        return {
            "digest": digest_of(self.content),
            "content": self.content.model_dump(mode="json"),
            "file": str(self.out) if self.out else None,
        }

    def lines(self) -> Iterator[str]:
        """For people: what it is, and its overview."""
        yield self.sheets.title
        yield from (f"{name}: {value}" for name, value in self.sheets.facts)
        overview = self.sheets.grids[0]
        for row in (overview.columns, *overview.rows):
            yield "\t".join(map(str, row))
        if self.out is not None:
            yield f"文件: {self.out}"


async def monthly_report(engine: AsyncEngine, wanted: Wanted, as_of: datetime | None, *, training: bool) -> Monthly:
    """Count, and write the file. Raises `Malformed` for an instant that has not come: nothing is known as of then."""
    from domain.reading.document import Mark
    from domain.report.tables import Names, sheets_of
    from infra.postgres.cases.chronicle import Chronicle
    from infra.postgres.figures.reports import Reports
    from infra.reference import regions

    reports = Reports(engine)
    present = await reports.present()
    if as_of is not None and as_of > present:
        raise Malformed([{"at": "as_of", "problem": "value_error"}])
    content = await reports.counted(wanted.region, wanted.month, as_of or present)
    names = Names({region.code: region.name for region in regions()}, await Chronicle(engine).departments())
    monthly = Monthly(content, sheets_of(content, names), wanted.out)
    if wanted.out is not None:
        mark = Mark(_ACCOUNT, datetime.now(UTC), "statistics", training=training)
        await asyncio.to_thread(wanted.out.write_bytes, await _file_of(monthly, names, wanted.out.suffix, mark))
    return monthly


async def _file_of(monthly: Monthly, names: Names, form: str, mark: Mark) -> bytes:
    from domain.report.tables import document_of
    from infra.files.documents import Documents

    documents = Documents()
    if form == ".xlsx":
        return await documents.tabulated(monthly.sheets, mark)
    return await documents.printed(document_of(monthly.content, names, mark), "docx")


def _fits(given: str, shape: Any) -> bool:
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(shape).validate_python(given)
    except ValidationError:
        return False
    return True
