"""What becomes of a clue that comes in, is corrected or supplemented, or is none and answered or sent back at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.clue.intake import commands as c
from domain.clue.intake import events as e
from domain.clue.intake.state import Correction, Supplement
from domain.clue.life import Completed, Known, Registered, Unregistered
from domain.clue.telling import answer_sender, tell_holder
from domain.clue.values import Entity
from domain.lists.responsibility import Ledger, begun, last_turn
from domain.people.actors import dispatch_office, within
from domain.record.chapter import NOT_YOU, Decided, Refusal
from domain.record.decider import Effect, Facts, Happened
from domain.record.noun import texts_of

ALREADY_REGISTERED = Refusal("already_registered", "已登记", "该来源工单已登记,请勿重复登记")
OUT_OF_REGION = Refusal("wrong_region", "行政区划不符", "只能登记本行政区划内的线索", NOT_YOU)
RECEIVED_IN_FUTURE = Refusal("received_in_future", "来件时间有误", "来件时间晚于当前时间,请核对")
NOTHING_TO_CORRECT = Refusal("nothing_to_correct", "没有更正内容", "没有需要更正的内容,请填写更正后的值")


def register(command: c.Register, _clue: Unregistered, facts: Facts) -> Decided:
    if not within(command.region, facts.actor.region):
        return OUT_OF_REGION()
    if command.received_at > facts.now:
        return RECEIVED_IN_FUTURE()
    given = {name: getattr(command, name) for name in c.Register.model_fields if name != "entity"}
    return (e.ClueRegistered(**given, entity=_entity(command.entity)),)


def _entity(given: c.EntityGiven | None) -> Entity | None:
    return Entity(name=given.name, uscc=given.uscc) if given else None


def correct(command: c.Correct, clue: Known, facts: Facts) -> Decided:
    """Only what differs is a correction; texts are sealed anew each time, so a given text always is one."""
    category = command.category if command.category != clue.dossier.category else None
    received_at = command.received_at if command.received_at != clue.dossier.received_at else None
    if received_at and received_at > facts.now:
        return RECEIVED_IN_FUTURE()
    texts = (command.title, command.body, command.reporter, command.entity)
    if category is None and received_at is None and not any(texts):
        return NOTHING_TO_CORRECT()
    return (
        e.ClueCorrected(
            category=category,
            received_at=received_at,
            title=command.title,
            body=command.body,
            reporter=command.reporter,
            entity=_entity(command.entity),
            reason=command.reason,
        ),
    )


def supplement(command: c.Supplement, _clue: Known, facts: Facts) -> Decided:
    if command.received_at > facts.now:
        return RECEIVED_IN_FUTURE()
    return (e.ClueSupplemented(text=command.text, received_at=command.received_at, external_id=command.external_id),)


def answer(command: c.Answer, _clue: Registered, _facts: Facts) -> Decided:
    return (e.ClueAnswered(reply=command.reply),)


def send_back(command: c.SendBack, _clue: Registered, _facts: Facts) -> Decided:
    return (e.ClueSentBack(ground=command.ground, reason=command.reason),)


# What becomes of the clue ----------------------------------------------------------------------------------------


def registered(_clue: Unregistered, event: e.ClueRegistered, happened: Happened) -> Registered:
    told = dict(event)
    reporters = (event.reporter,) if event.reporter else ()
    return Registered.model_validate(
        {
            "dossier": {
                **told,
                "registered_at": happened.occurred_at,
                "migrated": happened.migrated,
                "texts": texts_of(event),
                "reporters": reporters,
            }
        }
    )


def numbered(clue: Known, event: e.ClueNumbered, _at: Happened) -> Known:
    return clue.keep(number=event.number)


_CORRECTABLE = ("category", "received_at", "title", "body", "reporter", "entity")


def corrected(clue: Known, event: e.ClueCorrected, happened: Happened) -> Known:
    """Both values stay on record."""
    dossier = clue.dossier
    changed: dict[str, Any] = {name: value for name in _CORRECTABLE if (value := getattr(event, name)) is not None}
    corrections = tuple(
        Correction(
            at=happened.occurred_at,
            by=happened.actor.account,
            field=name,
            before=getattr(dossier, name),
            after=value,
            reason=event.reason,
        )
        for name, value in changed.items()
    )
    reporters = (*dossier.reporters, event.reporter) if event.reporter else dossier.reporters
    return clue.keep(**changed, corrections=(*dossier.corrections, *corrections), reporters=reporters)


def supplemented(clue: Known, event: e.ClueSupplemented, _at: Happened) -> Known:
    added = Supplement(received_at=event.received_at, external_id=event.external_id, text=event.text)
    return clue.keep(supplements=(*clue.dossier.supplements, added))


def answered(clue: Registered, _event: e.ClueAnswered, _at: Happened) -> Completed:
    return Completed(dossier=clue.dossier, department=None, handler=None, ending="answered")


def sent_back(clue: Registered, _event: e.ClueSentBack, _at: Happened) -> Completed:
    return Completed(dossier=clue.dossier, department=None, handler=None, ending="sent_back")


# Who is told, who holds the case ---------------------------------------------------------------------------------


def tell_of_correction(_event: e.ClueCorrected, clue: Known) -> tuple[Effect, ...]:
    return (tell_holder(clue, "clue_corrected"),)


def tell_of_supplement(_event: e.ClueSupplemented, clue: Known) -> tuple[Effect, ...]:
    return (tell_holder(clue, "clue_supplemented"),)


def tell_sender(_event: e.ClueAnswered | e.ClueSentBack, clue: Known) -> tuple[Effect, ...]:
    return answer_sender(clue)


def begin(_ledger: None, event: e.ClueRegistered, at: datetime) -> Ledger:
    """The dispatching office holds what comes in."""
    return begun(dispatch_office(event.region), event.region, event.channel, event.category, at)


def recategorise(ledger: Ledger, event: e.ClueCorrected, _at: datetime) -> Ledger:
    return replace(ledger, category=event.category) if event.category is not None else ledger


def end(ledger: Ledger, _event: object, at: datetime) -> Ledger:
    """Nobody holds a completed case."""
    return last_turn(ledger, until=at, ended="completed")
