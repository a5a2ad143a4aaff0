"""The row beside a stream: what must be known of it without folding, and where a process should be."""

from __future__ import annotations

from domain.value import Instant, Value


class Entry(Value):
    """The row beside a stream: what must be known of it without folding. Each noun adds what its lists show."""

    kind: str
    stage: str
    responsible: str
    """The department that answers for it now."""
    steps: int
    """How often the ground of the next command has changed (ETag)."""
    closed: bool
    """Nothing is awaited any more: no process runs."""


class CaseEntry(Entry):
    """The entry of a case: what scope, lists and clock rows ask of any of them."""

    number: str | None
    """`370102-12345-2026-000001`: region, registering office, year, serial."""
    region: str
    lead: str | None
    handler: str | None
    departments: tuple[str, ...]
    """Every department that ever had a part in it."""
    registered_at: Instant
    completed: bool
    """办结, archived or not."""
    result: str | None
    """How it ended, for statistics: the conclusion of a handled case, else the ending; None while it is open."""
    migrated: bool
    """Came with its history from another system."""


def case_of(entry: Entry) -> CaseEntry | None:
    """The entry as that of a case; None for a stream that is none."""
    return entry if isinstance(entry, CaseEntry) else None


class Placed(Value):
    """What lists of clocks and orders ask of their case; empty where its noun does not say."""

    region: str = ""
    channel: str = ""
    category: str = ""
