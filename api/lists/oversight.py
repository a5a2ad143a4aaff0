"""督办: orders that departments must answer, and deadlines that were given time afterwards."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api import PREFIX
from api.deps import Caller, Svc
from api.edge.errors import described
from domain.clue.values import Department, Region
from domain.people.visibility import scope_of
from domain.time.oversight import OrderFilter, OrderStatus

router = APIRouter(prefix=PREFIX, tags=["oversight"])

Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]


class OrderView(BaseModel):
    """An oversight order: to whom, about which case, and how far it has come.

    `clock` is the overdue clock whose ladder ordered it by itself; without one somebody did by hand.
    """

    model_config = ConfigDict(from_attributes=True)

    stream: str
    order: str
    number: str | None
    stage: str
    department: str
    region: str
    ordered_at: datetime
    ordered_by: str
    clock: str | None
    answer_by: date | None
    listed: bool
    status: str
    answers: int


class OrdersView(BaseModel):
    """One page of orders; `next` is the cursor of the following one."""

    items: list[OrderView]
    next: str | None


class ExclusionView(BaseModel):
    """A stretch of time that was excluded after it had passed, by whom, and in which case.

    The document it rests on stands in the case.
    """

    model_config = ConfigDict(from_attributes=True)

    stream: str
    version: int
    number: str | None
    responsible: str
    region: str
    ground: str
    since: datetime
    until: datetime
    account: str
    department: str
    recorded_at: datetime


class ExclusionsView(BaseModel):
    """One page of exclusions; `next` is the cursor of the following one."""

    items: list[ExclusionView]
    next: str | None


@router.get("/oversight/orders", responses=described("malformed"))
async def list_orders(
    service: Svc,
    actor: Caller,
    standing: Annotated[bool | None, Query(description="Neither settled nor withdrawn nor lapsed.")] = None,
    status: OrderStatus | None = None,
    listed: Annotated[bool | None, Query(description="挂牌督办.")] = None,
    by_ladder: Annotated[bool | None, Query(description="Ordered by the ladder of an overdue clock.")] = None,
    department: Department | None = None,
    region: Annotated[Region | None, Query(description="With everything below it.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OrdersView:
    """Oversight orders in the cases the caller may see, newest first."""
    of = OrderFilter(
        standing=standing, status=status, listed=listed, by_ladder=by_ladder, department=department, region=region
    )
    page = await service.oversight.orders(scope_of(actor), of, cursor=cursor, limit=limit)
    return OrdersView(items=[OrderView.model_validate(row) for row in page.rows], next=page.following)


@router.get("/oversight/exclusions", responses=described("malformed"))
async def list_exclusions(service: Svc, actor: Caller, cursor: Cursor = None, limit: Limit = 50) -> ExclusionsView:
    """Deadlines that were given time afterwards (不计入期限), newest first: what supervisors look through."""
    page = await service.oversight.exclusions(scope_of(actor), cursor=cursor, limit=limit)
    return ExclusionsView(items=[ExclusionView.model_validate(row) for row in page.rows], next=page.following)
