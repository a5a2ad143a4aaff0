"""Long-running processes, one per open case. They follow the record and never lead it."""

from __future__ import annotations

from temporalio import workflow

from workflows.clue import ClueWorkflow
from workflows.engine.process import CaseProcess
from workflows.export import ExportWorkflow

PROCESSES: tuple[type[CaseProcess], ...] = (ClueWorkflow, ExportWorkflow)
"""Every process a worker serves; also what golden histories are replayed with."""


def noun_of(process: type[CaseProcess]) -> str:
    """The kind of the streams a process follows: the name of its workflow."""
    return str(workflow._Definition.must_from_class(process).name)


__all__ = ["PROCESSES", "CaseProcess", "ClueWorkflow", "ExportWorkflow", "noun_of"]
