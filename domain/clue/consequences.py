"""What must be done because of an event: rows of the record, performed once by the case's process.

Recipients are `role@department` or an account; texts are never part of an effect.
"""

from __future__ import annotations

from typing import Any, assert_never

from domain.clue import events as e
from domain.clue.state import Clue, Known, Unregistered, handler_of, lead_of, responsible_of
from domain.people.actors import Role
from domain.record.decider import Effect
from domain.time.case_clocks import ClockEscalated, ClockExpired, ClockWarned, named
from domain.time.oversight import OversightOrder
from domain.time.rules import Approver, Recipient

NOTIFY = "notify"
SEND_FEEDBACK = "send_feedback"
RECORD_ERASURE = "record_erasure"
SEAL_EVIDENCE = "seal_evidence"
EFFECT_KINDS = (NOTIFY, SEND_FEEDBACK, RECORD_ERASURE, SEAL_EVIDENCE)


def consequences(event: Any, clue: Clue) -> tuple[Effect, ...]:
    """The effects of one event, given the state after it."""
    if isinstance(clue, Unregistered):
        return ()
    match event:
        case e.ClueDispatched(department=department):
            return (_tell(Role.DEPARTMENT_ASSIGNER, department, "clue_dispatched"),)
        case e.ClueDispatchWithdrawn(department=department):
            return (_tell(Role.DEPARTMENT_ASSIGNER, department, "dispatch_withdrawn"),)
        case e.ClueReturned(department=department, ground=ground):
            return (_tell(Role.DISPATCHER, clue.dossier.office, "clue_returned", ground=ground, department=department),)
        case e.ClueAssigned(handler=handler):
            return (Effect(kind=NOTIFY, recipient=handler, subject="clue_assigned"),)
        case e.ClueReassigned(handler=handler, previous=previous):
            return (
                Effect(kind=NOTIFY, recipient=handler, subject="clue_assigned"),
                Effect(kind=NOTIFY, recipient=previous, subject="clue_reassigned"),
            )
        case e.ClueCorrected():
            return (_tell_holder(clue, "clue_corrected"),)
        case e.ClueSupplemented():
            return (_tell_holder(clue, "clue_supplemented"),)
        case e.ClueSuspended():
            return _tell_handler(clue, "clue_suspended")
        case e.ClueResumed():
            return _tell_handler(clue, "clue_resumed")
        case e.ClueCompletionUndone():
            return _tell_handler(clue, "completion_undone")
        case e.ClueFileSealed(digest=digest, ground="classified"):
            return (Effect(kind=SEAL_EVIDENCE, recipient="evidence", subject="file_sealed", params={"digest": digest}),)
        case e.ClueDispositionProposed():
            return (_tell(Role.HEAD, responsible_of(clue), "disposition_proposed"),)
        case e.ClueDispositionApproved():
            return _tell_handler(clue, "disposition_approved")
        case e.ClueDispositionRejected():
            return _tell_handler(clue, "disposition_rejected")
        case e.ClueFedBack() | e.ClueAnswered() | e.ClueSentBack():
            return (Effect(kind=SEND_FEEDBACK, recipient=clue.dossier.channel, subject="reply"),)
        case e.ClueReopened(department=department):
            if department is None:
                return (_tell(Role.DISPATCHER, clue.dossier.office, "clue_reopened"),)
            return (_tell(Role.DEPARTMENT_ASSIGNER, department, "clue_reopened"),)
        case e.ClueTextErased():
            return (Effect(kind=RECORD_ERASURE, recipient="erasure_ledger", subject="texts_erased"),)
        case ClockWarned(clock=clock):
            return (_remind(clue, clock, "clock_warned"),)
        case ClockExpired(clock=clock):
            return (_remind(clue, clock, "clock_expired"),)
        case ClockEscalated():
            return _escalate(clue, event)
        case e.ClueOversightOrdered(department=department, order=order):
            return _tell_desk(clue, department, "oversight_ordered", order=order)
        case e.ClueOversightAnswered(order=order):
            return (_tell_orderer(clue, order, "oversight_answered"),)
        case e.ClueOversightAnswerRejected(order=order):
            return _tell_owing(clue, order, "oversight_answer_rejected")
        case e.ClueOversightAnswerAccepted(order=order):
            return _tell_owing(clue, order, "oversight_answer_accepted")
        case e.ClueOversightWithdrawn(order=order):
            return _tell_owing(clue, order, "oversight_withdrawn")
        case e.ClueOversightListed(order=order):
            return _tell_owing(clue, order, "oversight_listed")
        case e.ClueUrged():
            return (_tell_holder(clue, "clue_urged"),)
        case e.ClueTimeExcluded():
            return _tell_handler(clue, "time_excluded")
        case e.ClueExtensionRequested(approver=approver, clock=clock):
            return (_tell_approver(clue, approver, clock),)
        case e.ClueExtensionApproved(clock=clock):
            return (_tell_holder(clue, "extension_approved", clock=clock),)
        case e.ClueExtensionRejected(clock=clock):
            return (_tell_holder(clue, "extension_rejected", clock=clock),)
        case _:
            return ()


