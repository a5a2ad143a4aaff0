"""延期与不计入期限: more time for a clock, as far as its rule knows it, decided by whom the rule names."""

from __future__ import annotations

from domain.clue.state import Dossier, ExtensionRequest
from domain.clue.supervision import commands as c
from domain.clue.supervision import events as e
from domain.errors import Refused
from domain.people.actors import Actor, Role, within
from domain.record.decider import Facts
from domain.time.case_clocks import TimedClock, named
from domain.time.rules import Approver, Length
from domain.time.steps import UNITS

Decided = tuple[e.SupervisionEvent, ...] | Refused

APPROVERS: dict[Approver, Role] = {"head": Role.HEAD, "coordinator": Role.COORDINATOR}


def request(command: c.RequestExtension, dossier: Dossier, facts: Facts) -> Decided:
    """The department that owes a clock asks for the next grade its rule allows, before it is overdue."""
    timed = _running(dossier, command.clock)
    if isinstance(timed, Refused):
        return timed
    clock = timed.clock
    if clock.owed_by != facts.actor.department:
        return Refused(code="wrong_department", detail="只有承担该期限的部门可以申请延期")
    if "expired" in timed.reached:
        return _expired()
    if _pending(dossier, command.clock) is not None:
        return Refused(code="extension_pending", detail="该期限已有待审批的延期申请")
    grade = len(clock.extended) + 1
    if grade > len(clock.terms.extensions) or not isinstance(clock.terms.length, Length):
        return Refused(code="no_extension", detail="依照规则该期限不能再延长")
    allowed = clock.terms.extensions[grade - 1]
    if allowed.most is not None and command.amount > allowed.most:
        detail = f"第{grade}次延长不得超过{allowed.most}{UNITS[clock.terms.length.day]}"
        return Refused(code="extension_too_long", detail=detail, params={"most": str(allowed.most)})
    return (
        e.ClueExtensionRequested(
            clock=command.clock,
            grade=grade,
            amount=command.amount,
            approver=allowed.approver,
            reason=command.reason,
            document=command.document,
        ),
    )


def approve(command: c.ApproveExtension, dossier: Dossier, facts: Facts) -> Decided:
    """The extension is granted; what is overdue by now stays overdue, so it is too late then."""
    asked = _asked(dossier, command.clock, facts)
    if isinstance(asked, Refused):
        return asked
    timed = _running(dossier, command.clock)
    if isinstance(timed, Refused):
        return timed
    if "expired" in timed.reached:
        return _expired()
    if {facts.actor.account, facts.actor.on_behalf_of} & set(asked.asked_by):
        return Refused(code="own_request", detail="不能审批本人(或者本人代理的人员)提出的延期申请")
    return (e.ClueExtensionApproved(clock=command.clock, grade=asked.grade, amount=asked.amount),)


def reject(command: c.RejectExtension, dossier: Dossier, facts: Facts) -> Decided:
    """The extension is not granted."""
    asked = _asked(dossier, command.clock, facts)
    if isinstance(asked, Refused):
        return asked
    return (e.ClueExtensionRejected(clock=command.clock, reason=command.reason),)


def exclude(command: c.ExcludeTime, dossier: Dossier, facts: Facts) -> Decided:
    """A stretch that lies in the past; it must matter to some clock that is not overdue yet."""
    if not dossier.received_at <= command.since < command.until <= facts.now:
        return Refused(code="exclusion_out_of_time", detail="不计入的时段应在来件之后、当前时间之前,且止晚于起")
    if not any(
        command.ground in timed.clock.terms.pauses
        and "expired" not in timed.reached
        and command.until > timed.clock.started_at
        for timed in dossier.clocks
        if timed.running
    ):
        return Refused(code="nothing_excluded", detail="没有可以依此事由扣除时间的期限(已逾期的不再扣除)")
    return (
        e.ClueTimeExcluded(
            ground=command.ground,
            since=command.since,
            until=command.until,
            document=command.document,
            reason=command.reason,
        ),
    )


def _asked(dossier: Dossier, clock: str, facts: Facts) -> ExtensionRequest | Refused:
    """The pending request, when it is for the actor to decide."""
    asked = _pending(dossier, clock)
    if asked is None:
        return Refused(code="no_extension_request", detail="该期限没有待审批的延期申请")
    if not _may_grant(facts.actor, asked.approver, dossier, clock):
        approver = "负责人" if asked.approver == "head" else "统筹协调机构"
        return Refused(code="wrong_approver", detail=f"该次延期须由{approver}审批")
    return asked


def _may_grant(actor: Actor, approver: Approver, dossier: Dossier, clock: str) -> bool:
    """The head of the department that owes the clock, or the coordinating body of the region."""
    if not actor.has(APPROVERS[approver]):
        return False
    if approver == "coordinator":
        return within(dossier.region, actor.region)
    return actor.department == named(dossier.clocks, clock).clock.owed_by


def _pending(dossier: Dossier, clock: str) -> ExtensionRequest | None:
    return next((asked for asked in dossier.extension_requests if asked.clock == clock), None)


def _running(dossier: Dossier, clock: str) -> TimedClock | Refused:
    found = next((timed for timed in dossier.clocks if timed.clock.id == clock and timed.running), None)
    return found or Refused(code="unknown_clock", detail="该线索没有这个正在计算的期限")


def _expired() -> Refused:
    return Refused(code="clock_expired", detail="期限已经届满,延期不溯及既往;请尽快办理并说明情况")
