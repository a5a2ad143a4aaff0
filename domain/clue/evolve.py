"""The state of a clue after one more event.

Total over known events; a pair that cannot occur is an error, never ignored.
"""

from __future__ import annotations

from typing import Any, assert_never

from domain.clue import events as e
from domain.clue.state import (
    Archived,
    Assigned,
    Clue,
    Completed,
    Dispatched,
    Disposed,
    DispositionProposed,
    Dossier,
    FedBack,
    Finding,
    Known,
    Registered,
    SignedFor,
    TakenUp,
    Unregistered,
    Verified,
    Verifying,
)
from domain.decider import Happened
from domain.timekeeping import (
    ClockEscalated,
    ClockExpired,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    Wanted,
    apply_clock_event,
)

_CLOCK_EVENTS = (ClockStarted, ClockStopped, ClockWarned, ClockExpired, ClockEscalated)


class ImpossibleHistory(Exception):
    """An event that cannot follow this state: the record or the code is wrong, and guessing would hide it."""


def evolve(clue: Clue, happened: Happened) -> Clue:
    """Apply one event. Raises `ImpossibleHistory` when it cannot follow."""
    event = happened.event
    if isinstance(clue, Unregistered):
        return _register(event, happened)
    if isinstance(event, _CLOCK_EVENTS):
        clocks = apply_clock_event(clue.dossier.clocks, event, happened.occurred_at)
        return clue.model_copy(update={"dossier": clue.dossier.model_copy(update={"clocks": clocks})})
    return _next(clue, event, _carry(clue.dossier, event))


def _register(event: Any, happened: Happened) -> Registered:
    if not isinstance(event, e.ClueRegistered):
        raise ImpossibleHistory(f"{type(event).__name__} before registration")
    return Registered(
        dossier=Dossier(
            region=event.region,
            channel=event.channel,
            external_id=event.external_id,
            category=event.category,
            title=event.title,
            body=event.body,
            reporter=event.reporter,
            received_at=event.received_at,
            registered_at=happened.occurred_at,
            texts=e.texts_of(event),
        )
    )


def _carry(dossier: Dossier, event: e.ClueEvent) -> Dossier:
    """What every event does to the dossier: texts gather, and the next command's ground changes (not by an erasure)."""
    if isinstance(event, e.ClueTextErased):
        return dossier.model_copy(update={"erased": (*dossier.erased, *event.texts)})
    return dossier.model_copy(update={"steps": dossier.steps + 1, "texts": dossier.texts + e.texts_of(event)})


