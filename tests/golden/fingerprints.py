"""What replaying cannot see, as data: the commands in the workflow code, the activities' options, the messages' shapes.

python -m tests.golden.fingerprints      write fingerprints.json anew
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from temporalio import activity

import activities.messages
import workflows.messages
from activities.effects import EFFECTS
from activities.record import RecordActivities
from workflows import options
from workflows.engine.attributes import KEYS

FILE = Path(__file__).parent / "fingerprints.json"
CODE = Path(workflows.messages.__file__).parent
COMMANDS = frozenset(
    {
        "execute_activity_method",
        "execute_activity",
        "sleep",
        "wait_condition",
        "upsert_search_attributes",
        "continue_as_new",
        "create_task",
    }
)
"""Calls that become commands in history, or decide their order."""


def fingerprints() -> dict[str, Any]:
    """The present ones."""
    return {
        "revision": options.PROCESS_REVISION,
        "commands": {name: _commands(CODE / f"{name}.py") for name in ("engine/process", "clue", "export")},
        "activities": sorted(_activity_names()),
        "options": {name: _plain(getattr(options, name)) for name in ("RECORD", "EFFECT", "LONG_EFFECT")},
        "attributes": {key.name: key.indexed_value_type.name for key in KEYS},
        "messages": {
            name: fields for module in (activities.messages, workflows.messages) for name, fields in _shapes(module)
        },
    }


def _commands(file: Path) -> dict[str, list[str]]:
    """For each method its commands in the order they stand, and a digest of its code without its docstring."""
    found = {}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            calls = [_called(call) for call in ast.walk(node) if isinstance(call, ast.Call)]
            if commands := [name for name in calls if name in COMMANDS]:
                found[node.name] = [*commands, hashlib.sha256(ast.dump(_bare(node)).encode()).hexdigest()[:12]]
    return found


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _bare(node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
    if ast.get_docstring(node) is not None:
        node.body = node.body[1:]
    return node


def _activity_names() -> list[str]:
    methods: tuple[Callable[..., Any], ...] = (
        RecordActivities.elapse,
        RecordActivities.catch_up,
        RecordActivities.bury,
        *(kind.perform for kind in EFFECTS.values()),
    )
    return [str(activity._Definition.must_from_callable(method).name) for method in methods]


def _shapes(module: Any) -> list[tuple[str, dict[str, str]]]:
    models = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
    ]
    return [
        (
            model.__name__,
            {name: "required" if field.is_required() else "optional" for name, field in model.model_fields.items()},
        )
        for model in models
    ]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value.total_seconds() if isinstance(value, timedelta) else value


if __name__ == "__main__":
    FILE.write_text(json.dumps(fingerprints(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
