"""问题线索: the clue, told in chapters."""

from domain.clue import case
from domain.clue.clocks import debtors, seen
from domain.clue.closing import CLOSING
from domain.clue.complaint import COMPLAINT
from domain.clue.disposition import DISPOSITION
from domain.clue.dossier import Dossier
from domain.clue.feedback import FEEDBACK
from domain.clue.handover import HANDOVER
from domain.clue.intake import INTAKE
from domain.clue.life import STAGES, Clue, Unregistered, complete
from domain.clue.merging import MERGING
from domain.clue.papers import PAPERS
from domain.clue.supervision import SUPERVISION
from domain.clue.telling import tells_time
from domain.clue.timekeeping import TIMEKEEPING
from domain.clue.verification import VERIFICATION
from domain.record.decider import Decider
from domain.record.noun import noun

complete(Dossier)

CLUE: Decider[Clue] = noun(
    "clue",
    "问题线索",
    (
        INTAKE,
        HANDOVER,
        COMPLAINT,
        VERIFICATION,
        DISPOSITION,
        FEEDBACK,
        CLOSING,
        PAPERS,
        SUPERVISION,
        MERGING,
        TIMEKEEPING,
    ),
    Unregistered,
    name_stream=case.name_stream,
    summary=case.summary,
    admits=case.admits,
    stages=STAGES,
    gather=case.gather,
    ticks=case.tick,
    tells_time=tells_time,
    resting=case.resting,
    seen=seen,
    debtors=debtors,
    clocks=case.clocks,
    orders=case.orders,
    climbed=case.climbed,
    circumstances=case.circumstances,
    series=case.series,
    numbered=case.numbered,
)
