"""What a command makes of a clue: new events, nothing (a repeat), or a refusal that names the rule."""

from __future__ import annotations

from typing import assert_never

from domain.clue import commands as c
from domain.clue import events as e
from domain.clue.permissions import permit
from domain.clue.state import (
    Archived,
    Assigned,
    Clue,
    Completed,
    Dispatched,
    DispositionProposed,
    Dossier,
    Known,
    Unregistered,
    Verifying,
    handler_of,
    responsible_of,
)
from domain.clue.supervision import extension, oversight
from domain.errors import Refused
from domain.people.actors import Role, within
from domain.record.decider import Facts, Needs
from domain.time.case_clocks import ClockRecomputed, recalculated


def needs(command: c.ClueCommand) -> Needs:
    """The facts a command rests on."""
    match command:
        case c.Dispatch():
            return Needs(departments=(command.department,))
        case c.Assign() | c.Reassign():
            return Needs(officers=(command.handler,))
        case c.RecordFindings() | c.AttachEvidence():
            return Needs(evidence=tuple(given.digest for given in command.evidence))
        case c.Link():
            return Needs(cases=(command.case,))
        case _:
            return Needs()


def decide(
    command: c.ClueCommand, clue: Clue, facts: Facts
) -> tuple[e.ClueEvent, ...] | tuple[ClockRecomputed, ...] | Refused:
    """The events that follow, in order. Pure: everything relied on is in the arguments."""
    refused = permit(type(command), clue, facts.actor)
    if refused is not None:
        return refused
    match command:
        case c.Register():
            return _register(command, facts)
        case c.Correct():
            return _correct(command, _dossier(clue), facts)
        case c.Supplement():
            return _supplement(command, facts)
        case c.Answer():
            return (e.ClueAnswered(reply=command.reply),)
        case c.SendBack():
            return (e.ClueSentBack(ground=command.ground, reason=command.reason),)
        case c.Dispatch():
            return _dispatch(command, facts)
        case c.WithdrawDispatch():
            assert isinstance(clue, Dispatched)  # noqa: S101 — `permit` let only this stage pass
            return (e.ClueDispatchWithdrawn(department=clue.department, reason=command.reason),)
        case c.SignFor():
            return (e.ClueSignedFor(),)
        case c.Return():
            return (e.ClueReturned(department=facts.actor.department, ground=command.ground, reason=command.reason),)
        case c.Assign():
            return _assign(command, clue, facts)
        case c.Reassign():
            return _reassign(command, clue, facts)
        case c.Decline():
            return _decline(command, _dossier(clue))
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
            return _approve(clue, facts)
        case c.RejectDisposition():
            return (e.ClueDispositionRejected(reason=command.reason),)
        case c.FeedBack():
            return (e.ClueFedBack(reply=command.reply, handling=command.handling),)
        case c.Complete():
            return (e.ClueCompleted(),)
        case c.UndoCompletion():
            return _undo_completion(command, clue)
        case c.Archive():
            return _archive(_dossier(clue))
        case c.Reopen():
            assert isinstance(clue, Completed | Archived)  # noqa: S101 — see above
            return (e.ClueReopened(ground=command.ground, reason=command.reason, department=clue.department),)
        case c.Note():
            return (e.ClueNoted(text=command.text),)
        case c.RecordContact():
            return _record_contact(command, _dossier(clue), facts)
        case c.AttachEvidence():
            return _attach(command, facts)
        case c.SealFile():
            return _seal_file(command, _dossier(clue))
        case c.Suspend():
            return (e.ClueSuspended(ground=command.ground, document=command.document, reason=command.reason),)
        case c.Resume():
            return (e.ClueResumed(reason=command.reason),)
        case c.ExcludeTime():
            return extension.exclude(command, _dossier(clue), facts)
        case c.Urge():
            return (e.ClueUrged(department=responsible_of(_known(clue)), message=command.message),)
        case c.OrderOversight():
            return oversight.order(command, _known(clue), facts)
        case c.AnswerOversight():
            return oversight.answer(command, _dossier(clue), facts)
        case c.RejectOversightAnswer():
            return oversight.reject_answer(command, _dossier(clue))
        case c.AcceptOversightAnswer():
            return oversight.accept_answer(command, _dossier(clue), facts)
        case c.WithdrawOversight():
            return oversight.withdraw(command, _dossier(clue), facts)
        case c.ListOversight():
            return oversight.make_listed(command, _dossier(clue))
        case c.RequestExtension():
            return extension.request(command, _dossier(clue), facts)
        case c.ApproveExtension():
            return extension.approve(command, _dossier(clue), facts)
        case c.RejectExtension():
            return extension.reject(command, _dossier(clue), facts)
        case c.Link():
            return _link(command, _dossier(clue), facts)
        case c.Unlink():
            return _unlink(command, _dossier(clue))
        case c.EraseText():
            return _erase(command, _dossier(clue))
        case c.Recalculate():
            return recalculated(_dossier(clue).clocks, facts.now, facts.calendars)
        case c.Elapse():
            return _elapse(command, facts)
        case _:
            assert_never(command)


