"""What travels between a case's process and its activities: ids, versions and codes, never personal data.

Temporal keeps these for weeks and another release may read them, so fields are only ever added, with defaults, and
unknown ones are ignored.
"""

from __future__ import annotations

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from domain.record.ports import Advance
from domain.time.case_clocks import Alarm as RecordedAlarm
from domain.value import Instant

HEADS_KEPT = 32
"""How many recent hashes a process remembers to tell a late repeat from a record that went back."""


class Message(BaseModel):
    """The one shape of everything that crosses Temporal."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Alarm(Message):
    """The one instant the process keeps a timer for: a mark of a clock."""

    clock: str
    mark: str
    at: Instant

    @classmethod
    def of(cls, alarm: RecordedAlarm | None) -> Self | None:
        """The recorded alarm as a message."""
        return None if alarm is None else cls(clock=alarm.clock, mark=alarm.mark, at=alarm.at)


class EffectRef(Message):
    """An effect to perform. `traceparent` is that of the command behind it, so both belong to one trace."""

    id: UUID
    kind: str
    traceparent: str | None = None


class Standing(Message):
    """Where the record of one case stands, whole: what a process that lost its place adopts.

    `effects` are all that are not yet done. `heads` are the hashes of the newest versions, oldest first, ending with
    `last`: by them a late repeat is told from a record that went back.
    """

    stream: str
    last: int
    head_hash: str
    stage: str
    department: str
    alarm: Alarm | None
    effects: tuple[EffectRef, ...]
    closed: bool
    heads: tuple[str, ...] = ()

    @classmethod
    def of(cls, now: Advance, heads: tuple[str, ...]) -> Self:
        """What the record port told, as a message."""
        return cls(
            stream=now.stream,
            last=now.last,
            head_hash=now.head_hash,
            stage=now.stage,
            department=now.department,
            alarm=Alarm.of(now.alarm),
            effects=tuple(EffectRef(id=effect.id, kind=effect.kind) for effect in now.effects),
            closed=now.closed,
            heads=heads,
        )


class CatchUp(Message):
    """Ask where the record stands. `applied` is what the process had, for the reader of Temporal's UI."""

    stream: str
    applied: int


class CaughtUp(Message):
    """The answer; no standing when the record knows no such case (it was restored to a time before)."""

    standing: Standing | None


class Elapse(Message):
    """Record what time has brought up to the alarm. `attempt` spares asking under used-up keys."""

    stream: str
    alarm: Alarm
    attempt: int = 0


class Elapsed(Message):
    """What came of it: where the record stands now, and the code of a refusal with the instant not to come before."""

    standing: Standing | None
    refused: str | None = None
    not_before: Instant | None = None


class Perform(Message):
    """One effect to perform; its details are read from the record inside the activity."""

    stream: str
    effect: UUID
    traceparent: str | None = None


class Performed(Message):
    """How it ended: a short code, as it stands in the effect's row."""

    outcome: str


class DeadLetter(Message):
    """An effect given up after its time ran out, and the code of the last failure."""

    stream: str
    effect: UUID
    code: str
