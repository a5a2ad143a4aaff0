"""The record's side of the question which cases need a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from domain.record.ports import Advance

PAGE = 500


class OpenCases(Protocol):
    """Cases that need a process: not closed, or with something left to do."""

    async def open_cases(self, after: str, limit: int) -> Sequence[Advance]:
        """The next ones by stream name, each as where it stands (`last`, `head_hash`, undone `effects`)."""
        ...

    async def count_open(self) -> int:
        """How many there are."""
        ...

    async def waiting(self) -> frozenset[str]:
        """Cases about which something still stands in the outbox: the relay will tell their processes."""
        ...

    async def standing(self, stream: str) -> Advance | None:
        """Where one case stands now; None when the record does not know it."""
        ...


async def each_open(cases: OpenCases) -> AsyncIterator[Advance]:
    """All of them, read in short pages."""
    after = ""
    while page := await cases.open_cases(after, PAGE):
        for advance in page:
            yield advance
        after = page[-1].stream
