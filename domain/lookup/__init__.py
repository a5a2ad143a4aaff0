"""来件人查询: finding cases by who reported them, as one `Decider`. Every lookup is on record before it is answered."""

from __future__ import annotations

from typing import Any, assert_never

from domain.errors import Refused
from domain.lookup import commands as c
from domain.lookup import events as e
from domain.lookup.state import Lookup, LookupEntry, Made, Unmade
from domain.people.actors import ROLE_NAMES, Actor, Role, within
from domain.people.visibility import Scope, scope_of
from domain.record.decider import Command, Decider, Facts, Happened
from domain.record.ids import stream_for
from domain.record.vault import Sealed

LOOKERS = (Role.INTAKE_CLERK, Role.DISPATCHER, Role.HANDLER, Role.SUPERVISOR)
"""Who talks to reporters or sees to it: takes their calls, sends them on, handles their case, urges it."""
OVERSEERS = (Role.AUDITOR, Role.AUDIT_ADMINISTRATOR)


def lookup_scope_of(actor: Actor) -> Scope:
    """The cases a lookup may find: those the actor sees by a role that needs it."""
    return scope_of(actor.model_copy(update={"roles": tuple(role for role in actor.roles if role in LOOKERS)}))


def oversees(actor: Actor) -> bool:
    """Whether the actor sees what others looked up."""
    return any(actor.has(role) for role in OVERSEERS)


def _admits(lookup: Lookup, actor: Actor) -> bool:
    return isinstance(lookup, Made) and (
        lookup.account == actor.account or (oversees(actor) and within(lookup.region, actor.region))
    )


def _permit(command: type[Command], lookup: Lookup, actor: Actor) -> Refused | None:
    if not any(actor.has(role) for role in LOOKERS):
        roles = "、".join(ROLE_NAMES[role] for role in LOOKERS)
        return Refused(code="wrong_role", detail=f"该操作须由{roles}办理", params={"command": command.slug})
    if isinstance(lookup, Made) and lookup.account != actor.account:
        return Refused(code="wrong_account", detail="只有查询人本人可以进行该操作")
    return None


def _decide(command: c.LookupCommand, lookup: Lookup, facts: Facts) -> tuple[e.LookupEvent, ...] | Refused:
    refused = _permit(type(command), lookup, facts.actor)
    if refused is not None:
        return refused
    match command:
        case c.LookUp():
            return (e.LookupMade(**dict(command)),)
        case c.Answer():
            return (e.LookupAnswered(cases=command.cases, more=command.more),)
        case _:
            assert_never(command)


def _evolve(lookup: Lookup, happened: Happened) -> Lookup:
    match happened.event, lookup:
        case e.LookupMade() as made, Unmade():
            actor = happened.actor
            return Made(
                account=actor.account,
                department=actor.department,
                region=actor.region,
                made_at=happened.occurred_at,
                **dict(made),
            )
        case e.LookupAnswered(cases=cases), Made(cases=shown):
            return lookup.model_copy(update={"cases": tuple(dict.fromkeys((*(shown or ()), *cases)))})
        case event, _:
            raise TypeError(f"{type(event).__name__} while {lookup.stage}")


def _summary(lookup: Lookup) -> LookupEntry:
    if isinstance(lookup, Unmade):
        raise TypeError("not made yet")
    return LookupEntry(
        kind="lookup",
        stage=lookup.stage if lookup.cases is None else "answered",
        responsible=lookup.department,
        steps=1 if lookup.cases is None else 2,
        closed=True,
        account=lookup.account,
        region=lookup.region,
        sought=lookup.sought,
        mark=lookup.mark,
        purpose=lookup.purpose,
        reason=lookup.reason.ref,
        made_at=lookup.made_at,
        hits=None if lookup.cases is None else len(lookup.cases),
    )


def _texts(event: Any) -> tuple[Sealed, ...]:
    return (event.reason,) if isinstance(event, e.LookupMade) else ()


LOOKUP: Decider[Lookup] = Decider(
    kind="lookup",
    commands={command.slug: command for command in (c.LookUp, c.Answer)},
    initial=Unmade,
    name_stream=lambda _command, actor, key: stream_for("lookup", actor.account, key),
    permit=_permit,
    decide=_decide,
    evolve=_evolve,
    summary=_summary,
    admits=_admits,
    texts=_texts,
    process=False,
)
