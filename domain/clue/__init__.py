"""问题线索: the clue, as one `Decider`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.clue import commands as c
from domain.clue import events as e
from domain.clue.clocks import debtors, seen
from domain.clue.consequences import consequences
from domain.clue.decide import decide, needs
from domain.clue.evolve import evolve
from domain.clue.permissions import permit
from domain.clue.state import (
    Archived,
    Clue,
    Completed,
    Dispatched,
    Known,
    Unregistered,
    handler_of,
    initial,
    lead_of,
    responsible_of,
)
from domain.clue.supervision.oversight import ordered_by_ladder
from domain.people.actors import Actor
from domain.people.visibility import scope_of
from domain.record.decider import Command, Decider, Series, Summary
from domain.record.ids import stream_for
from domain.record.vault import Sealed
from domain.time.calendar import day_of
from domain.time.case_clocks import Amendment, ClockEvent, Extending, Timed, Turn
from domain.time.clock import Clock, RungAt
from domain.time.oversight import OversightOrder
from domain.time.rules import Circumstances, PauseGround
from domain.time.steps import Excluded, Extended
from domain.value import SHANGHAI

COMMANDS: dict[str, type[Command]] = {
    command.slug: command
    for command in (
        c.Register,
        c.Correct,
        c.Supplement,
        c.Answer,
        c.SendBack,
        c.Dispatch,
        c.WithdrawDispatch,
        c.SignFor,
        c.Return,
        c.Assign,
        c.Reassign,
        c.Decline,
        c.TakeUp,
        c.OpenVerification,
        c.RecordFindings,
        c.Conclude,
        c.ProposeDisposition,
        c.ApproveDisposition,
        c.RejectDisposition,
        c.FeedBack,
        c.Complete,
        c.UndoCompletion,
        c.Archive,
        c.Reopen,
        c.Note,
        c.RecordContact,
        c.AttachEvidence,
        c.SealFile,
        c.Suspend,
        c.Resume,
        c.ExcludeTime,
        c.Urge,
        c.OrderOversight,
        c.AnswerOversight,
        c.RejectOversightAnswer,
        c.AcceptOversightAnswer,
        c.WithdrawOversight,
        c.ListOversight,
        c.RequestExtension,
        c.ApproveExtension,
        c.RejectExtension,
        c.Link,
        c.Unlink,
        c.EraseText,
        c.Recalculate,
        c.Elapse,
    )
}


def known(clue: Clue) -> Known:
    """The clue, once registered. Asking before is a programming error."""
    if isinstance(clue, Unregistered):
        raise TypeError("not registered yet")
    return clue


def _name_stream(command: Command, actor: Actor, key: str) -> str:
    """One stream a ticket of a source channel, so the same ticket never becomes two cases."""
    if isinstance(command, c.Register) and command.external_id is not None:
        return stream_for("clue", command.channel, command.external_id)
    return stream_for("clue", actor.account, key)


def _clocks(clue: Clue) -> Timed:
    return () if isinstance(clue, Unregistered) else clue.dossier.clocks


def _orders(clue: Clue) -> tuple[OversightOrder, ...]:
    return () if isinstance(clue, Unregistered) else clue.dossier.orders


def _climbed(clue: Clue, rung: RungAt, clock: Clock) -> tuple[e.ClueEvent, ...]:
    match rung.act:
        case "return_to_dispatcher" if isinstance(clue, Dispatched):
            return (e.ClueReturned(department=clue.department, ground="not_signed_for", reason=None),)
        case "order":
            return ordered_by_ladder(known(clue).dossier, clock)
        case _:
            return ()


def _turn(event: Any) -> Turn:
    match event:
        case e.ClueReturned() | e.ClueDispatchWithdrawn():
            return "handed_over"
        case e.ClueCorrected():
            return "corrected"
        case e.ClueCompletionUndone():
            return "undone"
        case _:
            return "on"


def _resting(clue: Clue) -> PauseGround | None:
    suspension = known(clue).dossier.suspension
    return suspension.ground if suspension else None


def _amends(event: Any) -> Amendment | None:
    match event:
        case e.ClueTimeExcluded():
            return Excluded(since=event.since, until=event.until, ground=event.ground)
        case e.ClueExtensionApproved():
            return Extending(clock=event.clock, granted=Extended(grade=event.grade, amount=event.amount))
        case _:
            return None


def _circumstances(clue: Clue) -> Circumstances:
    dossier = known(clue).dossier
    return Circumstances(channel=dossier.channel, category=dossier.category, received_on=day_of(dossier.received_at))


def _series(event: Any, actor: Actor, at: datetime) -> Series | None:
    """Numbers are counted by region, registering office and year in Asia/Shanghai."""
    if not isinstance(event, e.ClueRegistered):
        return None
    return Series(event.region, actor.department.partition(".")[2], at.astimezone(SHANGHAI).year)


def _numbered(number: str) -> e.ClueNumbered:
    return e.ClueNumbered(number=number)


def _admits(clue: Clue, actor: Actor) -> bool:
    return scope_of(actor).admits(summary(clue))


def _texts(event: Any) -> tuple[Sealed, ...]:
    return () if isinstance(event, ClockEvent) else e.texts_of(event)


def _erased(event: Any) -> tuple[Sealed, ...]:
    return event.texts if isinstance(event, e.ClueTextErased) else ()


def summary(clue: Clue) -> Summary:
    """The case row of a registered clue."""
    clue = known(clue)
    dossier = clue.dossier
    return Summary(
        kind="clue",
        stage=clue.stage,
        responsible=responsible_of(clue),
        number=dossier.number,
        region=dossier.region,
        channel=dossier.channel,
        category=dossier.category,
        external_id=dossier.external_id,
        entity=dossier.entity.uscc if dossier.entity else None,
        lead=lead_of(clue),
        handler=handler_of(clue),
        departments=dossier.departments,
        links=tuple(dict.fromkeys(link.case for link in dossier.links)),
        returns=dossier.returns,
        reopenings=dossier.reopenings,
        steps=dossier.steps,
        received_at=dossier.received_at,
        registered_at=dossier.registered_at,
        completed=isinstance(clue, Completed | Archived),
        result=(clue.conclusion or clue.ending) if isinstance(clue, Completed | Archived) else None,
        migrated=dossier.migrated,
        closed=isinstance(clue, Archived),
    )


CLUE: Decider[Clue] = Decider(
    kind="clue",
    commands=COMMANDS,
    initial=initial,
    name_stream=_name_stream,
    needs=needs,
    permit=permit,
    decide=decide,
    evolve=evolve,
    consequences=consequences,
    seen=seen,
    debtors=debtors,
    clocks=_clocks,
    orders=_orders,
    climbed=_climbed,
    circumstances=_circumstances,
    turn=_turn,
    resting=_resting,
    amends=_amends,
    series=_series,
    numbered=_numbered,
    summary=summary,
    admits=_admits,
    texts=_texts,
    erased=_erased,
)
