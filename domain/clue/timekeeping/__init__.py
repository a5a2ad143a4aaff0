"""到期与重算: the service's own steps."""

from domain.clue.life import Known
from domain.clue.roles import PROCESS
from domain.clue.timekeeping import commands as c
from domain.clue.timekeeping import decide as d
from domain.record.chapter import Chapter, Step
from domain.record.timekeeping import elapsing

TIMEKEEPING = Chapter(
    steps=(
        Step(c.Recalculate, "重算期限", Known, d.recalculate, by=(PROCESS,), at_rest="also"),
        elapsing(Known, PROCESS),
    ),
)
