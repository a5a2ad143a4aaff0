"""A command tried out, as it is shown: events in words, clocks as they would stand, and who would be told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from domain.people.actors import ROLE_NAMES, Role
from domain.reading.notices import NOTIFY, words_of
from domain.reading.timeline import Reading, clock_title, said
from domain.record.decider import Decider, Effect
from domain.record.dry_run import ClockChange, Rehearsal
from domain.record.envelope import Envelope
from domain.record.registry import REGISTRY
from domain.time.counting import NEVER
from domain.value import Instant


class RehearsedEvent(BaseModel):
    """An event that would be recorded: its name, and what it says without personal texts."""

    type: str
    title: str
    sentence: str
    occurred_at: Instant
    rule: str | None
    pack: str | None


class RehearsedClock(BaseModel):
    """A clock as it would stand, and what would become of it (`started`, `stopped`, `paused`, `extended` …).

    `due_at` and `breach_at` are null for a clock that is never due.
    """

    id: str
    title: str
    what: list[str]
    owed_by: str
    rule: str
    certainty: str
    standing: str
    due_at: Instant | None
    breach_at: Instant | None
    provisional: bool
    outcome: str | None
    explanation: list[str]


class RehearsedEffect(BaseModel):
    """Something that would be done once, mostly a notice: `recipient` is an account or `role@department`."""

    kind: str
    recipient: str
    recipient_title: str
    subject: str
    subject_title: str | None


class RehearsalView(BaseModel):
    """What a command would come to if it were given now; nothing was written, and nobody was told.

    `due_first` (已到期事项) is what time already brought and would be recorded before it. A case number reads 尚未编号
    until it is taken.
    """

    dry_run: Literal[True]
    status: Literal["recorded", "unchanged"]
    stage: str
    stage_title: str
    steps: int
    due_first: list[RehearsedEvent]
    events: list[RehearsedEvent]
    clocks: list[RehearsedClock]
    effects: list[RehearsedEffect]


def rehearsal_view(noun: Decider[Any], rehearsal: Rehearsal, departments: Mapping[str, str]) -> RehearsalView:
    """A rehearsal that no rule refused, with the names of departments."""
    outcome, reading = rehearsal.outcome, Reading(departments=departments)
    return RehearsalView(
        dry_run=True,
        status="recorded" if outcome.status == "recorded" else "unchanged",
        stage=outcome.stage,
        stage_title=noun.stage_title(outcome.stage),
        steps=outcome.steps,
        due_first=[_event(noun, envelope, reading) for envelope in rehearsal.lapsed],
        events=[_event(noun, envelope, reading) for envelope in rehearsal.events],
        clocks=[_clock(change) for change in rehearsal.clocks],
        effects=[_effect(effect, reading) for effect in rehearsal.effects],
    )


def _event(noun: Decider[Any], envelope: Envelope, reading: Reading) -> RehearsedEvent:
    name, basis = REGISTRY.row_of(type(envelope.event)).name, envelope.basis
    return RehearsedEvent(
        type=name,
        title=REGISTRY.title_of(name),
        sentence=said(name, envelope.event, reading, noun.fields),
        occurred_at=envelope.occurred_at,
        rule=basis.rule if basis else None,
        pack=basis.pack if basis else None,
    )


def _clock(change: ClockChange) -> RehearsedClock:
    timed, clock = change.timed, change.timed.clock
    return RehearsedClock(
        id=clock.id,
        title=clock_title(clock.id),
        what=list(change.what),
        owed_by=clock.owed_by,
        rule=clock.rule,
        certainty=clock.certainty,
        standing=clock.standing,
        due_at=_if_ever(clock.due_at),
        breach_at=_if_ever(clock.breach_at),
        provisional=clock.provisional,
        outcome=timed.outcome,
        explanation=[step.text for step in clock.steps],
    )


def _effect(effect: Effect, reading: Reading) -> RehearsedEffect:
    noticed = effect.kind == NOTIFY
    return RehearsedEffect(
        kind=effect.kind,
        recipient=effect.recipient,
        recipient_title=_recipient_title(effect.recipient, reading),
        subject=effect.subject,
        subject_title=words_of(effect.subject, effect.params, reading.departments).title if noticed else None,
    )


def _recipient_title(recipient: str, reading: Reading) -> str:
    """`负责人@历下区市场监督管理局`; an account or a channel is called what it is."""
    role, at, department = recipient.partition("@")
    return f"{ROLE_NAMES[Role(role)]}@{reading.department(department)}" if at else recipient


def _if_ever(instant: datetime) -> datetime | None:
    return None if instant == NEVER else instant
