"""导出: taking data out of the service, as one `Decider`. Who took what, when and what for is itself a record."""

from __future__ import annotations

from typing import Any, assert_never

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
    Made,
    Order,
    Requested,
    Unrequested,
)
from domain.people.actors import Actor, Role, within
from domain.people.visibility import Scope, scope_of
from domain.record.decider import Command, Decider, Effect, Facts, Happened, Needs
from domain.record.ids import stream_for

MAKE_EXPORT = "make_export"
"""The effect of a request: the file must be made."""

COMMANDS: dict[str, type[Command]] = {
    command.slug: command
    for command in (
        c.RequestExport,
        c.IssueExport,
        c.CompleteExport,
        c.FailExport,
        c.FetchExport,
        c.CancelExport,
    )
}

_AUDITORS = (Role.AUDITOR, Role.AUDIT_ADMINISTRATOR)
_OF_THE_PROCESS = (c.CompleteExport, c.FailExport)


def known(export: Export) -> Known:
    """The export, once requested. Asking before is a programming error."""
    if isinstance(export, Unrequested):
        raise TypeError("not requested yet")
    return export


def audits(actor: Actor) -> bool:
    """Whether the actor oversees what others take out."""
    return any(actor.has(role) for role in _AUDITORS)


def _needs(command: Command) -> Needs:
    return Needs(cases=(command.case,)) if isinstance(command, c.IssueExport) else Needs()


def _admits(export: Export, actor: Actor) -> bool:
    """The requester, and who audits the requester's region."""
    if isinstance(export, Unrequested):
        return False
    owner = _owner(export)
    overseen = audits(actor) and within(owner.region, actor.region)
    return actor.has(Role.SYSTEM) or owner.account == actor.account or overseen


def _owner(export: Known) -> Order | Issued:
    return export if isinstance(export, Issued) else export.order


def _permit(command: type[Command], export: Export, actor: Actor) -> Refused | None:
    if command in _OF_THE_PROCESS:
        return None if actor.has(Role.SYSTEM) else Refused(code="process_only", detail="该操作只由系统进行")
    if command in (c.RequestExport, c.IssueExport):
        if scope_of(actor) == Scope():
            return Refused(code="wrong_role", detail="您的角色不能查看案件,因此不能导出")
        return None
    if isinstance(export, Unrequested) or _owner(export).account != actor.account:
        return Refused(code="wrong_account", detail="只有导出申请人可以进行该操作")
    return None


def _decide(command: Any, export: Export, facts: Facts) -> tuple[Any, ...] | Refused:
    refused = _permit(type(command), export, facts.actor)
    if refused is not None:
        return refused
    match command, export:
        case c.RequestExport(), Unrequested():
            return (e.ExportRequested(**dict(command)),)
        case c.IssueExport(case=case), Unrequested():
            if case not in facts.cases:
                return Refused(code="unknown_case", detail="没有这个案件,或者它不在您的可见范围内")
            return (e.ExportIssued(**dict(command)),)
        case c.CompleteExport(), Requested():
            return (e.ExportCompleted(**dict(command)),)
        case c.FailExport(code=code), Requested():
            return (e.ExportFailed(code=code),)
        case c.CancelExport(), Requested():
            return (e.ExportCancelled(),)
        case c.FetchExport(), Made(expires_at=expires_at):
            if expires_at <= facts.now:
                return Refused(code="export_expired", detail="导出文件已过期并删除,请重新申请导出")
            return (e.ExportFetched(),)
        case c.FetchExport(), Requested():
            return Refused(code="export_not_ready", detail="导出文件尚在制作,请稍后再试")
        case (c.CompleteExport() | c.FailExport(), Made() | Failed() | Cancelled()) | (c.CancelExport(), Cancelled()):
            return ()
        case _:
            return Refused(code="export_over", detail="该导出已经结束,请重新申请导出")


def _evolve(export: Export, happened: Happened) -> Export:
    event, at = happened.event, happened.occurred_at
    match event, export:
        case e.ExportRequested(), Unrequested():
            return Requested(order=Order(**_who(happened), requested_at=at, **dict(event)))
        case e.ExportIssued(head_hash=_), Unrequested():
            told = {name: value for name, value in dict(event).items() if name != "head_hash"}
            return Issued(**_who(happened), at=at, **told)
        case e.ExportCompleted(), Requested(order=order):
            return Made(order=order, completed_at=at, **dict(event))
        case e.ExportFailed(code=code), Requested(order=order):
            return Failed(order=order, code=code)
        case e.ExportCancelled(), Requested(order=order):
            return Cancelled(order=order)
        case e.ExportFetched(), Made(fetched=fetched):
            return export.model_copy(update={"fetched": (*fetched, at)})
        case _:
            raise TypeError(f"{type(event).__name__} while {export.stage}")


def _who(happened: Happened) -> dict[str, str]:
    actor = happened.actor
    return {"account": actor.account, "department": actor.department, "region": actor.region}


def _consequences(event: Any, _export: Export) -> tuple[Effect, ...]:
    if isinstance(event, e.ExportRequested):
        return (Effect(kind=MAKE_EXPORT, recipient="exports", subject=event.form),)
    return ()


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
        case unreachable:
            assert_never(unreachable)


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


EXPORT: Decider[Export] = Decider(
    kind="export",
    commands=COMMANDS,
    initial=Unrequested,
    name_stream=lambda _command, actor, key: stream_for("export", actor.account, key),
    needs=_needs,
    permit=_permit,
    decide=_decide,
    evolve=_evolve,
    consequences=_consequences,
    summary=summary,
    admits=_admits,
    texts=e.texts_of,
)
