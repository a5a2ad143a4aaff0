"""The registers of what was taken out: exports and monthly reports."""

from __future__ import annotations

from dataclasses import dataclass

from domain.export.state import ExportEntry
from domain.report.state import ReportEntry


@dataclass(frozen=True, slots=True)
class ExportLine:
    """An export, how many of its rows were written so far, and whether its file was taken back."""

    stream: str
    entry: ExportEntry
    progress: int
    total: int | None
    withdrawn: bool
    """It holds texts, and since it was asked for some text was erased."""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A monthly report."""

    stream: str
    entry: ReportEntry
