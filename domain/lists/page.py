"""One page of any list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page of a list; `next` is the cursor of the following one, null on the last."""

    items: Sequence[R]
    next: str | None

    def mapped(self, shown: Callable[[R], T]) -> Page[T]:
        """The same page, each item shown in another way."""
        return Page([shown(item) for item in self.items], self.next)
