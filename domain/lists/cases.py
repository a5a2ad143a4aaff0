"""A case as lists show it: a clue with all its list asks for, a case of any noun in short."""

from __future__ import annotations

from dataclasses import dataclass

from domain.clue.entry import ClueEntry
from domain.lists.clocks import ClockLine
from domain.value import Instant


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case and its most urgent running clock."""

    stream: str
    summary: ClueEntry
    clock: ClockLine | None
    snippet: str | None = None
    """Around the first place where a searched text says what was looked for."""


@dataclass(frozen=True, slots=True)
class CaseOverview:
    """A case of any noun: where it stands, and who answers for it now."""

    id: str
    number: str | None
    stage: str
    region: str
    responsible: str
    lead: str | None
    handler: str | None
    registered_at: Instant
    completed: bool
    version: int
