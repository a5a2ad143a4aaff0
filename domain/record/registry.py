"""Every event type there is: stored name and version, class, and the steps from older versions.

Rows come from the nouns (`domain.record.noun`), which enlist theirs when they are made. Names are chosen by hand and
never reused; a retired type stays listed. A gap or a duplicate fails at import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import UnknownEvent
from domain.value import Value

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class EventRow:
    """One event type. `upcasters[n-1]` turns version n into n+1; there is one for each version before the current."""

    name: str
    version: int
    cls: type[Value]
    upcasters: tuple[Upcaster, ...] = ()
    retired: bool = False
    title: str = field(default="", kw_only=True)
    """What it is called."""
    says: str = field(default="", kw_only=True)
    """What it says, in a sentence. In braces: its fields, shown as people read them."""


class Registry:
    """Looks rows up by class when writing and by (name, version) when reading."""

    def __init__(self, rows: Iterable[EventRow] = ()) -> None:
        self._by_class: dict[type, EventRow] = {}
        self._by_name: dict[str, EventRow] = {}
        self.enlist(rows)

    @property
    def rows(self) -> tuple[EventRow, ...]:
        """Every row, in the order it was enlisted."""
        return tuple(self._by_name.values())

    def enlist(self, rows: Iterable[EventRow]) -> None:
        """Add the rows of a noun. Raises `ValueError` for a name or class that stands already, or a missing step."""
        for row in rows:
            if row.name in self._by_name or row.cls in self._by_class:
                raise ValueError(f"event type listed twice: {row.name}")
            if len(row.upcasters) != row.version - 1:
                raise ValueError(f"{row.name}: {row.version - 1} upcasters expected, {len(row.upcasters)} listed")
            self._by_name[row.name] = row
            self._by_class[row.cls] = row

    def row_of(self, cls: type) -> EventRow:
        """The row events of this class are written under."""
        row = self._by_class.get(cls)
        if row is None or row.retired:
            raise UnknownEvent(f"{cls.__name__} is not an event that may be written")
        return row

    def knows(self, name: str) -> bool:
        """Whether there is an event of this name."""
        return name in self._by_name

    def title_of(self, name: str) -> str:
        """What an event is called; its name when this build does not know it."""
        row = self._by_name.get(name)
        return row.title if row else name

    def sentence_of(self, name: str) -> str:
        """What an event says, with its fields in braces; its title when it says no more."""
        row = self._by_name.get(name)
        return (row.says or row.title) if row else name

    def decode(self, name: str, version: int, data: Mapping[str, Any]) -> Any:
        """The newest shape of a stored event. Raises `UnknownEvent` when this build does not know it."""
        row = self._by_name.get(name)
        if row is None or version > row.version:
            raise UnknownEvent(f"{name} v{version} is unknown to this build: run a newer version")
        shape = dict(data)
        for upcast in row.upcasters[version - 1 :]:
            shape = upcast(shape)
        return row.cls.model_validate(shape)


REGISTRY = Registry()
"""The event types of every noun that was imported; `domain.nouns` imports them all."""
