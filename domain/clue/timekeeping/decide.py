"""What the service itself does as time passes. What is due was recorded before any decision."""

from __future__ import annotations

from domain.clue.life import Known
from domain.clue.timekeeping import commands as c
from domain.record.decider import Facts
from domain.record.noun import Decided, Refusal
from domain.time.case_clocks import recalculated

NOT_YET_DUE = Refusal("not_yet_due", "尚未到期", "尚未到期")


def recalculate(_command: c.Recalculate, clue: Known, facts: Facts) -> Decided:
    return recalculated(clue.dossier.clocks, facts.now, facts.calendars)


def elapse(command: c.Elapse, _clue: Known, facts: Facts) -> Decided:
    """Only a process that came too early is told when to come."""
    return NOT_YET_DUE(params={"not_before": command.until.isoformat()}) if facts.now < command.until else ()
