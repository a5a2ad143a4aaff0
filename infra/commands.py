"""The commands of `xiezhi` that work on the record and its processes: thin calls, one answer for people or as JSON.

Every command ends with 0 only on success. What a command imports is imported when it runs, so that each starts fast.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.settings import MissingSetting, Settings
from infra.stack_file import running_stack

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Result = Mapping[str, Any]


def register(app: typer.Typer) -> None:
    """Add the commands to `xiezhi`."""
    app.command()(api)
    app.command()(worker)
    app.command()(migrate)
    app.command()(seed)
    app.command("import")(import_)
    app.command()(replay)
    app.command()(verify)
    app.command()(checkpoint)
    app.command()(rebuild)
    app.command()(recover)
    app.command()(reconcile)


def api() -> None:
    """Serve the HTTP API until SIGTERM."""
    from infra.server import serve

    settings = _started("api")
    raise typer.Exit(_or_explain(lambda: serve(settings), as_json=False))


def worker() -> None:
    """Run the processes of cases, and the relay, until SIGTERM."""
    from infra.worker import run_worker

    settings = _started("worker")
    raise typer.Exit(_or_explain(lambda: asyncio.run(run_worker(settings)), as_json=False))


def migrate(
    after_restore: Annotated[
        bool, typer.Option("--after-restore", help="The database was restored into another server: re-base the record.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to this build's schema."""
    from infra import upkeep

    _report(lambda settings: upkeep.migrate(settings, after_restore=after_restore), as_json)


def seed(as_json: AsJson = False) -> None:
    """Put departments and demo accounts into the database; passwords go to demo-accounts.json in the data folder."""
    from infra import upkeep

    _report(upkeep.seed, as_json)


def import_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSONL or JSONL.gz, a registration a line.")
    ],
    account: Annotated[str, typer.Option(help="Who registers.")] = "source.hotline",
    region: Annotated[str | None, typer.Option(help="For rows without a region.")] = None,
    channel: Annotated[str | None, typer.Option(help="For rows without a channel.")] = None,
    category: Annotated[str | None, typer.Option(help="For rows without a category.")] = None,
    rejects: Annotated[Path | None, typer.Option(help="Where rejected rows go (readable by you only).")] = None,
    as_json: AsJson = False,
) -> None:
    """Register messages, each once; an interrupted import continues when run again."""
    from infra import upkeep

    given = {"region": region, "channel": channel, "category": category}
    defaults = {name: value for name, value in given.items() if value is not None}
    _report(
        lambda settings: upkeep.import_messages(
            settings, file, account=account, defaults=defaults, rejects=rejects, quiet=as_json
        ),
        as_json,
    )


def replay(
    case: Annotated[str, typer.Argument(help="The case's id, such as clue-….")],
    at: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="As known then.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what happened to a case, in order, from the record alone."""
    from infra import upkeep
    from infra.replaying import timeline

    settings = _settings()
    told = _or_explain(lambda: asyncio.run(upkeep.replay_case(settings, case, at)), as_json)
    if as_json:
        typer.echo(_as_json(told))
    else:
        for line in timeline(told):
            typer.echo(line)


def verify(
    against: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A signed checkpoint the record must still contain."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every chain and compare heads, rows and checkpoints; fails when anything does not hold."""
    from infra import upkeep

    note = against.read_text(encoding="utf-8") if against is not None else None
    _report(lambda settings: upkeep.verify(settings, note), as_json)


def checkpoint(as_json: AsJson = False) -> None:
    """Sign where every stream stands, so that a cut tail or a missing stream is seen later."""
    from infra import upkeep

    _report(upkeep.checkpoint, as_json, always_json=True)


def rebuild(name: Annotated[str, typer.Argument(help="Which rows.")], as_json: AsJson = False) -> None:
    """Make derived rows anew from the events."""
    from infra import upkeep

    _report(lambda settings: upkeep.rebuild(settings, name), as_json)


def recover(
    revision: Annotated[bool, typer.Option("--revision", help="Also restart processes of an older revision.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start every missing process from the record."""
    from infra import upkeep

    _report(lambda settings: upkeep.recover(settings, revision=revision), as_json)


def reconcile(
    thorough: Annotated[bool, typer.Option("--thorough", help="Ask every process, not only suspicious ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the record with its processes and nudge those that differ."""
    from infra import upkeep

    _report(lambda settings: upkeep.reconcile(settings, thorough=thorough), as_json)


def _started(component: str) -> Settings:
    """Settings of a long-running process, with logging and tracing begun before anything else."""
    from infra.logging import configure_logging
    from infra.telemetry import start_tracing

    settings = _settings()
    configure_logging(settings.log_level)
    start_tracing(settings, component)
    return settings


def _settings() -> Settings:
    """The environment; without a database in it, the stack that runs on the data folder."""
    settings = Settings()
    if settings.database_url is not None:
        return settings
    return Settings.model_validate({**running_stack(settings.data_dir), "data_dir": settings.data_dir})


def _report(
    work: Callable[[Settings], Coroutine[Any, Any, Result]], as_json: bool, *, always_json: bool = False
) -> None:
    from infra.logging import configure_logging

    settings = _settings()
    configure_logging("WARNING")
    result = _or_explain(lambda: asyncio.run(work(settings)), as_json)
    if as_json or always_json:
        typer.echo(_as_json(result))
    else:
        for name, value in result.items():
            typer.echo("\n".join(value) if isinstance(value, list) else f"{name}: {value}")
    if result.get("ok") is False:
        raise typer.Exit(1)


def _or_explain(work: Callable[[], Any], as_json: bool) -> Any:
    """Run; a foreseen failure is told in its own words and ends with 1."""
    from domain.errors import XiezhiError
    from infra.importing import ImportStopped

    try:
        return work()
    except (XiezhiError, MissingSetting, ImportStopped) as error:
        code = getattr(error, "code", type(error).__name__)
        if as_json:
            typer.echo(json.dumps({"ok": False, "code": code, "detail": str(error)}, ensure_ascii=False))
        else:
            typer.echo(f"{code}: {error}", err=True)
        raise typer.Exit(1) from None


def _as_json(result: Any) -> str:
    shape = asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
    return json.dumps(shape, ensure_ascii=False, indent=2, default=str)
