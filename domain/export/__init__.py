"""导出: taking data out of the service, as one `Decider`. Who took what, when and what for is itself a record."""

from __future__ import annotations

from typing import Any

from domain.errors import Refused
from domain.export import commands as c
from domain.export import events as e
from domain.export.state import (
    Cancelled,
    Export,
    ExportEntry,
    Failed,
    Issued,
    Known,
    Listed,
    Made,
    Order,
    Requested,
    Unrequested,
)
from domain.people.actors import Actor, Role, within
from domain.people.visibility import Scope, scope_of
from domain.record.chapter import NO_SUCH, NOT_YOU, PROCESS_ONLY, Chapter, Decided, Refusal, Step, turns
from domain.record.decider import Decider, Effect, Facts, Happened, Needs
from domain.record.ids import stream_for
from domain.record.noun import noun

MAKE_EXPORT = "make_export"
"""The effect of a request: the file must be made."""

_AUDITORS = (Role.AUDITOR, Role.AUDIT_ADMINISTRATOR)

SEES_NO_CASE = Refusal("wrong_role", "角色不符", "您的角色不能查看案件,因此不能导出", NOT_YOU)
WRONG_ACCOUNT = Refusal("wrong_account", "不是申请人", "只有导出申请人可以进行该操作", NOT_YOU)
UNKNOWN_CASE = Refusal("unknown_case", "没有这个案件", "没有这个案件,或者它不在您的可见范围内", NO_SUCH)
EXPORT_NOT_READY = Refusal("export_not_ready", "导出文件尚在制作", "导出文件尚在制作,请稍后再试")
EXPORT_EXPIRED = Refusal("export_expired", "导出文件已过期", "导出文件已过期并删除,请重新申请导出")
EXPORT_OVER = Refusal("export_over", "导出已结束", "该导出已经结束,请重新申请导出")


def known(export: Export) -> Known:
    """The export, once requested. Asking before is a programming error."""
    if not isinstance(export, Known):
        raise TypeError("not requested yet")
    return export


def audits(actor: Actor) -> bool:
    """Whether the actor oversees what others take out."""
    return any(actor.has(role) for role in _AUDITORS)


def _admits(export: Export, actor: Actor) -> bool:
    """The requester, and who audits the requester's region."""
    if not isinstance(export, Known):
        return False
    owner = export.owner
    overseen = audits(actor) and within(owner.region, actor.region)
    return actor.has(Role.SYSTEM) or owner.account == actor.account or overseen


# Who may ------------------------------------------------------------------------------------------------------


def _process(_export: Export, actor: Actor) -> Refused | None:
    return None if actor.has(Role.SYSTEM) else PROCESS_ONLY()


def _sees_cases(_export: Export, actor: Actor) -> Refused | None:
    return SEES_NO_CASE() if scope_of(actor) == Scope() else None


def _requester(export: Export, actor: Actor) -> Refused | None:
    owned = isinstance(export, Known) and export.owner.account == actor.account
    return None if owned else WRONG_ACCOUNT()


# What follows ----------------------------------------------------------------------------------------------------


def _request(command: c.RequestExport, _export: Unrequested, _facts: Facts) -> Decided:
    return (e.ExportRequested(**dict(command)),)


def _need_case(command: c.IssueExport) -> Needs:
    return Needs(cases=(command.case,))


def _issue(command: c.IssueExport, _export: Unrequested, facts: Facts) -> Decided:
    return (e.ExportIssued(**dict(command)),) if command.case in facts.cases else UNKNOWN_CASE()


def _complete(command: c.CompleteExport, export: Listed, _facts: Facts) -> Decided:
    return (e.ExportCompleted(**dict(command)),) if isinstance(export, Requested) else ()


def _fail(command: c.FailExport, export: Listed, _facts: Facts) -> Decided:
    return (e.ExportFailed(code=command.code),) if isinstance(export, Requested) else ()


def _cancel(_command: c.CancelExport, export: Listed, _facts: Facts) -> Decided:
    return (e.ExportCancelled(),) if isinstance(export, Requested) else ()


def _fetch(_command: c.FetchExport, export: Listed, facts: Facts) -> Decided:
    if not isinstance(export, Made):
        return EXPORT_NOT_READY()
    return EXPORT_EXPIRED() if export.expires_at <= facts.now else (e.ExportFetched(),)


def _requested(_export: Unrequested, event: e.ExportRequested, happened: Happened) -> Requested:
    return Requested(order=Order(**_who(happened), requested_at=happened.occurred_at, **dict(event)))


def _issued(_export: Unrequested, event: e.ExportIssued, happened: Happened) -> Issued:
    told = {name: value for name, value in dict(event).items() if name != "head_hash"}
    return Issued(**_who(happened), at=happened.occurred_at, **told)


def _completed(export: Requested, event: e.ExportCompleted, happened: Happened) -> Made:
    return Made(order=export.order, completed_at=happened.occurred_at, **dict(event))


def _failed(export: Requested, event: e.ExportFailed, _at: Happened) -> Failed:
    return Failed(order=export.order, code=event.code)


def _cancelled(export: Requested, _event: e.ExportCancelled, _at: Happened) -> Cancelled:
    return Cancelled(order=export.order)


