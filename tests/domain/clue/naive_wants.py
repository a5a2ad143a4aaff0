"""A second, naive implementation of which clocks a clue asks for: by its stage and its orders, without a single row."""

from __future__ import annotations

from domain.clue.life import (
    Archived,
    Assigned,
    Clue,
    Completed,
    Declined,
    Dispatched,
    Disposed,
    DispositionProposed,
    FedBack,
    Known,
    Registered,
    SignedFor,
    TakenUp,
    Verified,
    Verifying,
)
from domain.time.asked_for import Wanted


def naive_wants(clue: Clue) -> list[Wanted]:
    """What the stage waits for, and an answer to each order that stands open."""
    if not isinstance(clue, Known) or isinstance(clue, Archived):
        return []
    return [*_by_stage(clue), *_by_orders(clue)]


def _by_stage(clue: Known) -> list[Wanted]:
    """Of complaints the law also asks when they are accepted and how long is mediated; `answer` is what the hotline
    promised the caller, where a region promised it."""
    complaint = clue.dossier.category == "complaint"
    match clue:
        case Registered():
            return [Wanted("dispatch", clue.dossier.office)]
        case Dispatched(department=department):
            return [Wanted("sign_for", department), Wanted("answer", department)]
        case SignedFor(department=department) | Assigned(department=department):
            accepting = [Wanted("acceptance", department)] if complaint else []
            return [Wanted("handling", department), *accepting, Wanted("answer", department)]
        case TakenUp() | Verifying() | Verified() | DispositionProposed():
            mediating = [Wanted("mediation", clue.department)] if complaint else []
            return [Wanted("handling", clue.department), *mediating, Wanted("answer", clue.department)]
        case Declined(department=department) | Disposed(department=department):
            return [Wanted("feedback", department), Wanted("answer", department)]
        case FedBack(department=department):
            return [Wanted("feedback", department)]
        case Completed(department=department):
            return [Wanted("archive", department or clue.dossier.office)]
        case _:
            return []


def _by_orders(clue: Known) -> list[Wanted]:
    return [
        Wanted("oversight", order.department, order.order, order.answer_by)
        for order in clue.dossier.orders
        if order.status == "open"
    ]
