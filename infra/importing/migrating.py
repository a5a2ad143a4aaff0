"""`xiezhi import --history`: cases of another system, open and closed, with every step at its original time.

Each case is taken over whole or not at all. Nobody gets a notice; clocks go on. At the end what the file says is
held against what the record says of the batch, counted there and not remembered from here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from domain.errors import KeyReused, Malformed
from domain.people.actors import Actor
from domain.record.decider import Decider
from domain.record.handler import Handled, HandlerPorts
from domain.record.takeover import Adoption, Step, StepRefused, adopt
from domain.time.rules import RuleMissing
from domain.value import SHANGHAI
from infra.importing.errors import BatchInvalid, FileBroken, MappingInvalid
from infra.importing.history import History, StepTable, history_of, step_table
from infra.importing.patience import patiently
from infra.importing.progress import Rejection, Rejects
from infra.importing.registering import IN_FLIGHT, reason_of, to_the_damage
from infra.importing.rows import Row
from infra.importing.sources import Ledger, open_source
from infra.processes.throttle import Throttle, each

SHOWN = 20
"""Differences and rejected cases that are listed one by one."""

Directory = Callable[[str], Awaitable[Actor | None]]
"""The actor behind an account, whether it may still act or not."""


class MigrationRecord(Protocol):
    """The record, asked about a batch."""

    async def sums(self, account: str, batch: str) -> Sums:
        """What the record holds of a batch that an account migrated."""
        ...


@dataclass(frozen=True)
class MigrationOptions:
    """What to take over, who answers for it, and under which name. `rate`: cases a second at most."""

    ledger: Ledger
    steps: Path | None
    by: Actor
    batch: str
    rejects: Path
    scratch: Path
    rate: float | None = None
    in_flight: int = IN_FLIGHT


@dataclass
class Sums:
    """What is counted on both sides. Months are those of Asia/Shanghai, `2026-03`; steps include registrations."""

    cases: int = 0
    steps: int = 0
    months: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)

    def take(self, history: History, registered_at: datetime) -> None:
        """One more case of the file."""
        self.cases += 1
        self.steps += history.steps
        self.months.update(month_of(at) for at in (registered_at, *(step.at for step in history.course.steps)))
        if history.course.expected.stage is not None:
            self.stages[history.course.expected.stage] += 1


@dataclass
class MigrationReport:
    """Cases by what became of them, and both sides' sums over those that were taken over."""

    batch: str
    migrated: int = 0
    already: int = 0
    rejected: int = 0
    source: Sums = field(default_factory=Sums)
    record: Sums = field(default_factory=Sums)
    differences: list[str] = field(default_factory=list)
    unlisted: int = 0

    @property
    def rows(self) -> int:
        """All cases of the file so far."""
        return self.migrated + self.already + self.rejected

    def differ(self, said: str) -> None:
        """One more difference; of very many only the first are listed."""
        if len(self.differences) < SHOWN:
            self.differences.append(said)
        else:
            self.unlisted += 1

    def summary(self) -> dict[str, Any]:
        """For the person who answers for the migration."""
        more = [f"… {self.unlisted} more"] if self.unlisted else []
        return {
            "ok": not self.differences,
            "batch": self.batch,
            "migrated": self.migrated,
            "already": self.already,
            "rejected": self.rejected,
            "cases": self.record.cases,
            "steps": self.record.steps,
            "stages": dict(sorted(self.record.stages.items())),
            "months": dict(sorted(self.record.months.items())),
            "differences": [*self.differences, *more],
        }


OnProgress = Callable[[MigrationReport, float], None]


async def import_histories(
    ports: HandlerPorts,
    decider: Decider[Any],
    directory: Directory,
    record: MigrationRecord,
    options: MigrationOptions,
    on_progress: OnProgress = lambda *_: None,
) -> MigrationReport:
    """Take over every case and reconcile.

    Raises `BatchInvalid`, `ImportStopped` when the database stays away, and what `Ledger.opened` raises.
    """
    if not options.batch.replace("-", "").replace(".", "").replace("_", "").isalnum() or not options.batch.isascii():
        raise BatchInvalid("批次名只能用英文字母、数字和 - . _,例如 2026-11-oldhotline")
    source, body_of = options.ledger.opened()
    report = MigrationReport(options.batch)
    rejects = Rejects(options.rejects, settled=0)
    throttle = Throttle(options.rate) if options.rate else None
    actors = _Actors(directory)

    damage: list[FileBroken] = []

    async def rows() -> AsyncIterator[Row]:
        for row in to_the_damage(source, damage):
            if throttle is not None:
                await throttle.turn()
            yield row

    with ExitStack() as opened:
        table = opened.enter_context(step_table(options.scratch)) if options.steps else None
        opened.callback(rejects.close)
        if table is not None:
            for rejection in _fill(table, options):
                rejects.add(rejection)
                report.differ(f"line {rejection.line}: {rejection.reason}")

        async def settle(row: Row) -> None:
            try:
                history = _history(body_of(row), table)
                adoption = await _adoption(history, actors, options)
                handled = await patiently(lambda: adopt(ports, decider, adoption))
            except _REJECTING as error:
                report.rejected += 1
                rejection = _rejection(row, error)
                rejects.add(rejection)
                report.differ(f"line {row.line}: {rejection.code} {rejection.reason}")
            else:
                _count(report, row, history, adoption, handled)
            on_progress(report, source.share_read)

        await each(rows(), settle, at_once=options.in_flight)
        if damage:
            raise damage[0]
        if table is not None:
            _tell_orphans(report, table)
    report.record = await record.sums(options.by.account, options.batch)
    _compare(report)
    return report


