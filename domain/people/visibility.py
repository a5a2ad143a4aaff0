"""Who sees which case: one rule for detail, list, count, command and export.

Stores turn the same `Scope` into a filter.
"""

from __future__ import annotations

from domain.people.actors import Actor, Role, dispatch_office, region_prefix, within
from domain.record.entry import CaseEntry
from domain.value import Value

_REGION_WIDE = (
    Role.INTAKE_CLERK,
    Role.DISPATCHER,
    Role.SUPERVISOR,
    Role.COORDINATOR,
    Role.AUDITOR,
    Role.SECURITY_ADMINISTRATOR,
)
_DEPARTMENTAL = (Role.DEPARTMENT_ASSIGNER, Role.HANDLER, Role.HEAD)
_TEXT_READERS = (Role.INTAKE_CLERK, Role.DISPATCHER, Role.SUPERVISOR, Role.COORDINATOR, *_DEPARTMENTAL)


class Scope(Value):
    """What an actor may see: everything, a region subtree, cases a department was ever involved in, or the union."""

    everything: bool = False
    region_prefix: str | None = None
    department: str | None = None

    def admits(self, case: CaseEntry) -> bool:
        """Whether the case lies in the scope."""
        return (
            self.everything
            or (self.region_prefix is not None and case.region.startswith(self.region_prefix))
            or (self.department is not None and self.department in case.departments)
        )


def scope_of(actor: Actor) -> Scope:
    """The cases an actor may see. A role that reads no cases (source systems, system administrators) sees none.

    The dispatching office has a part in every case of its region.
    """
    if actor.has(Role.SYSTEM):
        return Scope(everything=True)
    departmental = any(actor.has(role) for role in _DEPARTMENTAL)
    of_office = departmental and actor.department == dispatch_office(actor.region)
    wide = of_office or any(actor.has(role) for role in _REGION_WIDE)
    return Scope(
        region_prefix=region_prefix(actor.region) if wide else None,
        department=actor.department if departmental else None,
    )


def text_scope_of(actor: Actor) -> Scope:
    """The cases whose personal texts an actor may read; auditors and administrators see commitments only."""
    readable = tuple(role for role in actor.roles if role in _TEXT_READERS)
    return scope_of(actor.model_copy(update={"roles": readable}))


def knows_reporter(actor: Actor, case: CaseEntry) -> bool:
    """Whether the actor may read who reported: those who take in and dispatch it, and the handler who must answer.

    Others of the department, supervisors and heads do their work without it (informants are strictly protected).
    """
    if not text_scope_of(actor).admits(case):
        return False
    received = any(actor.has(role) for role in (Role.INTAKE_CLERK, Role.DISPATCHER))
    handles = case.handler is not None and case.handler in (actor.account, actor.on_behalf_of)
    return (received and within(case.region, actor.region)) or handles
