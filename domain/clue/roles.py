"""Who may act on a clue: roles, and how an actor must stand to the case.

The right to a step is part of the rule: checked inside the decision, so it is replayable and can be shown.
"""

from __future__ import annotations

from domain.clue.life import Clue, Known, handler_of, lead_of
from domain.people.actors import Actor, Role, within
from domain.record.chapter import NOT_YOU, Grant, Refusal, Relation


def _anybody(_clue: Clue, _actor: Actor) -> bool:
    return True


def _in_region(clue: Clue, actor: Actor) -> bool:
    return isinstance(clue, Known) and within(clue.dossier.region, actor.region)


def _involved(clue: Clue, actor: Actor) -> bool:
    return isinstance(clue, Known) and actor.department in clue.dossier.departments


def _leads(clue: Clue, actor: Actor) -> bool:
    return lead_of(clue) == actor.department


def _handles(clue: Clue, actor: Actor) -> bool:
    hands = handler_of(clue)
    return hands is not None and hands in (actor.account, actor.on_behalf_of) and _leads(clue, actor)


def _ordered(clue: Clue, actor: Actor) -> bool:
    return isinstance(clue, Known) and any(order.open_to(actor.department) for order in clue.dossier.orders)


WRONG_REGION = Refusal("wrong_region", "行政区划不符", "该线索不在您负责的行政区划内", NOT_YOU)
NEVER_INVOLVED = Refusal("wrong_department", "部门不符", "只有办理过该线索的部门可以进行该操作", NOT_YOU)
NOT_LEADING = Refusal("wrong_department", "部门不符", "只有该线索的牵头部门可以进行该操作", NOT_YOU)
NOT_ORDERED = Refusal("wrong_department", "部门不符", "本部门没有待答复的督办单", NOT_YOU)
WRONG_HANDLER = Refusal("wrong_handler", "承办人不符", "只有该线索的承办人可以进行该操作", NOT_YOU)

ANYWHERE = Relation(_anybody, WRONG_REGION)
IN_REGION = Relation(_in_region, WRONG_REGION)
INVOLVED = Relation(_involved, NEVER_INVOLVED)
LEADING = Relation(_leads, NOT_LEADING)
ORDERED = Relation(_ordered, NOT_ORDERED)
IN_HAND = Relation(_handles, WRONG_HANDLER)

INTAKE_CLERK = Grant(Role.INTAKE_CLERK, IN_REGION)
DISPATCHER = Grant(Role.DISPATCHER, IN_REGION)
ASSIGNER = Grant(Role.DEPARTMENT_ASSIGNER, LEADING)
HANDLER = Grant(Role.HANDLER, IN_HAND)
HEAD = Grant(Role.HEAD, LEADING)
SUPERVISOR = Grant(Role.SUPERVISOR, IN_REGION)
COORDINATOR = Grant(Role.COORDINATOR, IN_REGION)
SECURITY = Grant(Role.SECURITY_ADMINISTRATOR, IN_REGION)
PROCESS = Grant(Role.SYSTEM, ANYWHERE)

WORKING_ON_IT = (
    INTAKE_CLERK,
    DISPATCHER,
    SUPERVISOR,
    COORDINATOR,
    Grant(Role.DEPARTMENT_ASSIGNER, INVOLVED),
    Grant(Role.HANDLER, INVOLVED),
    Grant(Role.HEAD, INVOLVED),
)
"""Everybody who works on the case."""
OWING_AN_ANSWER = tuple(
    Grant(role, ORDERED) for role in (Role.HANDLER, Role.DEPARTMENT_ASSIGNER, Role.HEAD, Role.DISPATCHER)
)
"""Whoever may answer an oversight order for the department."""
