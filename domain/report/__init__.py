"""月报: the figures of a month, frozen as they were known, as one `Decider`.

Later corrections change what is counted from then on, never what was fixed: they show in the next report of the month,
and between the two in `domain/report/contrast.py`.
"""

from __future__ import annotations

from typing import assert_never

from domain.errors import Refused
from domain.people.actors import ROLE_NAMES, Actor, Role, dispatch_office, within
from domain.record.decider import Command, Decider, Facts, Happened
from domain.record.ids import stream_for
from domain.report import commands as c
from domain.report import events as e
from domain.report.figures import begin_of, digest_of
from domain.report.state import Frozen, Report, ReportEntry, Unfrozen

REPORTERS = (Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR)
"""Who reports on a region; also the head of its dispatching office."""


def reports(actor: Actor) -> bool:
    """Whether the actor may make and read reports at all."""
    heads_office = actor.has(Role.HEAD) and actor.department == dispatch_office(actor.region)
    return heads_office or any(actor.has(role) for role in REPORTERS)


def reports_on(actor: Actor, region: str) -> bool:
    """Whether the actor may make and read reports on a region: its own and those below it."""
    return reports(actor) and within(region, actor.region)


def refused_on(actor: Actor, region: str) -> Refused | None:
    """Why the actor may not report on a region; None when it may."""
    if not reports(actor):
        roles = "、".join(ROLE_NAMES[role] for role in REPORTERS)
        return Refused(code="wrong_role", detail=f"月报由{roles}或分办机构负责人生成和查看")
    if not within(region, actor.region):
        return Refused(code="wrong_region", detail="只能统计本行政区划及其下级,请核对行政区划代码")
    return None


def _admits(report: Report, actor: Actor) -> bool:
    return isinstance(report, Frozen) and (actor.has(Role.SYSTEM) or reports_on(actor, report.content.region))


def _permit(_command: type[Command], report: Report, actor: Actor) -> Refused | None:
    return refused_on(actor, report.content.region if isinstance(report, Frozen) else actor.region)


def _decide(command: c.ReportCommand, report: Report, facts: Facts) -> tuple[e.ReportEvent, ...] | Refused:
    match command:
        case c.Freeze(content=content):
            refused = refused_on(facts.actor, content.region)
            if refused is not None:
                return refused
            if begin_of(content.month) > content.as_of or content.as_of > facts.now:
                return Refused(code="month_not_begun", detail="该月尚未开始,没有可统计的数据")
            return (e.ReportFrozen(content=content, digest=digest_of(content)),)
        case c.Issue():
            refused = _permit(type(command), report, facts.actor)
            return refused if refused is not None else (e.ReportIssued(**dict(command)),)
        case _:
            assert_never(command)


def _evolve(report: Report, happened: Happened) -> Report:
    match happened.event, report:
        case e.ReportFrozen(content=content, digest=digest), Unfrozen():
            return Frozen(
                account=happened.actor.account,
                department=happened.actor.department,
                content=content,
                digest=digest,
                frozen_at=happened.occurred_at,
            )
        case e.ReportIssued(), Frozen(issued=issued):
            return report.model_copy(update={"issued": issued + 1})
        case event, _:
            raise TypeError(f"{type(event).__name__} while {report.stage}")


def _summary(report: Report) -> ReportEntry:
    if isinstance(report, Unfrozen):
        raise TypeError("not frozen yet")
    return ReportEntry(
        kind="report",
        stage=report.stage,
        responsible=report.department,
        steps=1 + report.issued,
        closed=True,
        account=report.account,
        region=report.content.region,
        month=report.content.month,
        as_of=report.content.as_of,
        frozen_at=report.frozen_at,
        digest=digest_of(report.content),
        issued=report.issued,
    )


REPORT: Decider[Report] = Decider(
    kind="report",
    commands={command.slug: command for command in (c.Freeze, c.Issue)},
    initial=Unfrozen,
    name_stream=lambda _command, actor, key: stream_for("report", actor.account, key),
    permit=_permit,
    decide=_decide,
    evolve=_evolve,
    summary=_summary,
    admits=_admits,
    process=False,
)
