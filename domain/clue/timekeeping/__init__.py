"""到期与重算: the service's own steps."""

from domain.clue.life import Known
from domain.clue.roles import PROCESS
from domain.clue.timekeeping import commands as c
from domain.clue.timekeeping import decide as d
from domain.record.noun import Chapter, Step

TIMEKEEPING = Chapter(
    steps=(
        Step(c.Recalculate, "重算期限", Known, d.recalculate, by=(PROCESS,), at_rest="also"),
        Step(c.Elapse, "记录到期事项", Known, d.elapse, by=(PROCESS,), refuses=(d.NOT_YET_DUE,), at_rest="also"),
    ),
)
