"""Why a deadline ends when it ends: one clock of a case explained, for whoever may see the case."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Path

from api import PREFIX
from api.cases.reading import see
from api.cases.surface import Surfaces
from api.deps import Caller, Svc
from api.edge.errors import described
from domain.errors import UnknownClock
from domain.reading.timeline import Reading
from domain.time.why import Explanation, explain

router = APIRouter(prefix=PREFIX, tags=["clocks"])

_CLOCK = re.compile(r"(([a-z]+)-[0-9a-f]{32})\.([a-z_]+-[0-9]{1,6})")

ClockId = Annotated[
    str, Path(alias="id", description="`<case>.<clock>`, such as `clue-771e384d2b5d5a5c9d0c7d1f4f0c2a11.handling-4`.")
]


@router.get("/clocks/{id}/explain", responses=described("unknown_clock_id", "unknown_case"))
async def explain_clock(service: Svc, actor: Caller, surfaces: Surfaces, clock: ClockId) -> Explanation:
    """Start, rule with its article and certainty, every skipped or made-up day, pause and extension, and what became
    of the clock; `sentence` says it all in Chinese."""
    named = _CLOCK.fullmatch(clock)
    surface = surfaces.get(named[2]) if named else None
    if named is None or surface is None:
        raise UnknownClock("没有这个期限")
    case = await see(surface, service, actor, named[1])
    reading = Reading(departments=await service.record.chronicle.departments())
    return explain(case.noun, case.stream, named[3], case.rows, service.world.pack, service.now(), reading)
