"""Nothing a noun can do stands outside its rows, and a row says all that may be refused."""

from __future__ import annotations

import dis
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

import domain
from domain.nouns import DECIDERS
from domain.record.chapter import WRONG_ROLE, Refusal, Step
from domain.record.decider import Command
from domain.record.registry import REGISTRY
from domain.value import Value

CLUE = Path(domain.__path__[0]) / "clue"
A_SCREEN = 75
"""Lines."""
STEPS = [step for noun in DECIDERS.values() for step in noun.steps.values()]
MODULES = [importlib.import_module(found.name) for found in pkgutil.walk_packages(domain.__path__, "domain.")]


def descendants(cls: type[Any]) -> Iterator[type[Any]]:
    """Every class below this one."""
    for child in cls.__subclasses__():
        yield child
        yield from descendants(child)


def test_given_the_commands_of_the_house_then_each_stands_in_a_row() -> None:
    written = {command for command in descendants(Command) if command.__module__.startswith("domain.")}
    assert written == {step.command for step in STEPS if step.command.__module__.startswith("domain.")}


def test_given_the_modules_of_events_then_each_class_stands_in_a_row() -> None:
    listed = {row.cls for row in REGISTRY.rows}
    written = {
        cls
        for module in MODULES
        if module.__name__.endswith(".events")
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, Value) and cls.__module__ == module.__name__
    }
    assert written and written <= listed


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.command.__module__}.{step.command.slug}")
def test_given_a_step_then_its_row_says_what_it_may_refuse(step: Step[Any, Any]) -> None:
    asked = [step.decide, step.open, step.reach, step.by if callable(step.by) else None]
    found = {refusal for function in asked if function for refusal in said_in(function, set())}
    assert found - {WRONG_ROLE} == set(step.refuses) - {WRONG_ROLE}


def said_in(function: Any, seen: set[Any]) -> Iterator[Refusal]:
    """The refusals a function of the domain can say, itself or by another it calls."""
    if not isinstance(function, FunctionType) or function in seen or not function.__module__.startswith("domain."):
        return
    seen.add(function)
    steps = [step for code in codes_of(function.__code__) for step in dis.get_instructions(code)]
    known = [function.__globals__.get(step.argval) for step in steps if step.opname == "LOAD_GLOBAL"]
    parts = {step.argval for step in steps if step.opname in ("LOAD_ATTR", "LOAD_METHOD")}
    modules = [given for given in known if isinstance(given, ModuleType)]
    for given in (*known, *(getattr(module, name, None) for module in modules for name in parts)):
        if isinstance(given, Refusal):
            yield given
        else:
            yield from said_in(given, seen)


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """A function's code with that of its lambdas and comprehensions."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_of(constant)


def test_given_one_code_of_refusals_then_it_has_one_title_and_one_kind() -> None:
    said: dict[str, tuple[str, str]] = {}
    for refusal in (refusal for step in STEPS for refusal in step.refusals):
        assert said.setdefault(refusal.code, (refusal.title, refusal.kind)) == (refusal.title, refusal.kind)


@pytest.mark.parametrize("chapter", sorted(CLUE.glob("*/__init__.py")), ids=lambda path: path.parent.name)
def test_given_a_chapter_then_its_rows_are_seen_at_a_glance(chapter: Path) -> None:
    assert len(chapter.read_text(encoding="utf-8").splitlines()) <= A_SCREEN
