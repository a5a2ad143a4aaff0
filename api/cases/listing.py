"""The plain list of a noun: the cases the caller may see, newest first. A noun may bring lists of its own instead."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Query

from api.cases.surface import Surface
from api.deps import Caller, Svc
from api.edge.errors import described
from domain.lists.cases import CaseOverview
from domain.lists.page import Page
from domain.people.visibility import Scope, scope_of

Stage = Annotated[str | None, Query(max_length=60, description="In this stage only.")]
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]


class PlainLists(Protocol):
    """Cases of any one noun."""

    async def of_kind(
        self, kind: str, scope: Scope, *, stage: str | None, cursor: str | None, limit: int
    ) -> Page[CaseOverview]:
        """One page, newest first. Raises a `malformed` error for a cursor this list did not give out."""
        ...


def list_routes(surface: Surface[Any]) -> APIRouter:
    """The noun's list."""
    router = APIRouter(prefix=surface.path, tags=[surface.tag])

    @router.get("", name=f"list_{surface.tag}", responses=described())
    async def list_cases(
        service: Svc, actor: Caller, stage: Stage = None, cursor: Cursor = None, limit: Limit = 50
    ) -> Page[CaseOverview]:
        """The cases the caller may see, newest first."""
        return await service.lists.plain.of_kind(surface.kind, scope_of(actor), stage=stage, cursor=cursor, limit=limit)

    return router
