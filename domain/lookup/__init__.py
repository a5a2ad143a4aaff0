"""来件人查询: finding cases by who reported them, as one `Decider`. Every lookup is on record before it is answered."""

from __future__ import annotations

from domain.errors import Refused
from domain.lookup import commands as c
from domain.lookup import events as e
from domain.lookup.state import Answered, Lookup, LookupEntry, Made, Unmade
from domain.people.actors import Actor, Role, within
from domain.people.visibility import Scope, scope_of
from domain.record.chapter import NOT_YOU, Chapter, Decided, Guard, Refusal, Step, turns
from domain.record.decider import Command, Decider, Facts, Happened
from domain.record.ids import stream_for
from domain.record.noun import noun, wrong_role

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


WRONG_ACCOUNT = Refusal("wrong_account", "不是申请人", "只有查询人本人可以进行该操作", NOT_YOU)


def _looker(command: type[Command]) -> Guard:
    """Somebody whose role talks to reporters; afterwards only who made it."""

    def guard(lookup: Lookup, actor: Actor) -> Refused | None:
        if not any(actor.has(role) for role in LOOKERS):
            return wrong_role(command, LOOKERS)
        return WRONG_ACCOUNT() if isinstance(lookup, Made) and lookup.account != actor.account else None

    return guard


def _look_up(command: c.LookUp, _lookup: Lookup, _facts: Facts) -> Decided:
    return (e.LookupMade(**dict(command)),)


def _answer(command: c.Answer, _lookup: Lookup, _facts: Facts) -> Decided:
    return (e.LookupAnswered(cases=command.cases, more=command.more),)


def _made(_lookup: Unmade, event: e.LookupMade, happened: Happened) -> Made:
    actor = happened.actor
    return Made(
        account=actor.account,
        department=actor.department,
        region=actor.region,
        made_at=happened.occurred_at,
        **dict(event),
    )


def _answered(lookup: Made, event: e.LookupAnswered, _at: Happened) -> Answered:
    shown = lookup.cases if isinstance(lookup, Answered) else ()
    return Answered(**{**dict(lookup), "cases": tuple(dict.fromkeys((*shown, *event.cases)))})


def _summary(lookup: Lookup) -> LookupEntry:
    if not isinstance(lookup, Made):
        raise TypeError("not made yet")
    answered = isinstance(lookup, Answered)
    return LookupEntry(
        kind="lookup",
        stage=lookup.stage,
        responsible=lookup.department,
        steps=2 if answered else 1,
        closed=True,
        account=lookup.account,
        region=lookup.region,
        sought=lookup.sought,
        mark=lookup.mark,
        purpose=lookup.purpose,
        reason=lookup.reason.ref,
        made_at=lookup.made_at,
        hits=len(lookup.cases) if isinstance(lookup, Answered) else None,
    )


LOOKUP: Decider[Lookup] = noun(
    "lookup",
    "来件人查询",
    (
        Chapter(
            steps=(
                Step(
                    c.LookUp, "来件人查询", Lookup, _look_up, by=_looker(c.LookUp), opens=True, refuses=(WRONG_ACCOUNT,)
                ),
                Step(c.Answer, "登记查询答复", Lookup, _answer, by=_looker(c.Answer), refuses=(WRONG_ACCOUNT,)),
            ),
            events=(
                turns(
                    "lookup.made",
                    1,
                    e.LookupMade,
                    Unmade,
                    _made,
                    title="来件人查询",
                    says="按{sought}查询来件人,用途:{purpose}",
                ),
                turns(
                    "lookup.answered", 1, e.LookupAnswered, Made, _answered, title="查询答复", says="给出案件 {cases}"
                ),
            ),
        ),
    ),
    Unmade,
    stages=(Unmade, Made, Answered),
    name_stream=lambda _command, actor, key: stream_for("lookup", actor.account, key),
    summary=_summary,
    admits=_admits,
    process=False,
)
