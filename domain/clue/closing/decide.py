"""What becomes of a completed clue: archived, taken up again, or its completion undone."""

from __future__ import annotations

from datetime import datetime

from domain.clue.closing import commands as c
from domain.clue.closing import events as e
from domain.clue.life import Archived, Completed, Dispatched, Ended, FedBack, Known, Registered
from domain.clue.telling import tell, tell_handler
from domain.errors import Refused
from domain.lists.responsibility import Ledger, begun_again, last_turn
from domain.people.actors import Actor, Role
from domain.record.chapter import Decided, Refusal
from domain.record.decider import Effect, Facts, Happened
from domain.record.noun import ImpossibleHistory

ALREADY_TOLD = Refusal("already_told", "已答复", "已直接答复或者退回来源,不能撤销办结;需要继续办理的请重新办理")
ORDER_OPEN = Refusal("order_open", "督办单尚未销号", "督办单尚未销号,不能归档")


def undo_completion(command: c.UndoCompletion, _clue: Completed, _facts: Facts) -> Decided:
    return (e.ClueCompletionUndone(reason=command.reason),)


def already_told(clue: Completed, _actor: Actor) -> Refused | None:
    """The sender has the answer: there is nothing to go back to."""
    return ALREADY_TOLD() if clue.ending in ("answered", "sent_back") else None


def archive(_command: c.Archive, _clue: Completed, _facts: Facts) -> Decided:
    return (e.ClueArchived(),)


def order_standing(clue: Completed, _actor: Actor) -> Refused | None:
    """An order is settled first."""
    return ORDER_OPEN() if any(order.standing for order in clue.dossier.orders) else None


def reopen(command: c.Reopen, clue: Ended, _facts: Facts) -> Decided:
    return (e.ClueReopened(ground=command.ground, reason=command.reason, department=clue.department),)


# What becomes of the clue ----------------------------------------------------------------------------------------


def completion_undone(clue: Completed, _event: e.ClueCompletionUndone, _at: Happened) -> FedBack:
    """It stands where it stood before."""
    if clue.ending in ("answered", "sent_back"):
        raise ImpossibleHistory(f"completion undone though {clue.ending}")
    return FedBack.model_validate(dict(clue))


def archived(clue: Completed, _event: e.ClueArchived, _at: Happened) -> Archived:
    return Archived(**dict(clue))


def reopened(clue: Ended, event: e.ClueReopened, _at: Happened) -> Registered | Dispatched:
    """It must reach the authority that had it, which signs for it anew; else the dispatching office."""
    dossier = clue.keep(reopenings=clue.dossier.reopenings + 1).dossier
    if event.department is None:
        return Registered(dossier=dossier)
    return Dispatched(dossier=dossier, department=event.department)


# Who is told, who holds the case ---------------------------------------------------------------------------------


def tell_of_undoing(_event: e.ClueCompletionUndone, clue: Known) -> tuple[Effect, ...]:
    return tell_handler(clue, "completion_undone")


def tell_of_reopening(event: e.ClueReopened, clue: Known) -> tuple[Effect, ...]:
    if event.department is None:
        return (tell(Role.DISPATCHER, clue.dossier.office, "clue_reopened"),)
    return (tell(Role.DEPARTMENT_ASSIGNER, event.department, "clue_reopened"),)


def hold_on(ledger: Ledger, _event: e.ClueCompletionUndone, _at: datetime) -> Ledger:
    return last_turn(ledger, until=None, ended=None)


def hold_anew(ledger: Ledger, event: e.ClueReopened, at: datetime) -> Ledger:
    return begun_again(ledger, event.department, at)
