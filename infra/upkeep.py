"""What the commands do: open the record or Temporal, call the one function that does the work, close again."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from domain.errors import UnknownCase, XiezhiError
from infra.bootstrap import build_world
from infra.deliver import Deliverer
from infra.importing import ImportOptions, ImportReport, import_file, read_lines
from infra.postgres import checkpoint as checkpoints
from infra.postgres import migrate as migrations
from infra.postgres import rebuild as rebuilding
from infra.postgres.engine import create_engine, create_maintenance_engine
from infra.postgres.reading import Accounts, Record
from infra.postgres.restore import ErasureLedger, after_restore
from infra.postgres.verify import verify as verify_record
from infra.reconcile import reconcile as reconcile_all
from infra.recover import recover as recover_all
from infra.reference import demo_accounts
from infra.replaying import Replay
from infra.replaying import replay as retell
from infra.seed import seed as seed_database
from infra.settings import Settings
from infra.stack_file import write_private
from infra.standings import Standings
from infra.temporal.client import connect

Result = Mapping[str, Any]


class UnknownAccount(XiezhiError):
    """The account to act as does not exist or is switched off."""

    code = "unknown_account"


class UnknownRows(XiezhiError):
    """There are no derived rows of this name."""

    code = "unknown_rows"


async def migrate(settings: Settings, *, after_restore: bool) -> Result:
    """Bring the schema to this build's; after a restore also re-base the record and erase again."""
    async with _maintenance(settings) as engine:
        revision = await migrations.migrate(engine)
        if not after_restore:
            return {"schema": revision}
        return {"schema": revision, **asdict(await _rebase(settings, engine))}


async def seed(settings: Settings) -> Result:
    """Reference departments and demo accounts. The password is made once and kept in the data folder."""
    place = settings.data_dir / "demo-accounts.json"
    password = _kept_password(place) or secrets.token_urlsafe(9)
    async with _serving(settings) as engine:
        await seed_database(engine, password)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    accounts = [
        {"account": given.account, "password": password, "name": given.name, "role": given.role.value}
        for given in demo_accounts()
    ]
    write_private(place, accounts)
    return {"accounts": len(accounts), "file": str(place)}


async def import_messages(
    settings: Settings, file: Path, *, account: str, defaults: Mapping[str, str], rejects: Path | None, quiet: bool
) -> Result:
    """Register the rows of a file as an account, with a progress bar."""
    async with _serving(settings) as engine:
        known = await Accounts(engine).account(account)
        if known is None or not known.active:
            raise UnknownAccount(f"没有账号“{account}”,或其已停用。先运行 `xiezhi seed`,或用 --account 指定")
        stem = file.name.removesuffix(".gz").removesuffix(".jsonl")
        options = ImportOptions(
            file=file,
            actor=known.actor,
            rejects=rejects or settings.data_dir / f"{stem}.rejects.jsonl",
            progress=settings.data_dir / f"{stem}.import.json",
            defaults=defaults,
        )
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        report = await _with_progress(settings, engine, options, quiet=quiet)
    return {**asdict(report), **({"rejects": str(options.rejects)} if report.rejected else {})}


async def replay_case(settings: Settings, case: str, at: datetime | None) -> Replay:
    """The timeline of a case. Raises `UnknownCase` or `BrokenChain`."""
    async with _serving(settings) as engine:
        rows = await Record(engine).history(case)
    if not rows:
        raise UnknownCase(f"没有案件 {case}")
    return retell(case, rows, at)


async def checkpoint(settings: Settings) -> Result:
    """Sign all stream heads; the note, also kept in the database."""
    key = checkpoints.load_or_make_key(settings.checkpoint_key_file)
    async with _maintenance(settings) as engine:
        return {"checkpoint": await checkpoints.take_checkpoint(engine, key)}


async def verify(settings: Settings, note: str | None) -> Result:
    """Hold the whole record against itself and a checkpoint; `ok` is False when anything was found."""
    key = checkpoints.load_or_make_key(settings.checkpoint_key_file).public_key()
    async with _maintenance(settings) as engine:
        report = await verify_record(engine, key, against=note)
    counted = {name: value for name, value in asdict(report).items() if name != "findings"}
    findings = [f"{found.check} {found.where}: {found.problem}" for found in report.findings]
    return {"ok": report.clean, **counted, "findings": findings}


async def rebuild(settings: Settings, name: str) -> Result:
    """Make derived rows anew."""
    for known in rebuilding.REBUILDABLE:
        if known == name:
            async with _maintenance(settings) as engine:
                return {"rows": name, "streams": await rebuilding.rebuild(engine, known)}
    raise UnknownRows(f"可重建的有: {'、'.join(get_args(rebuilding.Rebuildable))}")


async def recover(settings: Settings, *, revision: bool) -> Result:
    """Start missing processes from the record."""
    async with _serving(settings) as engine:
        client = await connect(settings)
        deliver = Deliverer(client, settings.history_limit)
        return asdict(await recover_all(client, Standings(engine), deliver, revision=revision))


async def reconcile(settings: Settings, *, thorough: bool) -> Result:
    """Nudge processes that differ from the record."""
    async with _serving(settings) as engine:
        client = await connect(settings)
        deliver = Deliverer(client, settings.history_limit)
        return asdict(await reconcile_all(client, Standings(engine), deliver, thorough=thorough))


async def _rebase(settings: Settings, engine: AsyncEngine) -> Any:
    return await after_restore(engine, ErasureLedger(settings.erasure_ledger))


async def _with_progress(
    settings: Settings, engine: AsyncEngine, options: ImportOptions, *, quiet: bool
) -> ImportReport:
    world = build_world(settings, engine)
    if quiet:
        return await import_file(world, CLUE, options)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        task = bar.add_task(options.file.name, total=sum(1 for _ in read_lines(options.file)))

        def told(report: ImportReport) -> None:
            bar.update(task, completed=report.skipped + report.registered + report.already + report.rejected)

        return await import_file(world, CLUE, options, told)


def _kept_password(place: Path) -> str | None:
    try:
        accounts = json.loads(place.read_text(encoding="utf-8"))
        return str(accounts[0]["password"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine for work beside live cases; refuses a database of another schema."""
    engine = create_engine(settings.secret("database_url"), application="xiezhi-command")
    try:
        await migrations.check_database(engine)
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def _maintenance(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = create_maintenance_engine(settings.secret("database_url"))
    try:
        yield engine
    finally:
        await engine.dispose()