def _next(clue: Known, event: e.ClueEvent, dossier: Dossier) -> Clue:
    match event, clue:
        case e.ClueTextErased(), _:
            return clue.model_copy(update={"dossier": dossier})
        case e.ClueAnswered(), Registered():
            return Completed(dossier=dossier, department=None, handler=None, ending="answered")
        case e.ClueSentBack(), Registered():
            return Completed(dossier=dossier, department=None, handler=None, ending="sent_back")
        case e.ClueDispatched(department=department), Registered():
            return Dispatched(dossier=_involve(dossier, department), department=department)
        case e.ClueSignedFor(), Dispatched(department=department):
            return SignedFor(dossier=dossier, department=department)
        case e.ClueReturned(), Dispatched() | SignedFor() | Assigned():
            return Registered(dossier=dossier.model_copy(update={"returns": dossier.returns + 1}))
        case e.ClueAssigned(handler=handler), SignedFor(department=department) | Assigned(department=department):
            return Assigned(dossier=dossier, department=department, handler=handler)
        case e.ClueTakenUp(), Assigned(department=department, handler=handler):
            return TakenUp(dossier=dossier, department=department, handler=handler)
        case e.ClueVerificationOpened(), TakenUp(department=department, handler=handler):
            return Verifying(dossier=dossier, department=department, handler=handler)
        case e.ClueFindingsRecorded(), Verifying():
            finding = Finding(text=event.findings, evidence=event.evidence)
            return clue.model_copy(update={"dossier": dossier, "findings": (*clue.findings, finding)})
        case e.ClueVerificationConcluded(conclusion=conclusion), Verifying():
            return Verified(
                dossier=dossier,
                department=clue.department,
                handler=clue.handler,
                findings=clue.findings,
                conclusion=conclusion,
            )
        case e.ClueDispositionProposed(measure=measure), Verified():
            return DispositionProposed(
                dossier=dossier,
                department=clue.department,
                handler=clue.handler,
                findings=clue.findings,
                conclusion=clue.conclusion,
                measure=measure,
            )
        case e.ClueDispositionRejected(), DispositionProposed():
            return Verified(
                dossier=dossier,
                department=clue.department,
                handler=clue.handler,
                findings=clue.findings,
                conclusion=clue.conclusion,
            )
        case e.ClueDispositionApproved(measure=measure), DispositionProposed():
            return Disposed(
                dossier=dossier,
                department=clue.department,
                handler=clue.handler,
                conclusion=clue.conclusion,
                measure=measure,
            )
        case e.ClueFedBack(), Disposed():
            return FedBack(
                dossier=dossier,
                department=clue.department,
                handler=clue.handler,
                conclusion=clue.conclusion,
                measure=clue.measure,
            )
        case e.ClueCompleted(), FedBack(department=department, handler=handler):
            return Completed(dossier=dossier, department=department, handler=handler, ending="handled")
        case e.ClueArchived(), Completed():
            return Archived(dossier=dossier, department=clue.department, handler=clue.handler, ending=clue.ending)
        case e.ClueReopened(department=department), Completed() | Archived():
            return _reopen(dossier.model_copy(update={"reopenings": dossier.reopenings + 1}), department)
        case (
            (
                e.ClueRegistered()
                | e.ClueAnswered()
                | e.ClueSentBack()
                | e.ClueDispatched()
                | e.ClueSignedFor()
                | e.ClueReturned()
                | e.ClueAssigned()
                | e.ClueTakenUp()
                | e.ClueVerificationOpened()
                | e.ClueFindingsRecorded()
                | e.ClueVerificationConcluded()
                | e.ClueDispositionProposed()
                | e.ClueDispositionRejected()
                | e.ClueDispositionApproved()
                | e.ClueFedBack()
                | e.ClueCompleted()
                | e.ClueArchived()
                | e.ClueReopened()
            ),
            _,
        ):
            raise ImpossibleHistory(f"{type(event).__name__} while {clue.stage}")
        case unreachable, _:
            assert_never(unreachable)


def _involve(dossier: Dossier, department: str) -> Dossier:
    if department in dossier.departments:
        return dossier
    return dossier.model_copy(update={"departments": (*dossier.departments, department)})


def _reopen(dossier: Dossier, department: str | None) -> Clue:
    """A reopened clue must reach the authority that had it, which signs for it anew; else the dispatching office."""
    if department is None:
        return Registered(dossier=dossier)
    return Dispatched(dossier=dossier, department=department)


def wanted(clue: Clue) -> tuple[Wanted, ...]:
    """The clocks a stage asks for. Every open stage has one: no case may rest without a running clock."""
    match clue:
        case Unregistered() | Archived():
            return ()
        case Registered():
            return (Wanted(kind="dispatch", owed_by=clue.dossier.office),)
        case Dispatched(department=department):
            return (Wanted(kind="sign_for", owed_by=department),)
        case SignedFor() | Assigned() | TakenUp() | Verifying() | Verified() | DispositionProposed():
            return (Wanted(kind="handling", owed_by=clue.department),)
        case Disposed() | FedBack():
            return (Wanted(kind="feedback", owed_by=clue.department),)
        case Completed():
            return (Wanted(kind="archive", owed_by=clue.department or clue.dossier.office),)
        case _:
            assert_never(clue)
