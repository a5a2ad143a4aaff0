"""The state of a clue after one more event.

Total over known events; a pair that cannot occur is an error, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, assert_never, get_args

from domain.clue import events as e
from domain.clue.clocks import see
from domain.clue.state import (
    Archived,
    Assigned,
    Clue,
    Completed,
    Contact,
    Correction,
    Declined,
    Dispatched,
    Disposed,
    DispositionProposed,
    Dossier,
    ExtensionRequest,
    FedBack,
    Finding,
    Known,
    Link,
    Note,
    Registered,
    SealedFile,
    SignedFor,
    Supplement,
    Suspension,
    TakenUp,
    Unregistered,
    Verified,
    Verifying,
)
from domain.record.decider import Happened
from domain.record.vault import Sealed
from domain.time.calendar import day_of
from domain.time.case_clocks import ClockEvent, ClockStopped, apply_clock_event
from domain.time.oversight import OversightOrder
from domain.time.rules.seen import NOTHING_SEEN


class ImpossibleHistory(Exception):
    """An event that cannot follow this state: the record or the code is wrong, and guessing would hide it."""


def evolve(clue: Clue, happened: Happened) -> Clue:
    """Apply one event. Raises `ImpossibleHistory` when it cannot follow."""
    event = happened.event
    if isinstance(clue, Unregistered):
        return _register(event, happened)
    if isinstance(event, ClockEvent):
        return clue.model_copy(update={"dossier": _tick(clue.dossier, event, happened.occurred_at)})
    dossier = _carry(clue.dossier, happened)
    if isinstance(event, _BESIDE_THE_STAGE):
        return clue.model_copy(update={"dossier": dossier})
    return _next(clue, happened, dossier)


def _tick(dossier: Dossier, event: ClockEvent, at: datetime) -> Dossier:
    """A clock that stopped needs no extension any more."""
    update: dict[str, Any] = {"clocks": apply_clock_event(dossier.clocks, event, at)}
    if isinstance(event, ClockStopped) and dossier.extension_requests:
        update["extension_requests"] = _without(dossier.extension_requests, event.clock)
    return dossier.model_copy(update=update)


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
            entity=event.entity,
            received_at=event.received_at,
            registered_at=happened.occurred_at,
            seen=see(NOTHING_SEEN, event),
            migrated=happened.migrated,
            texts=e.texts_of(event),
            reporters=(event.reporter,) if event.reporter else (),
        )
    )


_BESIDE_THE_STAGE = (*get_args(e.Aside), e.ClueCorrected, e.ClueSuspended, e.ClueResumed)
"""What changes the dossier at any stage and never the stage."""


def _carry(dossier: Dossier, happened: Happened) -> Dossier:
    """What every event does to the dossier: texts gather, the next command's ground changes, its own mark is left."""
    event = happened.event
    update: dict[str, Any] = _marks(dossier, happened)
    update["seen"] = see(dossier.seen, event)
    if not isinstance(event, e.Aside):
        update["steps"] = dossier.steps + 1
    if texts := e.texts_of(event):
        update["texts"] = dossier.texts + texts
    return dossier.model_copy(update=update)


