"""The process's own dealings with the record: what time has brought, where the case stands, what was given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import TypeGuard

from temporalio import activity

from activities.errors import coded
from activities.messages import HEADS_KEPT, CatchUp, CaughtUp, DeadLetter, Elapse, Elapsed, Performed, Standing
from activities.ports import CaseRecord, Effects
from domain.errors import KeyReused, Refused, UnknownCase
from domain.people.actors import SYSTEM
from domain.record.handler import Handled, HandlerPorts, Request, handle
from domain.record.ids import elapse_key, kind_of


@dataclass(frozen=True)
class RecordActivities:
    """Bound to the one command handler: a process appends like everybody else, as the system actor."""

    world: HandlerPorts
    record: CaseRecord
    effects: Effects
    reached: Callable[[str], None]
    """Where tests stop a process."""

    @activity.defn(name="record_elapsed")
    @coded
    async def elapse(self, asked: Elapse) -> Elapsed:
        """Record what is due. A refusal is a normal result; the answer always says where the record stands."""
        try:
            handled = await self._handle(asked)
        except (UnknownCase, KeyReused) as no:  # restored to before the case; or the key was fingerprinted otherwise
            return Elapsed(standing=await self._standing(asked.stream), refused=no.code)
        self.reached("record.committed")
        refusal = handled.outcome.refusal
        return Elapsed(
            standing=await self._standing(asked.stream),
            refused=refusal.code if refusal else None,
            not_before=datetime.fromisoformat(refusal.params["not_before"]) if _too_early(refusal) else None,
        )

    async def _handle(self, asked: Elapse) -> Handled:
        """A key gives the same answer for ever, so an old refusal is asked anew under the next key."""
        for attempt in count(asked.attempt):
            request = Request(
                actor=SYSTEM,
                key=_key(asked, attempt),
                slug="elapse",
                body={"until": asked.alarm.at.isoformat()},
                stream=asked.stream,
                notify_process=False,
            )
            handled = await handle(self.world, self.world.nouns[kind_of(asked.stream)], request)
            if not (handled.repeated and handled.outcome.refusal):
                return handled
        raise AssertionError  # counting has no end

    @activity.defn(name="catch_up")
    @coded
    async def catch_up(self, asked: CatchUp) -> CaughtUp:
        """Where the record stands, for a process that lost its place."""
        return CaughtUp(standing=await self._standing(asked.stream))

    @activity.defn(name="record_dead_letter")
    @coded
    async def bury(self, letter: DeadLetter) -> Performed:
        """Write down that an effect was given up."""
        outcome = f"dead_letter:{letter.code}"
        await self.effects.settle(letter.effect, outcome)
        return Performed(outcome=outcome)

    async def _standing(self, stream: str) -> Standing | None:
        now = await self.record.standing(stream)
        if now is None:
            return None
        hashes = await self.record.recent_hashes(stream, HEADS_KEPT)
        return Standing.of(now, tuple(head for version, head in hashes if version <= now.last))


def _too_early(refusal: Refused | None) -> TypeGuard[Refused]:
    return refusal is not None and "not_before" in refusal.params


def _key(asked: Elapse, attempt: int) -> str:
    """A recovered run repeats the key and hears what was recorded; later attempts are numbered."""
    key = elapse_key(asked.stream, asked.alarm.clock, asked.alarm.mark, asked.alarm.at)
    return f"{key}:{attempt}" if attempt else key
