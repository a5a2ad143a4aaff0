"""What happens to a rulebook. The stored name and version stand in its row."""

from __future__ import annotations

from typing import Annotated, Literal

from domain.value import Value
from domain.words import Words

Book = Annotated[Literal["pack", "calendar"], Words({"pack": "规则包", "calendar": "工作日历"})]


class RulebookAdopted(Value):
    """An edition came into force. `digest`: SHA-256 over its RFC 8785 form, so equal names never hide other rules."""

    book: Book
    name: str
    """Of the rule pack, or the region of the calendar."""
    edition: str
    digest: str
    rows: int
    """Rules, or special days."""
