"""Steps from an old stored shape of a clock event to the next: dict to dict, one version each.

Clocks of version 1 did not carry their terms. Only two packs of one version could start them, so what their rows said
stands here, as it was.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from domain.value import SHANGHAI

_PAUSED = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) 至 (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) 中止")
_ALL_GROUNDS = ("appraisal", "other_authority", "party_unavailable", "force_majeure", "other_lawful")


def clock_with_terms(data: dict[str, Any]) -> dict[str, Any]:
    """v1 of `clock.started` and `clock.resumed`: no terms, one warn point, pauses only in the explanation."""
    old = dict(data["clock"])
    warn_at = old.pop("warn_at")
    terms = _TERMS[old["rule"]]
    return {
        **data,
        "clock": {**old, "warn_points": [warn_at], "terms": terms, "excluded": _pauses(old["steps"])},
    }


def warned_at_first_point(data: dict[str, Any]) -> dict[str, Any]:
    """v1 knew one warn point."""
    return {**data, "point": 1}


def paused_on_a_ground(data: dict[str, Any]) -> dict[str, Any]:
    """v1 named the day type, which the clock's terms now say, and left the ground to the case's own event."""
    return {"clock": data["clock"], "ground": "other_lawful"}


def _pauses(steps: list[dict[str, Any]]) -> list[dict[str, str]]:
    found = (_PAUSED.match(step["text"]) for step in steps if step["what"] == "paused")
    return [
        {"since": _instant(match[1]), "until": _instant(match[2]), "ground": "other_lawful"} for match in found if match
    ]


def _instant(wall: str) -> str:
    return datetime.fromisoformat(wall).replace(tzinfo=SHANGHAI).isoformat()


def _terms(amount: int, day: str, warn: tuple[int, str], *ladder: tuple[int, str, str, str]) -> dict[str, Any]:
    return {
        "length": {"amount": amount, "day": day},
        "warn_before": [{"amount": warn[0], "day": warn[1]}],
        "pauses": _ALL_GROUNDS,
        "ladder": [{"after": {"amount": n, "day": unit}, "act": act, "to": to} for n, unit, act, to in ladder],
    }


def _working(amount: int, to: str, act: str = "escalate") -> tuple[int, str, str, str]:
    return amount, "working_days", act, to


def _seconds(amount: int, to: str, act: str = "escalate") -> tuple[int, str, str, str]:
    return amount, "seconds", act, to


_NOON, _THREE_DAYS, _HALF_A_MINUTE = (12, "hours"), (3, "working_days"), (30, "seconds")
_HANDLING = (
    _working(1, "department_supervisor"),
    _working(3, "coordinator"),
    _working(5, "head"),
)

_TERMS: dict[str, dict[str, Any]] = {
    "national.dispatch.1": _terms(1, "working_days", _NOON, _working(1, "coordinator")),
    "national.sign_for.1": _terms(
        1,
        "working_days",
        _NOON,
        _working(1, "department_supervisor"),
        _working(2, "dispatcher", "return_to_dispatcher"),
    ),
    "national.handling.1": _terms(15, "working_days", _THREE_DAYS, *_HANDLING),
    "market.handling.1": _terms(15, "working_days", _THREE_DAYS, *_HANDLING),
    "national.feedback.1": _terms(
        5, "working_days", (1, "working_days"), _working(1, "department_supervisor"), _working(3, "coordinator")
    ),
    "national.archive.1": _terms(10, "working_days", (2, "working_days"), _working(3, "department_supervisor")),
    "training.dispatch.1": _terms(60, "seconds", _HALF_A_MINUTE, _seconds(30, "coordinator")),
    "training.sign_for.1": _terms(
        60,
        "seconds",
        _HALF_A_MINUTE,
        _seconds(30, "department_supervisor"),
        _seconds(60, "dispatcher", "return_to_dispatcher"),
    ),
    "training.handling.1": _terms(
        2,
        "minutes",
        _HALF_A_MINUTE,
        _seconds(30, "department_supervisor"),
        _seconds(60, "coordinator"),
        _seconds(90, "head"),
    ),
    "training.feedback.1": _terms(
        2, "minutes", _HALF_A_MINUTE, _seconds(30, "department_supervisor"), _seconds(60, "coordinator")
    ),
    "training.archive.1": _terms(2, "minutes", _HALF_A_MINUTE, _seconds(60, "department_supervisor")),
}
"""By the rows of national@2026.1 and training@2026.1."""