def _marks(dossier: Dossier, happened: Happened) -> dict[str, Any]:
    """What one event adds to the dossier beside the stage."""
    event, at, by = happened.event, happened.occurred_at, happened.actor.account
    match event:
        case e.ClueNumbered(number=number):
            return {"number": number}
        case e.ClueCorrected():
            return _corrected(dossier, happened)
        case e.ClueSupplemented():
            added = Supplement(received_at=event.received_at, external_id=event.external_id, text=event.text)
            return {"supplements": (*dossier.supplements, added)}
        case e.ClueNoted(text=text):
            return {"notes": (*dossier.notes, Note(at=at, by=by, text=text))}
        case e.ClueContactRecorded():
            contact = Contact(at=event.at, by=by, means=event.means, result=event.result, note=event.note)
            return {"contacts": (*dossier.contacts, contact)}
        case e.ClueEvidenceAttached(evidence=files) | e.ClueFindingsRecorded(evidence=files):
            return {"files": (*dossier.files, *files)} if files else {}
        case e.ClueFileSealed():
            sealed = SealedFile(digest=event.digest, ground=event.ground, reason=event.reason)
            return {"sealed_files": (*dossier.sealed_files, sealed)}
        case e.ClueOversightOrdered():
            return {"orders": (*dossier.orders, _ordered(event, at, by))}
        case e.ClueOversightAnswered(order=order, answer=answer):
            return _order(dossier, order, lambda was: _answered(was, answer, happened))
        case e.ClueOversightAnswerRejected(order=order):
            return _order(dossier, order, lambda was: _owed_again(was, at))
        case e.ClueOversightAnswerAccepted(order=order):
            return _order(dossier, order, lambda _was: {"status": "settled"})
        case e.ClueOversightWithdrawn(order=order):
            return _order(dossier, order, lambda _was: {"status": "withdrawn"})
        case e.ClueOversightListed(order=order):
            return _order(dossier, order, lambda _was: {"listed": True})
        case e.ClueReturned(department=department) | e.ClueDispatchWithdrawn(department=department):
            return _lapsed(dossier, department)
        case e.ClueExtensionRequested():
            return {"extension_requests": (*dossier.extension_requests, _requested(happened))}
        case e.ClueExtensionApproved(clock=clock) | e.ClueExtensionRejected(clock=clock):
            return {"extension_requests": _without(dossier.extension_requests, clock)}
        case e.ClueSuspended():
            return {
                "suspension": Suspension(since=at, ground=event.ground, document=event.document, reason=event.reason)
            }
        case e.ClueResumed():
            return {"suspension": None}
        case e.ClueLinked():
            link = Link(case=event.case, relation=event.relation, reason=event.reason)
            return {"links": (*dossier.links, link)}
        case e.ClueUnlinked(case=case):
            return {"links": tuple(link for link in dossier.links if link.case != case)}
        case e.ClueTextErased(texts=texts):
            return {"erased": (*dossier.erased, *texts)}
        case _:
            return {}


_CORRECTABLE = ("category", "received_at", "title", "body", "reporter", "entity")


def _ordered(event: e.ClueOversightOrdered, at: datetime, by: str) -> OversightOrder:
    return OversightOrder(
        order=event.order,
        at=at,
        by=by,
        department=event.department,
        clock=event.clock,
        demand=event.demand,
        answer_by=event.answer_by,
        listed=event.listed,
    )


def _answered(was: OversightOrder, answer: Sealed, happened: Happened) -> dict[str, Any]:
    by = tuple(filter(None, (happened.actor.account, happened.actor.on_behalf_of)))
    return {"status": "answered", "answers": (*was.answers, answer), "answered_by": by}


def _order(dossier: Dossier, name: str, change: Callable[[OversightOrder], dict[str, Any]]) -> dict[str, Any]:
    """One order changed, the others as they were."""
    return {
        "orders": tuple(
            order.model_copy(update=change(order)) if order.order == name else order for order in dossier.orders
        )
    }


def _owed_again(order: OversightOrder, at: datetime) -> dict[str, Any]:
    """An order whose answer was rejected. A date it named that is over by then binds no more: the rule's time runs."""
    over = order.answer_by is not None and order.answer_by <= day_of(at)
    return {"status": "open", **({"answer_by": None} if over else {})}


def _lapsed(dossier: Dossier, department: str) -> dict[str, Any]:
    """Orders to a department end with its having the case."""
    if not dossier.orders:
        return {}
    return {
        "orders": tuple(
            order.model_copy(update={"status": "lapsed"})
            if order.department == department and order.standing
            else order
            for order in dossier.orders
        )
    }


def _requested(happened: Happened) -> ExtensionRequest:
    event: e.ClueExtensionRequested = happened.event
    return ExtensionRequest(
        at=happened.occurred_at,
        asked_by=tuple(filter(None, (happened.actor.account, happened.actor.on_behalf_of))),
        clock=event.clock,
        grade=event.grade,
        amount=event.amount,
        approver=event.approver,
        reason=event.reason,
        document=event.document,
    )


