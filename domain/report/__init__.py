"""月报: the figures of a month, frozen as they were known, as one `Decider`.

Later corrections change what is counted from then on, never what was fixed: they show in the next report of the month,
and between the two in `domain/report/contrast.py`.
"""

from __future__ import annotations

from domain.errors import Refused
from domain.people.actors import ROLE_NAMES, Actor, Role, dispatch_office, within
from domain.record.chapter import NOT_YOU, Chapter, Decided, Refusal, Step, turns
from domain.record.decider import Decider, Facts, Happened
from domain.record.ids import stream_for
from domain.record.noun import noun
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


NOT_REPORTING = Refusal("wrong_role", "角色不符", "月报由{roles}或分办机构负责人生成和查看", NOT_YOU)
OUT_OF_REGION = Refusal("wrong_region", "行政区划不符", "只能统计本行政区划及其下级,请核对行政区划代码", NOT_YOU)
MONTH_NOT_BEGUN = Refusal("month_not_begun", "该月尚未开始", "该月尚未开始,没有可统计的数据")


def refused_on(actor: Actor, region: str) -> Refused | None:
    """Why the actor may not report on a region; None when it may."""
    if not reports(actor):
        return NOT_REPORTING(roles="、".join(ROLE_NAMES[role] for role in REPORTERS))
    return None if within(region, actor.region) else OUT_OF_REGION()


def _admits(report: Report, actor: Actor) -> bool:
    return isinstance(report, Frozen) and (actor.has(Role.SYSTEM) or reports_on(actor, report.content.region))


def _reporter(report: Report, actor: Actor) -> Refused | None:
    return refused_on(actor, report.content.region if isinstance(report, Frozen) else actor.region)


def _freeze(command: c.Freeze, _report: Report, facts: Facts) -> Decided:
    content = command.content
    refused = refused_on(facts.actor, content.region)
    if refused is not None:
        return refused
    if begin_of(content.month) > content.as_of or content.as_of > facts.now:
        return MONTH_NOT_BEGUN()
    return (e.ReportFrozen(content=content, digest=digest_of(content)),)


def _issue(command: c.Issue, _report: Report, _facts: Facts) -> Decided:
    return (e.ReportIssued(**dict(command)),)


def _frozen(_report: Unfrozen, event: e.ReportFrozen, happened: Happened) -> Frozen:
    return Frozen(
        account=happened.actor.account,
        department=happened.actor.department,
        content=event.content,
        digest=event.digest,
        frozen_at=happened.occurred_at,
    )


def _issued(report: Frozen, _event: e.ReportIssued, _at: Happened) -> Frozen:
    return report.model_copy(update={"issued": report.issued + 1})


def _summary(report: Report) -> ReportEntry:
    if not isinstance(report, Frozen):
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


REPORT: Decider[Report] = noun(
    "report",
    "月报",
    (
        Chapter(
            steps=(
                Step(
                    c.Freeze,
                    "生成月报",
                    Report,
                    _freeze,
                    by=_reporter,
                    opens=True,
                    refuses=(NOT_REPORTING, OUT_OF_REGION, MONTH_NOT_BEGUN),
                ),
                Step(c.Issue, "导出月报", Report, _issue, by=_reporter, refuses=(NOT_REPORTING, OUT_OF_REGION)),
            ),
            events=(
                turns(
                    "report.frozen",
                    1,
                    e.ReportFrozen,
                    Unfrozen,
                    _frozen,
                    title="固化月报",
                    says="固化月报,数据摘要 {digest}",
                ),
                turns(
                    "report.issued",
                    1,
                    e.ReportIssued,
                    Frozen,
                    _issued,
                    title="导出月报",
                    says="导出月报({form}),{size} 字节",
                ),
            ),
        ),
    ),
    Unfrozen,
    stages=(Unfrozen, Frozen),
    name_stream=lambda _command, actor, key: stream_for("report", actor.account, key),
    summary=_summary,
    admits=_admits,
    process=False,
)
