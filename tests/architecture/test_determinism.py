"""Domain and workflow code reads no clock, no randomness, no environment and iterates over no set.

The sandbox does not look into modules it passes through, and nothing at run time notices the order of a set, so this
check stands in for both.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for layer in ("domain", "workflows") for path in (ROOT / layer).rglob("*.py"))

FORBIDDEN_CALLS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.monotonic",
    "time.perf_counter",
    "time.sleep",
    "uuid1",
    "uuid4",
    "uuid.uuid1",
    "uuid.uuid4",
    "os.getenv",
    "os.urandom",
    "open",
    "print",
    "asyncio.wait",
    "asyncio.as_completed",
}
FORBIDDEN_IMPORTS = {"random", "secrets", "time", "os", "socket", "threading", "subprocess"}


def faults(source: str) -> list[str]:
    """What a module does that a replay could not repeat, as `line: what`."""
    return [f"{line}: {what}" for line, what in sorted(_faults(ast.parse(source)))]


def _faults(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, f"import {name.name}") for name in names if name.name in FORBIDDEN_IMPORTS)
            case ast.ImportFrom(module=module) if module in FORBIDDEN_IMPORTS:
                yield node.lineno, f"import from {module}"
            case ast.Call(func=func) if ast.unparse(func) in FORBIDDEN_CALLS:
                yield node.lineno, f"call of {ast.unparse(func)}"
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated) if _is_set(iterated):
                yield iterated.lineno, "iteration over a set"


def _is_set(node: ast.expr) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_set(left) or _is_set(right)
    return False


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_given_a_domain_or_workflow_module_then_a_replay_can_repeat_all_it_does(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    [
        "import random",
        "from time import sleep",
        "datetime.now(UTC)",
        "uuid4()",
        "for name in {1, 2}: pass",
        "[name for name in set(names)]",
        "[name for name in set(names) - known]",
        "open('file')",
    ],
)
def test_given_a_planted_fault_then_the_check_sees_it(planted: str) -> None:
    assert len(faults(planted)) == 1
