"""A case as it is shown: state, clocks, texts where the reader may read them, and what the reader may do next. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.cases.schemas import Described
from api.cases.surface import KnownCase
from domain.errors import Refused
from domain.people.actors import Actor
from domain.reading.timeline import Reading
from domain.record.envelope import GENESIS, StoredEvent
from domain.record.vault import Sealed
from domain.time.case_clocks import TimedClock
from domain.time.clock_titles import CLOCKS
from domain.time.counting import NEVER
from domain.time.steps import Excluded, Extended
from domain.value import Instant

_ELSEWHERE = frozenset({"clocks", "texts", "erased", "reporters"})
"""Parts of the dossier shown next to the state instead of in it."""


class ClockView(BaseModel):
    """A deadline with its instants, how sure they are, and why exactly then."""

    id: str
    kind: str
    title: str
    owed_by: str
    rule: str
    pack: str
    certainty: str
    standing: str
    about: str | None
    """What it is about where there are several of a kind: an oversight order."""
    started_at: Instant
    warn_points: list[Instant]
    warn_at: Instant | None
    due_at: Instant | None
    """None for a duty to act promptly: the instrument gives no number, so it is shown by its age."""
    breach_at: Instant | None
    provisional: bool
    running: bool
    overdue: bool
    shown: bool
    """Whether headers and lists show this one: the most urgent that runs."""
    level: int
    """The highest rung of the ladder climbed so far; 0: none."""
    excluded: list[Excluded]
    """Stretches that do not count, with their ground."""
    extended: list[Extended]
    reached: list[str | int]
    paused_at: Instant | None
    """Since when it does not count (中止)."""
    stopped_at: Instant | None
    outcome: str | None
    explanation: list[str]


class Refusal(BaseModel):
    """Why a step is not open to the reader now."""

    code: str
    detail: str


class CommandView(BaseModel):
    """A step of the case, with all that is needed to take it or to explain why not."""

    slug: str
    title: str
    allowed: bool
    why_not: Refusal | None
    method: str = "POST"
    href: str
    body_schema: dict[str, Any] = Field(serialization_alias="schema")
    example: dict[str, Any]


class TextView(BaseModel):
    """A personal text of the case; `text` only for readers who may read it and while it was not erased."""

    ref: UUID
    commitment: str
    erased: bool
    text: str | None


def state_of(case: KnownCase, reading: Reading) -> dict[str, Any]:
    """The domain state as JSON, sealed texts opened as far as the reader may look."""
    shape = case.state.model_dump(mode="json")
    dossier = {name: value for name, value in shape.pop("dossier", {}).items() if name not in _ELSEWHERE}
    state: dict[str, Any] = _opened({**dossier, **shape}, reading)
    stage = case.entry.stage
    return {"stage": stage, "stage_title": case.noun.stage_title(stage), **state}


def texts_of(case: KnownCase, reading: Reading) -> list[TextView]:
    """Every personal text the case ever took in, in order."""
    return [
        TextView(
            ref=sealed.ref,
            commitment=sealed.commitment,
            erased=sealed.ref in reading.erased,
            text=reading.text(sealed.ref),
        )
        for sealed in case.texts
    ]


def clocks_of(clocks: Iterable[TimedClock], now: datetime) -> list[ClockView]:
    """All clocks of a case, in the order they were started."""
    known = list(clocks)
    running = [timed.clock for timed in known if timed.running]
    shown = min(running, key=lambda clock: (clock.breach_at, clock.id)).id if running else None
    return [_clock(timed, now, shown) for timed in known]


def commands_for(case: KnownCase, actor: Actor) -> list[CommandView]:
    """Every human step: whether this actor may take it now, and if not, the rule that says so."""
    return [_command(described, case, actor) for described in case.surface.commands.values()]


def record_of(rows: Sequence[StoredEvent], previous: str = GENESIS) -> list[dict[str, Any]]:
    """Recorded events as they stand, each with its place in the chain."""
    lines = []
    for row in rows:
        lines.append(
            {"version": row.version, "previous_hash": previous, "hash": row.hash, "event": json.loads(row.body)}
        )
        previous = row.hash
    return lines


def _clock(timed: TimedClock, now: datetime, shown: str | None) -> ClockView:
    clock, paused_at = timed.clock, timed.paused.since if timed.paused else None
    endless = clock.breach_at == NEVER
    return ClockView(
        **clock.model_dump(include=set(ClockView.model_fields) - {"due_at", "breach_at"}),
        warn_at=None if endless else clock.warn_at,
        due_at=None if endless else clock.due_at,
        breach_at=None if endless else clock.breach_at,
        shown=clock.id == shown,
        level=timed.level,
        title=CLOCKS.get(clock.kind, clock.kind),
        running=timed.running,
        overdue=timed.outcome == "missed" if timed.stopped_at else clock.overdue(paused_at or now),
        reached=list(timed.reached),
        paused_at=paused_at,
        stopped_at=timed.stopped_at,
        outcome=timed.outcome,
        explanation=[step.text for step in clock.steps],
    )


def _command(described: Described, case: KnownCase, actor: Actor) -> CommandView:
    refused: Refused | None = case.noun.permit(described.command, case.state, actor)
    return CommandView(
        slug=described.slug,
        title=described.title,
        allowed=refused is None,
        why_not=Refusal(code=refused.code, detail=refused.detail) if refused else None,
        href=described.href(case.stream),
        body_schema=described.schema,
        example=described.example,
    )


_SEALED = frozenset(Sealed.model_fields)


def _opened(shape: Any, reading: Reading) -> Any:
    """The same JSON with each sealed reference opened."""
    if isinstance(shape, dict):
        if shape.keys() == _SEALED:
            ref = UUID(shape["ref"])
            return {**shape, "erased": ref in reading.erased, "text": reading.text(ref)}
        return {name: _opened(value, reading) for name, value in shape.items()}
    return [_opened(entry, reading) for entry in shape] if isinstance(shape, list) else shape
