"""How a case came to be what it is: the timeline in words, and what differs between two points of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from api.cases.reading import At, HappenedBy, reading_of, seen_from, visible_case
from api.cases.surface import KnownCase, Surface
from api.deps import Caller, Svc
from api.edge.errors import described
from domain.reading.differences import Difference, Point, differences
from domain.reading.timeline import EntryKind, Timeline, Vantage, tell

PointText = Annotated[str, Query(max_length=40, description="A version such as `v12`, or a recording time.")]
Kinds = Annotated[list[EntryKind] | None, Query(description="Only these; all when left out.")]


class DifferencesView(BaseModel):
    """What differs between two versions of a case."""

    id: str
    before: int
    after: int
    differences: list[Difference]


def timeline_routes(surface: Surface[Any]) -> APIRouter:
    """The history of the noun's cases in words."""
    router = APIRouter(prefix=surface.path, tags=[surface.tag])
    visible = Depends(visible_case(surface))

    @router.get("/{id}/timeline", responses=described("unknown_case", "not_yet_known"))
    async def read_timeline(
        service: Svc,
        actor: Caller,
        case: KnownCase = visible,
        at: At = None,
        happened: HappenedBy = None,
        kinds: Kinds = None,
    ) -> Timeline:
        """Everything that happened, refusals included, in the order of recording. The chain is recomputed."""
        vantage = Vantage(at, happened)
        seen_from(case, vantage)
        refusals = await service.record.chronicle.refusals(case.stream)
        reading = await reading_of(service, actor, case)
        whole = tell(case.noun, case.stream, case.rows, refusals, vantage, reading)
        if kinds is None:
            return whole
        return whole.model_copy(update={"entries": tuple(entry for entry in whole.entries if entry.kind in kinds)})

    @router.get("/{id}/diff", responses=described("unknown_case", "not_yet_known"))
    async def read_differences(
        service: Svc,
        actor: Caller,
        since: Annotated[PointText, Query(alias="from")],
        until: Annotated[PointText, Query(alias="to")],
        case: KnownCase = visible,
    ) -> DifferencesView:
        """What differs between two points: state, deadlines and texts, each with both values."""
        rows = tuple(case.rows)
        before, after = Point.of(since, "from").known(rows), Point.of(until, "to").known(rows)
        found = differences(case.noun, before, after, await reading_of(service, actor, case))
        return DifferencesView(
            id=case.stream, before=before[-1].version, after=after[-1].version, differences=list(found)
        )

    return router
