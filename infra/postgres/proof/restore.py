"""After a restore: `xiezhi migrate --after-restore`.

A dump keeps the transaction ids of the old server; the new one starts low, and readers that stay below its oldest open
transaction would not see most of the record. Rows that lie ahead all move to one current id, where their positions keep
them in order, and read models start over. What was erased since the backup was taken is erased again from the ledger, a
file beside the database that no restore turns back.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.cases import indexing
from infra.postgres.engine.session import session


@dataclass(frozen=True)
class Erasure:
    """A line of the ledger: what was erased under which id. References only; the texts are gone."""

    entry: str
    texts: tuple[UUID, ...]


@dataclass(frozen=True)
class Restored:
    """What was done to a restored database."""

    events: int
    outbox: int
    erased: int
    leases: int


class ErasureLedger:
    """Erasures in a JSONL file outside the database, one line an entry, synced before it counts."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._turn = asyncio.Lock()

    async def enter(self, entry: str, texts: tuple[UUID, ...]) -> None:
        """Enter erased texts under an id; the same id again changes nothing."""
        async with self._turn:
            await asyncio.to_thread(self._enter, Erasure(entry, texts))

    def entries(self) -> Iterator[Erasure]:
        """All entries in order. A line that a crash cut short was never acknowledged and is passed over."""
        if not self._file.exists():
            return
        with self._file.open(encoding="utf-8") as lines:
            for line in lines:
                with suppress(ValueError, KeyError):
                    told = json.loads(line)
                    yield Erasure(told["entry"], tuple(UUID(ref) for ref in told["texts"]))

    def _enter(self, erasure: Erasure) -> None:
        if any(known.entry == erasure.entry for known in self.entries()):
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"entry": erasure.entry, "texts": [str(ref) for ref in erasure.texts]})
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            file.write(f"{_line_break(file.fileno())}{line}\n".encode())
            os.fsync(file.fileno())


async def after_restore(engine: AsyncEngine, ledger: ErasureLedger) -> Restored:
    """Make a restored database usable: re-base, erase again, free leases. Nothing else may write meanwhile.

    Re-basing is one transaction, so that an interruption never leaves two orders mixed. Needs a maintenance engine.
    """
    async with session(engine) as opened:
        events = (await opened.run(_REBASE_EVENTS)).rowcount
        outbox = (await opened.run(_REBASE_OUTBOX)).rowcount
        leases = (await opened.run(_FREE_LEASES)).rowcount
        if events:
            await opened.run(_START_OVER)
    return Restored(events=events, outbox=outbox, erased=await erase_again(engine, ledger), leases=leases)


async def erase_again(engine: AsyncEngine, ledger: ErasureLedger) -> int:
    """Erase what the ledger says and the database still holds; how many texts."""
    erased = 0
    for entry in ledger.entries():
        async with session(engine) as opened:
            erased += (await opened.run(_ERASE, refs=list(entry.texts))).rowcount
            for found_by in (indexing.DROP_SEARCH, indexing.DROP_MARKS):
                await opened.run(text(found_by), erased=[str(ref) for ref in entry.texts])
    return erased


def _line_break(descriptor: int) -> str:
    """A line break when the last line was cut short, so that the next one stands by itself."""
    size = os.fstat(descriptor).st_size
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


_REBASE_EVENTS = text("UPDATE events SET xid = pg_current_xact_id() WHERE xid >= pg_current_xact_id()")
_REBASE_OUTBOX = text("UPDATE outbox SET xid = pg_current_xact_id() WHERE xid >= pg_current_xact_id()")
_FREE_LEASES = text("UPDATE outbox SET leased_until = NULL WHERE leased_until IS NOT NULL")
_START_OVER = text("DELETE FROM projections")
_ERASE = text(
    "UPDATE vault SET text = NULL, salt = NULL, erased_at = clock_timestamp() "
    "WHERE ref = ANY(:refs) AND erased_at IS NULL"
)
