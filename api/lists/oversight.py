"""督办: orders that departments must answer, and deadlines that were given time afterwards."""

from __future__ import annotations

from typing import Annotated, Protocol

from fastapi import APIRouter, Query

from api import PREFIX
from api.deps import Caller, Svc
from api.edge.errors import described
from domain.clue.values import Department, Region
from domain.lists.oversight import ExclusionLine, OrderLine
from domain.lists.page import Page
from domain.people.visibility import Scope, scope_of
from domain.time.oversight import OrderFilter, OrderStatus

router = APIRouter(prefix=PREFIX, tags=["oversight"])

Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]


class Oversight(Protocol):
    """What supervisors watch beside the clocks."""

    async def orders(self, scope: Scope, of: OrderFilter, *, cursor: str | None = None, limit: int) -> Page[OrderLine]:
        """Oversight orders, newest first."""
        ...

    async def exclusions(self, scope: Scope, *, cursor: str | None = None, limit: int) -> Page[ExclusionLine]:
        """Time excluded afterwards, newest first."""
        ...


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
) -> Page[OrderLine]:
    """Oversight orders in the cases the caller may see, newest first."""
    of = OrderFilter(
        standing=standing, status=status, listed=listed, by_ladder=by_ladder, department=department, region=region
    )
    return await service.lists.oversight.orders(scope_of(actor), of, cursor=cursor, limit=limit)


@router.get("/oversight/exclusions", responses=described("malformed"))
async def list_exclusions(service: Svc, actor: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[ExclusionLine]:
    """Deadlines that were given time afterwards (不计入期限), newest first: what supervisors look through."""
    return await service.lists.oversight.exclusions(scope_of(actor), cursor=cursor, limit=limit)
