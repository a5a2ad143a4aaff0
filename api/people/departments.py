"""`GET /departments`: to whom a clue may go, to whom an account may belong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api import PREFIX
from api.deps import Caller, Svc
from api.edge.errors import described
from domain.lists.accounts import Department
from domain.people.actors import region_prefix

router = APIRouter(prefix=PREFIX, tags=["departments"])


class DepartmentsView(BaseModel):
    """Departments in the order of their regions."""

    items: Sequence[Department]


@router.get("/departments", responses=described("malformed"))
async def list_departments(
    service: Svc,
    _actor: Caller,
    region: Annotated[str, Query(pattern=r"^[0-9]{6}$", description="The region and all below it.")] = "000000",
) -> DepartmentsView:
    """The departments of a region and all regions below it. Everybody logged in may know them."""
    return DepartmentsView(items=await service.people.accounts.departments(region_prefix(region)))
