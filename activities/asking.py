"""Ask another stream for something: a command through the one handler, given by the system because of an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from temporalio import activity

from activities.errors import coded
from activities.messages import Perform, Performed
from activities.ports import Effects, Texts
from activities.reminders import ALREADY_DONE, DONE
from domain.errors import KeyReused, Malformed, UnknownCase, UnknownCommand
from domain.people.actors import SYSTEM
from domain.record.envelope import read
from domain.record.handler import HandlerPorts, Request, handle
from domain.record.ids import kind_of
from domain.record.ports import PendingEffect

REFUSED = "refused:"
"""Outcomes that start so were answered with a no, whose code follows: nothing is tried again, and nobody is called."""


@dataclass(frozen=True)
class AskingActivities:
    """The key of the command is the effect's id: asked again after a crash, it gets the answer it got before."""

    world: HandlerPorts
    effects: Effects
    texts: Texts
    reached: Callable[[str], None]
    """Where tests stop a process."""

    @activity.defn(name="ask")
    @coded
    async def ask(self, asked: Perform) -> Performed:
        """Give the command, and write down what was answered."""
        pending = await self.effects.pending(asked.effect)
        if pending is None:
            return Performed(outcome=ALREADY_DONE)
        outcome = await self._answer(pending, asked.traceparent)
        self.reached("ask.answered")
        await self.effects.settle(pending.id, outcome)
        return Performed(outcome=outcome)

    async def _answer(self, pending: PendingEffect, traceparent: str | None) -> str:
        effect, cause = pending.effect, await self.texts.event(pending.stream, pending.version)
        noun = self.world.nouns[kind_of(effect.recipient)]
        request = Request(
            actor=SYSTEM,
            key=str(pending.id),
            slug=effect.subject,
            body=effect.body or {},
            stream=effect.recipient if effect.recipient != noun.kind else None,
            traceparent=traceparent,
            correlation_id=read(cause).correlation_id if cause else None,
        )
        try:
            handled = await handle(self.world, noun, request)
        except (UnknownCase, UnknownCommand, Malformed, KeyReused) as no:
            return f"{REFUSED}{no.code}"
        refusal = handled.outcome.refusal
        return f"{REFUSED}{refusal.code}" if refusal else DONE
