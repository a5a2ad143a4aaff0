"""The clocks a clue asks for. Every open stage has one: no case may rest without a running clock."""

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
from domain.time.case_clocks import Wanted


def wanted(clue: Clue) -> tuple[Wanted, ...]:
    """The clocks of the stage, and those of open orders."""
    if not isinstance(clue, Known) or isinstance(clue, Archived):
        return ()
    return (*_by_stage(clue), *_by_orders(clue))


def _by_stage(clue: Known) -> tuple[Wanted, ...]:
    """What the stage waits for. Of complaints the law also asks when they are accepted and how long is mediated."""
    complaint = clue.dossier.category == "complaint"
    match clue:
        case Registered():
            return (Wanted(kind="dispatch", owed_by=clue.dossier.office),)
        case Dispatched(department=department):
            return (Wanted(kind="sign_for", owed_by=department), _answer(department))
        case SignedFor() | Assigned():
            accepting = (Wanted(kind="acceptance", owed_by=clue.department),) if complaint else ()
            return (Wanted(kind="handling", owed_by=clue.department), *accepting, _answer(clue.department))
        case TakenUp() | Verifying() | Verified() | DispositionProposed():
            mediating = (Wanted(kind="mediation", owed_by=clue.department),) if complaint else ()
            return (Wanted(kind="handling", owed_by=clue.department), *mediating, _answer(clue.department))
        case Declined() | Disposed():
            return (Wanted(kind="feedback", owed_by=clue.department), _answer(clue.department))
        case FedBack():
            return (Wanted(kind="feedback", owed_by=clue.department),)
        case Completed():
            return (Wanted(kind="archive", owed_by=clue.department or clue.dossier.office),)
        case _:
            raise TypeError(f"no clock for {clue.stage}")


def _answer(department: str) -> Wanted:
    """What the hotline promised the caller, where a region promised it."""
    return Wanted(kind="answer", owed_by=department)


def _by_orders(clue: Known) -> tuple[Wanted, ...]:
    """An answer to each order that stands open."""
    return tuple(
        Wanted(kind="oversight", owed_by=order.department, about=order.order, until=order.answer_by)
        for order in clue.dossier.orders
        if order.status == "open"
    )
