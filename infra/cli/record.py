"""`xiezhi verify`, `checkpoint` and `rebuild`: the whole record held against itself, signed, and told again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from domain.errors import XiezhiError
from infra.cli.answer import AsJson, Result, answer
from infra.cli.record_access import maintenance_engine

if TYPE_CHECKING:
    from infra.runtime.settings import Settings


class UnknownRows(XiezhiError):
    """There are no derived rows of this name."""

    code = "unknown_rows"


def verify(
    against: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A signed checkpoint the record must still contain."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every chain and compare heads, rows and checkpoints; fails when anything does not hold."""
    note = against.read_text(encoding="utf-8") if against is not None else None
    answer(lambda settings: verify_record(settings, note), as_json)


def checkpoint(as_json: AsJson = False) -> None:
    """Sign where every stream stands, so that a cut tail or a missing stream is seen later."""
    answer(sign_checkpoint, as_json, always_json=True)


def rebuild(name: Annotated[str, typer.Argument(help="Which rows.")], as_json: AsJson = False) -> None:
    """Make derived rows anew from the events."""
    answer(lambda settings: rebuild_rows(settings, name), as_json)


async def verify_record(settings: Settings, note: str | None) -> Result:
    """Hold the whole record against itself and a checkpoint; `ok` is False when anything was found."""
    from infra.postgres.proof.checkpoint import load_or_make_key
    from infra.postgres.proof.verify import verify as verify_chains

    key = load_or_make_key(settings.checkpoint_key_file).public_key()
    async with maintenance_engine(settings) as engine:
        report = await verify_chains(engine, key, against=note)
    counted = {name: value for name, value in asdict(report).items() if name != "findings"}
    findings = [f"{found.check} {found.where}: {found.problem}" for found in report.findings]
    return {"ok": report.clean, **counted, "findings": findings}


async def sign_checkpoint(settings: Settings) -> Result:
    """Sign all stream heads; the note, also kept in the database."""
    from infra.postgres.proof.checkpoint import load_or_make_key, take_checkpoint

    key = load_or_make_key(settings.checkpoint_key_file)
    async with maintenance_engine(settings) as engine:
        return {"checkpoint": await take_checkpoint(engine, key)}


async def rebuild_rows(settings: Settings, name: str) -> Result:
    """Make derived rows anew. Raises `UnknownRows`."""
    from infra.people.reporter_index import marker
    from infra.postgres.proof import rebuild as rebuilding

    for known in rebuilding.REBUILDABLE:
        if known == name:
            async with maintenance_engine(settings) as engine:
                marked = marker(settings.secret("fingerprint_key")) if known == "reporters" else None
                return {"rows": name, "streams": await rebuilding.rebuild(engine, known, marked=marked)}
    raise UnknownRows(f"可重建的有: {'、'.join(get_args(rebuilding.Rebuildable))}")
