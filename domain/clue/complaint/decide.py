"""What becomes of a complaint that is declined."""

from __future__ import annotations

from domain.clue.complaint import commands as c
from domain.clue.complaint import events as e
from domain.clue.life import Assigned, Declined
from domain.errors import Refused
from domain.people.actors import Actor
from domain.record.chapter import Decided, Refusal
from domain.record.decider import Facts, Happened

NOT_A_COMPLAINT = Refusal("not_a_complaint", "不是投诉", "只有投诉可以不予受理;举报等应当接办核查")


def decline(command: c.Decline, _clue: Assigned, _facts: Facts) -> Decided:
    return (e.ClueDeclined(ground=command.ground, reason=command.reason),)


def no_complaint(clue: Assigned, _actor: Actor) -> Refused | None:
    """受理 is a decision about complaints; a report is checked, not accepted or declined."""
    return None if clue.dossier.category == "complaint" else NOT_A_COMPLAINT()


def declined(clue: Assigned, event: e.ClueDeclined, _at: Happened) -> Declined:
    return Declined(dossier=clue.dossier, department=clue.department, handler=clue.handler, ground=event.ground)
