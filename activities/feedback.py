"""Answer the source channel: a document in the exchange folder, named by the effect: no second try answers twice.

The reply is read from the vault here and goes nowhere else; Temporal sees the effect's id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.errors import coded
from activities.messages import Perform, Performed
from activities.ports import Effects, FeedbackExchange, Texts
from activities.reminders import ALREADY_DONE, DONE
from domain.clue.feedback.events import ClueFedBack
from domain.clue.intake.events import ClueAnswered, ClueSentBack
from domain.clue.telling import SEND_FEEDBACK
from domain.record.envelope import Envelope, StoredEvent, read
from domain.record.ids import effect_id
from domain.record.ports import PendingEffect
from domain.record.vault import Sealed

ERASED = "skipped:erased"
"""The text was lawfully erased before it went out: there is nothing left that may be sent."""


@dataclass(frozen=True)
class FeedbackActivities:
    """An act outside the database: the effect's id is the idempotency key, the mark comes afterwards."""

    effects: Effects
    texts: Texts
    exchange: FeedbackExchange
    reached: Callable[[str], None]
    """Where tests stop a process."""

    @activity.defn(name="send_feedback")
    @coded
    async def send(self, asked: Perform) -> Performed:
        """Hand the reply over to the channel the clue came from."""
        pending = await self.effects.pending(asked.effect)
        if pending is None:
            return Performed(outcome=ALREADY_DONE)
        answered = await self._event(pending.stream, pending.version)
        ref = _reply_of(answered).ref
        reply = await self.texts.text(ref)
        if reply is None:
            return await self._settled(pending, ERASED)
        await self.exchange.deposit(_name(pending.id), await self._document(pending, answered, reply))
        self.reached("feedback.deposited")
        if await self.texts.text(ref) is None:  # erased while it was on its way out
            await self.exchange.withdraw(_name(pending.id))
            return await self._settled(pending, ERASED)
        return await self._settled(pending, DONE)

    async def _settled(self, pending: PendingEffect, outcome: str) -> Performed:
        await self.effects.settle(pending.id, outcome)
        return Performed(outcome=outcome)

    async def _document(self, pending: PendingEffect, answered: Envelope, reply: str) -> bytes:
        opened = await self._event(pending.stream, 1)
        return json.dumps(
            {
                "id": str(pending.id),
                "case": pending.stream,
                "channel": pending.effect.recipient,
                "external_id": opened.event.external_id,
                "subject": pending.effect.subject,
                "answered_at": answered.occurred_at.isoformat(),
                "reply": reply,
            },
            ensure_ascii=False,
            indent=1,
        ).encode()

    async def _event(self, stream: str, version: int) -> Envelope:
        stored = await self.texts.event(stream, version)
        if stored is None:
            raise ApplicationError("记录中没有该事件", type="unknown_event")
        return read(stored)


def documents_of(history: Sequence[StoredEvent], texts: Collection[UUID]) -> list[str]:
    """Names of the documents in the exchange folder that were made from these texts."""
    envelopes = [read(stored) for stored in history]
    channel = envelopes[0].event.channel
    return [
        _name(effect_id(envelope.event_id, SEND_FEEDBACK, channel))
        for envelope in envelopes
        if (reply := _reply_in(envelope)) is not None and reply.ref in texts
    ]


def _name(effect: UUID) -> str:
    return f"{effect}.json"


def _reply_of(answered: Envelope) -> Sealed:
    reply = _reply_in(answered)
    if reply is None:
        raise ApplicationError("该事件没有可反馈的答复", type="no_reply")
    return reply


def _reply_in(envelope: Envelope) -> Sealed | None:
    match envelope.event:
        case ClueFedBack(reply=reply) | ClueAnswered(reply=reply) | ClueSentBack(reason=reply):
            return reply
        case _:
            return None
