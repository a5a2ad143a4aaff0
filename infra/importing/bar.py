"""The progress bar of an import: by the share of the file that has been read, so that no row is counted beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Show = Callable[[int, float], None]
"""Rows so far, and how much of the file has been read (0 to 1)."""


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Show]:
    """A bar on the standard error output with rows, share, elapsed and remaining time; none when quiet."""
    if quiet:
        yield lambda _rows, _share: None
        return
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]} rows"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        task = bar.add_task(title, total=1.0, rows=0)
        yield lambda rows, share: bar.update(task, completed=share, rows=rows)
