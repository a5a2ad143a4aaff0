"""`xiezhi import`: messages of a file registered, or whole cases of another system taken over, each once."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.answer import AsJson, Result, answer, progress_bar
from infra.cli.record_access import acting_account, serving_engine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from domain.people.actors import Actor
    from infra.importing import Ledger
    from infra.runtime.settings import Settings


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSONL, CSV (also .gz) or XLSX.")],
    account: Annotated[str, typer.Option(help="Who registers.")] = "source.hotline",
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TOML: which column is which field.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only read and try every row; write nothing.")] = False,
    region: Annotated[str | None, typer.Option(help="For rows without a region.")] = None,
    channel: Annotated[str | None, typer.Option(help="For rows without a channel.")] = None,
    category: Annotated[str | None, typer.Option(help="For rows without a category.")] = None,
    encoding: Annotated[str | None, typer.Option(help="utf-8, gb18030 or utf-16, where it is not recognised.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook, where several fit.")] = None,
    rejects: Annotated[Path | None, typer.Option(help="Where rejected rows go (readable by you only).")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Cases of another system with their steps at their original times.")
    ] = False,
    steps: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The steps, where they are a table of their own.")
    ] = None,
    batch: Annotated[str, typer.Option(help="The name of the migration; every event of it carries it.")] = "",
    rate: Annotated[float | None, typer.Option(min=0.01, help="Cases a second at most.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register messages, or take over whole cases (--history), each once; run again after an interruption."""
    from infra.importing import Ledger, load_mapping

    given = {"region": region, "channel": channel, "category": category}
    defaults = {name: value for name, value in given.items() if value is not None}

    async def import_ledger(settings: Settings) -> Result:
        ledger = Ledger(file, load_mapping(mapping) if mapping else None, defaults, encoding, sheet)
        if check and history:
            raise typer.BadParameter("--check tries messages; cases with their history are tried by taking them over")
        if check:
            return await check_messages(settings, ledger, account=account, quiet=as_json)
        if not history:
            return await import_messages(settings, ledger, account=account, rejects=rejects, quiet=as_json)
        return await import_histories(
            settings, ledger, steps=steps, batch=batch, account=account, rate=rate, rejects=rejects, quiet=as_json
        )

    answer(import_ledger, as_json)


async def import_messages(
    settings: Settings, ledger: Ledger, *, account: str, rejects: Path | None, quiet: bool
) -> Result:
    """Register the rows of a file as an account, with a progress bar."""
    from domain.clue import CLUE
    from infra.importing import ImportOptions, import_file
    from infra.wiring.handler_ports import build_handler_ports

    async with serving_engine(settings) as engine:
        stem = _stem(ledger.path)
        options = ImportOptions(
            ledger=ledger,
            actor=await acting_account(settings, engine, account),
            rejects=rejects or settings.data_dir / f"{stem}.rejects.jsonl",
            progress=settings.data_dir / f"{stem}.import.json",
        )
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with progress_bar(ledger.path.name, quiet=quiet) as show:
            report = await import_file(
                build_handler_ports(settings, engine), CLUE, options, lambda done, share: show(done.rows, share)
            )
    return {**asdict(report), **({"rejects": str(options.rejects)} if report.rejected else {})}


async def check_messages(settings: Settings, ledger: Ledger, *, account: str, quiet: bool) -> Result:
    """Read a file and try every row without registering one; `ok` is False when a row does not fit."""
    import secrets

    from domain.clue import CLUE
    from infra.importing import check_file

    async with serving_engine(settings) as engine:
        actor = await acting_account(settings, engine, account)
    with progress_bar(ledger.path.name, quiet=quiet) as show:
        report = check_file(CLUE, ledger, actor, secrets.token_bytes, lambda done, share: show(done.rows, share))
    return {"ok": not report.unfit, **report.summary()}


async def import_histories(
    settings: Settings,
    ledger: Ledger,
    *,
    steps: Path | None,
    batch: str,
    account: str,
    rate: float | None,
    rejects: Path | None,
    quiet: bool,
) -> Result:
    """Take over cases with their history, and hold the file against the record; `ok` is False when they differ."""
    from domain.clue import CLUE
    from infra.importing import MigrationOptions
    from infra.importing import import_histories as import_cases
    from infra.postgres.proof.migrated import MigratedCases
    from infra.wiring.handler_ports import build_handler_ports

    async with serving_engine(settings) as engine:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        options = MigrationOptions(
            ledger=ledger,
            steps=steps,
            by=await acting_account(settings, engine, account),
            batch=batch,
            rejects=rejects or settings.data_dir / f"{_stem(ledger.path)}.rejects.jsonl",
            scratch=settings.data_dir,
            rate=rate,
        )
        with progress_bar(ledger.path.name, quiet=quiet) as show:
            report = await import_cases(
                build_handler_ports(settings, engine),
                CLUE,
                partial(_actor_of, engine),
                MigratedCases(engine),
                options,
                lambda done, share: show(done.rows, share),
            )
    return {**report.summary(), **({"rejects": str(options.rejects)} if report.rejected else {})}


async def _actor_of(engine: AsyncEngine, account: str) -> Actor | None:
    """Who an account is or was: a step of the past may be somebody's who has left."""
    from infra.postgres.cases.reading import Accounts

    known = await Accounts(engine).account(account)
    return known.actor if known else None


def _stem(file: Path) -> str:
    """The file's name without the endings that say how it is written."""
    return Path(file.name.removesuffix(".gz")).stem
