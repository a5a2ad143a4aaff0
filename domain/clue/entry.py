"""The row beside a clue: what its lists and statistics show besides what they show of any case."""

from __future__ import annotations

from domain.clue.values import Category, Channel
from domain.record.entry import CaseEntry
from domain.value import Instant


class ClueEntry(CaseEntry):
    """The entry of a clue."""

    channel: Channel
    category: Category
    external_id: str | None
    entity: str | None
    """Unified social credit code of the regulated entity, when known."""
    links: tuple[str, ...]
    """Other cases this one was linked to."""
    returns: int
    reopenings: int
    received_at: Instant
