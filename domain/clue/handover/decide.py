"""What becomes of a clue on its way to a department and a handler, and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from domain.clue.handover import commands as c
from domain.clue.handover import events as e
from domain.clue.life import Assigned, Dispatched, InHand, Led, Registered, SignedFor
from domain.clue.supervision.oversight import lapse_orders
from domain.clue.telling import tell, tell_account
from domain.errors import Refused
from domain.lists.responsibility import Ledger, hand_over, last_turn
from domain.people.actors import Role, within
from domain.record.chapter import Decided, Refusal
from domain.record.decider import Effect, Facts, Happened, Needs

UNKNOWN_DEPARTMENT = Refusal("unknown_department", "没有这个部门", "没有这个部门,请核对部门代码")
DEPARTMENT_OUT_OF_REGION = Refusal("department_out_of_region", "部门不在本行政区划", "只能分办给本行政区划内的部门")
UNKNOWN_HANDLER = Refusal("unknown_handler", "没有这名承办人", "没有这名承办人或其不在岗")
HANDLER_OF_OTHER_DEPARTMENT = Refusal("handler_of_other_department", "承办人属于其他部门", "只能分派给本部门承办人")
UNFIT_TO_HANDLE = (UNKNOWN_HANDLER, HANDLER_OF_OTHER_DEPARTMENT)

NOT_ITS_OWN_ACT: Final[e.ReturnGround] = "not_signed_for"
"""Given back by time because nobody signed: the department does not wait for others, it let the case lie."""


def need_department(command: c.Dispatch) -> Needs:
    return Needs(departments=(command.department,))


def need_handler(command: c.Assign | c.Reassign) -> Needs:
    return Needs(officers=(command.handler,))


def dispatch(command: c.Dispatch, _clue: Registered, facts: Facts) -> Decided:
    region = facts.departments.get(command.department)
    if region is None:
        return UNKNOWN_DEPARTMENT()
    if not within(region, facts.actor.region):
        return DEPARTMENT_OUT_OF_REGION()
    return (e.ClueDispatched(department=command.department, opinion=command.opinion),)


def withdraw_dispatch(command: c.WithdrawDispatch, clue: Dispatched, _facts: Facts) -> Decided:
    return (e.ClueDispatchWithdrawn(department=clue.department, reason=command.reason),)


def sign_for(_command: c.SignFor, _clue: Dispatched, _facts: Facts) -> Decided:
    return (e.ClueSignedFor(),)


def give_back(command: c.Return, _clue: Led, facts: Facts) -> Decided:
    return (e.ClueReturned(department=facts.actor.department, ground=command.ground, reason=command.reason),)


def assign(command: c.Assign, clue: Led, facts: Facts) -> Decided:
    unfit = _unfit(command.handler, facts)
    if unfit is not None:
        return unfit
    if isinstance(clue, Assigned) and clue.handler == command.handler:
        return ()
    return (e.ClueAssigned(handler=command.handler),)


def reassign(command: c.Reassign, clue: InHand, facts: Facts) -> Decided:
    unfit = _unfit(command.handler, facts)
    if unfit is not None:
        return unfit
    if clue.handler == command.handler:
        return ()
    return (e.ClueReassigned(handler=command.handler, previous=clue.handler, reason=command.reason),)


def _unfit(handler: str, facts: Facts) -> Refused | None:
    officer = facts.officers.get(handler)
    if officer is None or not officer.active or Role.HANDLER not in officer.roles:
        return UNKNOWN_HANDLER()
    return HANDLER_OF_OTHER_DEPARTMENT() if officer.department != facts.actor.department else None


# What becomes of the clue ----------------------------------------------------------------------------------------


def dispatched(clue: Registered, event: e.ClueDispatched, _at: Happened) -> Dispatched:
    involved = clue.dossier.departments
    if event.department not in involved:
        clue = clue.keep(departments=(*involved, event.department))
    return Dispatched(dossier=clue.dossier, department=event.department)


def dispatch_withdrawn(clue: Dispatched, event: e.ClueDispatchWithdrawn, _at: Happened) -> Registered:
    return Registered(dossier=lapse_orders(clue, event.department).dossier)


def signed_for(clue: Dispatched, _event: e.ClueSignedFor, _at: Happened) -> SignedFor:
    return SignedFor(dossier=clue.dossier, department=clue.department)


def returned(clue: Led, event: e.ClueReturned, _at: Happened) -> Registered:
    back = lapse_orders(clue, event.department).keep(returns=clue.dossier.returns + 1)
    return Registered(dossier=back.dossier)


def assigned(clue: Led, event: e.ClueAssigned, _at: Happened) -> Assigned:
    return Assigned(dossier=clue.dossier, department=clue.department, handler=event.handler)


def reassigned(clue: InHand, event: e.ClueReassigned, _at: Happened) -> InHand:
    return clue.model_copy(update={"handler": event.handler})


# Who is told, who holds the case ---------------------------------------------------------------------------------


def tell_of_dispatch(event: e.ClueDispatched, _clue: Dispatched) -> tuple[Effect, ...]:
    return (tell(Role.DEPARTMENT_ASSIGNER, event.department, "clue_dispatched"),)


def tell_of_withdrawal(event: e.ClueDispatchWithdrawn, _clue: Registered) -> tuple[Effect, ...]:
    return (tell(Role.DEPARTMENT_ASSIGNER, event.department, "dispatch_withdrawn"),)


def tell_of_return(event: e.ClueReturned, clue: Registered) -> tuple[Effect, ...]:
    office = clue.dossier.office
    return (tell(Role.DISPATCHER, office, "clue_returned", ground=event.ground, department=event.department),)


def tell_of_assignment(event: e.ClueAssigned, _clue: Assigned) -> tuple[Effect, ...]:
    return (tell_account(event.handler, "clue_assigned"),)


def tell_of_reassignment(event: e.ClueReassigned, _clue: InHand) -> tuple[Effect, ...]:
    return tell_account(event.handler, "clue_assigned"), tell_account(event.previous, "clue_reassigned")


def hold_by_department(ledger: Ledger, event: e.ClueDispatched, at: datetime) -> Ledger:
    first = ledger.first_dispatched_at or at
    return hand_over(replace(ledger, first_dispatched_at=first), event.department, at, "dispatched")


def hold_again(ledger: Ledger, _event: e.ClueDispatchWithdrawn, at: datetime) -> Ledger:
    return hand_over(ledger, ledger.office, at, "withdrawn")


def hold_returned(ledger: Ledger, event: e.ClueReturned, at: datetime) -> Ledger:
    waits = event.department if event.ground != NOT_ITS_OWN_ACT else None
    return hand_over(replace(ledger, handed_back_by=waits), ledger.office, at, "returned", event.ground)


def note_signing(ledger: Ledger, _event: e.ClueSignedFor, at: datetime) -> Ledger:
    return last_turn(replace(ledger, handed_back_by=None), signed_at=at)