def _fetched(export: Made, _event: e.ExportFetched, happened: Happened) -> Made:
    return export.model_copy(update={"fetched": (*export.fetched, happened.occurred_at)})


def _who(happened: Happened) -> dict[str, str]:
    actor = happened.actor
    return {"account": actor.account, "department": actor.department, "region": actor.region}


def _tell_maker(event: e.ExportRequested, _export: Export) -> tuple[Effect, ...]:
    return (Effect(kind=MAKE_EXPORT, recipient="exports", subject=event.form),)


def summary(export: Export) -> ExportEntry:
    """The row of an export."""
    match known(export):
        case Issued() as issued:
            return _entry(issued, issued, about=issued.case, requested_at=issued.at).model_copy(
                update={"completed_at": issued.at, "fetched": 1, "fetched_at": issued.at, **_file_of(issued)}
            )
        case Requested(order=order) | Cancelled(order=order) as resting:
            return _listed(resting, order)
        case Failed(order=order, code=code) as failed:
            return _listed(failed, order).model_copy(update={"failure": code})
        case Made(order=order) as made:
            return _listed(made, order).model_copy(
                update={
                    "completed_at": made.completed_at,
                    "expires_at": made.expires_at,
                    "rows": made.rows,
                    "fetched": len(made.fetched),
                    "fetched_at": made.fetched[-1] if made.fetched else None,
                    **_file_of(made),
                }
            )
        case other:
            raise TypeError(f"no row for {other.stage}")


def _listed(export: Known, order: Order) -> ExportEntry:
    filters = order.model_dump(mode="json", include={"filters"})["filters"]
    return _entry(export, order, filters=filters, searched=order.search is not None, requested_at=order.requested_at)


def _file_of(export: Made | Issued) -> dict[str, Any]:
    return {"size": export.size, "digest": export.digest, "with_texts": export.with_texts}


def _entry(export: Known, owner: Order | Issued, **told: Any) -> ExportEntry:
    blank: dict[str, Any] = dict.fromkeys(
        ("about", "completed_at", "expires_at", "rows", "size", "digest", "failure", "fetched_at")
    )
    return ExportEntry(
        kind="export",
        stage=export.stage,
        responsible=owner.department,
        steps=1,
        closed=not isinstance(export, Requested),
        account=owner.account,
        region=owner.region,
        form=owner.form,
        purpose=owner.purpose,
        **{**blank, "filters": {}, "searched": False, "with_texts": False, "fetched": 0, **told},
    )


_CHAPTER = Chapter(
    steps=(
        Step(c.RequestExport, "申请导出列表", Unrequested, _request, by=_sees_cases, opens=True, otherwise=EXPORT_OVER,
             refuses=(SEES_NO_CASE,)),
        Step(c.IssueExport, "导出案件", Unrequested, _issue, by=_sees_cases, needs=_need_case, opens=True,
             otherwise=EXPORT_OVER, refuses=(SEES_NO_CASE, UNKNOWN_CASE)),
        Step(c.CompleteExport, "登记制作完成", Listed, _complete, by=_process, otherwise=EXPORT_OVER,
             refuses=(PROCESS_ONLY,)),
        Step(c.FailExport, "登记导出失败", Listed, _fail, by=_process, otherwise=EXPORT_OVER,
             refuses=(PROCESS_ONLY,)),
        Step(c.FetchExport, "下载导出文件", (Requested, Made), _fetch, by=_requester, otherwise=EXPORT_OVER,
             refuses=(WRONG_ACCOUNT, EXPORT_NOT_READY, EXPORT_EXPIRED)),
        Step(c.CancelExport, "取消导出", (Requested, Cancelled), _cancel, by=_requester, otherwise=EXPORT_OVER,
             refuses=(WRONG_ACCOUNT,)),
    ),
    events=(
        turns("export.requested", 1, e.ExportRequested, Unrequested, _requested, title="申请导出列表",
              says="申请导出列表({form})", tells=_tell_maker),
        turns("export.completed", 1, e.ExportCompleted, Requested, _completed, title="导出文件制作完成",
              says="导出文件制作完成,{rows} 行,{size} 字节,{expires_at} 前可下载"),
        turns("export.failed", 1, e.ExportFailed, Requested, _failed, title="导出文件未能制作",
              says="导出文件未能制作:{code}"),
        turns("export.fetched", 1, e.ExportFetched, Made, _fetched, title="下载导出文件", says="申请人下载导出文件"),
        turns("export.cancelled", 1, e.ExportCancelled, Requested, _cancelled, title="取消导出",
              says="申请人取消导出"),
        turns("export.issued", 1, e.ExportIssued, Unrequested, _issued, title="导出案件",
              says="导出案件 {case} 第 {version} 版({form})"),
    ),
    fields={"search": "检索内容", "purpose": "用途"},
)  # fmt: skip

EXPORT: Decider[Export] = noun(
    "export",
    "导出",
    (_CHAPTER,),
    Unrequested,
    stages=(Unrequested, Requested, Made, Failed, Cancelled, Issued),
    name_stream=lambda _command, actor, key: stream_for("export", actor.account, key),
    summary=summary,
    admits=_admits,
)
