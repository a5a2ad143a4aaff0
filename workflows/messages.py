"""What a case's process is started with, told and asked. Fields are only ever added, with defaults."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from activities.messages import HEADS_KEPT, Alarm, EffectRef, Message, Standing
from domain.record.envelope import GENESIS
from domain.record.ports import Advance

SIGNAL = "recorded"
QUERY = "awaited"


class Recorded(Message):
    """The one signal: what was recorded, where the record now stands, what is to be done. Mirrors `Advance`.

    `nudge` says that the process may have lost its place: it asks the record instead of believing the rest.
    """

    stream: str
    first: int
    last: int
    previous_hash: str
    head_hash: str
    stage: str
    department: str
    alarm: Alarm | None = None
    effects: tuple[EffectRef, ...] = ()
    closed: bool = False
    traceparent: str | None = None
    nudge: bool = False

    @classmethod
    def of(cls, advance: Advance, *, nudge: bool = False) -> Self:
        """The signal for an advance of the record."""
        return cls(
            stream=advance.stream,
            first=advance.first,
            last=advance.last,
            previous_hash=advance.previous_hash,
            head_hash=advance.head_hash,
            stage=advance.stage,
            department=advance.department,
            alarm=Alarm.of(advance.alarm),
            effects=tuple(
                EffectRef(id=effect.id, kind=effect.kind, traceparent=advance.traceparent) for effect in advance.effects
            ),
            closed=advance.closed,
            traceparent=advance.traceparent,
            nudge=nudge,
        )


class Carried(Message):
    """What the process has taken from the record; handed from run to run when history grows long.

    `heads` are recent versions with their hashes, newest last. `effects` are those not yet done.
    """

    version: int = 0
    head_hash: str = GENESIS
    stage: str = ""
    department: str = ""
    alarm: Alarm | None = None
    effects: tuple[EffectRef, ...] = ()
    closed: bool = False
    heads: dict[int, str] = Field(default_factory=dict)

    def follows(self, told: Recorded) -> bool:
        """Whether what was told comes right after what is known."""
        return told.first == self.version + 1 and told.previous_hash == self.head_hash

    def repeats(self, told: Recorded) -> bool:
        """Whether it is already known: the very same hash at the same version."""
        return told.last <= self.version and self.heads.get(told.last) == told.head_hash

    def take(self, told: Recorded) -> Self:
        """After an advance that follows."""
        return self._next(
            version=told.last,
            head_hash=told.head_hash,
            stage=told.stage,
            department=told.department,
            alarm=told.alarm,
            effects=(*self.effects, *told.effects),
            closed=told.closed,
            heads={**self.heads, told.last: told.head_hash},
        )

    def adopt(self, standing: Standing | None, done: tuple[EffectRef, ...]) -> Self:
        """After asking the record, which leads. `done` was performed while the answer was under way.

        Without a standing the record knows no such case: nothing is left to do.
        """
        if standing is None:
            return self._next(closed=True, alarm=None, effects=())
        ended = [effect.id for effect in done]
        traced = {effect.id: effect for effect in self.effects}
        first = standing.last - len(standing.heads) + 1
        return self._next(
            version=standing.last,
            head_hash=standing.head_hash,
            stage=standing.stage,
            department=standing.department,
            alarm=standing.alarm,
            effects=tuple(traced.get(effect.id, effect) for effect in standing.effects if effect.id not in ended),
            closed=standing.closed,
            heads=dict(enumerate(standing.heads, first)) or {standing.last: standing.head_hash},
        )

    def without(self, effect: EffectRef) -> Self:
        """After an effect ended."""
        return self._next(effects=tuple(left for left in self.effects if left.id != effect.id))

    def _next(self, **changes: object) -> Self:
        heads = changes.get("heads")
        if isinstance(heads, dict):
            changes["heads"] = dict(sorted(heads.items())[-HEADS_KEPT:])
        return self.model_copy(update=changes)


class CaseInput(Message):
    """How a process starts: with its stream. `carried` comes from the run before."""

    stream: str
    carried: Carried | None = None
    history_limit: int | None = None
    """Tests only: continue as new after so many history events instead of when the server suggests it."""


class Awaited(Message):
    """The answer to the query: how far the process has come, and what it waits for, in a sentence for people."""

    stream: str
    stage: str
    department: str
    version: int
    head_hash: str
    alarm: Alarm | None
    effects: tuple[EffectRef, ...]
    awaiting: str
    trouble: str | None = None
    closed: bool = False
    revision: int = 0
