"""What deadline rules must know of a clue: what has happened to it, and who owes what."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from domain.clue import events as e
from domain.clue.state import Archived, Clue, Unregistered, lead_of
from domain.time.asked_for import Debtors, Wanted
from domain.time.rules.seen import NOTHING_SEEN, Seen


def seen(clue: Clue) -> Seen:
    """What has happened to it."""
    return NOTHING_SEEN if isinstance(clue, Unregistered) else clue.dossier.seen


def debtors(clue: Clue) -> Debtors | None:
    """The lead department or the dispatching office, and whoever an oversight order names; nobody once archived."""
    if isinstance(clue, Unregistered | Archived):
        return None
    dossier = clue.dossier
    ordered = (
        Wanted(kind="oversight", owed_by=order.department, about=order.order, until=order.answer_by)
        for order in dossier.orders
    )
    return Debtors(lead=lead_of(clue), office=dossier.office, named=tuple(ordered))


def see(seen: Seen, event: e.ClueEvent) -> Seen:
    """… after one more event: about an order, about the department whose having the case ends, or about the case."""
    return seen.then(_name_of(type(event)), _about(event))


def _about(event: Any) -> str | None:
    if isinstance(event, e.ClueReturned | e.ClueDispatchWithdrawn):
        return event.department
    return getattr(event, "order", None)


@cache
def _name_of(cls: type) -> str:
    """The stored name: `clue.signed_for` of `ClueSignedFor`."""
    return "clue." + re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__.removeprefix("Clue")).lower()
