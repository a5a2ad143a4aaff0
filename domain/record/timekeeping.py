"""到期: the step every noun with clocks has. What is due was recorded before any decision."""

from __future__ import annotations

from typing import Any, ClassVar

from domain.record.chapter import Decided, Grant, Refusal, Step
from domain.record.decider import Command, Facts
from domain.value import Instant


class Elapse(Command):
    """The process's own command: record what time has brought. Repeats change nothing."""

    slug: ClassVar[str] = "elapse"
    example: ClassVar[dict[str, object]] = {"until": "2026-11-24T16:00:00+00:00"}
    until: Instant


NOT_YET_DUE = Refusal("not_yet_due", "尚未到期", "尚未到期")


def elapsing(on: type[Any], by: Grant) -> Step[Elapse, Any]:
    """The step in which a process has the record write down what time has brought to a noun with clocks."""
    return Step(Elapse, "记录到期事项", on, _elapse, by=(by,), refuses=(NOT_YET_DUE,), at_rest="also")


def _elapse(command: Elapse, _state: Any, facts: Facts) -> Decided:
    """Only a process that came too early is told when to come."""
    return NOT_YET_DUE(params={"not_before": command.until.isoformat()}) if facts.now < command.until else ()
