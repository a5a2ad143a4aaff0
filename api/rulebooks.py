"""`GET /rulebooks`: by which rules and calendars the installation worked, and since when."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from api import PREFIX
from api.deps import Caller, Svc
from api.edge.errors import described
from domain.record.envelope import read
from domain.value import Instant

router = APIRouter(prefix=PREFIX, tags=["rulebooks"])


class EditionView(BaseModel):
    """One edition; in force from `since` until `until`, which is None for the one in force now."""

    book: str
    name: str
    edition: str
    digest: str
    rows: int
    since: Instant
    until: Instant | None


class RulebooksView(BaseModel):
    """All editions of the rule pack and of each calendar, oldest first."""

    items: list[EditionView]


@router.get("/rulebooks", responses=described())
async def list_rulebooks(service: Svc, _actor: Caller) -> RulebooksView:
    """What was in force when. Everybody logged in may know it: deadlines rest on it."""
    items: list[EditionView] = []
    for stream in await service.people.accounts.rulebooks():
        editions = [read(row) for row in await service.record.streams.history(stream)]
        ends = [*(following.occurred_at for following in editions[1:]), None]
        items += [
            EditionView(**dict(envelope.event), since=envelope.occurred_at, until=until)
            for envelope, until in zip(editions, ends, strict=True)
        ]
    return RulebooksView(items=items)
