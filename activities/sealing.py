"""Take a classified file away from every reader; it is kept, and its hash stays in the record."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from activities.errors import coded
from activities.messages import Perform, Performed
from activities.ports import Effects, EvidenceSeal
from activities.reminders import ALREADY_DONE, DONE


@dataclass(frozen=True)
class SealingActivities:
    """Sealing twice changes nothing, so the mark may come afterwards."""

    effects: Effects
    evidence: EvidenceSeal

    @activity.defn(name="seal_evidence")
    @coded
    async def seal(self, asked: Perform) -> Performed:
        """Seal the file the effect names, in whatever case it is referred to."""
        pending = await self.effects.pending(asked.effect)
        if pending is None:
            return Performed(outcome=ALREADY_DONE)
        await self.evidence.seal(pending.effect.params["digest"])
        await self.effects.settle(pending.id, DONE)
        return Performed(outcome=DONE)
