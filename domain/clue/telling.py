"""Whom events of a clue tell: effects are rows of the record, performed once by the case's process.

Recipients are `role@department` or an account; texts are never part of an effect.
"""

from __future__ import annotations

from typing import assert_never

from domain.clue.life import Clue, Known, handler_of, lead_of, responsible_of
from domain.people.actors import Role
from domain.reading.notices import NOTIFY
from domain.record.decider import Effect
from domain.time.case_clocks import named
from domain.time.clock_events import ClockEscalated, ClockEvent, ClockExpired, ClockWarned
from domain.time.rules import Recipient

SEND_FEEDBACK = "send_feedback"
RECORD_ERASURE = "record_erasure"
SEAL_EVIDENCE = "seal_evidence"
EFFECT_KINDS = (NOTIFY, SEND_FEEDBACK, RECORD_ERASURE, SEAL_EVIDENCE)


def tells_time(event: ClockEvent, clue: Clue) -> tuple[Effect, ...]:
    """Who is told of what became of a clock."""
    if not isinstance(clue, Known):
        return ()
    match event:
        case ClockWarned(clock=clock):
            return (_remind(clue, clock, "clock_warned"),)
        case ClockExpired(clock=clock):
            return (_remind(clue, clock, "clock_expired"),)
        case ClockEscalated():
            return _escalate(clue, event)
        case _:
            return ()


def answer_sender(clue: Known) -> tuple[Effect, ...]:
    """The channel it came by gets the reply."""
    return (Effect(kind=SEND_FEEDBACK, recipient=clue.dossier.channel, subject="reply"),)


def tell_account(account: str, subject: str, **params: str) -> Effect:
    """One person."""
    return Effect(kind=NOTIFY, recipient=account, subject=subject, params=params)


def tell(role: Role, office: str, subject: str, **params: str) -> Effect:
    """Whoever has a role at an office."""
    return Effect(kind=NOTIFY, recipient=f"{role}@{office}", subject=subject, params=params)


def tell_handler(clue: Known, subject: str) -> tuple[Effect, ...]:
    """The handler, when there is one."""
    handler = handler_of(clue)
    return (Effect(kind=NOTIFY, recipient=handler, subject=subject),) if handler else ()


def tell_holder(clue: Known, subject: str, **params: str) -> Effect:
    """Whoever holds the case: the handler, else the department's assigner, else the dispatching office."""
    if handler := handler_of(clue):
        return Effect(kind=NOTIFY, recipient=handler, subject=subject, params=params)
    if lead := lead_of(clue):
        return tell(Role.DEPARTMENT_ASSIGNER, lead, subject, **params)
    return tell(Role.DISPATCHER, clue.dossier.office, subject, **params)


def tell_desk(clue: Known, department: str, subject: str, **params: str) -> tuple[Effect, ...]:
    """A department as such: its head, its desk, and the handler when the case is in somebody's hands."""
    desk = _desk(clue, department)
    handler = handler_of(clue) if department == lead_of(clue) else None
    own = (Effect(kind=NOTIFY, recipient=handler, subject=subject, params=params),) if handler else ()
    return (*own, *(tell(role, department, subject, **params) for role in (desk, Role.HEAD)))


def _remind(clue: Known, clock: str, subject: str) -> Effect:
    """Whoever holds the case; of a clock that somebody else owes, the desk there."""
    timed = named(clue.dossier.clocks, clock).clock
    told = {"clock": clock, "kind": timed.kind, "rule": timed.rule}
    if timed.owed_by != responsible_of(clue):
        return tell(_desk(clue, timed.owed_by), timed.owed_by, subject, **told)
    return tell_holder(clue, subject, **told)


def _escalate(clue: Known, event: ClockEscalated) -> tuple[Effect, ...]:
    """Rungs lead from the department's desk over the coordinating body to the head."""
    clock = named(clue.dossier.clocks, event.clock).clock
    told = {"clock": event.clock, "kind": clock.kind, "rule": clock.rule, "rung": str(event.rung)}
    return tuple(
        tell(role, office, "clock_escalated", **told) for role, office in _reached(clue, event.to, clock.owed_by)
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
