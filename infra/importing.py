"""`xiezhi import`: messages of a source, one JSON object a line, each registered once whatever happens in between.

The checkpoint is the record itself: the key of a row is its channel and external id, so a repeated row gets its first
answer. A small progress file only saves asking again. Rows that cannot be registered go, with line and reason, into a
file that only its owner may read, because the row itself is personal data.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from domain.actors import Actor
from domain.decider import Decider
from domain.errors import KeyReused, Malformed, XiezhiError
from domain.handling import Handled, Request, World, handle
from infra.stack_file import write_private

IN_FLIGHT = 8
RETRIES = 8
"""Tries of one row while the database is away: with doubling pauses about a minute, then the import stops."""
PROGRESS_EVERY = 50
RETRIED: Final = frozenset({"store_unavailable", "conflict"})

Verdict = Literal["registered", "already", "rejected"]


class ImportStopped(Exception):
    """The import could not go on; what was done stays done, and running it again continues."""


@dataclass(frozen=True)
class Rejection:
    """A row that was not registered."""

    line: int
    code: str
    reason: str
    raw: str


@dataclass(frozen=True)
class ImportOptions:
    """What to import, as whom, and where to note progress and rejects."""

    file: Path
    actor: Actor
    rejects: Path
    progress: Path
    defaults: Mapping[str, str] = field(default_factory=dict)
    in_flight: int = IN_FLIGHT


@dataclass
class ImportReport:
    """Rows by verdict. `skipped` lines were settled by an earlier, interrupted run."""

    registered: int = 0
    already: int = 0
    rejected: int = 0
    skipped: int = 0

    def count(self, verdict: Verdict) -> None:
        """One more row."""
        setattr(self, verdict, getattr(self, verdict) + 1)


class Progress:
    """How far every line is settled, kept small on disk. A file that changed starts anew."""

    def __init__(self, path: Path, file: Path) -> None:
        self._path = path
        found = file.stat()
        self._source = {"name": file.name, "size": found.st_size, "modified": found.st_mtime_ns}
        self._ahead: set[int] = set()
        self.settled = self._read()

    def settle(self, line: int) -> None:
        """A line has its verdict; the mark moves when all before it have theirs."""
        self._ahead.add(line)
        moved = self.settled
        while moved + 1 in self._ahead:
            moved += 1
            self._ahead.remove(moved)
        if moved // PROGRESS_EVERY > self.settled // PROGRESS_EVERY:
            write_private(self._path, {**self._source, "settled": moved})
        self.settled = moved

    def done(self) -> None:
        """Every line is settled: the next import of this file asks the record again."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> int:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0
        settled = kept.pop("settled", 0) if isinstance(kept, dict) else 0
        return settled if kept == self._source and isinstance(settled, int) else 0


class Rejects:
    """The rejects file: JSON lines, mode 0600. An interrupted import goes on with the same file."""

    def __init__(self, path: Path, *, resume: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = _whole(path) if resume else {}
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
        os.fchmod(self._file.fileno(), 0o600)
        self._file.writelines(kept.values())
        self._written = set(kept)

    def add(self, rejection: Rejection) -> None:
        """Write one down, once."""
        if rejection.line not in self._written:
            self._file.write(json.dumps(vars(rejection), ensure_ascii=False) + "\n")
            self._file.flush()
            self._written.add(rejection.line)

    def close(self) -> None:
        """Nothing more is rejected."""
        self._file.close()


def _whole(path: Path) -> dict[int, str]:
    """The complete lines of an earlier run; a kill may have left half a line behind."""
    found = {}
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        for row in file:
            with suppress(ValueError, KeyError, TypeError):
                found[int(json.loads(row)["line"])] = row
    return found


async def import_file(
    world: World, decider: Decider[Any], options: ImportOptions, told: Callable[[ImportReport], None] = lambda _: None
) -> ImportReport:
    """Register every row. `told` hears of each settled row. Raises `ImportStopped` when the database stays away."""
    progress = Progress(options.progress, options.file)
    rejects = Rejects(options.rejects, resume=progress.settled > 0)
    report = ImportReport(skipped=progress.settled)
    rows = (row for row in read_lines(options.file) if row[0] > report.skipped)

    async def work() -> None:
        for line, raw in rows:
            if raw:
                verdict, rejection = await _settle(world, decider, options, line, raw)
                if rejection is not None:
                    rejects.add(rejection)
                report.count(verdict)
                told(report)
            progress.settle(line)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(options.in_flight):
                group.create_task(work())
    except* ImportStopped as stopped:
        raise stopped.exceptions[0] from None
    finally:
        rejects.close()
    progress.done()
    return report


def read_lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of a plain or gzipped file, never the whole in memory."""
    with file.open("rb") as plain:
        opened: Iterable[bytes] = gzip.GzipFile(fileobj=plain) if file.suffix == ".gz" else plain
        for line, raw in enumerate(opened, 1):
            yield line, raw.strip()


async def _settle(
    world: World, decider: Decider[Any], options: ImportOptions, line: int, raw: bytes
) -> tuple[Verdict, Rejection | None]:
    text = raw.decode("utf-8", errors="replace")
    try:
        body = _row(raw, options.defaults)
        request = Request(
            actor=options.actor,
            key=f"import:{body['channel']}:{body['external_id']}",
            slug="register",
            body=body,
            lane="bulk",
        )
        handled = await _patiently(world, decider, request)
    except Malformed as error:
        reason = "; ".join(f"{found['at']}: {found['problem']}" for found in error.problems)
        return "rejected", Rejection(line, error.code, reason, text)
    except KeyReused as error:
        return "rejected", Rejection(line, error.code, "同一来源工单号已登记过另一内容", text)
    refusal = handled.outcome.refusal
    if refusal is None:
        return ("already" if handled.repeated else "registered"), None
    if refusal.code == "already_registered":
        return "already", None
    return "rejected", Rejection(line, refusal.code, refusal.detail, text)


def _row(raw: bytes, defaults: Mapping[str, str]) -> dict[str, Any]:
    """A line as the body of a registration. Without an external id a repeat could not be recognised."""
    try:
        given = json.loads(raw)
        raw.decode("utf-8")
    except (ValueError, RecursionError):
        raise Malformed([{"at": "row", "problem": "json_invalid"}]) from None
    if not isinstance(given, dict):
        raise Malformed([{"at": "row", "problem": "not_an_object"}])
    body = {**defaults, **given}
    missing = [name for name in ("channel", "external_id") if not isinstance(body.get(name), str) or not body[name]]
    if missing:
        raise Malformed([{"at": name, "problem": "missing"} for name in missing])
    return body


async def _patiently(world: World, decider: Decider[Any], request: Request) -> Handled:
    """Handle one row, waiting out a database that is away."""
    pause = 0.25
    for _ in range(RETRIES):
        try:
            return await handle(world, decider, request)
        except XiezhiError as error:
            if error.code not in RETRIED:
                raise
        await asyncio.sleep(pause)
        pause *= 2
    raise ImportStopped("数据库持续不可用,已登记的均已保存;恢复后重新运行同一命令即可继续")
