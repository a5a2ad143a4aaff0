"""Tell somebody: a row in the inbox of an officer or of a role in a department.

What goes out by mail or webhook because of it is entered with that row and sent by the worker's postman.
"""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity

from activities.errors import coded
from activities.messages import Perform, Performed
from activities.ports import Effects

DONE = "done"
ALREADY_DONE = "already_done"


@dataclass(frozen=True)
class ReminderActivities:
    """Reminders live in the same database as the record, so act and mark are one transaction."""

    effects: Effects

    @activity.defn(name="remind")
    @coded
    async def remind(self, asked: Perform) -> Performed:
        """Put the reminder into the inbox, once."""
        pending = await self.effects.pending(asked.effect)
        if pending is None:
            return Performed(outcome=ALREADY_DONE)
        await self.effects.remind(pending)
        return Performed(outcome=DONE)
