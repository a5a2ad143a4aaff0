"""What the commands do: open the record or Temporal, call the one function that does the work, close again."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.resources import as_file
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from domain.errors import UnknownCase, XiezhiError
from domain.lists.worklists import ClockFilter
from domain.people.actors import Actor
from domain.people.visibility import Scope
from domain.reading.differences import Point
from domain.reading.timeline import Timeline, Vantage
from domain.record.envelope import StoredEvent
from domain.record.handler import HandlerPorts
from domain.time.rules import load_pack
from domain.time.why import Explanation
from infra.calendars import calendars_in_force, read_notice, recompute, told_of
from infra.calendars import load as load_notice
from infra.cli.clock_table import ListedClocks
from infra.cli.replay import Compared, compare, explain_one
from infra.cli.replay import replay as retell
from infra.cli.report import Monthly, Wanted, monthly_report
from infra.files.evidence import EvidenceFolder
from infra.importing import ImportOptions, Ledger, MigrationOptions, check_file, import_file
from infra.importing import import_histories as import_cases
from infra.importing.bar import progress_bar
from infra.people.first_administrators import new_secret
from infra.people.identity import DemoRefused
from infra.people.reporter_index import marker
from infra.postgres.cases.chronicle import Chronicle
from infra.postgres.cases.reading import Accounts, Record
from infra.postgres.clocks.calendars import ClocksToSettle
from infra.postgres.clocks.lists import ClockLists
from infra.postgres.engine import migrate as migrations
from infra.postgres.engine.engine import create_engine, create_maintenance_engine
from infra.postgres.proof import checkpoint as checkpoints
from infra.postgres.proof import rebuild as rebuilding
from infra.postgres.proof.migrated import MigratedCases
from infra.postgres.proof.restore import ErasureLedger, after_restore
from infra.postgres.proof.verify import verify as verify_record
from infra.processes.client import connect
from infra.processes.process_states import Standings
from infra.processes.reconcile import reconcile as reconcile_all
from infra.processes.recover import recover as recover_all
from infra.processes.tell import Deliverer
from infra.reference import demo_accounts, departments, sample_messages
from infra.reference import installation as installing
from infra.reference.seed import seed as seed_database
from infra.reference.seed import seed_departments, seeded
from infra.runtime.settings import Settings
from infra.stack.state_file import write_private
from infra.training.loading import BATCH, HOTLINE, TRAINING_PACK, NotForTraining
from infra.training.loading import load as load_training
from infra.training.mark import WATERMARK, is_training
from infra.wiring.handler_ports import build_handler_ports

Result = Mapping[str, Any]


class UnknownAccount(XiezhiError):
    """The account to act as does not exist or is switched off."""

    code = "unknown_account"


class UnfitFilter(XiezhiError):
    """A list cannot be narrowed so; the text names each option and what it takes."""

    code = "malformed"

    def __init__(self, error: ValidationError) -> None:
        super().__init__("; ".join(f"--{found['loc'][0]}: {found['msg']}" for found in error.errors()))


class UnknownRows(XiezhiError):
    """There are no derived rows of this name."""

    code = "unknown_rows"


async def migrate(settings: Settings, *, after_restore: bool) -> Result:
    """Bring the schema to this build's; after a restore also re-base the record and erase again.

    Then the installation records what the release brings: streams of older accounts, the rules it works by. Where
    nobody is administrator yet the answer holds the one-time secret that opens the first ones.
    """
    async with _maintenance(settings) as engine:
        told: dict[str, Any] = {"schema": await migrations.migrate(engine)}
        if after_restore:
            told |= asdict(await _rebase(settings, engine))
        if told["schema"] == migrations.head_revision():
            told |= await _installed(settings, engine)
        return told


async def _installed(settings: Settings, engine: AsyncEngine) -> dict[str, Any]:
    world = build_handler_ports(settings, engine)
    for name in await rebuilding.never_built(engine):
        await rebuilding.rebuild(engine, name, marked=marker(settings.secret("fingerprint_key")))
    taken = await installing.take_over(world, engine)
    adopted = await installing.adopt_editions(world, engine)
    moved = await recompute(world, ClocksToSettle(engine))
    secret = None if settings.embedded_database else await new_secret(engine)
    return {
        **({"accounts_taken_over": taken} if taken else {}),
        **({"in_force": adopted} if adopted else {}),
        **({"clocks_recomputed": moved.told()} if moved.cases else {}),
        **({"first_administrators": secret} if secret else {}),
    }


async def administrators(settings: Settings) -> Result:
    """A fresh one-time secret for the first administrators; `secret` is None when there are administrators."""
    async with _serving(settings) as engine:
        secret = await new_secret(engine)
    if secret is None:
        return {"secret": None, "detail": "已有管理员,由其办理开户和授权"}
    return {"secret": secret, "detail": "POST /api/v1/administrators/first,一次有效;重新运行本命令则旧口令作废"}


async def seed(settings: Settings, *, only_departments: bool) -> Result:
    """Reference departments, and demo accounts where they may act. Their password is made once and kept in the data
    folder. Raises `DemoRefused` on a database that is not the embedded one."""
    if only_departments:
        async with _serving(settings) as engine:
            await seed_departments(engine)
        return {"departments": len(departments())}
    if not settings.embedded_database:
        raise DemoRefused("演示账号只能建在 `xiezhi up` 自带的数据库中;只需部门清单时请用 `xiezhi seed --departments`")
    place = settings.data_dir / "demo-accounts.json"
    password = _kept_password(place) or secrets.token_urlsafe(9)
    async with _serving(settings) as engine:
        await seed_database(build_handler_ports(settings, engine), engine, password)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    accounts = [
        {"account": given.account, "password": password, "name": given.name, "role": given.role.value}
        for given in demo_accounts()
    ]
    write_private(place, accounts)
    return {"accounts": len(accounts), "file": str(place)}


async def train(settings: Settings, *, quiet: bool) -> Result:
    """Load the training set, each case once. Raises `NotForTraining` where cases may be real.

    Under the training rules some messages also come in now, so that clocks of a minute have something to run on.
    """
    async with _serving(settings) as engine:
        if not settings.embedded_database or not await is_training(engine):
            raise NotForTraining("演练案件只能装入 `xiezhi up` 自带且有演示账号的数据库;先运行 `xiezhi seed`")
        if not await seeded(engine):  # by an earlier release, which had fewer accounts
            await seed(settings, only_departments=False)
        files = EvidenceFolder(settings.evidence_dir)
        with progress_bar("training set", quiet=quiet) as show:
            report = await load_training(build_handler_ports(settings, engine), files.put, datetime.now(UTC), show)
        sums = await MigratedCases(engine).sums(installing.INSTALLATION.account, BATCH)
    if settings.rules_pack == TRAINING_PACK:
        with as_file(sample_messages()) as messages:
            await import_messages(settings, Ledger(messages), account=HOTLINE, rejects=None, quiet=quiet)
    return {**asdict(report), "cases": sums.cases, "steps": sums.steps, "stages": dict(sorted(sums.stages.items()))}


async def watermark(settings: Settings) -> str | None:
    """What must stand above whatever is printed of this record; None where cases may be real."""
    async with _serving(settings) as engine:
        return WATERMARK if await is_training(engine) else None


async def import_messages(
    settings: Settings, ledger: Ledger, *, account: str, rejects: Path | None, quiet: bool
) -> Result:
    """Register the rows of a file as an account, with a progress bar."""
    async with _serving(settings) as engine:
        stem = _stem(ledger.path)
        options = ImportOptions(
            ledger=ledger,
            actor=await _acting(settings, engine, account),
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
    async with _serving(settings) as engine:
        actor = await _acting(settings, engine, account)
    with progress_bar(ledger.path.name, quiet=quiet) as show:
        report = check_file(CLUE, ledger, actor, secrets.token_bytes, lambda done, share: show(done.rows, share))
    return {"ok": not report.unfit, **report.told()}


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
    async with _serving(settings) as engine:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        options = MigrationOptions(
            ledger=ledger,
            steps=steps,
            by=await _acting(settings, engine, account),
            batch=batch,
            rejects=rejects or settings.data_dir / f"{_stem(ledger.path)}.rejects.jsonl",
            scratch=settings.data_dir,
            rate=rate,
        )
        with progress_bar(ledger.path.name, quiet=quiet) as show:
            report = await import_cases(
                build_handler_ports(settings, engine),
                CLUE,
                partial(_known_actor, engine),
                MigratedCases(engine),
                options,
                lambda done, share: show(done.rows, share),
            )
    return {**report.told(), **({"rejects": str(options.rejects)} if report.rejected else {})}


async def replay_case(settings: Settings, case: str, vantage: Vantage) -> Timeline:
    """The timeline of a case. Raises `UnknownCase` or `BrokenChain`."""
    async with _serving(settings) as engine:
        rows, chronicle = await _history(engine, case), Chronicle(engine)
        return retell(case, rows, await chronicle.refusals(case), await chronicle.departments(), vantage)


async def explain_clock(settings: Settings, clock: str) -> Explanation:
    """A clock `<case>.<clock>` explained. Raises `UnknownCase`, `UnknownClock` or `BrokenChain`."""
    case, _, name = clock.partition(".")
    async with _serving(settings) as engine:
        rows, names = await _history(engine, case), await Chronicle(engine).departments()
    return explain_one(case, name, rows, names, load_pack(settings.rules_pack), datetime.now(UTC))


async def compare_case(settings: Settings, case: str, before: str, after: str) -> Compared:
    """What differs between two points. Raises `Malformed`, `UnknownCase`, `NotYetKnown` or `BrokenChain`."""
    points = Point.of(before, "from"), Point.of(after, "to")
    async with _serving(settings) as engine:
        rows = await _history(engine, case)
        return compare(case, rows, await Chronicle(engine).departments(), *points)


async def _history(engine: AsyncEngine, case: str) -> tuple[StoredEvent, ...]:
    rows = await Record(engine).history(case)
    if not rows:
        raise UnknownCase(f"没有案件 {case}")
    return rows


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
                marked = marker(settings.secret("fingerprint_key")) if known == "reporters" else None
                return {"rows": name, "streams": await rebuilding.rebuild(engine, known, marked=marked)}
    raise UnknownRows(f"可重建的有: {'、'.join(get_args(rebuilding.Rebuildable))}")


async def overdue(settings: Settings, given: Mapping[str, Any], limit: int) -> ListedClocks:
    """The first clocks of a list over the cases of all regions, and how many there are. Raises `Malformed`."""
    asked, everything = _clock_filter(given), Scope(everything=True)
    async with _serving(settings) as engine:
        listing = ClockLists(engine)
        page = await listing.page(everything, asked, limit=limit)
        numbers = await listing.by_state(everything, asked, (asked.state,))
        names = await Chronicle(engine).departments()
    return ListedClocks(asked, page.items, numbers.counts[asked.state], numbers.more, names)


def clocks_told(listed: ListedClocks) -> Result:
    """The same as JSON."""
    return {
        "state": listed.asked.state,
        "count": listed.count,
        "more": listed.more,
        "items": [asdict(line) for line in listed.lines],
    }


def _clock_filter(given: Mapping[str, Any]) -> ClockFilter:
    try:
        return ClockFilter.model_validate(given)
    except ValidationError as error:
        raise UnfitFilter(error) from None


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


async def report(settings: Settings, month: str, region: str, as_of: datetime | None, out: Path | None) -> Monthly:
    """Count a month and, when asked to, write it as a file. Raises `Malformed`."""
    wanted = Wanted.of(month, region, out)
    async with _serving(settings) as engine:
        return await monthly_report(engine, wanted, as_of, training=await is_training(engine))


async def load_calendar(settings: Settings, file: Path, region: str | None, *, replace: bool, quiet: bool) -> Result:
    """Put the holidays of a file into force and recompute every clock that rested on days unknown; `ok` is False when
    a case could not be recomputed. Raises `CalendarInvalid` or `KnownDaysChange`, and nothing is written then."""
    notice = read_notice(file, region)
    async with _serving(settings) as engine:
        world = build_handler_ports(settings, engine)
        loaded = await load_notice(world, engine, notice, replace=replace)
        return {**loaded.told(), **await _recomputed(world, engine, quiet=quiet)}


async def check_calendar(settings: Settings, file: Path, region: str | None, *, replace: bool) -> Result:
    """What loading a file would do. Raises as `load_calendar`; nothing is written."""
    notice = read_notice(file, region)
    async with _serving(settings) as engine:
        loaded = await load_notice(build_handler_ports(settings, engine), engine, notice, replace=replace, check=True)
        return {"ok": True, **loaded.told()}


async def recompute_clocks(settings: Settings, *, quiet: bool) -> Result:
    """Recompute what rested on days unknown; `ok` is False when a case could not be."""
    async with _serving(settings) as engine:
        return await _recomputed(build_handler_ports(settings, engine), engine, quiet=quiet)


async def show_calendar(settings: Settings, region: str, year: int | None) -> Result:
    """The calendar in force for a region. Raises `CalendarInvalid` for an unknown one."""
    async with _serving(settings) as engine:
        return told_of(await calendars_in_force(build_handler_ports(settings, engine)), region, year)


async def _recomputed(world: HandlerPorts, engine: AsyncEngine, *, quiet: bool) -> Result:
    with progress_bar("clocks", quiet=quiet) as show:
        return (await recompute(world, ClocksToSettle(engine), show)).told()


async def _rebase(settings: Settings, engine: AsyncEngine) -> Any:
    return await after_restore(engine, ErasureLedger(settings.erasure_ledger))


async def _known_actor(engine: AsyncEngine, account: str) -> Actor | None:
    """Who an account is or was: a step of the past may be somebody's who has left."""
    known = await Accounts(engine).account(account)
    return known.actor if known else None


def _stem(file: Path) -> str:
    """The file's name without the endings that say how it is written."""
    return Path(file.name.removesuffix(".gz")).stem


async def _acting(settings: Settings, engine: AsyncEngine, account: str) -> Actor:
    known = await Accounts(engine).account(account)
    if known is None or not known.active:
        raise UnknownAccount(f"没有账号“{account}”,或其已停用。先运行 `xiezhi seed`,或用 --account 指定")
    if known.demo and not settings.embedded_database:
        raise DemoRefused(f"“{account}”是演示账号,不能在这个数据库中办理;请用 --account 指定来源系统的账号")
    return known.actor


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
