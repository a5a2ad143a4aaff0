"""`xiezhi calendar load|check|show|recompute`: holidays and make-up working days, and the deadlines that need them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.answer import AsJson, Result, answer, progress_bar
from infra.cli.record_access import serving_engine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from domain.record.handler import HandlerPorts
    from infra.runtime.settings import Settings

app = typer.Typer(help="Calendars of holidays and make-up working days.", no_args_is_help=True)
CalendarFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML or CSV.")]
CalendarRegion = Annotated[
    str | None, typer.Option(help="Whose further holidays these are (GB/T 2260); CN for the national calendar.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Also change days that are known already.")]


@app.command()
def load(file: CalendarFile, region: CalendarRegion = None, replace: Replace = False, as_json: AsJson = False) -> None:
    """Put the holidays of a file into force, at once for every process, and recompute the deadlines that waited for
    them. Run it again after an interruption."""
    answer(lambda settings: load_calendar(settings, file, region, replace=replace, quiet=as_json), as_json)


@app.command()
def check(file: CalendarFile, region: CalendarRegion = None, replace: Replace = False, as_json: AsJson = False) -> None:
    """Tell what loading a file would do; nothing is written."""
    answer(lambda settings: check_calendar(settings, file, region, replace=replace), as_json)


@app.command()
def show(
    region: CalendarRegion = None,
    year: Annotated[int | None, typer.Option(help="Only the days of this year.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the calendar in force for a region: its version, how far it reaches, and its days."""
    answer(lambda settings: show_calendar(settings, region or "CN", year), as_json)


@app.command()
def recompute(as_json: AsJson = False) -> None:
    """Recompute the deadlines that rest on days no calendar knew, where one knows them now."""
    answer(lambda settings: recompute_clocks(settings, quiet=as_json), as_json)


async def load_calendar(settings: Settings, file: Path, region: str | None, *, replace: bool, quiet: bool) -> Result:
    """Put the holidays of a file into force and recompute every clock that rested on days unknown; `ok` is False when
    a case could not be recomputed. Raises `CalendarInvalid` or `KnownDaysChange`, and nothing is written then."""
    from infra.calendars import load as load_notice
    from infra.calendars import read_notice
    from infra.wiring.handler_ports import build_handler_ports

    notice = read_notice(file, region)
    async with serving_engine(settings) as engine:
        ports = build_handler_ports(settings, engine)
        loaded = await load_notice(ports, engine, notice, replace=replace)
        return {**loaded.summary(), **await _recompute_all(ports, engine, quiet=quiet)}


async def check_calendar(settings: Settings, file: Path, region: str | None, *, replace: bool) -> Result:
    """What loading a file would do. Raises as `load_calendar`; nothing is written."""
    from infra.calendars import load as load_notice
    from infra.calendars import read_notice
    from infra.wiring.handler_ports import build_handler_ports

    notice = read_notice(file, region)
    async with serving_engine(settings) as engine:
        loaded = await load_notice(build_handler_ports(settings, engine), engine, notice, replace=replace, check=True)
        return {"ok": True, **loaded.summary()}


async def show_calendar(settings: Settings, region: str, year: int | None) -> Result:
    """The calendar in force for a region. Raises `CalendarInvalid` for an unknown one."""
    from infra.calendars import calendars_in_force, describe_calendar
    from infra.wiring.handler_ports import build_handler_ports

    async with serving_engine(settings) as engine:
        return describe_calendar(await calendars_in_force(build_handler_ports(settings, engine)), region, year)


async def recompute_clocks(settings: Settings, *, quiet: bool) -> Result:
    """Recompute what rested on days unknown; `ok` is False when a case could not be."""
    from infra.wiring.handler_ports import build_handler_ports

    async with serving_engine(settings) as engine:
        return await _recompute_all(build_handler_ports(settings, engine), engine, quiet=quiet)


async def _recompute_all(ports: HandlerPorts, engine: AsyncEngine, *, quiet: bool) -> Result:
    from infra.calendars import recompute as recompute_cases
    from infra.postgres.clocks.calendars import ClocksToSettle

    with progress_bar("clocks", quiet=quiet) as show_progress:
        return (await recompute_cases(ports, ClocksToSettle(engine), show_progress)).summary()
