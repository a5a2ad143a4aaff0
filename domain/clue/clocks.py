"""What deadline rules must know of a clue: what has happened to it, and who owes what."""

from __future__ import annotations

from typing import Any

from domain.clue.handover.events import ClueDispatchWithdrawn, ClueReturned
from domain.clue.life import Archived, Clue, Known, lead_of
from domain.time.asked_for import Debtors, Wanted
from domain.time.rules.seen import NOTHING_SEEN, Seen


def seen(clue: Clue) -> Seen:
    """What has happened to it."""
    return clue.dossier.seen if isinstance(clue, Known) else NOTHING_SEEN


def debtors(clue: Clue) -> Debtors | None:
    """The lead department or the dispatching office, and whoever an oversight order names; nobody once archived."""
    if not isinstance(clue, Known) or isinstance(clue, Archived):
        return None
    dossier = clue.dossier
    ordered = (
        Wanted(kind="oversight", owed_by=order.department, about=order.order, until=order.answer_by)
        for order in dossier.orders
    )
    return Debtors(lead=lead_of(clue), office=dossier.office, named=tuple(ordered))


def see(seen: Seen, name: str, event: Any) -> Seen:
    """… after one more event: about an order, about the department whose having the case ends, or about the case."""
    if isinstance(event, ClueReturned | ClueDispatchWithdrawn):
        return seen.then(name, event.department)
    return seen.then(name, vars(event).get("order"))
