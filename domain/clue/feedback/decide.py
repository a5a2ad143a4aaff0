"""What becomes of a clue that is answered and completed."""

from __future__ import annotations

from datetime import datetime

from domain.clue.feedback import commands as c
from domain.clue.feedback import events as e
from domain.clue.life import Completed, Disposed, FedBack, InHand
from domain.clue.telling import answer_sender
from domain.lists.responsibility import Ledger, last_turn
from domain.record.chapter import Decided
from domain.record.decider import Effect, Facts, Happened


def feed_back(command: c.FeedBack, _clue: InHand, _facts: Facts) -> Decided:
    return (e.ClueFedBack(reply=command.reply, handling=command.handling),)


def complete(_command: c.Complete, _clue: FedBack, _facts: Facts) -> Decided:
    return (e.ClueCompleted(),)


def fed_back(clue: InHand, _event: e.ClueFedBack, _at: Happened) -> FedBack:
    """Of what was found and decided, or that the complaint was declined."""
    if not isinstance(clue, Disposed):
        return FedBack(dossier=clue.dossier, department=clue.department, handler=clue.handler, ending="declined")
    return FedBack(
        dossier=clue.dossier,
        department=clue.department,
        handler=clue.handler,
        ending="handled",
        conclusion=clue.conclusion,
        measure=clue.measure,
    )


def completed(clue: FedBack, _event: e.ClueCompleted, _at: Happened) -> Completed:
    return Completed(**dict(clue))


def tell_sender(_event: e.ClueFedBack, clue: FedBack) -> tuple[Effect, ...]:
    return answer_sender(clue)


def note_answer(ledger: Ledger, _event: e.ClueFedBack, at: datetime) -> Ledger:
    return last_turn(ledger, fed_back_at=at)


def end(ledger: Ledger, _event: e.ClueCompleted, at: datetime) -> Ledger:
    return last_turn(ledger, until=at, ended="completed")
