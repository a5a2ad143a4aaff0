"""`GET /departments`: to whom a clue may go, to whom an account may belong."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api import PREFIX
from api.deps import Caller, Svc
from api.edge.errors import described
from domain.people.actors import region_prefix

router = APIRouter(prefix=PREFIX, tags=["departments"])


class DepartmentView(BaseModel):
    """A department and the region it works in."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    region: str
    active: bool


class DepartmentsView(BaseModel):
    """Departments in the order of their regions."""

    items: list[DepartmentView]


@router.get("/departments", responses=described("malformed"))
async def list_departments(
    service: Svc,
    _actor: Caller,
    region: Annotated[str, Query(pattern=r"^[0-9]{6}$", description="The region and all below it.")] = "000000",
) -> DepartmentsView:
    """The departments of a region and all regions below it. Everybody logged in may know them."""
    found = await service.accounts.departments(region_prefix(region))
    return DepartmentsView(items=[DepartmentView.model_validate(row) for row in found])
