"""Lists of clues: worklists, filters, as they stand or stood; how long they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol, get_args

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api import PREFIX
from api.deps import Caller, Svc
from api.edge.errors import described
from api.lists.filters import query_of
from api.lists.queries import ListQuery, PageQuery
from domain.clue import CLUE
from domain.clue.values import CATEGORY_NAMES, CHANNEL_NAMES
from domain.lists.cases import CaseLine
from domain.lists.page import Page
from domain.lists.worklists import Count, Selection, Worklist
from domain.people.visibility import Scope, scope_of
from domain.value import Instant

router = APIRouter(prefix=PREFIX, tags=["clues"])

COUNTED_FILTERS = 10
"""Pinned filters whose cases are counted for a start page."""


class CaseLists(Protocol):
    """Lists of clues, and how long they are."""

    async def page(self, of: Selection, *, cursor: str | None, limit: int) -> Page[CaseLine]:
        """One page of a list. Raises a `malformed` error for a cursor this list did not give out."""
        ...

    async def count(self, of: Selection) -> Count:
        """How long a list is, exact up to a bound."""
        ...

    async def counts(self, of: Mapping[str, Selection]) -> Mapping[str, Count]:
        """How long several lists are, each exact up to a smaller bound."""
        ...

    async def by_stage(self, scope: Scope) -> Mapping[str, Count]:
        """How many clues of a scope are in each stage, bounded as `counts`."""
        ...


class CaseLineView(BaseModel):
    """One line of a list of clues, with the titles of its codes."""

    id: str
    stage: str
    stage_title: str
    region: str
    channel: str
    channel_title: str
    category: str
    category_title: str
    number: str | None
    external_id: str | None
    entity: str | None
    responsible: str
    lead: str | None
    handler: str | None
    returns: int
    reopenings: int
    registered_at: Instant
    completed: bool
    clock: str | None
    """The kind of the deadline that is shown: the most urgent that runs."""
    clock_standing: str | None
    """Whether it is statutory, promised or internal."""
    due_at: Instant | None
    overdue: bool
    snippet: str | None
    """For a search: around the first place where a readable text says it."""


class CountView(BaseModel):
    """How many; `more`: there are more than were counted."""

    count: int
    more: bool


class CountedFilter(CountView):
    """A pinned filter and how many cases it finds."""

    slug: str
    title: str


class CountsView(BaseModel):
    """The numbers of a start page, each counted up to 1,000."""

    worklists: dict[str, CountView]
    stages: dict[str, CountView]
    filters: list[CountedFilter]


@router.get("/clues", responses=described("malformed", "cannot_combine", "unsearchable", "use_lookup"))
async def list_clues(service: Svc, actor: Caller, query: Annotated[PageQuery, Query()]) -> Page[CaseLineView]:
    """The clues the caller may see, newest first; what is asked of clocks comes most urgent first.

    With `at` or `happened` the list as it was then, of the clues the caller may see now; it shows no clocks.
    """
    page = await service.lists.cases.page(query.selection(actor), cursor=query.cursor, limit=query.limit)
    return page.mapped(_line)


@router.get("/clues/count", responses=described("malformed", "cannot_combine"))
async def count_clues(service: Svc, actor: Caller, query: Annotated[ListQuery, Query()]) -> CountView:
    """How many clues such a list holds, exact up to 10,000."""
    return _counted(await service.lists.cases.count(query.selection(actor)))


@router.get("/clues/counts", responses=described())
async def count_worklists(service: Svc, actor: Caller) -> CountsView:
    """How many clues are in the caller's worklists, stages and pinned filters."""
    lists = {name: ListQuery(worklist=name).selection(actor) for name in get_args(Worklist)}
    saved = await service.lists.filters.of(actor.account)
    asked = {each.slug: (each.title, query) for each in saved if each.pinned and (query := query_of(each)) is not None}
    pinned = dict(list(asked.items())[:COUNTED_FILTERS])
    found = await service.lists.cases.counts({slug: query.selection(actor) for slug, (_, query) in pinned.items()})
    worklists = await service.lists.cases.counts(lists)
    stages = await service.lists.cases.by_stage(scope_of(actor))
    return CountsView(
        worklists={name: _counted(count) for name, count in worklists.items()},
        stages={stage: _counted(count) for stage, count in stages.items()},
        filters=[CountedFilter(slug=slug, title=title, **vars(found[slug])) for slug, (title, _) in pinned.items()],
    )


def _counted(count: Count) -> CountView:
    return CountView(count=count.count, more=count.more)


def _line(row: CaseLine) -> CaseLineView:
    found = row.summary
    return CaseLineView(
        **found.model_dump(include=set(CaseLineView.model_fields)),
        id=row.stream,
        stage_title=CLUE.stage_title(found.stage),
        channel_title=_named(CHANNEL_NAMES, found.channel),
        category_title=_named(CATEGORY_NAMES, found.category),
        clock=row.clock.kind if row.clock else None,
        clock_standing=row.clock.standing if row.clock else None,
        due_at=row.clock.due_at if row.clock else None,
        overdue=row.clock.overdue if row.clock else False,
        snippet=row.snippet,
    )


def _named(names: Mapping[Any, str], code: str) -> str:
    return names.get(code, code)
