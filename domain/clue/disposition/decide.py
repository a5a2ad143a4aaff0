"""What becomes of a disposition: the handler proposes, the head decides."""

from __future__ import annotations

from domain.clue.disposition import commands as c
from domain.clue.disposition import events as e
from domain.clue.life import Disposed, DispositionProposed, Known, Verified, responsible_of
from domain.clue.telling import tell, tell_handler
from domain.errors import Refused
from domain.people.actors import Actor, Role
from domain.record.chapter import NOT_YOU, Decided, Refusal
from domain.record.decider import Effect, Facts, Happened

OWN_PROPOSAL = Refusal("own_proposal", "不能审批本人的意见", "不能审批本人(或者本人代理的人员)提出的处置意见", NOT_YOU)


def propose(command: c.ProposeDisposition, _clue: Verified, _facts: Facts) -> Decided:
    return (e.ClueDispositionProposed(measure=command.measure, reason=command.reason),)


def approve(_command: c.ApproveDisposition, clue: DispositionProposed, _facts: Facts) -> Decided:
    return (e.ClueDispositionApproved(measure=clue.measure),)


def own_proposal(clue: DispositionProposed, actor: Actor) -> Refused | None:
    """Four eyes, also behind a substitution (product default)."""
    return OWN_PROPOSAL() if set(actor.persons) & set(clue.proposers) else None


def reject(command: c.RejectDisposition, _clue: DispositionProposed, _facts: Facts) -> Decided:
    return (e.ClueDispositionRejected(reason=command.reason),)


# What becomes of the clue ----------------------------------------------------------------------------------------


def proposed(clue: Verified, event: e.ClueDispositionProposed, happened: Happened) -> DispositionProposed:
    return DispositionProposed(
        dossier=clue.dossier,
        department=clue.department,
        handler=clue.handler,
        findings=clue.findings,
        conclusion=clue.conclusion,
        measure=event.measure,
        proposers=happened.actor.persons,
    )


def approved(clue: DispositionProposed, event: e.ClueDispositionApproved, _at: Happened) -> Disposed:
    return Disposed(
        dossier=clue.dossier,
        department=clue.department,
        handler=clue.handler,
        conclusion=clue.conclusion,
        measure=event.measure,
    )


def rejected(clue: DispositionProposed, _event: e.ClueDispositionRejected, _at: Happened) -> Verified:
    return Verified(
        dossier=clue.dossier,
        department=clue.department,
        handler=clue.handler,
        findings=clue.findings,
        conclusion=clue.conclusion,
    )


def tell_head(_event: e.ClueDispositionProposed, clue: Known) -> tuple[Effect, ...]:
    return (tell(Role.HEAD, responsible_of(clue), "disposition_proposed"),)


def tell_of_approval(_event: e.ClueDispositionApproved, clue: Known) -> tuple[Effect, ...]:
    return tell_handler(clue, "disposition_approved")


def tell_of_rejection(_event: e.ClueDispositionRejected, clue: Known) -> tuple[Effect, ...]:
    return tell_handler(clue, "disposition_rejected")
