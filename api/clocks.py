"""The supervisors' list: running clocks of the cases the caller may see, the most urgent first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api import PREFIX
from api.deps import Caller, Svc
from api.errors import described
from api.ports import ClockState
from domain.visibility import scope_of

router = APIRouter(prefix=PREFIX, tags=["clocks"])


class RunningClockView(BaseModel):
    """A running clock: whose, under which rule and how sure that rule is, and its instants (UTC)."""

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
    department: Annotated[str | None, Query(max_length=40, description="Who owes it.")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ClockPageView:
    """Running clocks by the instant of their breach: overdue, due soon (warned, not breached), or all."""
    page = await service.cases.clocks(scope_of(actor), state, department=department, cursor=cursor, limit=limit)
    return ClockPageView(items=[RunningClockView.model_validate(row) for row in page.rows], next=page.following)
