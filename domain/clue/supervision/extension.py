"""延期与不计入期限: more time for a clock, as far as its rule knows it, decided by whom the rule names."""

from __future__ import annotations

from collections.abc import Iterator

from domain.clue.life import Known
from domain.clue.supervision import commands as c
from domain.clue.supervision import events as e
from domain.clue.supervision.state import ExtensionRequest
from domain.clue.telling import tell, tell_handler, tell_holder
from domain.errors import Refused
from domain.people.actors import Actor, Role, within
from domain.record.chapter import NOT_YOU, Decided, Refusal
from domain.record.decider import Effect, Facts, Happened
from domain.time.case_clocks import Extending, TimedClock, named
from domain.time.rules import Approver, Length
from domain.time.steps import UNITS, Excluded, Extended
from domain.words import codes_in

APPROVERS: dict[Approver, Role] = {"head": Role.HEAD, "coordinator": Role.COORDINATOR}

NOT_OWING = Refusal("wrong_department", "部门不符", "只有承担该期限的部门可以申请延期", NOT_YOU)
UNKNOWN_CLOCK = Refusal("unknown_clock", "没有这个期限", "该线索没有这个正在计算的期限")
CLOCK_EXPIRED = Refusal("clock_expired", "期限已届满", "期限已经届满,延期不溯及既往;请尽快办理并说明情况")
EXTENSION_PENDING = Refusal("extension_pending", "延期申请待审批", "该期限已有待审批的延期申请")
NO_EXTENSION = Refusal("no_extension", "不能再延长", "依照规则该期限不能再延长")
EXTENSION_TOO_LONG = Refusal("extension_too_long", "延长过久", "第{grade}次延长不得超过{most}{unit}")
NO_EXTENSION_REQUEST = Refusal("no_extension_request", "没有延期申请", "该期限没有待审批的延期申请")
WRONG_APPROVER = Refusal("wrong_approver", "审批人不符", "该次延期须由{approver}审批", NOT_YOU)
OWN_REQUEST = Refusal("own_request", "不能审批本人的申请", "不能审批本人(或者本人代理的人员)提出的延期申请", NOT_YOU)
EXCLUSION_OUT_OF_TIME = Refusal(
    "exclusion_out_of_time", "不计入的时段有误", "不计入的时段应在来件之后、当前时间之前,且止晚于起"
)
NOTHING_EXCLUDED = Refusal(
    "nothing_excluded", "没有可扣除时间的期限", "没有可以依此事由扣除时间的期限(已逾期的不再扣除)"
)


def request(command: c.RequestExtension, clue: Known, facts: Facts) -> Decided:
    """The department that owes a clock asks for the next grade its rule allows, before it is overdue."""
    timed = _running(clue, command.clock)
    if isinstance(timed, Refused):
        return timed
    barred = _unextendable(clue, timed, facts.actor)
    if barred is not None:
        return barred
    clock = timed.clock
    allowed = clock.terms.extensions[len(clock.extended)]
    if allowed.most is not None and command.amount > allowed.most and isinstance(clock.terms.length, Length):
        return EXTENSION_TOO_LONG(
            params={"most": str(allowed.most)},
            grade=len(clock.extended) + 1,
            most=allowed.most,
            unit=UNITS[clock.terms.length.day],
        )
    return (
        e.ClueExtensionRequested(
            clock=command.clock,
            grade=len(clock.extended) + 1,
            amount=command.amount,
            approver=allowed.approver,
            reason=command.reason,
            document=command.document,
        ),
    )


def nothing_to_extend(clue: Known, actor: Actor) -> Refused | None:
    """No clock of the actor's department can be given more time now."""
    reasons = [_unextendable(clue, timed, actor) for timed in clue.dossier.clocks if timed.running]
    return None if None in reasons else next(filter(None, reasons), UNKNOWN_CLOCK())


def _unextendable(clue: Known, timed: TimedClock, actor: Actor) -> Refused | None:
    clock = timed.clock
    if clock.owed_by != actor.department:
        return NOT_OWING()
    if "expired" in timed.reached:
        return CLOCK_EXPIRED()
    if _pending(clue, clock.id) is not None:
        return EXTENSION_PENDING()
    if len(clock.extended) >= len(clock.terms.extensions) or not isinstance(clock.terms.length, Length):
        return NO_EXTENSION()
    return None


def approve(command: c.ApproveExtension, clue: Known, facts: Facts) -> Decided:
    """The extension is granted; what is overdue by now stays overdue, so it is too late then."""
    asked = _asked(clue, command.clock, facts.actor)
    if isinstance(asked, Refused):
        return asked
    barred = _unapprovable(clue, asked, facts.actor)
    if barred is not None:
        return barred
    return (e.ClueExtensionApproved(clock=command.clock, grade=asked.grade, amount=asked.amount),)


def nothing_to_approve(clue: Known, actor: Actor) -> Refused | None:
    """No extension was asked for that this actor may grant now."""
    reasons = [
        _not_for(clue, asked, actor) or _unapprovable(clue, asked, actor) for asked in clue.dossier.extension_requests
    ]
    return None if None in reasons else next(filter(None, reasons), NO_EXTENSION_REQUEST())


def _unapprovable(clue: Known, asked: ExtensionRequest, actor: Actor) -> Refused | None:
    timed = _running(clue, asked.clock)
    if isinstance(timed, Refused):
        return timed
    if "expired" in timed.reached:
        return CLOCK_EXPIRED()
    return OWN_REQUEST() if set(actor.persons) & set(asked.asked_by) else None


