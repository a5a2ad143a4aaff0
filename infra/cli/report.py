"""`xiezhi report`: a month counted from the record as known at an instant, told in lines or written as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import Malformed
from domain.reading.document import Mark
from domain.report.figures import Content, Month, Region, digest_of
from domain.report.tables import Names, Sheets, document_of, sheets_of
from infra.files.documents import Documents
from infra.postgres.cases.chronicle import Chronicle
from infra.postgres.figures.reports import Reports
from infra.reference import regions

_FORMS = (".xlsx", ".docx")
_ACCOUNT = "xiezhi report"
"""Stands in the mark of a file made on the command line, where nobody logged in."""


@dataclass(frozen=True)
class Wanted:
    """Which month of which region, and the file to write, if any."""

    month: str
    region: str
    out: Path | None

    @classmethod
    def of(cls, month: str, region: str, out: Path | None) -> Wanted:
        """Raises `Malformed` for what is no month, no region or no such file."""
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

    @property
    def told(self) -> Mapping[str, Any]:
        """Everything, for programs. The digest is over `content` as RFC 8785 writes it."""
        return {
            "digest": digest_of(self.content),
            "content": self.content.model_dump(mode="json"),
            "file": str(self.out) if self.out else None,
        }


async def monthly_report(engine: AsyncEngine, wanted: Wanted, as_of: datetime | None, *, training: bool) -> Monthly:
    """Count, and write the file. Raises `Malformed` for an instant that has not come: nothing is known as of then."""
    reports = Reports(engine)
    present = await reports.present()
    if as_of is not None and as_of > present:
        raise Malformed([{"at": "as_of", "problem": "value_error"}])
    content = await reports.counted(wanted.region, wanted.month, as_of or present)
    names = Names({region.code: region.name for region in regions()}, await Chronicle(engine).departments())
    monthly = Monthly(content, sheets_of(content, names), wanted.out)
    if wanted.out is not None:
        mark = Mark(_ACCOUNT, datetime.now(UTC), "statistics", training=training)
        await asyncio.to_thread(wanted.out.write_bytes, await _file(monthly, names, wanted.out.suffix, mark))
    return monthly


async def _file(monthly: Monthly, names: Names, form: str, mark: Mark) -> bytes:
    documents = Documents()
    if form == ".xlsx":
        return await documents.tabulated(monthly.sheets, mark)
    return await documents.printed(document_of(monthly.content, names, mark), "docx")


def told(monthly: Monthly) -> Iterator[str]:
    """The report in lines: what it is, and its overview."""
    yield monthly.sheets.title
    yield from (f"{name}: {value}" for name, value in monthly.sheets.facts)
    overview = monthly.sheets.grids[0]
    for row in (overview.columns, *overview.rows):
        yield "\t".join(map(str, row))
    if monthly.out is not None:
        yield f"文件: {monthly.out}"


def _fits(given: str, shape: Any) -> bool:
    try:
        TypeAdapter(shape).validate_python(given)
    except ValidationError:
        return False
    return True
