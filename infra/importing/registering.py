"""`xiezhi import`: messages of a source, each registered once whatever happens in between, none lost, none twice.

A row ends in exactly one verdict: registered, already there, or in the rejects file with line and reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from domain.errors import KeyReused, Malformed, Refused, XiezhiError
from domain.people.actors import Actor
from domain.record.decider import Decider
from domain.record.handler import HandlerPorts, Request, handle, parse
from domain.record.vault import Sealer
from infra.importing.errors import FileBroken
from infra.importing.patience import patiently
from infra.importing.progress import Progress, Rejection, Rejects
from infra.importing.rows import Row, Source
from infra.importing.sources import Ledger

IN_FLIGHT = 8
FIRST_PROBLEMS = 10

Verdict = Literal["registered", "already", "rejected"]
OnProgress = Callable[["ImportReport", float], None]
"""Hears of each settled row: the counts so far, and how much of the file has been read (0 to 1)."""


@dataclass(frozen=True)
class ImportOptions:
    """What to import, as whom, and where to note progress and rejects."""

    ledger: Ledger
    actor: Actor
    rejects: Path
    progress: Path
    in_flight: int = IN_FLIGHT


@dataclass
class ImportReport:
    """Rows by verdict. `skipped` rows were settled by an earlier, interrupted run."""

    registered: int = 0
    already: int = 0
    rejected: int = 0
    skipped: int = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return self.registered + self.already + self.rejected + self.skipped

    def count(self, verdict: Verdict) -> None:
        """One more row."""
        setattr(self, verdict, getattr(self, verdict) + 1)


@dataclass
class CheckReport:
    """What an import of the file would meet, as far as the file alone tells."""

    reading: dict[str, Any]
    rows: int = 0
    fit: int = 0
    unfit: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first_problems: list[Rejection] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """For the person who writes the mapping: how the file is read, counts, reasons, first problems. No row."""
        return {
            **self.reading,
            "rows": self.rows,
            "fit": self.fit,
            "unfit": self.unfit,
            "reasons": [f"{count} × {reason}" for reason, count in self.reasons.most_common()],
            "first_problems": [f"line {found.line}: {found.reason}" for found in self.first_problems],
        }


async def import_file(
    ports: HandlerPorts, decider: Decider[Any], options: ImportOptions, on_progress: OnProgress = lambda *_: None
) -> ImportReport:
    """Register every row.

    Raises `ImportStopped` when the database stays away, `FileBroken` where the file ends before its time, and what
    `Ledger.opened` raises.
    """
    source, body_of = options.ledger.opened()
    progress = Progress(options.progress, options.ledger.path, options.ledger.reading)
    rejects = Rejects(options.rejects, settled=progress.settled)
    report = ImportReport(skipped=progress.settled)
    damage: list[FileBroken] = []
    rows = (row for row in to_the_damage(source, damage) if row.number > report.skipped)

    async def work() -> None:
        for row in rows:
            try:
                verdict = await _settle(ports, decider, options.actor, body_of(row))
            except _REJECTING as error:
                verdict = "rejected"
                rejects.add(_rejection(row, error))
            report.count(verdict)
            progress.settle(row.number)
            on_progress(report, source.share_read)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(options.in_flight):
                group.create_task(work())
    except* XiezhiError as stopped:
        raise stopped.exceptions[0] from None
    finally:
        rejects.close()
    if damage:
        raise damage[0]
    progress.done()
    return report


def check_file(
    decider: Decider[Any],
    ledger: Ledger,
    actor: Actor,
    entropy: Callable[[int], bytes],
    on_progress: Callable[[CheckReport, float], None] = lambda *_: None,
) -> CheckReport:
    """Read the whole file and try every row as far as that goes without the record; nothing is written."""
    source, body_of = ledger.opened()
    report = CheckReport(source.described)
    for row in source.rows():
        report.rows += 1
        try:
            parse(decider, _request(actor, body_of(row)), Sealer(entropy))
            report.fit += 1
        except Malformed as error:
            report.unfit += 1
            rejection = _rejection(row, error)
            report.reasons[rejection.reason] += 1
            if len(report.first_problems) < FIRST_PROBLEMS:
                report.first_problems.append(rejection)
        on_progress(report, source.share_read)
    return report


def to_the_damage(source: Source, damage: list[FileBroken]) -> Iterator[Row]:
    """Rows up to where the file cannot be read on; what is in flight then is finished before that is said."""
    try:
        yield from source.rows()
    except FileBroken as found:
        damage.append(found)


class _NotTaken(Exception):
    """The rules refused the registration."""

    def __init__(self, refusal: Refused) -> None:
        self.refusal = refusal


_REJECTING = (Malformed, KeyReused, _NotTaken)


def _request(actor: Actor, body: dict[str, Any]) -> Request:
    return Request(
        actor=actor,
        key=f"import:{body['channel']}:{body['external_id']}",
        slug="register",
        body=body,
        lane="bulk",
    )


async def _settle(ports: HandlerPorts, decider: Decider[Any], actor: Actor, body: dict[str, Any]) -> Verdict:
    """Register one row. Raises what rejects it, or `ImportStopped`."""
    handled = await patiently(lambda: handle(ports, decider, _request(actor, body)))
    refusal = handled.outcome.refusal
    if refusal is None:
        return "already" if handled.repeated else "registered"
    if refusal.code == "already_registered":
        return "already"
    raise _NotTaken(refusal)


def _rejection(row: Row, error: Malformed | KeyReused | _NotTaken) -> Rejection:
    match error:
        case Malformed():
            code, reason = error.code, reason_of(error)
        case KeyReused():
            code, reason = error.code, "同一来源工单号已登记过另一内容"
        case _NotTaken(refusal=refusal):
            code, reason = refusal.code, refusal.detail
    return Rejection(row.number, row.line, code, reason, row.raw)


def reason_of(error: Malformed) -> str:
    """Places and problems, never values."""
    return "; ".join(f"{found['at']}: {found['problem']}" for found in error.problems)