def reject(command: c.RejectExtension, clue: Known, facts: Facts) -> Decided:
    """The extension is not granted."""
    asked = _asked(clue, command.clock, facts.actor)
    if isinstance(asked, Refused):
        return asked
    return (e.ClueExtensionRejected(clock=command.clock, reason=command.reason),)


def nothing_to_reject(clue: Known, actor: Actor) -> Refused | None:
    """No extension was asked for that is this actor's to decide."""
    reasons = [_not_for(clue, asked, actor) for asked in clue.dossier.extension_requests]
    return None if None in reasons else next(filter(None, reasons), NO_EXTENSION_REQUEST())


def exclude(command: c.ExcludeTime, clue: Known, facts: Facts) -> Decided:
    """A stretch that lies in the past; it must matter to some clock that is not overdue yet."""
    if not clue.dossier.received_at <= command.since < command.until <= facts.now:
        return EXCLUSION_OUT_OF_TIME()
    if not any(
        command.ground in timed.clock.terms.pauses and command.until > timed.clock.started_at
        for timed in _punctual(clue)
    ):
        return NOTHING_EXCLUDED()
    return (
        e.ClueTimeExcluded(
            ground=command.ground,
            since=command.since,
            until=command.until,
            document=command.document,
            reason=command.reason,
        ),
    )


def nothing_to_exclude(clue: Known, _actor: Actor) -> Refused | None:
    """No clock that is not overdue knows a ground on which time does not count."""
    grounds = set(codes_in(e.ExclusionGround))
    return None if any(grounds & set(timed.clock.terms.pauses) for timed in _punctual(clue)) else NOTHING_EXCLUDED()


def _punctual(clue: Known) -> Iterator[TimedClock]:
    """The clocks that run and are not overdue."""
    return (timed for timed in clue.dossier.clocks if timed.running and "expired" not in timed.reached)


def _asked(clue: Known, clock: str, actor: Actor) -> ExtensionRequest | Refused:
    """The pending request, when it is for the actor to decide."""
    asked = _pending(clue, clock)
    if asked is None:
        return NO_EXTENSION_REQUEST()
    return _not_for(clue, asked, actor) or asked


def _not_for(clue: Known, asked: ExtensionRequest, actor: Actor) -> Refused | None:
    """Somebody else decides it: the head of the department that owes the clock, or the coordinating body."""
    owed_by = named(clue.dossier.clocks, asked.clock).clock.owed_by
    fits = within(clue.dossier.region, actor.region) if asked.approver == "coordinator" else actor.department == owed_by
    if actor.has(APPROVERS[asked.approver]) and fits:
        return None
    return WRONG_APPROVER(approver="负责人" if asked.approver == "head" else "统筹协调机构")


def _pending(clue: Known, clock: str) -> ExtensionRequest | None:
    return next((asked for asked in clue.dossier.extension_requests if asked.clock == clock), None)


def _running(clue: Known, clock: str) -> TimedClock | Refused:
    found = next((timed for timed in clue.dossier.clocks if timed.clock.id == clock and timed.running), None)
    return found or UNKNOWN_CLOCK()


# What becomes of the clue ----------------------------------------------------------------------------------------


def requested(clue: Known, event: e.ClueExtensionRequested, happened: Happened) -> Known:
    asked = ExtensionRequest(at=happened.occurred_at, asked_by=happened.actor.persons, **dict(event))
    return clue.keep(extension_requests=(*clue.dossier.extension_requests, asked))


def settled(clue: Known, event: e.ClueExtensionApproved | e.ClueExtensionRejected, _at: Happened) -> Known:
    return clue.keep(extension_requests=without(clue.dossier.extension_requests, event.clock))


def without(asked: tuple[ExtensionRequest, ...], clock: str) -> tuple[ExtensionRequest, ...]:
    """The requests about other clocks."""
    return tuple(request for request in asked if request.clock != clock)


def excluded(clue: Known, _event: e.ClueTimeExcluded, _at: Happened) -> Known:
    """The clocks say it."""
    return clue


def excluded_time(event: e.ClueTimeExcluded) -> Excluded:
    return Excluded(since=event.since, until=event.until, ground=event.ground)


def extension(event: e.ClueExtensionApproved) -> Extending:
    return Extending(clock=event.clock, granted=Extended(grade=event.grade, amount=event.amount))


# Who is told -----------------------------------------------------------------------------------------------------


def tell_of_exclusion(_event: e.ClueTimeExcluded, clue: Known) -> tuple[Effect, ...]:
    return tell_handler(clue, "time_excluded")


def tell_approver(event: e.ClueExtensionRequested, clue: Known) -> tuple[Effect, ...]:
    owed_by = named(clue.dossier.clocks, event.clock).clock.owed_by
    office, role = (owed_by, Role.HEAD) if event.approver == "head" else (clue.dossier.office, Role.COORDINATOR)
    return (tell(role, office, "extension_requested", clock=event.clock),)


def tell_of_approval(event: e.ClueExtensionApproved, clue: Known) -> tuple[Effect, ...]:
    return (tell_holder(clue, "extension_approved", clock=event.clock),)


def tell_of_rejection(event: e.ClueExtensionRejected, clue: Known) -> tuple[Effect, ...]:
    return (tell_holder(clue, "extension_rejected", clock=event.clock),)
