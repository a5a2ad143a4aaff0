"""How a clue came to be what it is: the timeline in words, and what differs between two points of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api import PREFIX
from api.clues import At, HappenedBy, Visible, reading_of, seen_from
from api.deps import Caller, Svc
from api.edge.errors import described
from domain.clue import CLUE
from domain.reading.differences import Difference, Point, differences
from domain.reading.timeline import EntryKind, Timeline, Vantage, tell

router = APIRouter(prefix=PREFIX, tags=["clues"])

PointText = Annotated[str, Query(max_length=40, description="A version such as `v12`, or a recording time.")]


class DifferencesView(BaseModel):
    """What differs between two versions of a clue."""

    id: str
    before: int
    after: int
    differences: list[Difference]


@router.get("/clues/{id}/timeline", responses=described("unknown_case", "not_yet_known"))
async def read_timeline(
    service: Svc,
    actor: Caller,
    case: Visible,
    at: At = None,
    happened: HappenedBy = None,
    kinds: Annotated[list[EntryKind] | None, Query(description="Only these; all when left out.")] = None,
) -> Timeline:
    """Everything that happened, refusals included, in the order of recording. The chain is recomputed on the way."""
    vantage = Vantage(at, happened)
    seen_from(case, vantage)
    refusals = await service.chronicle.refusals(case.stream)
    told = tell(CLUE, case.stream, case.rows, refusals, vantage, await reading_of(service, actor, case))
    if kinds is None:
        return told
    return told.model_copy(update={"entries": tuple(entry for entry in told.entries if entry.kind in kinds)})


@router.get("/clues/{id}/diff", responses=described("unknown_case", "not_yet_known"))
async def read_differences(
    service: Svc,
    actor: Caller,
    case: Visible,
    since: Annotated[PointText, Query(alias="from")],
    until: Annotated[PointText, Query(alias="to")],
) -> DifferencesView:
    """What differs between two points: state, deadlines and texts, each with both values."""
    rows = tuple(case.rows)
    before, after = Point.of(since, "from").known(rows), Point.of(until, "to").known(rows)
    found = differences(CLUE, before, after, await reading_of(service, actor, case))
    return DifferencesView(id=case.stream, before=before[-1].version, after=after[-1].version, differences=list(found))
