"""Who may take which step, and when. One row a command; `permit` explains a no.

The right to a step is part of the rule: checked here, inside the decision, so it is replayable and can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from domain.actors import ROLE_NAMES, Actor, Role, within
from domain.clue import commands as c
from domain.clue.state import (
    Archived,
    Assigned,
    Clue,
    Completed,
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
from domain.decider import Command
from domain.errors import Refused
from domain.titles import STAGES

Where = Literal["region", "lead", "handler", "anywhere"]
"""Whose case: in the actor's region, led by the actor's department, in the actor's own hands, or any."""


@dataclass(frozen=True)
class Grant:
    """A role that may take the step, and in which relation to the case."""

    role: Role
    where: Where


@dataclass(frozen=True)
class Step:
    """When a command is open (stages) and to whom (any of the grants)."""

    stages: tuple[type[Clue], ...]
    grants: tuple[Grant, ...]


_DISPATCHER = Grant(Role.DISPATCHER, "region")
_ASSIGNER = Grant(Role.DEPARTMENT_ASSIGNER, "lead")
_HANDLER = Grant(Role.HANDLER, "handler")
_HEAD = Grant(Role.HEAD, "lead")
_SUPERVISOR = Grant(Role.SUPERVISOR, "region")
_KNOWN: tuple[type[Clue], ...] = (
    Registered,
    Dispatched,
    SignedFor,
    Assigned,
    TakenUp,
    Verifying,
    Verified,
    DispositionProposed,
    Disposed,
    FedBack,
    Completed,
    Archived,
)

STEPS: dict[type[Command], Step] = {
    c.Register: Step(
        (Unregistered,), (Grant(Role.INTAKE_CLERK, "anywhere"), Grant(Role.SOURCE_SYSTEM, "anywhere"))
    ),  # no case yet: the region is checked against the command in `decide`
    c.Answer: Step((Registered,), (_DISPATCHER,)),
    c.SendBack: Step((Registered,), (_DISPATCHER,)),
    c.Dispatch: Step((Registered,), (_DISPATCHER,)),
    c.SignFor: Step((Dispatched,), (_ASSIGNER,)),
    c.Return: Step((Dispatched, SignedFor, Assigned), (_ASSIGNER,)),
    c.Assign: Step((SignedFor, Assigned), (_ASSIGNER,)),
    c.TakeUp: Step((Assigned,), (_HANDLER,)),
    c.OpenVerification: Step((TakenUp,), (_HANDLER,)),
    c.RecordFindings: Step((Verifying,), (_HANDLER,)),
    c.Conclude: Step((Verifying,), (_HANDLER,)),
    c.ProposeDisposition: Step((Verified,), (_HANDLER,)),
    c.ApproveDisposition: Step((DispositionProposed,), (_HEAD,)),
    c.RejectDisposition: Step((DispositionProposed,), (_HEAD,)),
    c.FeedBack: Step((Disposed,), (_HANDLER,)),
    c.Complete: Step((FedBack,), (_HANDLER, _ASSIGNER)),
    c.Archive: Step((Completed,), (_ASSIGNER, _DISPATCHER)),
    c.Reopen: Step((Completed, Archived), (_DISPATCHER, _SUPERVISOR)),
    c.EraseText: Step(_KNOWN, (Grant(Role.SECURITY_ADMINISTRATOR, "region"),)),
    c.Elapse: Step(_KNOWN, (Grant(Role.SYSTEM, "anywhere"),)),
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
    if any(_related(grant.where, clue, actor) for grant in held):
        return None
    return _unrelated(held[0].where)


def _related(where: Where, clue: Clue, actor: Actor) -> bool:
    match where:
        case "anywhere":
            return True
        case "region":
            return not isinstance(clue, Unregistered) and within(clue.dossier.region, actor.region)
        case "lead":
            return lead_of(clue) == actor.department
        case "handler":
            return lead_of(clue) == actor.department and handler_of(clue) in (actor.account, actor.on_behalf_of)
        case _:
            assert_never(where)


def _unrelated(where: Where) -> Refused:
    match where:
        case "region" | "anywhere":
            return Refused(code="wrong_region", detail="该线索不在您负责的行政区划内")
        case "lead":
            return Refused(code="wrong_department", detail="只有该线索的牵头部门可以进行该操作")
        case "handler":
            return Refused(code="wrong_handler", detail="只有该线索的承办人可以进行该操作")
        case _:
            assert_never(where)
