"""The commands of `xiezhi` that work on the record and its processes: thin calls, one answer for people or as JSON.

Every command ends with 0 only on success. What a command imports is imported when it runs, so that each starts fast.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.runtime.settings import MissingSetting, Settings
from infra.stack.state_file import running_stack

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Result = Mapping[str, Any]
INSTANT = "%Y-%m-%dT%H:%M:%S%z"


calendar = typer.Typer(help="Calendars of holidays and make-up working days.", no_args_is_help=True)
CalendarFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML or CSV.")]
CalendarRegion = Annotated[
    str | None, typer.Option(help="Whose further holidays these are (GB/T 2260); CN for the national calendar.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Also change days that are known already.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `xiezhi`."""
    app.command()(api)
    app.command()(worker)
    app.command()(migrate)
    app.command()(seed)
    app.command()(administrators)
    app.command()(train)
    app.command("import")(import_)
    app.command()(replay)
    app.command()(diff)
    app.command()(verify)
    app.command()(checkpoint)
    app.command()(rebuild)
    app.command()(recover)
    app.command()(reconcile)
    app.command()(report)
    app.command()(overdue)
    app.command()(explain)
    rules = typer.Typer(name="rules", help="Deadline rules: check, show and compare packs.", no_args_is_help=True)
    rules.command("check")(check_rules)
    rules.command("show")(show_rules)
    rules.command("diff")(compare_rules)
    app.add_typer(rules)
    app.add_typer(calendar, name="calendar")


def api() -> None:
    """Serve the HTTP API until SIGTERM."""
    from infra.wiring.server import serve

    settings = _started("api")
    raise typer.Exit(_or_explain(lambda: serve(settings), as_json=False))


def worker() -> None:
    """Run the processes of cases, and the relay, until SIGTERM."""
    from infra.wiring.worker import run_worker

    settings = _started("worker")
    raise typer.Exit(_or_explain(lambda: asyncio.run(run_worker(settings)), as_json=False))


