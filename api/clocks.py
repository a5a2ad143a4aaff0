"""The supervisors' list: clocks that run in the cases the caller may see, the most urgent first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api import PREFIX
from api.deps import Caller, Svc
from api.errors import described
from domain.clue.events import Department
from domain.rules import ClockKind
from domain.visibility import scope_of
from domain.worklists import ClockState

router = APIRouter(prefix=PREFIX, tags=["clocks"])


class RunningClockView(BaseModel):
    """A clock that has not ended: whose, under which rule and how sure that rule is, and its instants (UTC)."""

    model_config = ConfigDict(from_attributes=True)

    stream: str
    id: str
    kind: str
    rule: str
    certainty: str
    standing: str
    owed_by: str
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    breach_at: datetime
    paused_at: datetime | None
    provisional: bool
    overdue: bool


class ClockPageView(BaseModel):
    """One page of clocks; `next` is the cursor of the following one."""

    items: list[RunningClockView]
    next: str | None


@router.get("/clocks", responses=described("malformed"))
async def list_clocks(
    service: Svc,
    actor: Caller,
    state: ClockState = "overdue",
    kind: ClockKind | None = None,
    department: Annotated[Department | None, Query(description="Who owes it.")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ClockPageView:
    """Clocks by the instant of their breach: overdue, due soon (warned, not breached), all that run, or paused."""
    page = await service.cases.clocks(
        scope_of(actor), state, department=department, kind=kind, cursor=cursor, limit=limit
    )
    return ClockPageView(items=[RunningClockView.model_validate(row) for row in page.rows], next=page.following)
