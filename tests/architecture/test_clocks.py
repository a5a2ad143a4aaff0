"""No test's outcome depends on the day it runs: who reads the machine's clock is listed here, each with its reason.

Everybody else names an instant, asks the store or the database, or pins the database's clock
(`tests/support/database_clock.py`). What is listed is moved by `pytest --as-of` too, so `make dates` tries it on other
days. Read while a module is imported, a date is yesterday's when the run crosses midnight: few may, and say why.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
LAYERS = ("domain", "workflows", "activities", "api", "infra")
READING = {
    f"{module}.{name}"
    for module, names in {
        "datetime": ("now", "today", "utcnow"),
        "datetime.datetime": ("now", "today", "utcnow"),
        "date": ("today",),
        "datetime.date": ("today",),
        "time": ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime"),
    }.items()
    for name in names
}
UNMOVED = re.compile(r"\b(current_(date|time|timestamp)|localtimestamp|timeofday)\b", re.IGNORECASE)
"""Ways for SQL to tell the time that no search path leads elsewhere, unlike `now()` and `clock_timestamp()`."""
ALLOWED = {
    "activities/test_asking.py": "the memory store's clock, as the service gives it one",
    "api/cases/test_feed.py": "a token that runs out in four seconds",
    "api/lists/test_oversight.py": "time is excluded from the last three days, whichever they are",
    "api/people/test_accounts.py": "days of substitutions are counted from today, two days clear of midnight",
    "bench": "measures the machine, and asserts nothing about days",
    "chaos/storm.py": "when something was struck, for the report, and a seed nobody chose",
    "contracts/test_calendars.py": "calendars that end before and after now, by years",
    "contracts/test_elsewhere.py": "the memory store's clock, as the service gives it one",
    "contracts/test_store.py": "the memory store's clock, as the service gives it one",
    "contracts/test_visibility.py": "the service's clock, unless a test pins it",
    "infra/calendars/test_loading.py": "calendars that end before now, and a working day to come, counted from one day",
    "infra/files/test_exported_lists.py": "the age of files, which the file system tells against the machine's clock",
    "infra/importing/test_migrating.py": "a case of an hour ago, whose marks lie hours ahead",
    "infra/notices/test_postman.py": "days two away from today, and a digest of the day after tomorrow",
    "infra/training/test_loading.py": "the set tells of the days before it is loaded; fixed days are tried besides",
    "support/as_of.py": "moves the clock",
    "support/database_clock.py": "moves a database's clock",
    "support/driver.py": "how long answers took",
    "workflows/casework.py": "the memory store's clock beside Temporal's own, which is the machine's",
    "workflows/test_time.py": "where a skipping server's clock begins",
}
ALLOWED_ON_IMPORT = {
    "contracts/test_calendars.py": "whole years away from every deadline",
    "infra/calendars/test_loading.py": "one day for all its calendars, a week from what is asked of them",
}


def readings(source: str) -> list[tuple[int, bool]]:
    """The lines that read the machine's clock, and whether they do so while the module is imported."""
    return sorted(_readings(ast.parse(source), importing=True))


def _readings(node: ast.AST, *, importing: bool) -> Iterator[tuple[int, bool]]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in READING:
        yield node.lineno, importing
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        importing = False
    for child in ast.iter_child_nodes(node):
        yield from _readings(child, importing=importing)


def _found() -> dict[str, list[bool]]:
    """Who reads the clock; `bench` stands for all its modules."""
    found: dict[str, list[bool]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        name = path.relative_to(TESTS)
        for _, importing in readings(path.read_text(encoding="utf-8")):
            found.setdefault("bench" if name.parts[0] == "bench" else name.as_posix(), []).append(importing)
    return found


def test_given_the_tests_then_who_reads_the_machines_clock_is_listed_with_the_reason() -> None:
    assert sorted(_found()) == sorted(ALLOWED)


def test_given_the_tests_then_hardly_a_date_is_read_while_they_are_imported() -> None:
    assert sorted(name for name, importing in _found().items() if any(importing)) == sorted(ALLOWED_ON_IMPORT)


def test_given_the_statements_of_service_and_tests_then_a_databases_clock_can_be_moved_for_all() -> None:
    sources = [path for layer in (*LAYERS, "tests") for path in (ROOT / layer).rglob("*.py")]
    unmoved = [path for path in sources if UNMOVED.search(path.read_text(encoding="utf-8"))]
    assert unmoved == [Path(__file__)]


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ("NOW = datetime.now(UTC)", [(1, True)]),
        ("def late():\n    return datetime.datetime.now()", [(2, False)]),
        ("YEAR = f'{date.today():%Y}'", [(1, True)]),
        ("class Late:\n    at = time.time()", [(2, True)]),
        ("begun = time.monotonic()", []),
    ],
)
def test_given_a_planted_reading_then_the_check_sees_it(planted: str, expected: list[tuple[int, bool]]) -> None:
    assert readings(planted) == expected
