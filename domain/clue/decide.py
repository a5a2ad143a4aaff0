"""What a command makes of a clue: new events, nothing (a repeat), or a refusal that names the rule."""

from __future__ import annotations

from typing import assert_never

from domain.actors import Role, within
from domain.clue import commands as c
from domain.clue import events as e
from domain.clue.permissions import permit
from domain.clue.state import Archived, Assigned, Clue, Completed, DispositionProposed, Unregistered, Verifying
from domain.decider import Facts, Needs
from domain.errors import Refused


def needs(command: c.ClueCommand) -> Needs:
    """The facts a command rests on."""
    match command:
        case c.Dispatch():
            return Needs(departments=(command.department,))
        case c.Assign():
            return Needs(officers=(command.handler,))
        case c.RecordFindings():
            return Needs(evidence=tuple(given.digest for given in command.evidence))
        case _:
            return Needs()


def decide(command: c.ClueCommand, clue: Clue, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    """The events that follow, in order. Pure: everything relied on is in the arguments."""
    refused = permit(type(command), clue, facts.actor)
    if refused is not None:
        return refused
    match command:
        case c.Register():
            return _register(command, facts)
        case c.Answer():
            return (e.ClueAnswered(reply=command.reply),)
        case c.SendBack():
            return (e.ClueSentBack(ground=command.ground, reason=command.reason),)
        case c.Dispatch():
            return _dispatch(command, facts)
        case c.SignFor():
            return (e.ClueSignedFor(),)
        case c.Return():
            return (e.ClueReturned(department=facts.actor.department, ground=command.ground, reason=command.reason),)
        case c.Assign():
            return _assign(command, clue, facts)
        case c.TakeUp():
            return (e.ClueTakenUp(),)
        case c.OpenVerification():
            return (e.ClueVerificationOpened(plan=command.plan),)
        case c.RecordFindings():
            return _record_findings(command, facts)
        case c.Conclude():
            return _conclude(command, clue)
        case c.ProposeDisposition():
            return (e.ClueDispositionProposed(measure=command.measure, reason=command.reason),)
        case c.ApproveDisposition():
            assert isinstance(clue, DispositionProposed)  # noqa: S101 — `permit` let only this stage pass
            return (e.ClueDispositionApproved(measure=clue.measure),)
        case c.RejectDisposition():
            return (e.ClueDispositionRejected(reason=command.reason),)
        case c.FeedBack():
            return (e.ClueFedBack(reply=command.reply),)
        case c.Complete():
            return (e.ClueCompleted(),)
        case c.Archive():
            return (e.ClueArchived(),)
        case c.Reopen():
            assert isinstance(clue, Completed | Archived)  # noqa: S101 — see above
            return (e.ClueReopened(ground=command.ground, reason=command.reason, department=clue.department),)
        case c.EraseText():
            return _erase(command, clue)
        case c.Elapse():
            return _elapse(command, facts)
        case _:
            assert_never(command)


def _register(command: c.Register, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    if not within(command.region, facts.actor.region):
        return Refused(code="wrong_region", detail="只能登记本行政区划内的线索")
    if command.received_at > facts.now:
        return Refused(code="received_in_future", detail="来件时间晚于当前时间,请核对")
    return (e.ClueRegistered(**{name: getattr(command, name) for name in c.Register.model_fields}),)


def _dispatch(command: c.Dispatch, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    region = facts.departments.get(command.department)
    if region is None:
        return Refused(code="unknown_department", detail="没有这个部门,请核对部门代码")
    if not within(region, facts.actor.region):
        return Refused(code="department_out_of_region", detail="只能分办给本行政区划内的部门")
    return (e.ClueDispatched(department=command.department, opinion=command.opinion),)


def _assign(command: c.Assign, clue: Clue, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    officer = facts.officers.get(command.handler)
    if officer is None or not officer.active or Role.HANDLER not in officer.roles:
        return Refused(code="unknown_handler", detail="没有这名承办人或其不在岗")
    if officer.department != facts.actor.department:
        return Refused(code="handler_of_other_department", detail="只能分派给本部门承办人")
    if isinstance(clue, Assigned) and clue.handler == command.handler:
        return ()
    return (e.ClueAssigned(handler=command.handler),)


def _record_findings(command: c.RecordFindings, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    missing = sorted({given.digest for given in command.evidence} - set(facts.evidence))
    if missing:
        return Refused(code="unknown_evidence", detail="证据文件尚未上传,请先上传")
    evidence = tuple(e.Evidence(digest=given.digest, name=given.name) for given in command.evidence)
    return (e.ClueFindingsRecorded(findings=command.findings, evidence=evidence),)


def _conclude(command: c.Conclude, clue: Clue) -> tuple[e.ClueEvent, ...] | Refused:
    assert isinstance(clue, Verifying)  # noqa: S101 — `permit` let only this stage pass
    if not clue.findings:
        return Refused(code="no_findings", detail="尚无核查记录,请先记录核查情况再作结论")
    return (e.ClueVerificationConcluded(conclusion=command.conclusion, summary=command.summary),)


def _erase(command: c.EraseText, clue: Clue) -> tuple[e.ClueEvent, ...] | Refused:
    assert not isinstance(clue, Unregistered)  # noqa: S101 — see above
    known = {sealed.ref: sealed for sealed in clue.dossier.texts}
    unknown = [ref for ref in command.texts if ref not in known]
    if unknown:
        return Refused(code="unknown_text", detail="该线索没有这段文本")
    gone = {sealed.ref for sealed in clue.dossier.erased}
    left = tuple(known[ref] for ref in dict.fromkeys(command.texts) if ref not in gone)
    return (e.ClueTextErased(texts=left, ground=command.ground),) if left else ()


def _elapse(command: c.Elapse, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    """What is due was recorded before this decision; here only a process that came too early is told when to come."""
    if facts.now < command.until:
        return Refused(code="not_yet_due", detail="尚未到期", params={"not_before": command.until.isoformat()})
    return ()
