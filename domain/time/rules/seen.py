"""What has happened to a case, as far as deadline rules ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Seen:
    """When each event of a case last happened, by its stored name, as a number that only grows.

    An event may be about one thing among several, such as an oversight order, or about a department.
    """

    events: int = 0
    latest: Mapping[str | tuple[str, str | None], int] = field(default_factory=dict)
    """By name, and by name and what it was about; None: about the case as a whole."""

    def then(self, name: str, about: str | None = None) -> Seen:
        """… and after one more event."""
        number = self.events + 1
        return Seen(number, {**self.latest, name: number, (name, about): number})

    def last(self, names: Iterable[str], about: tuple[str | None, ...] = ()) -> int:
        """The number of the latest event with one of these names; 0 before the first.

        `about`: only those about the whole case or one of these. Without, all count.
        """
        keys = [(name, one) for name in names for one in (None, *about)] if about else names
        found = 0
        for key in keys:
            number = self.latest.get(key, 0)
            if number > found:
                found = number
        return found


NOTHING_SEEN = Seen()