def key_prefix(batch: str) -> str:
    """What the idempotency keys of a batch begin with."""
    return f"history:{batch}:"


def month_of(at: datetime) -> str:
    """`2026-03`, in Asia/Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m}"


class _Actors:
    """Accounts looked up once."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._known: dict[str, Actor | None] = {}

    async def of(self, account: str, place: str) -> Actor:
        if account not in self._known:
            self._known[account] = await self._directory(account)
        found = self._known[account]
        if found is None:
            raise Malformed([{"at": place, "problem": "unknown_account"}])
        return found


def _fill(table: StepTable, options: MigrationOptions) -> Iterator[Rejection]:
    mapping = options.ledger.mapping.steps if options.ledger.mapping else None
    if mapping is None or options.steps is None:
        raise MappingInvalid("步骤文件需要映射文件中的 [steps] 部分")
    source = open_source(options.steps, mapping.wanted, options.ledger.encoding, None)
    yield from table.fill(source.rows(), mapping)


def _history(body: Mapping[str, Any], table: StepTable | None) -> History:
    if table is None:
        return history_of(body)
    return history_of({**body, "steps": table.of(body["external_id"])})


async def _adoption(history: History, actors: _Actors, options: MigrationOptions) -> Adoption:
    course, registration = history.course, history.registration
    clerk = await actors.of(course.registered_by, "registered_by") if course.registered_by else options.by
    steps = [Step(clerk, "register", registration, _registered_at(history))]
    for number, step in enumerate(course.steps, 2):
        steps.append(Step(await actors.of(step.by, f"steps.{number}.by"), step.do, step.given, step.at))
    key = f"{key_prefix(options.batch)}{registration['channel']}:{registration['external_id']}"
    return Adoption(options.by, key, options.batch, tuple(steps))


def _registered_at(history: History) -> datetime:
    """When the other system registered it; where it does not say, when it was received."""
    if history.course.registered_at is not None:
        return history.course.registered_at
    try:
        return datetime.fromisoformat(history.registration["received_at"]).astimezone(SHANGHAI)
    except (KeyError, TypeError, ValueError):
        raise Malformed([{"at": "received_at", "problem": "missing_or_no_instant"}]) from None


def _count(report: MigrationReport, row: Row, history: History, adoption: Adoption, handled: Handled) -> None:
    verdict: Literal["migrated", "already"] = "already" if handled.repeated else "migrated"
    setattr(report, verdict, getattr(report, verdict) + 1)
    report.source.take(history, adoption.steps[0].occurred_at)
    expected = history.course.expected.stage
    if expected is not None and expected != handled.outcome.stage:
        report.differ(f"line {row.line}: stage {expected} in the source, {handled.outcome.stage} in the record")


_REJECTING = (Malformed, KeyReused, StepRefused, RuleMissing)


def _rejection(row: Row, error: Malformed | KeyReused | StepRefused | RuleMissing) -> Rejection:
    match error:
        case StepRefused():
            return Rejection(row.number, row.line, error.refused.code, str(error), row.raw)
        case Malformed():
            return Rejection(row.number, row.line, error.code, reason_of(error), row.raw)
        case RuleMissing():
            return Rejection(row.number, row.line, error.code, str(error), row.raw)
        case _:
            return Rejection(row.number, row.line, error.code, "该案件已以另一办理过程迁入", row.raw)


def _tell_orphans(report: MigrationReport, table: StepTable) -> None:
    count, first = table.orphans()
    if count:
        report.differ(f"steps of no case in the file: {count}, rows {', '.join(map(str, first))}")


def _compare(report: MigrationReport) -> None:
    """Every sum of the file against the record's."""
    source, record = report.source, report.record
    for name, said, found in (("cases", source.cases, record.cases), ("steps", source.steps, record.steps)):
        if said != found:
            report.differ(f"{name}: {said} in the source, {found} in the record")
    for name, says, holds in (("month", source.months, record.months), ("stage", source.stages, record.stages)):
        if name == "stage" and says.total() != source.cases:
            continue  # the source does not say of every case where it stands
        for key in sorted(says.keys() | holds.keys()):
            if says[key] != holds[key]:
                report.differ(f"{name} {key}: {says[key]} in the source, {holds[key]} in the record")
