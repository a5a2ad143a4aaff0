"""A case as lists show it."""

from __future__ import annotations

from dataclasses import dataclass

from domain.lists.clocks import ClockLine
from domain.record.decider import Summary


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case and its most urgent running clock."""

    stream: str
    summary: Summary
    version: int
    clock: ClockLine | None
    snippet: str | None = None
    """Around the first place where a searched text says what was looked for."""