def _without(asked: tuple[ExtensionRequest, ...], clock: str) -> tuple[ExtensionRequest, ...]:
    return tuple(request for request in asked if request.clock != clock)


def _corrected(dossier: Dossier, happened: Happened) -> dict[str, Any]:
    event: e.ClueCorrected = happened.event
    changed = {name: value for name in _CORRECTABLE if (value := getattr(event, name)) is not None}
    corrections = tuple(
        Correction(
            at=happened.occurred_at,
            by=happened.actor.account,
            field=name,
            before=getattr(dossier, name),
            after=value,
            reason=event.reason,
        )
        for name, value in changed.items()
    )
    reporters = (*dossier.reporters, event.reporter) if event.reporter else dossier.reporters
    return {**changed, "corrections": (*dossier.corrections, *corrections), "reporters": reporters}


def _next(clue: Known, happened: Happened, dossier: Dossier) -> Clue:
    event = happened.event
    match event, clue:
        case e.ClueAnswered(), Registered():
            return Completed(dossier=dossier, department=None, handler=None, ending="answered")
        case e.ClueSentBack(), Registered():
            return Completed(dossier=dossier, department=None, handler=None, ending="sent_back")
        case e.ClueDispatched(department=department), Registered():
            return Dispatched(dossier=_involve(dossier, department), department=department)
        case e.ClueDispatchWithdrawn(), Dispatched():
            return Registered(dossier=dossier)
        case e.ClueSignedFor(), Dispatched(department=department):
            return SignedFor(dossier=dossier, department=department)
        case e.ClueReturned(), Dispatched() | SignedFor() | Assigned():
            return Registered(dossier=dossier.model_copy(update={"returns": dossier.returns + 1}))
        case e.ClueAssigned(handler=handler), SignedFor(department=department) | Assigned(department=department):
            return Assigned(dossier=dossier, department=department, handler=handler)
        case (
            e.ClueReassigned(handler=handler),
            Assigned()
            | Declined()
            | TakenUp()
            | Verifying()
            | Verified()
            | DispositionProposed()
            | Disposed()
            | FedBack(),
        ):
            return clue.model_copy(update={"dossier": dossier, "handler": handler})
        case e.ClueDeclined(ground=ground), Assigned(department=department, handler=handler):
            return Declined(dossier=dossier, department=department, handler=handler, ground=ground)
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
                proposers=tuple(filter(None, (happened.actor.account, happened.actor.on_behalf_of))),
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
                ending="handled",
                conclusion=clue.conclusion,
                measure=clue.measure,
            )
        case e.ClueFedBack(), Declined():
            return FedBack(dossier=dossier, department=clue.department, handler=clue.handler, ending="declined")
        case e.ClueCompleted(), FedBack():
            return Completed(**_ended(clue), dossier=dossier)
        case e.ClueCompletionUndone(), Completed(ending="handled" | "declined"):
            return FedBack(**_ended(clue), dossier=dossier)
        case e.ClueArchived(), Completed():
            return Archived(**_ended(clue), dossier=dossier)
        case e.ClueReopened(department=department), Completed() | Archived():
            return _reopen(dossier.model_copy(update={"reopenings": dossier.reopenings + 1}), department)
        case (
            (
                e.ClueRegistered()
                | e.ClueDispatchWithdrawn()
                | e.ClueReassigned()
                | e.ClueDeclined()
                | e.ClueCompletionUndone()
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


def _ended(clue: FedBack | Completed) -> dict[str, Any]:
    """How it ended, carried from feedback to the archive and back."""
    return {name: getattr(clue, name) for name in ("department", "handler", "ending", "conclusion", "measure")}


def _involve(dossier: Dossier, department: str) -> Dossier:
    if department in dossier.departments:
        return dossier
    return dossier.model_copy(update={"departments": (*dossier.departments, department)})


def _reopen(dossier: Dossier, department: str | None) -> Clue:
    """A reopened clue must reach the authority that had it, which signs for it anew; else the dispatching office."""
    if department is None:
        return Registered(dossier=dossier)
    return Dispatched(dossier=dossier, department=department)
