"""What a clue shows of itself as a case: its row, its number, its clocks, who may know of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.clue.clocks import see
from domain.clue.entry import ClueEntry
from domain.clue.handover.events import ClueReturned
from domain.clue.intake.commands import Register
from domain.clue.intake.events import ClueNumbered, ClueRegistered
from domain.clue.life import (
    Archived,
    Clue,
    Dispatched,
    Ended,
    Known,
    handler_of,
    known,
    lead_of,
    responsible_of,
)
from domain.clue.supervision.extension import without
from domain.clue.supervision.oversight import ordered_by_ladder
from domain.people.actors import Actor
from domain.people.visibility import scope_of
from domain.record.chapter import Happens
from domain.record.decider import Command, Happened, Series
from domain.record.ids import stream_for
from domain.record.noun import texts_of
from domain.time.calendar import day_of
from domain.time.case_clocks import Timed, apply_clock_event
from domain.time.clock import Clock, RungAt
from domain.time.clock_events import ClockEvent, ClockStopped
from domain.time.oversight import OversightOrder
from domain.time.rules import Circumstances, PauseGround
from domain.value import SHANGHAI


def name_stream(command: Command, actor: Actor, key: str) -> str:
    """One stream a ticket of a source channel, so the same ticket never becomes two cases."""
    if isinstance(command, Register) and command.external_id is not None:
        return stream_for("clue", command.channel, command.external_id)
    return stream_for("clue", actor.account, key)


def gather(clue: Clue, happened: Happened, row: Happens[Any, Any]) -> Clue:
    """What every event does to the dossier: it is seen, texts gather, the ground of the next command changes or not."""
    if not isinstance(clue, Known):
        return clue
    changes: dict[str, Any] = {"seen": see(clue.dossier.seen, row.name, happened.event)}
    if not row.beside:
        changes["steps"] = clue.dossier.steps + 1
    if not row.erases and (texts := texts_of(happened.event)):
        changes["texts"] = clue.dossier.texts + texts
    return clue.keep(**changes)


def tick(clue: Known, event: ClockEvent, at: datetime) -> Known:
    """A clock moved; one that stopped needs no extension any more."""
    changes: dict[str, Any] = {"clocks": apply_clock_event(clue.dossier.clocks, event, at)}
    if isinstance(event, ClockStopped) and clue.dossier.extension_requests:
        changes["extension_requests"] = without(clue.dossier.extension_requests, event.clock)
    return clue.keep(**changes)


def clocks(clue: Clue) -> Timed:
    """Its clocks, past ones too."""
    return clue.dossier.clocks if isinstance(clue, Known) else ()


def orders(clue: Clue) -> tuple[OversightOrder, ...]:
    """Its oversight orders."""
    return clue.dossier.orders if isinstance(clue, Known) else ()


def climbed(clue: Clue, rung: RungAt, clock: Clock) -> tuple[Any, ...]:
    """What a rung of the ladder does beyond telling somebody."""
    match rung.act:
        case "return_to_dispatcher" if isinstance(clue, Dispatched):
            return (ClueReturned(department=clue.department, ground="not_signed_for", reason=None),)
        case "order":
            return ordered_by_ladder(known(clue), clock)
        case _:
            return ()


def resting(clue: Clue) -> PauseGround | None:
    """Why it rests, if it does."""
    suspension = clue.dossier.suspension if isinstance(clue, Known) else None
    return suspension.ground if suspension else None


def circumstances(clue: Clue) -> Circumstances:
    """What deadline rules may ask of it."""
    dossier = known(clue).dossier
    return Circumstances(channel=dossier.channel, category=dossier.category, received_on=day_of(dossier.received_at))


def series(event: Any, actor: Actor, at: datetime) -> Series | None:
    """Numbers are counted by region, registering office and year in Asia/Shanghai."""
    if not isinstance(event, ClueRegistered):
        return None
    return Series(event.region, actor.department.partition(".")[2], at.astimezone(SHANGHAI).year)


def numbered(number: str) -> ClueNumbered:
    """The event that gives the number."""
    return ClueNumbered(number=number)


def admits(clue: Clue, actor: Actor) -> bool:
    """Whether the actor may know that it exists."""
    return scope_of(actor).admits(summary(clue))


def summary(clue: Clue) -> ClueEntry:
    """The case row of a registered clue."""
    clue = known(clue)
    dossier, ended = clue.dossier, clue if isinstance(clue, Ended) else None
    return ClueEntry(
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
        completed=ended is not None,
        result=(ended.conclusion or ended.ending) if ended else None,
        migrated=dossier.migrated,
        closed=isinstance(clue, Archived),
    )
