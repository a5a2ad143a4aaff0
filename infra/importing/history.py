"""A case from another system with every step it took, as one value: from one JSON line, or from two tables.

In tables the cases stand in one file and the steps in another, in any order, joined by the ticket number; the steps are
kept in a temporary database meanwhile, so that neither file must fit into memory.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field, ValidationError

from domain.errors import Malformed
from domain.value import Instant, Value
from infra.importing.mapping import StepsMapping
from infra.importing.progress import Rejection
from infra.importing.rows import Row


class PastStep(Value):
    """One step: when, by whose account, the command's slug, and its body."""

    at: Instant
    by: str
    do: str
    given: dict[str, Any] = Field(default={}, alias="with")


class Expected(Value):
    """What the other system says of the case: where it stands, and how many steps it took, registration included."""

    stage: str | None = None
    steps: int | None = None


class _Course(Value):
    registered_at: Instant | None = None
    registered_by: str | None = None
    steps: tuple[PastStep, ...] = ()
    expected: Expected = Expected()


@dataclass(frozen=True)
class History:
    """A case with its course. `registration` is the body of its first step."""

    registration: Mapping[str, Any]
    course: _Course

    @property
    def steps(self) -> int:
        """Registration included."""
        return 1 + len(self.course.steps)


def history_of(given: Mapping[str, Any]) -> History:
    """A case as one object. Raises `Malformed` naming places, never values."""
    own = {name: value for name, value in given.items() if name in _Course.model_fields}
    try:
        course = _Course.model_validate(own)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        raise Malformed(
            [{"at": ".".join(map(str, found["loc"])), "problem": found["type"]} for found in problems]
        ) from None
    if course.expected.steps not in (None, 1 + len(course.steps)):
        raise Malformed([{"at": "steps", "problem": "differs_from_expected_steps"}])
    return History({name: value for name, value in given.items() if name not in own}, course)


class Steps(Protocol):
    """Where the steps of a case are found."""

    def of(self, ticket: str) -> list[dict[str, Any]]:
        """The steps of a ticket in their order. Raises `Malformed` when one of them could not be read."""
        ...


class StepTable:
    """The rows of a steps file by ticket number, on disk."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.rows = 0

    def fill(self, rows: Iterator[Row], mapping: StepsMapping) -> Iterator[Rejection]:
        """Take in every row; yields those whose ticket cannot be read. Others that do not fit reject their case."""
        for row in rows:
            self.rows += 1
            try:
                if row.cells is None:
                    raise Malformed([{"at": "row", "problem": row.problem}])  # noqa: TRY301 — one way to reject a row
                ticket = mapping.ticket(row.cells)
            except Malformed as error:
                yield Rejection(row.number, row.line, error.code, f"steps: {_places(error)}", row.raw)
                continue
            at, step = _step(mapping, row)
            self._database.execute("INSERT INTO steps VALUES (?, ?, ?, ?)", (ticket, at, row.number, step))
        self._database.execute("CREATE INDEX by_ticket ON steps (ticket, at, number)")

    def of(self, ticket: str) -> list[dict[str, Any]]:
        """The steps of a ticket, by time, as they stand in the file where times are equal."""
        self._database.execute("INSERT OR IGNORE INTO asked VALUES (?)", (ticket,))
        found = self._database.execute("SELECT step FROM steps WHERE ticket = ? ORDER BY at, number", (ticket,))
        steps = [json.loads(step) for (step,) in found]
        problems = [step["problem"] for step in steps if "problem" in step]
        if problems:
            raise Malformed([{"at": "steps", "problem": problem} for problem in problems])
        return steps

    def orphans(self) -> tuple[int, list[int]]:
        """How many steps belong to no case of the file, and the first of their row numbers."""
        none = "FROM steps WHERE ticket NOT IN (SELECT ticket FROM asked)"
        (count,) = self._database.execute(f"SELECT count(*) {none}").fetchone()
        first = self._database.execute(f"SELECT number {none} ORDER BY number LIMIT 10")
        return count, [number for (number,) in first]


@contextmanager
def step_table(folder: Path) -> Iterator[StepTable]:
    """An empty table in a file of its own, gone afterwards; nobody else may read it."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        database = sqlite3.connect(Path(scratch) / "steps.sqlite", isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("BEGIN")
            database.execute("CREATE TABLE steps (ticket TEXT, at TEXT, number INTEGER, step TEXT)")
            database.execute("CREATE TABLE asked (ticket TEXT PRIMARY KEY) WITHOUT ROWID")
            yield StepTable(database)
        finally:
            database.close()


def _step(mapping: StepsMapping, row: Row) -> tuple[str, str]:
    """A row as its time and JSON; one that does not fit says so when its case is asked for."""
    try:
        step = mapping.step(row.cells or {})
    except Malformed as error:
        return "", json.dumps({"problem": f"line {row.line}: {_places(error)}"})
    return step["at"], json.dumps(step, ensure_ascii=False)


def _places(error: Malformed) -> str:
    return "; ".join(f"{found['at']}: {found['problem']}" for found in error.problems)
