"""Long-running processes, one per open case. They follow the record and never lead it."""

from __future__ import annotations

from workflows.clue import ClueWorkflow
from workflows.export import ExportWorkflow

WORKFLOWS = (ClueWorkflow, ExportWorkflow)
"""Every workflow a worker serves; also what golden histories are replayed with."""

__all__ = ["BY_NOUN", "WORKFLOWS", "ClueWorkflow", "ExportWorkflow"]

BY_NOUN: dict[str, type[ClueWorkflow] | type[ExportWorkflow]] = {"clue": ClueWorkflow, "export": ExportWorkflow}
"""The process of each kind of stream."""
