"""Where processes of each revision run."""

from __future__ import annotations

from workflows.options import PROCESS_REVISION, task_queue

__all__ = ["PROCESS_REVISION", "task_queue"]
