"""Effects: rows of the record that say what must be done once. Performed outside, marked done here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.record.decider import Effect
from domain.record.ports import PendingEffect
from infra.postgres.engine.session import session
from infra.postgres.notices import deliveries

DONE = "done"
DEAD_LETTER = "dead_letter:"
"""Outcomes that start so were given up, with the code of the failure behind it."""


@dataclass(frozen=True)
class EffectRow:
    """An effect of the event at (stream, version), with what became of it."""

    id: UUID
    stream: str
    version: int
    effect: Effect
    created_at: datetime
    done_at: datetime | None
    outcome: str | None
    attempts: int


class Effects:
    """The effects of the record. Every mark is idempotent: the first outcome stays."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def pending(self, effect: UUID) -> PendingEffect | None:
        """The effect with one more attempt counted, while it is not done; None when it is, or is unknown."""
        async with session(self._engine) as opened:
            row = (await opened.run(_ATTEMPT, id=effect)).one_or_none()
        if row is None:
            return None
        told = _effect(row)
        return PendingEffect(told.id, told.stream, told.version, told.effect)

    async def settle(self, effect: UUID, outcome: str) -> None:
        """Mark it done with an outcome. The first outcome stays."""
        async with session(self._engine) as opened:
            await opened.run(_MARK, id=effect, outcome=outcome)

    async def remind(self, pending: PendingEffect) -> None:
        """Put it into the recipient's inbox, with what goes out to those who want to be told elsewhere, and mark it
        done, in one transaction; once for an effect."""
        async with session(self._engine) as opened:
            if (await opened.run(_MARK, id=pending.id, outcome=DONE)).rowcount:
                await opened.run(_NOTICE, id=pending.id)
                await deliveries.order(opened, pending.id, pending.effect)

    async def of(self, stream: str) -> tuple[EffectRow, ...]:
        """All effects of a case, oldest first."""
        async with session(self._engine) as opened:
            return tuple(_effect(row) for row in await opened.run(_OF, stream=stream))

    async def dead_letters(self, limit: int = 100) -> tuple[EffectRow, ...]:
        """Effects given up, newest first."""
        async with session(self._engine) as opened:
            return tuple(_effect(row) for row in await opened.run(_DEAD, limit=limit))

    async def retry(self, effect: UUID) -> bool:
        """Make a dead letter undone again; its process is told by the next nudge."""
        async with session(self._engine) as opened:
            return (await opened.run(_RETRY, id=effect)).rowcount == 1


def _effect(row: Row[Any]) -> EffectRow:
    effect = Effect(kind=row.kind, recipient=row.recipient, subject=row.subject, params=row.params, body=row.body)
    return EffectRow(row.id, row.stream, row.version, effect, row.created_at, row.done_at, row.outcome, row.attempts)


_COLUMNS = "id, stream, version, kind, recipient, subject, params, body, created_at, done_at, outcome, attempts"
_OF = text(f"SELECT {_COLUMNS} FROM effects WHERE stream = :stream ORDER BY version, id")  # noqa: S608 — constant
_DEAD = text(
    f"SELECT {_COLUMNS} FROM effects WHERE outcome LIKE 'dead_letter%' "  # noqa: S608 — constant
    f"ORDER BY done_at DESC, id LIMIT :limit"
)
_ATTEMPT = text(
    f"UPDATE effects SET attempts = least(attempts + 1, 32000) WHERE id = :id AND done_at IS NULL "  # noqa: S608
    f"RETURNING {_COLUMNS}"
)
_MARK = text("UPDATE effects SET done_at = clock_timestamp(), outcome = :outcome WHERE id = :id AND done_at IS NULL")
_RETRY = text("UPDATE effects SET done_at = NULL, outcome = NULL WHERE id = :id AND outcome LIKE 'dead_letter%'")
_NOTICE = text(
    "INSERT INTO inbox (effect_id, recipient, stream, subject, params) "
    "SELECT id, recipient, stream, subject, params FROM effects WHERE id = :id ON CONFLICT DO NOTHING"
)
