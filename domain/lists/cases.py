"""A case as lists show it."""

from __future__ import annotations

from dataclasses import dataclass

from domain.clue.entry import ClueEntry
from domain.lists.clocks import ClockLine


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case and its most urgent running clock."""

    stream: str
    summary: ClueEntry
    version: int
    clock: ClockLine | None
    snippet: str | None = None
    """Around the first place where a searched text says what was looked for."""
