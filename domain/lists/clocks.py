"""A clock of some case as lists show it, and how many there are of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.value import Instant


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A clock of some case: whose, under which rule and how sure that rule is, and its instants (UTC).

    `due_at`, `warn_at` and `breach_at` are null for a clock that is never due (立即、及时): its age tells. `overdue` of
    an ended one: it was missed. `late_seconds` grows until the clock ends or is paused; 0 in time. `age_seconds` runs
    from its start to its end or now.
    """

    stream: str
    number: str | None
    region: str
    category: str
    channel: str
    handler: str | None
    id: str
    kind: str
    about: str | None
    rule: str
    pack: str
    certainty: str
    standing: str
    owed_by: str
    started_at: Instant
    warn_at: Instant | None
    due_at: Instant | None
    breach_at: Instant | None
    paused_at: Instant | None
    stopped_at: Instant | None
    outcome: str | None
    provisional: bool
    level: int
    extensions: int
    overdue: bool
    late_seconds: int
    age_seconds: int


@dataclass(frozen=True, slots=True)
class ClockNumbers:
    """How many clocks there are of each part. `more`: of ended ones only the newest were counted."""

    counts: Mapping[Any, int]
    more: bool
