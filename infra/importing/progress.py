"""What an import keeps on disk beside the record: how far it is, and the rows that were not registered.

The checkpoint is the record itself: the key of a row is its channel and external id, so a repeated row gets its first
answer. The progress file only saves asking again. Both files may be read by their owner only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.importing.text import UNDECODABLE
from infra.stack.state_file import write_private

WRITTEN_EVERY = 50


@dataclass(frozen=True)
class Rejection:
    """A row that was not registered. `row` counts rows, `line` is where a person finds it."""

    row: int
    line: int
    code: str
    reason: str
    raw: str


class Progress:
    """Up to which row all are settled. A file or a way of reading that changed starts anew."""

    def __init__(self, path: Path, file: Path, reading: Mapping[str, Any]) -> None:
        self._path = path
        found = file.stat()
        self._source = {"name": file.name, "size": found.st_size, "modified": found.st_mtime_ns, **reading}
        self._ahead: set[int] = set()
        self.settled = self._read()

    def settle(self, row: int) -> None:
        """A row has its verdict; the mark moves when all before it have theirs."""
        self._ahead.add(row)
        moved = self.settled
        while moved + 1 in self._ahead:
            moved += 1
            self._ahead.remove(moved)
        if moved // WRITTEN_EVERY > self.settled // WRITTEN_EVERY:
            write_private(self._path, {**self._source, "settled": moved})
        self.settled = moved

    def done(self) -> None:
        """Every row is settled: the next import of this file asks the record again."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> int:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0
        settled = kept.pop("settled", 0) if isinstance(kept, dict) else 0
        return settled if kept == self._source and isinstance(settled, int) else 0


class Rejects:
    """The rejects file: JSON lines, mode 0600. An interrupted import goes on with the same file."""

    def __init__(self, path: Path, *, settled: int) -> None:
        """`settled`: rows an earlier run is through with; 0 begins a new file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.{os.getpid()}")
        half.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
        self._ahead: set[int] = set()
        if settled:
            self._keep(path, settled)
        self._file.flush()
        half.replace(path)

    def add(self, rejection: Rejection) -> None:
        """Write one down, once."""
        if rejection.row not in self._ahead:
            row = json.dumps(vars(rejection), ensure_ascii=False).replace(UNDECODABLE, "\N{REPLACEMENT CHARACTER}")
            self._file.write(row + "\n")
            self._file.flush()

    def close(self) -> None:
        """Nothing more is rejected."""
        self._file.close()

    def _keep(self, path: Path, settled: int) -> None:
        """Take over what an earlier run wrote; only rows it had not settled can come again."""
        for row, line in _whole(path):
            self._file.write(line)
            if row > settled:
                self._ahead.add(row)


def _whole(path: Path) -> Iterator[tuple[int, str]]:
    """The complete lines of an earlier run; a kill may have left half a line behind."""
    with suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            with suppress(ValueError, KeyError, TypeError):
                yield int(json.loads(line)["row"]), line
