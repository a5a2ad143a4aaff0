"""Who may take which step, and when. One row a command; `permit` explains a no.

The right to a step is part of the rule: checked here, inside the decision, so it is replayable and can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from domain.clue import commands as c
from domain.clue.state import (
    Archived,
    Assigned,
    Clue,
    Completed,
    Declined,
    Dispatched,
    Disposed,
    DispositionProposed,
    FedBack,
    Registered,
    SignedFor,
    TakenUp,
    Unregistered,
    Verified,
    Verifying,
    handler_of,
    lead_of,
)
from domain.errors import Refused
from domain.people.actors import ROLE_NAMES, Actor, Role, within
from domain.reading.titles import STAGES
from domain.record.decider import Command

Where = Literal["region", "involved", "lead", "handler", "ordered", "anywhere"]
"""Whose case: in the actor's region, one the actor's department has a part in, led by it, in the actor's own hands, one
in which it owes the answer to an oversight order, or any."""


@dataclass(frozen=True)
class Grant:
    """A role that may take the step, and in which relation to the case."""

    role: Role
    where: Where


@dataclass(frozen=True)
class Step:
    """When a command is open (stages; may or must the case be suspended?) and to whom (any of the grants)."""

    stages: tuple[type[Clue], ...]
    grants: tuple[Grant, ...]
    suspended: Literal["never", "also", "only"] = "never"


_DISPATCHER = Grant(Role.DISPATCHER, "region")
_ASSIGNER = Grant(Role.DEPARTMENT_ASSIGNER, "lead")
_HANDLER = Grant(Role.HANDLER, "handler")
_HEAD = Grant(Role.HEAD, "lead")
_SUPERVISOR = Grant(Role.SUPERVISOR, "region")
_COORDINATOR = Grant(Role.COORDINATOR, "region")
_ORDERED = tuple(
    Grant(role, "ordered") for role in (Role.HANDLER, Role.DEPARTMENT_ASSIGNER, Role.HEAD, Role.DISPATCHER)
)
"""Whoever may answer an oversight order for the department."""
_INTAKE = Grant(Role.INTAKE_CLERK, "region")
_SECURITY = Grant(Role.SECURITY_ADMINISTRATOR, "region")
_ANYONE = (
    _INTAKE,
    _DISPATCHER,
    _SUPERVISOR,
    _COORDINATOR,
    Grant(Role.DEPARTMENT_ASSIGNER, "involved"),
    Grant(Role.HANDLER, "involved"),
    Grant(Role.HEAD, "involved"),
)
"""Everybody who works on the case."""
_OPEN: tuple[type[Clue], ...] = (
    Registered,
    Dispatched,
    SignedFor,
    Assigned,
    Declined,
    TakenUp,
    Verifying,
    Verified,
    DispositionProposed,
    Disposed,
    FedBack,
)
_KNOWN: tuple[type[Clue], ...] = (*_OPEN, Completed, Archived)
_HANDLED = (Assigned, TakenUp, Verifying, Verified, DispositionProposed, Disposed, Declined, FedBack)

STEPS: dict[type[Command], Step] = {
    c.Register: Step(
        (Unregistered,), (Grant(Role.INTAKE_CLERK, "anywhere"), Grant(Role.SOURCE_SYSTEM, "anywhere"))
    ),  # no case yet: the region is checked against the command in `decide`
    c.Correct: Step(_OPEN, (_INTAKE, _DISPATCHER, _ASSIGNER, _HANDLER), suspended="also"),
    c.Supplement: Step((*_OPEN, Completed), (_INTAKE, _DISPATCHER), suspended="also"),
    c.Answer: Step((Registered,), (_DISPATCHER,)),
    c.SendBack: Step((Registered,), (_DISPATCHER,)),
    c.Dispatch: Step((Registered,), (_DISPATCHER,)),
    c.WithdrawDispatch: Step((Dispatched,), (_DISPATCHER,)),
    c.SignFor: Step((Dispatched,), (_ASSIGNER,)),
    c.Return: Step((Dispatched, SignedFor, Assigned), (_ASSIGNER,)),
    c.Assign: Step((SignedFor, Assigned), (_ASSIGNER,)),
    c.Reassign: Step(_HANDLED, (_ASSIGNER, _HEAD), suspended="also"),
    c.Decline: Step((Assigned,), (_HANDLER,)),
    c.TakeUp: Step((Assigned,), (_HANDLER,)),
    c.OpenVerification: Step((TakenUp,), (_HANDLER,)),
    c.RecordFindings: Step((Verifying,), (_HANDLER,)),
    c.Conclude: Step((Verifying,), (_HANDLER,)),
    c.ProposeDisposition: Step((Verified,), (_HANDLER,)),
    c.ApproveDisposition: Step((DispositionProposed,), (_HEAD,)),
    c.RejectDisposition: Step((DispositionProposed,), (_HEAD,)),
    c.FeedBack: Step((Disposed, Declined), (_HANDLER,)),
    c.Complete: Step((FedBack,), (_HANDLER, _ASSIGNER)),
    c.UndoCompletion: Step((Completed,), (_HANDLER, _ASSIGNER, _DISPATCHER)),
    c.Archive: Step((Completed,), (_ASSIGNER, _DISPATCHER)),
    c.Reopen: Step((Completed, Archived), (_DISPATCHER, _SUPERVISOR)),
    c.Note: Step(_KNOWN, _ANYONE, suspended="also"),
    c.RecordContact: Step((*_OPEN, Completed), (_HANDLER, _ASSIGNER, _DISPATCHER, _INTAKE), suspended="also"),
    c.AttachEvidence: Step((*_OPEN, Completed), (_INTAKE, _DISPATCHER, _ASSIGNER, _HANDLER), suspended="also"),
    c.SealFile: Step(_KNOWN, (_HANDLER, _ASSIGNER, _HEAD, _DISPATCHER, _SECURITY), suspended="also"),
    c.Suspend: Step((SignedFor, Assigned, TakenUp, Verifying, Verified), (_HEAD,)),
    c.Resume: Step((SignedFor, Assigned, TakenUp, Verifying, Verified), (_HEAD, _HANDLER), suspended="only"),
    c.ExcludeTime: Step(_OPEN, (_HEAD,), suspended="also"),
    c.Urge: Step(_OPEN, (_SUPERVISOR, _COORDINATOR, _DISPATCHER), suspended="also"),
    c.OrderOversight: Step(_OPEN, (_SUPERVISOR, _COORDINATOR), suspended="also"),
    c.AnswerOversight: Step((*_OPEN, Completed), _ORDERED, suspended="also"),
    c.RejectOversightAnswer: Step((*_OPEN, Completed), (_SUPERVISOR, _COORDINATOR), suspended="also"),
    c.AcceptOversightAnswer: Step((*_OPEN, Completed), (_SUPERVISOR, _COORDINATOR), suspended="also"),
    c.WithdrawOversight: Step((*_OPEN, Completed), (_SUPERVISOR, _COORDINATOR), suspended="also"),
    c.ListOversight: Step((*_OPEN, Completed), (_SUPERVISOR, _COORDINATOR), suspended="also"),
    c.RequestExtension: Step(_OPEN, (_HANDLER, _ASSIGNER, _DISPATCHER), suspended="also"),
    c.ApproveExtension: Step(_OPEN, (_HEAD, _COORDINATOR), suspended="also"),
    c.RejectExtension: Step(_OPEN, (_HEAD, _COORDINATOR), suspended="also"),
    c.Link: Step(_KNOWN, _ANYONE, suspended="also"),
    c.Unlink: Step(_KNOWN, _ANYONE, suspended="also"),
    c.EraseText: Step(_KNOWN, (_SECURITY,), suspended="also"),
    c.Recalculate: Step(_KNOWN, (Grant(Role.SYSTEM, "anywhere"),), suspended="also"),
    c.Elapse: Step(_KNOWN, (Grant(Role.SYSTEM, "anywhere"),), suspended="also"),
}


def permit(command: type[Command], clue: Clue, actor: Actor) -> Refused | None:
    """Why this actor may not take this step now, or None. The role comes before the stage: it is the firmer reason."""
    step = STEPS[command]
    held = [grant for grant in step.grants if actor.has(grant.role)]
    if not held:
        roles = "、".join(ROLE_NAMES[grant.role] for grant in step.grants)
        return Refused(code="wrong_role", detail=f"该操作须由{roles}办理", params={"command": command.slug})
    if command is c.Register and not isinstance(clue, Unregistered):
        return Refused(code="already_registered", detail="该来源工单已登记,请勿重复登记")
    if not isinstance(clue, step.stages):
        return Refused(
            code="wrong_stage",
            detail=f"当前环节为“{STAGES[clue.stage]}”,不能进行该操作",
            params={"command": command.slug, "stage": clue.stage},
        )
    if not any(_related(grant.where, clue, actor) for grant in held):
        return _unrelated(held[0].where)
    return _rested(step, clue)


def _rested(step: Step, clue: Clue) -> Refused | None:
    suspended = not isinstance(clue, Unregistered) and clue.dossier.suspension is not None
    if suspended and step.suspended == "never":
        return Refused(code="suspended", detail="该线索已中止,恢复后方可进行该操作")
    if not suspended and step.suspended == "only":
        return Refused(code="not_suspended", detail="该线索没有中止,无需恢复")
    return None


def _related(where: Where, clue: Clue, actor: Actor) -> bool:
    match where:
        case "anywhere":
            return True
        case "region":
            return not isinstance(clue, Unregistered) and within(clue.dossier.region, actor.region)
        case "involved":
            return not isinstance(clue, Unregistered) and actor.department in clue.dossier.departments
        case "lead":
            return lead_of(clue) == actor.department
        case "ordered":
            orders = () if isinstance(clue, Unregistered) else clue.dossier.orders
            return any(order.open_to(actor.department) for order in orders)
        case "handler":
            hands = handler_of(clue)
            in_hand = hands is not None and hands in (actor.account, actor.on_behalf_of)
            return lead_of(clue) == actor.department and in_hand
        case _:
            assert_never(where)


def _unrelated(where: Where) -> Refused:
    match where:
        case "region" | "anywhere":
            return Refused(code="wrong_region", detail="该线索不在您负责的行政区划内")
        case "involved":
            return Refused(code="wrong_department", detail="只有办理过该线索的部门可以进行该操作")
        case "lead":
            return Refused(code="wrong_department", detail="只有该线索的牵头部门可以进行该操作")
        case "ordered":
            return Refused(code="wrong_department", detail="本部门没有待答复的督办单")
        case "handler":
            return Refused(code="wrong_handler", detail="只有该线索的承办人可以进行该操作")
        case _:
            assert_never(where)
