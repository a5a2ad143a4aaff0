"""What becomes of a clue while it is verified, and while it rests."""

from __future__ import annotations

from domain.clue.life import Assigned, Finding, Known, Led, TakenUp, Verified, Verifying
from domain.clue.papers.decide import kept
from domain.clue.telling import tell_handler
from domain.clue.verification import commands as c
from domain.clue.verification import events as e
from domain.clue.verification.state import Suspension
from domain.errors import Refused
from domain.people.actors import Actor
from domain.record.chapter import Decided, Refusal
from domain.record.decider import Effect, Facts, Happened, Needs

NO_FINDINGS = Refusal("no_findings", "尚无核查记录", "尚无核查记录,请先记录核查情况再作结论")


def take_up(_command: c.TakeUp, _clue: Assigned, _facts: Facts) -> Decided:
    return (e.ClueTakenUp(),)


def open_verification(command: c.OpenVerification, _clue: TakenUp, _facts: Facts) -> Decided:
    return (e.ClueVerificationOpened(plan=command.plan),)


def need_files(command: c.RecordFindings) -> Needs:
    return Needs(evidence=tuple(given.digest for given in command.evidence))


def record_findings(command: c.RecordFindings, _clue: Verifying, facts: Facts) -> Decided:
    evidence = kept(command.evidence, facts)
    if isinstance(evidence, Refused):
        return evidence
    return (e.ClueFindingsRecorded(findings=command.findings, evidence=evidence),)


def conclude(command: c.Conclude, _clue: Verifying, _facts: Facts) -> Decided:
    return (e.ClueVerificationConcluded(conclusion=command.conclusion, summary=command.summary),)


def without_findings(clue: Verifying, _actor: Actor) -> Refused | None:
    """A conclusion rests on what was found."""
    return None if clue.findings else NO_FINDINGS()


def suspend(command: c.Suspend, _clue: Led, _facts: Facts) -> Decided:
    return (e.ClueSuspended(ground=command.ground, document=command.document, reason=command.reason),)


def resume(command: c.Resume, _clue: Led, _facts: Facts) -> Decided:
    return (e.ClueResumed(reason=command.reason),)


# What becomes of the clue ----------------------------------------------------------------------------------------


def taken_up(clue: Assigned, _event: e.ClueTakenUp, _at: Happened) -> TakenUp:
    return TakenUp(dossier=clue.dossier, department=clue.department, handler=clue.handler)


def verification_opened(clue: TakenUp, _event: e.ClueVerificationOpened, _at: Happened) -> Verifying:
    return Verifying(dossier=clue.dossier, department=clue.department, handler=clue.handler)


def findings_recorded(clue: Verifying, event: e.ClueFindingsRecorded, _at: Happened) -> Verifying:
    finding = Finding(text=event.findings, evidence=event.evidence)
    found = clue.keep(files=(*clue.dossier.files, *event.evidence))
    return found.model_copy(update={"findings": (*clue.findings, finding)})


def verification_concluded(clue: Verifying, event: e.ClueVerificationConcluded, _at: Happened) -> Verified:
    return Verified(
        dossier=clue.dossier,
        department=clue.department,
        handler=clue.handler,
        findings=clue.findings,
        conclusion=event.conclusion,
    )


def suspended(clue: Known, event: e.ClueSuspended, happened: Happened) -> Known:
    resting = Suspension(since=happened.occurred_at, ground=event.ground, document=event.document, reason=event.reason)
    return clue.keep(suspension=resting)


def resumed(clue: Known, _event: e.ClueResumed, _at: Happened) -> Known:
    return clue.keep(suspension=None)


def tell_of_suspension(_event: e.ClueSuspended, clue: Known) -> tuple[Effect, ...]:
    return tell_handler(clue, "clue_suspended")


def tell_of_resumption(_event: e.ClueResumed, clue: Known) -> tuple[Effect, ...]:
    return tell_handler(clue, "clue_resumed")