def migrate(
    after_restore: Annotated[
        bool, typer.Option("--after-restore", help="The database was restored into another server: re-base the record.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to this build's schema."""
    from infra.cli import upkeep

    _report(lambda settings: upkeep.migrate(settings, after_restore=after_restore), as_json)


def seed(
    departments: Annotated[bool, typer.Option("--departments", help="Only the reference departments.")] = False,
    training: Annotated[bool, typer.Option("--training", help="Also load the training set, as `train` does.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put departments and demo accounts into the embedded database; passwords go to demo-accounts.json in the data
    folder."""
    from infra.cli import upkeep

    async def work(settings: Settings) -> Result:
        told = await upkeep.seed(settings, only_departments=departments)
        return {**told, **await upkeep.train(settings, quiet=as_json)} if training else told

    _report(work, as_json)


def administrators(as_json: AsJson = False) -> None:
    """Print a one-time secret that opens the first three administrators; none when there are administrators."""
    from infra.cli import upkeep

    _report(upkeep.administrators, as_json)


def train(as_json: AsJson = False) -> None:
    """Load the training set: made-up cases in every stage, each once, into a database for trying out only."""
    from infra.cli import upkeep

    _report(lambda settings: upkeep.train(settings, quiet=as_json), as_json)


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
    from infra.cli import upkeep
    from infra.importing import Ledger, load_mapping

    given = {"region": region, "channel": channel, "category": category}
    defaults = {name: value for name, value in given.items() if value is not None}

    async def work(settings: Settings) -> Result:
        ledger = Ledger(file, load_mapping(mapping) if mapping else None, defaults, encoding, sheet)
        if check and history:
            raise typer.BadParameter("--check tries messages; cases with their history are tried by taking them over")
        if check:
            return await upkeep.check_messages(settings, ledger, account=account, quiet=as_json)
        if not history:
            return await upkeep.import_messages(settings, ledger, account=account, rejects=rejects, quiet=as_json)
        return await upkeep.import_histories(
            settings, ledger, steps=steps, batch=batch, account=account, rate=rate, rejects=rejects, quiet=as_json
        )

    _report(work, as_json)


def replay(
    case: Annotated[str, typer.Argument(help="The case's id, such as clue-….")],
    at: Annotated[datetime | None, typer.Option(formats=[INSTANT], help="As known then.")] = None,
    happened: Annotated[
        datetime | None, typer.Option(formats=[INSTANT], help="Only what had happened by then.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what happened to a case and what was refused, in order, from the record alone."""
    from domain.reading.timeline import Vantage, lines
    from infra.cli import upkeep

    settings = _settings()
    told = _or_explain(lambda: asyncio.run(upkeep.replay_case(settings, case, Vantage(at, happened))), as_json)
    if as_json:
        typer.echo(_as_json(told))
        return
    watermark = _or_explain(lambda: asyncio.run(upkeep.watermark(settings)), as_json)
    typer.echo("\n".join([*([watermark] if watermark else []), *lines(told)]))


def diff(
    case: Annotated[str, typer.Argument(help="The case's id, such as clue-….")],
    before: Annotated[str, typer.Argument(metavar="FROM", help="A version such as v3, or an instant with a zone.")],
    after: Annotated[str, typer.Argument(metavar="TO", help="Likewise.")],
    as_json: AsJson = False,
) -> None:
    """Tell what differs between two points of a case's record, from the record alone."""
    from infra.cli import upkeep
    from infra.cli.replay import compared_lines

    settings = _settings()
    told = _or_explain(lambda: asyncio.run(upkeep.compare_case(settings, case, before, after)), as_json)
    typer.echo(_as_json(told) if as_json else "\n".join(compared_lines(told)))


def verify(
    against: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A signed checkpoint the record must still contain."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every chain and compare heads, rows and checkpoints; fails when anything does not hold."""
    from infra.cli import upkeep

    note = against.read_text(encoding="utf-8") if against is not None else None
    _report(lambda settings: upkeep.verify(settings, note), as_json)


def checkpoint(as_json: AsJson = False) -> None:
    """Sign where every stream stands, so that a cut tail or a missing stream is seen later."""
    from infra.cli import upkeep

    _report(upkeep.checkpoint, as_json, always_json=True)


def rebuild(name: Annotated[str, typer.Argument(help="Which rows.")], as_json: AsJson = False) -> None:
    """Make derived rows anew from the events."""
    from infra.cli import upkeep

    _report(lambda settings: upkeep.rebuild(settings, name), as_json)


def recover(
    revision: Annotated[bool, typer.Option("--revision", help="Also restart processes of an older revision.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start every missing process from the record."""
    from infra.cli import upkeep

    _report(lambda settings: upkeep.recover(settings, revision=revision), as_json)


def reconcile(
    thorough: Annotated[bool, typer.Option("--thorough", help="Ask every process, not only suspicious ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the record with its processes and nudge those that differ."""
    from infra.cli import upkeep

    _report(lambda settings: upkeep.reconcile(settings, thorough=thorough), as_json)


def report(
    month: Annotated[str, typer.Argument(help="Which month, such as 2026-10.")],
    region: Annotated[str, typer.Option(help="Which region, with everything below it (GB/T 2260).")] = "000000",
    as_of: Annotated[datetime | None, typer.Option(formats=[INSTANT], help="As known then; now if not given.")] = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Write it as .xlsx or .docx.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count a month as it was known at an instant: later corrections change nothing in what is told of that instant."""
    from infra.cli import upkeep
    from infra.cli.report import told

    settings = _settings()
    counted = _or_explain(lambda: asyncio.run(upkeep.report(settings, month, region, as_of, out)), as_json)
    typer.echo(_as_json(counted.told) if as_json else "\n".join(told(counted)))


def overdue(
    state: Annotated[
        str, typer.Option(help="overdue, due_soon, running or paused; met or missed for clocks that ended.")
    ] = "overdue",
    department: Annotated[str | None, typer.Option(help="Who owes it, such as 370102.market.")] = None,
    region: Annotated[str | None, typer.Option(help="Of the case, with everything below it (GB/T 2260).")] = None,
    rule: Annotated[str | None, typer.Option(help="The rule's id.")] = None,
    kind: Annotated[str | None, typer.Option(help="What it waits for, such as sign_for or handling.")] = None,
    category: Annotated[str | None, typer.Option(help="Of the case, such as complaint.")] = None,
    channel: Annotated[str | None, typer.Option(help="Of the case, such as hotline_12345.")] = None,
    level: Annotated[int, typer.Option(min=0, help="At least this rung of escalation was climbed.")] = 0,
    certainty: Annotated[str | None, typer.Option(help="How sure the rule is: S, S2, M, X or P.")] = None,
    provisional: Annotated[bool, typer.Option("--provisional", help="Only those not yet sure of their days.")] = False,
    sort: Annotated[str, typer.Option(help="due: most urgent (or newest end) first; late: most behind first.")] = "due",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many are shown.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List clocks that are overdue, or in another state. It is the operator's: it sees the cases of all regions."""
    from infra.cli import upkeep

    given = {
        "state": state,
        "department": department,
        "region": region,
        "rule": rule,
        "kind": kind,
        "category": category,
        "channel": channel,
        "level": level,
        "certainty": certainty,
        "provisional": provisional,
        "sort": sort,
    }
    settings = _settings()
    listed = _or_explain(lambda: asyncio.run(upkeep.overdue(settings, given, limit)), as_json)
    if as_json:
        typer.echo(_as_json(upkeep.clocks_told(listed)))
        return
    from infra.cli.clock_table import show

    watermark = _or_explain(lambda: asyncio.run(upkeep.watermark(settings)), as_json)
    if watermark:
        typer.echo(watermark)
    show(listed)


@calendar.command("load")
def load_calendar(
    file: CalendarFile, region: CalendarRegion = None, replace: Replace = False, as_json: AsJson = False
) -> None:
    """Put the holidays of a file into force, at once for every process, and recompute the deadlines that waited for
    them. Run it again after an interruption."""
    from infra.cli import upkeep

    _report(lambda settings: upkeep.load_calendar(settings, file, region, replace=replace, quiet=as_json), as_json)


@calendar.command("check")
def check_calendar(
    file: CalendarFile, region: CalendarRegion = None, replace: Replace = False, as_json: AsJson = False
) -> None:
    """Tell what loading a file would do; nothing is written."""
    from infra.cli import upkeep

    _report(lambda settings: upkeep.check_calendar(settings, file, region, replace=replace), as_json)


@calendar.command("show")
def show_calendar(
    region: CalendarRegion = None,
    year: Annotated[int | None, typer.Option(help="Only the days of this year.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the calendar in force for a region: its version, how far it reaches, and its days."""
    from infra.cli import upkeep

    _report(lambda settings: upkeep.show_calendar(settings, region or "CN", year), as_json)


@calendar.command("recompute")
def recompute_clocks(as_json: AsJson = False) -> None:
    """Recompute the deadlines that rest on days no calendar knew, where one knows them now."""
    from infra.cli import upkeep

    _report(lambda settings: upkeep.recompute_clocks(settings, quiet=as_json), as_json)


def explain(
    clock: Annotated[str, typer.Argument(help="The clock's id: the case's, a dot and the clock's, clue-….handling-4.")],
    as_json: AsJson = False,
) -> None:
    """Tell why a deadline ends when it ends, step by step, and what became of it, from the record alone."""
    from infra.cli import upkeep
    from infra.cli.replay import explained_lines

    settings = _settings()
    told = _or_explain(lambda: asyncio.run(upkeep.explain_clock(settings, clock)), as_json)
    if as_json:
        typer.echo(_as_json(told))
        return
    watermark = _or_explain(lambda: asyncio.run(upkeep.watermark(settings)), as_json)
    typer.echo("\n".join([*([watermark] if watermark else []), *explained_lines(told)]))


def check_rules(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A rule file; every packaged one if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check rule files: every fault with file, row and id. Fails when there is one."""
    from infra.cli.rule_packs import check

    checked = check(file)
    typer.echo(_as_json(checked.told) if as_json else "\n".join(checked.lines()))
    if checked.faults:
        raise typer.Exit(1)


def show_rules(
    pack: Annotated[str | None, typer.Argument(help="A pack's name or a file; the one in use if not given.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind of clock, such as handling.")] = None,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what is in force that day.")] = None,
    department: Annotated[
        str | None, typer.Option(help="Which row a case of this department gets, such as 370102.market, and why.")
    ] = None,
    category: Annotated[str | None, typer.Option(help="Of that case, such as complaint.")] = None,
    channel: Annotated[str | None, typer.Option(help="Of that case, such as hotline_12345.")] = None,
    received: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day that case was received.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show rows of a pack with their legal ground and how sure it is; for a case, which row it gets and why."""
    from domain.time.calendar import day_of
    from domain.time.rules import Circumstances
    from infra.cli.rule_packs import Asked, pack_of, show

    given = Circumstances(channel=channel, category=category, received_on=received.date() if received else None)
    asked = _or_explain(lambda: Asked.of(kind, on.date() if on else None, department, given), as_json)
    named = _or_explain(lambda: pack_of(pack or _settings().rules_pack), as_json)
    shown = show(named, asked, day_of(datetime.now(UTC)))
    typer.echo(_as_json(shown.told) if as_json else "\n".join(shown.lines()))


def compare_rules(
    before: Annotated[str, typer.Argument(metavar="PACK_A", help="A pack's name or a file.")],
    after: Annotated[str, typer.Argument(metavar="PACK_B", help="Likewise.")],
    as_json: AsJson = False,
) -> None:
    """Compare two packs row by row and field by field."""
    from infra.cli.rule_packs import compare, pack_of

    compared = _or_explain(lambda: compare(pack_of(before), pack_of(after)), as_json)
    typer.echo(_as_json(compared) if as_json else "\n".join(compared.lines()))


def _started(component: str) -> Settings:
    """Settings of a long-running process, with logging and tracing begun before anything else."""
    from infra.runtime.logging import configure_logging
    from infra.runtime.telemetry import start_tracing

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
    from infra.runtime.logging import configure_logging

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
    from pydantic_core import to_jsonable_python

    return json.dumps(to_jsonable_python(result, fallback=str), ensure_ascii=False, indent=2)
