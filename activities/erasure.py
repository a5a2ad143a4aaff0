"""Carry an erasure outside the database: into the ledger, so that a restored database erases again, and to documents
made from the texts."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.errors import coded
from activities.feedback import documents_of
from activities.messages import Perform, Performed
from activities.ports import Effects, ErasureLedger, FeedbackExchange, Texts
from activities.reminders import ALREADY_DONE, DONE
from domain.clue.papers.events import ClueTextErased
from domain.record.envelope import read


@dataclass(frozen=True)
class ErasureActivities:
    """The ledger holds references only; what they stood for is gone."""

    effects: Effects
    texts: Texts
    ledger: ErasureLedger
    exchange: FeedbackExchange

    @activity.defn(name="record_erasure")
    @coded
    async def record(self, asked: Perform) -> Performed:
        """Write the erased references down and take back the replies made from them, once."""
        pending = await self.effects.pending(asked.effect)
        if pending is None:
            return Performed(outcome=ALREADY_DONE)
        stored = await self.texts.event(pending.stream, pending.version)
        erased = read(stored).event if stored else None
        if not isinstance(erased, ClueTextErased):
            raise ApplicationError("该事件不是文本删除", type="unknown_event")
        refs = tuple(sealed.ref for sealed in erased.texts)
        await self.ledger.enter(str(pending.id), refs)
        for name in documents_of(await self.texts.history(pending.stream), refs):
            await self.exchange.withdraw(name)
        await self.effects.settle(pending.id, DONE)
        return Performed(outcome=DONE)
