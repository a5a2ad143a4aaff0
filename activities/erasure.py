"""Enter an erasure into the ledger outside the database, so that a restored database erases again."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.errors import coded
from activities.messages import Perform, Performed
from activities.ports import Effects, ErasureLedger, Texts
from activities.reminders import ALREADY_DONE, DONE
from domain.clue.events import ClueTextErased
from domain.envelope import read


@dataclass(frozen=True)
class ErasureActivities:
    """The ledger holds references only; what they stood for is gone."""

    effects: Effects
    texts: Texts
    ledger: ErasureLedger

    @activity.defn(name="record_erasure")
    @coded
    async def record(self, asked: Perform) -> Performed:
        """Write the erased references down, once."""
        pending = await self.effects.pending(asked.effect)
        if pending is None:
            return Performed(outcome=ALREADY_DONE)
        stored = await self.texts.event(pending.stream, pending.version)
        erased = read(stored).event if stored else None
        if not isinstance(erased, ClueTextErased):
            raise ApplicationError("该事件不是文本删除", type="unknown_event")
        await self.ledger.enter(str(pending.id), tuple(sealed.ref for sealed in erased.texts))
        await self.effects.settle(pending.id, DONE)
        return Performed(outcome=DONE)
