"""Saved filters: what people keep asking lists for. Each account has its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from api import PREFIX
from api.deps import Caller, Svc, read_object
from api.edge.bodies import documented, parsed
from api.edge.errors import ApiError, described
from api.lists.queries import ListQuery
from domain.errors import XiezhiError
from domain.lists.worklists import SavedFilter

router = APIRouter(prefix=PREFIX, tags=["filters"])

MAX_FILTERS = 50

Slug = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="Its name in addresses.")]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=r"^[^\x00-\x1f]*$")
]


class SavedFilters(Protocol):
    """The filters people keep for themselves."""

    async def of(self, account: str) -> Sequence[SavedFilter]:
        """An account's filters in their order."""
        ...

    async def put(self, account: str, saved: SavedFilter, *, at_most: int) -> bool:
        """Keep a filter under its slug, new or changed; False when it would be one too many."""
        ...

    async def drop(self, account: str, slug: str) -> bool:
        """Forget a filter; False when there is none of this slug."""
        ...


class FilterBody(BaseModel):
    """A filter to keep. `query` is what `GET /clues` takes, without words to search for, instants and pages."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    title: Title
    query: ListQuery
    pinned: bool = Field(default=False, description="Counted on the start page.")
    place: int = Field(default=0, ge=0, le=999, description="Its place among the others, the lowest first.")


class SavedFilterView(BaseModel):
    """A kept filter. `broken`: lists no longer take it; it stays until it is changed or dropped."""

    slug: str
    title: str
    query: dict[str, Any]
    pinned: bool
    place: int
    broken: bool


class FiltersView(BaseModel):
    """All filters of the caller, in their order."""

    items: list[SavedFilterView]


def query_of(saved: SavedFilter) -> ListQuery | None:
    """What a kept filter asks for; None when lists no longer take it."""
    try:
        query = ListQuery.model_validate(dict(saved.query))
        query.narrowed()
    except (ValidationError, XiezhiError):
        return None
    return query


@router.get("/filters", responses=described())
async def list_filters(service: Svc, actor: Caller) -> FiltersView:
    """The caller's filters."""
    saved = await service.lists.filters.of(actor.account)
    return FiltersView(items=[_view(each) for each in saved])


@router.put(
    "/filters/{slug}",
    responses=described("cannot_combine", "too_many_filters"),
    openapi_extra=documented(FilterBody, {"title": "在核查", "query": {"stage": ["verifying"]}, "pinned": True}),
)
async def keep_filter(request: Request, service: Svc, actor: Caller, slug: Slug) -> SavedFilterView:
    """Keep a filter, new or changed. Again changes nothing."""
    body = parsed(FilterBody, await read_object(request))
    body.query.narrowed()
    asked = body.query.model_dump(mode="json", exclude_defaults=True)
    saved = SavedFilter(slug=slug, title=body.title, query=asked, pinned=body.pinned, place=body.place)
    if not await service.lists.filters.put(actor.account, saved, at_most=MAX_FILTERS):
        raise ApiError("too_many_filters")
    return _view(saved)


@router.delete("/filters/{slug}", status_code=204, responses=described("unknown_filter"))
async def drop_filter(service: Svc, actor: Caller, slug: Slug) -> Response:
    """Forget a filter."""
    if not await service.lists.filters.drop(actor.account, slug):
        raise ApiError("unknown_filter")
    return Response(status_code=204)


def _view(saved: SavedFilter) -> SavedFilterView:
    return SavedFilterView(**saved.model_dump(), broken=query_of(saved) is None)
