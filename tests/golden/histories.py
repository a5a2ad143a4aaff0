"""The golden histories: recorded lives of processes, replayed on every run with what the worker uses.

As a program it replays them all with every rule of the domain broken on purpose, and fails if one is touched:

    PYTHONHASHSEED=7 python -m tests.golden.histories
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, NoReturn

from temporalio.client import WorkflowHistory

from infra.runtime.exit import run_and_leave
from infra.wiring.worker import build_replayer

FOLDER = Path(__file__).parent / "histories"
NAMES = ("straight", "returned", "reopened", "continued-1", "continued-2", "gap", "elapsed", "still-open")


def history(name: str) -> WorkflowHistory:
    """A recorded history."""
    return WorkflowHistory.from_json(f"golden-{name}", (FOLDER / f"{name}.json").read_text(encoding="utf-8"))


async def replay(name: str) -> None:
    """Replay one; raises when the code no longer does what was recorded."""
    await build_replayer().replay_workflow(history(name))


def break_the_rules() -> None:
    """Other rules than those under which the histories were recorded: none may be asked."""
    import domain.clue as clue
    import domain.record.handler as handling
    import domain.time.rules as rules

    def touched(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("a workflow ran a rule of the domain")

    for module, names in {
        clue: ("decide", "evolve", "consequences", "permit", "seen", "debtors", "summary", "needs"),
        handling: ("handle", "fold", "lapse", "advance"),
        rules: ("load_pack", "parse_pack"),
    }.items():
        for name in names:
            setattr(module, name, touched)
    for field in ("decide", "evolve", "consequences", "permit", "seen", "debtors", "summary", "clocks", "climbed"):
        object.__setattr__(clue.CLUE, field, touched)
    rules.RulePack.rule_for = touched  # type: ignore[method-assign]


async def _replay_all() -> int:
    for name in NAMES:
        await replay(name)
        print(f"{name}: replayed")
    return 0


def main() -> int:
    """Replay everything under broken rules."""
    break_the_rules()
    return asyncio.run(_replay_all())


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    run_and_leave(main)
