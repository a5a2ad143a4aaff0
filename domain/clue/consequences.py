"""What must be done because of an event: rows of the record, performed once by the case's process.

Recipients are `role@department` or an account; texts are never part of an effect.
"""

from __future__ import annotations

from typing import Any

from domain.actors import Role
from domain.clue import events as e
from domain.clue.state import Clue, Known, Unregistered, handler_of, lead_of, responsible_of
from domain.decider import Effect
from domain.timekeeping import ClockEscalated, ClockExpired, ClockWarned, named

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
            return (_escalate(clue, event),)
        case _:
            return ()


def _tell(role: Role, office: str, subject: str, **params: str) -> Effect:
    return Effect(kind=NOTIFY, recipient=f"{role}@{office}", subject=subject, params=params)


def _tell_handler(clue: Clue, subject: str) -> tuple[Effect, ...]:
    handler = handler_of(clue)
    return (Effect(kind=NOTIFY, recipient=handler, subject=subject),) if handler else ()


def _tell_holder(clue: Known, subject: str) -> Effect:
    """Whoever holds the case: the handler, else the department's assigner, else the dispatching office."""
    if handler := handler_of(clue):
        return Effect(kind=NOTIFY, recipient=handler, subject=subject)
    if lead := lead_of(clue):
        return _tell(Role.DEPARTMENT_ASSIGNER, lead, subject)
    return _tell(Role.DISPATCHER, clue.dossier.office, subject)


def _remind(clue: Clue, clock: str, subject: str) -> Effect:
    """Whoever holds the case: the handler, else the department's assigner, else the dispatching office."""
    assert not isinstance(clue, Unregistered)  # noqa: S101 — checked by the caller
    timed = named(clue.dossier.clocks, clock).clock
    params = {"clock": clock, "kind": timed.kind, "rule": timed.rule}
    handler = handler_of(clue)
    if handler:
        return Effect(kind=NOTIFY, recipient=handler, subject=subject, params=params)
    role = Role.DEPARTMENT_ASSIGNER if lead_of(clue) else Role.DISPATCHER
    return _tell(role, timed.owed_by, subject, **params)


_RUNG_ROLES = {
    "department_supervisor": Role.HEAD,
    "head": Role.HEAD,
    "coordinator": Role.COORDINATOR,
    "dispatcher": Role.DISPATCHER,
}


def _escalate(clue: Clue, event: ClockEscalated) -> Effect:
    assert not isinstance(clue, Unregistered)  # noqa: S101 — checked by the caller
    timed = named(clue.dossier.clocks, event.clock).clock
    role = _RUNG_ROLES[event.to]
    department = timed.owed_by if role is Role.HEAD else clue.dossier.office
    return _tell(
        role, department, "clock_escalated", clock=event.clock, kind=timed.kind, rule=timed.rule, rung=str(event.rung)
    )
