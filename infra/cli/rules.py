"""`xiezhi rules check|show|diff`: deadline rules as people read them. Works without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.answer import AsJson, or_explain, print_json, print_lines, settings_in_use

app = typer.Typer(help="Deadline rules: check, show and compare packs.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A rule file; every packaged one if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check rule files: every fault with file, row and id. Fails when there is one."""
    from infra.cli.rule_packs import check_packs

    checked = check_packs(file)
    if as_json:
        print_json(checked.as_json())
    else:
        print_lines(checked.lines())
    if checked.faults:
        raise typer.Exit(1)


@app.command()
def show(
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
    from infra.cli.rule_packs import RowFilter, filter_rows
    from infra.reference.packs import find_pack

    given = Circumstances(channel=channel, category=category, received_on=received.date() if received else None)
    wanted = or_explain(lambda: RowFilter.of(kind, on.date() if on else None, department, given), as_json)
    found = or_explain(lambda: find_pack(pack or settings_in_use().rules_pack), as_json)
    shown = filter_rows(found, wanted, day_of(datetime.now(UTC)))
    if as_json:
        print_json(shown.as_json())
    else:
        print_lines(shown.lines())


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="PACK_A", help="A pack's name or a file.")],
    after: Annotated[str, typer.Argument(metavar="PACK_B", help="Likewise.")],
    as_json: AsJson = False,
) -> None:
    """Compare two packs row by row and field by field."""
    from infra.cli.rule_packs import compare_packs
    from infra.reference.packs import find_pack

    compared = or_explain(lambda: compare_packs(find_pack(before), find_pack(after)), as_json)
    if as_json:
        print_json(compared)
    else:
        print_lines(compared.lines())
