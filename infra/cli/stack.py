"""`xiezhi up`, `api` and `worker`: what runs until it is asked to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.answer import or_explain, settings_in_use

if TYPE_CHECKING:
    from infra.runtime.settings import Settings


def up(
    empty: Annotated[bool, typer.Option("--empty", help="Start without sample cases.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept.")] = None,
) -> None:
    """Run the whole service here: PostgreSQL, Temporal, worker and API, until Ctrl-C."""
    from infra.runtime.settings import Settings
    from infra.stack.options import UpOptions
    from infra.stack.supervisor import up as run_stack

    raise typer.Exit(run_stack(UpOptions(data_dir=data_dir or Settings().data_dir, empty=empty)))


def api() -> None:
    """Serve the HTTP API until SIGTERM."""
    from infra.wiring.server import serve

    settings = _settings_with_telemetry("api")
    raise typer.Exit(or_explain(lambda: serve(settings), as_json=False))


def worker() -> None:
    """Run the processes of cases, and the relay, until SIGTERM."""
    from infra.wiring.worker import run_worker

    settings = _settings_with_telemetry("worker")
    raise typer.Exit(or_explain(lambda: asyncio.run(run_worker(settings)), as_json=False))


def _settings_with_telemetry(component: str) -> Settings:
    """Settings of a long-running process, with logging and tracing begun before anything else."""
    from infra.runtime.logging import configure_logging
    from infra.runtime.telemetry import start_tracing

    settings = settings_in_use()
    configure_logging(settings.log_level)
    start_tracing(settings, component)
    return settings
