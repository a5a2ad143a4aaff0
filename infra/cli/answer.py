"""How a command answers: its settings, progress, the result for people or as JSON, a foreseen failure in its own words.

Every command ends with 0 only on success.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from infra.runtime.settings import Settings

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
INSTANT = "%Y-%m-%dT%H:%M:%S%z"
Result = Mapping[str, Any]
"""What most commands answer; `ok` is False when the command must fail though it ran to its end."""
ShowProgress = Callable[[int, float], None]
"""Rows so far, and how much of the work is done (0 to 1)."""


def settings_in_use() -> Settings:
    """The environment; without a database in it, the stack that runs on the data folder."""
    from infra.runtime.settings import Settings
    from infra.stack.state_file import running_stack

    settings = Settings()
    if settings.database_url is not None:
        return settings
    return Settings.model_validate({**running_stack(settings.data_dir), "data_dir": settings.data_dir})


def answer(
    work: Callable[[Settings], Coroutine[Any, Any, Result]], as_json: bool, *, always_json: bool = False
) -> None:
    """Do the work and print its result field by field, or as JSON."""
    from infra.runtime.logging import configure_logging

    settings = settings_in_use()
    configure_logging("WARNING")
    result = finished(work(settings), as_json)
    if as_json or always_json:
        print_json(result)
    else:
        for name, value in result.items():
            typer.echo("\n".join(value) if isinstance(value, list) else f"{name}: {value}")
    if result.get("ok") is False:
        raise typer.Exit(1)


def finished(work: Coroutine[Any, Any, T], as_json: bool) -> T:
    """The result of the work, as of `or_explain`."""
    return or_explain(lambda: asyncio.run(work), as_json)


def or_explain(work: Callable[[], T], as_json: bool) -> T:
    """The result of the work; a foreseen failure is told in its own words and ends with 1."""
    from domain.errors import XiezhiError
    from infra.runtime.settings import MissingSetting

    try:
        return work()
    except (XiezhiError, MissingSetting) as error:
        code = getattr(error, "code", type(error).__name__)
        if as_json:
            typer.echo(json.dumps({"ok": False, "code": code, "detail": str(error)}, ensure_ascii=False))
        else:
            typer.echo(f"{code}: {error}", err=True)
        raise typer.Exit(1) from None


def print_json(result: Any) -> None:
    """Print whatever a command found as indented JSON."""
    from pydantic_core import to_jsonable_python

    typer.echo(json.dumps(to_jsonable_python(result, fallback=str), ensure_ascii=False, indent=2))


def print_lines(lines: Iterable[str], watermark: str | None = None) -> None:
    """Print lines for people, below what must stand above everything printed of a training record."""
    typer.echo("\n".join([*([watermark] if watermark else []), *lines]))


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[ShowProgress]:
    """A bar on the standard error output with rows, share, elapsed and remaining time; none when quiet.

    It goes by the share of the work, so that no row is counted beforehand.
    """
    if quiet:
        yield lambda _rows, _share: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]} rows"),
        TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        task = bar.add_task(title, total=1.0, rows=0)
        yield lambda rows, share: bar.update(task, completed=share, rows=rows)
