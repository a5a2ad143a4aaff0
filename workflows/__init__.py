"""Long-running processes, one per open case. They follow the record and never lead it."""

from __future__ import annotations

from workflows.clue import ClueWorkflow

WORKFLOWS = (ClueWorkflow,)
"""Every workflow a worker serves; also what golden histories are replayed with."""

__all__ = ["BY_NOUN", "WORKFLOWS", "ClueWorkflow"]

BY_NOUN = {"clue": ClueWorkflow}
"""The process of each kind of stream."""