def _register(command: c.Register, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    if not within(command.region, facts.actor.region):
        return Refused(code="wrong_region", detail="只能登记本行政区划内的线索")
    if command.received_at > facts.now:
        return Refused(code="received_in_future", detail="来件时间晚于当前时间,请核对")
    given = {name: getattr(command, name) for name in c.Register.model_fields if name != "entity"}
    return (e.ClueRegistered(**given, entity=_entity(command.entity)),)


def _entity(given: c.EntityGiven | None) -> e.Entity | None:
    return e.Entity(name=given.name, uscc=given.uscc) if given else None


def _correct(command: c.Correct, dossier: Dossier, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    """Only what differs is a correction; texts are sealed anew each time, so a given text always is one."""
    category = command.category if command.category != dossier.category else None
    received_at = command.received_at if command.received_at != dossier.received_at else None
    if received_at and received_at > facts.now:
        return Refused(code="received_in_future", detail="来件时间晚于当前时间,请核对")
    texts = (command.title, command.body, command.reporter, command.entity)
    if category is None and received_at is None and not any(texts):
        return Refused(code="nothing_to_correct", detail="没有需要更正的内容,请填写更正后的值")
    return (
        e.ClueCorrected(
            category=category,
            received_at=received_at,
            title=command.title,
            body=command.body,
            reporter=command.reporter,
            entity=_entity(command.entity),
            reason=command.reason,
        ),
    )


def _supplement(command: c.Supplement, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    if command.received_at > facts.now:
        return Refused(code="received_in_future", detail="来件时间晚于当前时间,请核对")
    return (e.ClueSupplemented(text=command.text, received_at=command.received_at, external_id=command.external_id),)


def _dispatch(command: c.Dispatch, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    region = facts.departments.get(command.department)
    if region is None:
        return Refused(code="unknown_department", detail="没有这个部门,请核对部门代码")
    if not within(region, facts.actor.region):
        return Refused(code="department_out_of_region", detail="只能分办给本行政区划内的部门")
    return (e.ClueDispatched(department=command.department, opinion=command.opinion),)


def _assign(command: c.Assign, clue: Clue, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    refused = _fit_to_handle(command.handler, facts)
    if refused is not None:
        return refused
    if isinstance(clue, Assigned) and clue.handler == command.handler:
        return ()
    return (e.ClueAssigned(handler=command.handler),)


def _reassign(command: c.Reassign, clue: Clue, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    refused = _fit_to_handle(command.handler, facts)
    if refused is not None:
        return refused
    previous = handler_of(clue)
    if previous is None or previous == command.handler:
        return ()
    return (e.ClueReassigned(handler=command.handler, previous=previous, reason=command.reason),)


def _fit_to_handle(handler: str, facts: Facts) -> Refused | None:
    officer = facts.officers.get(handler)
    if officer is None or not officer.active or Role.HANDLER not in officer.roles:
        return Refused(code="unknown_handler", detail="没有这名承办人或其不在岗")
    if officer.department != facts.actor.department:
        return Refused(code="handler_of_other_department", detail="只能分派给本部门承办人")
    return None


def _decline(command: c.Decline, dossier: Dossier) -> tuple[e.ClueEvent, ...] | Refused:
    """受理 is a decision about complaints; a report is checked, not accepted or declined."""
    if dossier.category != "complaint":
        return Refused(code="not_a_complaint", detail="只有投诉可以不予受理;举报等应当接办核查")
    return (e.ClueDeclined(ground=command.ground, reason=command.reason),)


def _record_findings(command: c.RecordFindings, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    evidence = _kept(command.evidence, facts)
    if isinstance(evidence, Refused):
        return evidence
    return (e.ClueFindingsRecorded(findings=command.findings, evidence=evidence),)


def _attach(command: c.AttachEvidence, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    evidence = _kept(command.evidence, facts)
    if isinstance(evidence, Refused):
        return evidence
    return (e.ClueEvidenceAttached(evidence=evidence, description=command.description),)


def _kept(given: tuple[c.EvidenceGiven, ...], facts: Facts) -> tuple[e.Evidence, ...] | Refused:
    """The files as evidence, when the store holds them all."""
    if {file.digest for file in given} - set(facts.evidence):
        return Refused(code="unknown_evidence", detail="证据文件尚未上传,请先上传")
    return tuple(e.Evidence(digest=file.digest, name=file.name) for file in given)


def _seal_file(command: c.SealFile, dossier: Dossier) -> tuple[e.ClueEvent, ...] | Refused:
    if command.digest not in {file.digest for file in dossier.files}:
        return Refused(code="unknown_file", detail="该线索没有这份文件")
    if command.digest in {sealed.digest for sealed in dossier.sealed_files}:
        return ()
    return (e.ClueFileSealed(digest=command.digest, ground=command.ground, reason=command.reason),)


def _record_contact(command: c.RecordContact, dossier: Dossier, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    if not dossier.received_at <= command.at <= facts.now:
        return Refused(code="contact_out_of_time", detail="联系时间应在来件之后、当前时间之前,请核对")
    return (e.ClueContactRecorded(at=command.at, means=command.means, result=command.result, note=command.note),)


def _link(command: c.Link, dossier: Dossier, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    if command.case == facts.stream:
        return Refused(code="linked_to_itself", detail="不能与自身关联")
    if command.case not in facts.cases:
        return Refused(code="unknown_link", detail="没有这个案件,或者它不在您的可见范围内")
    if (command.case, command.relation) in {(link.case, link.relation) for link in dossier.links}:
        return ()
    return (e.ClueLinked(case=command.case, relation=command.relation, reason=command.reason),)


def _unlink(command: c.Unlink, dossier: Dossier) -> tuple[e.ClueEvent, ...] | Refused:
    if command.case not in {link.case for link in dossier.links}:
        return Refused(code="unknown_link", detail="该线索没有与这个案件关联")
    return (e.ClueUnlinked(case=command.case, reason=command.reason),)


def _conclude(command: c.Conclude, clue: Clue) -> tuple[e.ClueEvent, ...] | Refused:
    assert isinstance(clue, Verifying)  # noqa: S101 — `permit` let only this stage pass
    if not clue.findings:
        return Refused(code="no_findings", detail="尚无核查记录,请先记录核查情况再作结论")
    return (e.ClueVerificationConcluded(conclusion=command.conclusion, summary=command.summary),)


def _approve(clue: Clue, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    """Four eyes, also behind a substitution (product default)."""
    assert isinstance(clue, DispositionProposed)  # noqa: S101 — see above
    if {facts.actor.account, facts.actor.on_behalf_of} & set(clue.proposers):
        return Refused(code="own_proposal", detail="不能审批本人(或者本人代理的人员)提出的处置意见")
    return (e.ClueDispositionApproved(measure=clue.measure),)


def _undo_completion(command: c.UndoCompletion, clue: Clue) -> tuple[e.ClueEvent, ...] | Refused:
    assert isinstance(clue, Completed)  # noqa: S101 — see above
    if clue.ending in ("answered", "sent_back"):
        return Refused(code="already_told", detail="已直接答复或者退回来源,不能撤销办结;需要继续办理的请重新办理")
    return (e.ClueCompletionUndone(reason=command.reason),)


def _archive(dossier: Dossier) -> tuple[e.ClueEvent, ...] | Refused:
    if any(order.standing for order in dossier.orders):
        return Refused(code="order_open", detail="督办单尚未销号,不能归档")
    return (e.ClueArchived(),)


def _known(clue: Clue) -> Known:
    assert not isinstance(clue, Unregistered)  # noqa: S101 — `permit` let only registered clues pass
    return clue


def _dossier(clue: Clue) -> Dossier:
    return _known(clue).dossier


def _erase(command: c.EraseText, dossier: Dossier) -> tuple[e.ClueEvent, ...] | Refused:
    known = {sealed.ref: sealed for sealed in dossier.texts}
    unknown = [ref for ref in command.texts if ref not in known]
    if unknown:
        return Refused(code="unknown_text", detail="该线索没有这段文本")
    gone = {sealed.ref for sealed in dossier.erased}
    left = tuple(known[ref] for ref in dict.fromkeys(command.texts) if ref not in gone)
    return (e.ClueTextErased(texts=left, ground=command.ground),) if left else ()


def _elapse(command: c.Elapse, facts: Facts) -> tuple[e.ClueEvent, ...] | Refused:
    """What is due was recorded before this decision; here only a process that came too early is told when to come."""
    if facts.now < command.until:
        return Refused(code="not_yet_due", detail="尚未到期", params={"not_before": command.until.isoformat()})
    return ()