def _tell(role: Role, office: str, subject: str, **params: str) -> Effect:
    return Effect(kind=NOTIFY, recipient=f"{role}@{office}", subject=subject, params=params)


def _tell_handler(clue: Known, subject: str) -> tuple[Effect, ...]:
    handler = handler_of(clue)
    return (Effect(kind=NOTIFY, recipient=handler, subject=subject),) if handler else ()


def _tell_holder(clue: Known, subject: str, **params: str) -> Effect:
    """Whoever holds the case: the handler, else the department's assigner, else the dispatching office."""
    if handler := handler_of(clue):
        return Effect(kind=NOTIFY, recipient=handler, subject=subject, params=params)
    if lead := lead_of(clue):
        return _tell(Role.DEPARTMENT_ASSIGNER, lead, subject, **params)
    return _tell(Role.DISPATCHER, clue.dossier.office, subject, **params)


def _tell_desk(clue: Known, department: str, subject: str, **params: str) -> tuple[Effect, ...]:
    """A department as such: its head, its desk, and the handler when the case is in somebody's hands."""
    desk = _desk(clue, department)
    handler = handler_of(clue) if department == lead_of(clue) else None
    own = (Effect(kind=NOTIFY, recipient=handler, subject=subject, params=params),) if handler else ()
    return (*own, *(_tell(role, department, subject, **params) for role in (desk, Role.HEAD)))


def _tell_owing(clue: Known, order: str, subject: str) -> tuple[Effect, ...]:
    """The department an order was given to."""
    return _tell_desk(clue, _named(clue, order).department, subject, order=order)


def _tell_orderer(clue: Known, order: str, subject: str) -> Effect:
    """Who gave an order; for one of the ladder the coordinating body."""
    given = _named(clue, order)
    if given.clock is None:
        return Effect(kind=NOTIFY, recipient=given.by, subject=subject, params={"order": order})
    return _tell(Role.COORDINATOR, clue.dossier.office, subject, order=order)


def _named(clue: Known, order: str) -> OversightOrder:
    return next(given for given in clue.dossier.orders if given.order == order)


def _tell_approver(clue: Known, approver: Approver, clock: str) -> Effect:
    owed_by = named(clue.dossier.clocks, clock).clock.owed_by
    if approver == "head":
        return _tell(Role.HEAD, owed_by, "extension_requested", clock=clock)
    return _tell(Role.COORDINATOR, clue.dossier.office, "extension_requested", clock=clock)


def _remind(clue: Known, clock: str, subject: str) -> Effect:
    """Whoever holds the case; of a clock that somebody else owes, the desk there."""
    timed = named(clue.dossier.clocks, clock).clock
    told = {"clock": clock, "kind": timed.kind, "rule": timed.rule}
    if timed.owed_by != responsible_of(clue):
        return _tell(_desk(clue, timed.owed_by), timed.owed_by, subject, **told)
    return _tell_holder(clue, subject, **told)


def _escalate(clue: Known, event: ClockEscalated) -> tuple[Effect, ...]:
    """Rungs lead from the department's desk over the coordinating body to the head."""
    clock = named(clue.dossier.clocks, event.clock).clock
    told = {"clock": event.clock, "kind": clock.kind, "rule": clock.rule, "rung": str(event.rung)}
    return tuple(
        _tell(role, office, "clock_escalated", **told) for role, office in _reached(clue, event.to, clock.owed_by)
    )


def _reached(clue: Known, to: Recipient, owed_by: str) -> tuple[tuple[Role, str], ...]:
    """The roles a rung reaches, each with its office."""
    match to:
        case "department_supervisor":
            return (Role.SUPERVISOR, owed_by), (_desk(clue, owed_by), owed_by)
        case "coordinator":
            return ((Role.COORDINATOR, clue.dossier.office),)
        case "head":
            return ((Role.HEAD, owed_by),)
        case "dispatcher":
            return ((Role.DISPATCHER, clue.dossier.office),)
        case _:
            assert_never(to)


def _desk(clue: Known, department: str) -> Role:
    """Who works the desk of a department, or of the dispatching office."""
    return Role.DISPATCHER if department == clue.dossier.office else Role.DEPARTMENT_ASSIGNER
