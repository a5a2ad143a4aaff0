"""The row of a clue."""

from __future__ import annotations

from domain.clue.values import Category, Channel
from domain.record.decider import Summary


class ClueEntry(Summary):
    """What lists show of a clue, by its codes."""

    channel: Channel
    category: Category
