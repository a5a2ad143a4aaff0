"""What the service itself does as time passes. What is due was recorded before any decision."""

from __future__ import annotations

from domain.clue.life import Known
from domain.clue.timekeeping import commands as c
from domain.record.chapter import Decided
from domain.record.decider import Facts
from domain.time.case_clocks import recalculated


def recalculate(_command: c.Recalculate, clue: Known, facts: Facts) -> Decided:
    return recalculated(clue.dossier.clocks, facts.now, facts.calendars)
