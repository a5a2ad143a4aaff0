"""Taking lists out: a file made in the background. That it was taken out is recorded before it goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal, Protocol
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api import PREFIX
from api.deps import Caller, Key, Service, Svc, read_object
from api.edge.bodies import documented, parsed
from api.edge.errors import ApiError, described, refusal_problem
from api.edge.files import MEDIA_TYPES, attachment
from api.edge.tracing import traceparent
from api.lists.queries import ListQuery
from domain.export import EXPORT, audits
from domain.export.events import FailureCode, ListForm, Purpose
from domain.export.state import ExportEntry
from domain.lists.page import Page
from domain.lists.registers import ExportLine
from domain.lists.search import MAX_QUERY, parse_query
from domain.people.actors import Actor, region_prefix, within
from domain.record.handler import Handled, handle
from domain.record.handler import Request as Asked
from domain.value import Instant
from domain.words import words_in

router = APIRouter(prefix=PREFIX, tags=["exports"])

UNDER_WAY = 3
"""So many lists of one account may be in the making."""
_ID = Path(alias="id", pattern=r"^export-[0-9a-f]{32}$")


class Exports(Protocol):
    """The register of exports, and the files that lie ready."""

    async def page(
        self, *, account: str | None, region_prefix: str | None, cursor: str | None, limit: int
    ) -> Page[ExportLine]:
        """Exports of an account, or by accounts of a region's subtree; cursors as in `CaseLists.page`."""
        ...

    async def one(self, stream: str) -> ExportLine | None:
        """One export."""
        ...

    async def under_way(self, account: str) -> int:
        """How many lists of an account are being made."""
        ...

    def has(self, stream: str, digest: str, form: str) -> bool:
        """Whether the file lies ready."""
        ...

    def content(self, stream: str, digest: str, form: str) -> AsyncIterator[bytes]:
        """The file in chunks."""
        ...


class ExportBody(BaseModel):
    """What to export. `query` is what `GET /clues` takes; `q` are words to look for in readable texts."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    form: ListForm
    query: ListQuery = Field(default_factory=ListQuery)
    q: Annotated[str, Field(max_length=MAX_QUERY)] | None = None
    purpose: Purpose | None = None


class FailureView(BaseModel):
    """Why a file could not be made, and what to do."""

    code: str
    detail: str


class ExportView(BaseModel):
    """An export. `available`: the requester may fetch the file now."""

    id: str
    subject: Literal["list", "case"]
    account: str
    form: str
    purpose: str | None
    purpose_title: str | None
    query: dict[str, Any]
    """The filter of a list."""
    searched: bool
    case: str | None
    """The case a document was made of."""
    status: str
    status_title: str
    progress: int
    total: int | None
    rows: int | None
    size: int | None
    digest: str | None
    with_texts: bool
    requested_at: Instant
    completed_at: Instant | None
    expires_at: Instant | None
    fetched: int
    fetched_at: Instant | None
    failure: FailureView | None
    available: bool


@router.post(
    "/exports",
    status_code=202,
    response_model=ExportView,
    responses=described(
        "idempotency_key_missing",
        "key_reused",
        "wrong_role",
        "cannot_combine",
        "unsearchable",
        "use_lookup",
        "too_many_exports",
    ),
    openapi_extra=documented(ExportBody, {"form": "xlsx", "query": {"stage": ["verifying"]}, "purpose": "statistics"}),
)
async def request_export(request: Request, service: Svc, actor: Caller, key: Key) -> Response:
    """Have the rows of a list made into a file, in the background."""
    body = parsed(ExportBody, await read_object(request))
    narrowed = body.query.narrowed()
    looked_for = body.q if body.q and body.q.strip() else None
    if looked_for is not None:
        parse_query(looked_for)
    asked = {
        "form": body.form,
        "filters": narrowed.model_dump(mode="json", exclude_defaults=True),
        "search": looked_for,
        "purpose": body.purpose,
    }
    await _not_too_many(service, actor, key)
    handled = await _record(service, actor, "request", key, asked)
    if handled.outcome.refusal is not None:
        return refusal_problem(handled.outcome.refusal)
    line = await _line(service, actor, handled.outcome.stream)
    headers = {"Location": f"{PREFIX}/exports/{line.stream}"}
    return JSONResponse(_view(service, line).model_dump(mode="json"), status_code=202, headers=headers)


async def _not_too_many(service: Service, actor: Actor, key: str) -> None:
    """Refuse one more while several are being made; a repeat is not one more."""
    repeat = await service.taking_out.exports.one(EXPORT.name_stream(None, actor, key)) is not None
    if not repeat and await service.taking_out.exports.under_way(actor.account) >= UNDER_WAY:
        raise ApiError("too_many_exports")


@router.get("/exports", responses=described())
async def list_exports(
    service: Svc,
    actor: Caller,
    own: Annotated[bool, Query(description="Only the caller's, also for who audits others.")] = False,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[ExportView]:
    """The caller's exports; for auditors and audit administrators those of everybody in their region."""
    overseeing = audits(actor) and not own
    page = await service.taking_out.exports.page(
        account=None if overseeing else actor.account,
        region_prefix=region_prefix(actor.region) if overseeing else None,
        cursor=cursor,
        limit=limit,
    )
    return page.mapped(lambda line: _view(service, line))


async def visible_export(service: Svc, actor: Caller, export: Annotated[str, _ID]) -> ExportLine:
    """The export, when the caller may know of it."""
    return await _line(service, actor, export)


VisibleExport = Annotated[ExportLine, Depends(visible_export)]


@router.get("/exports/{id}", responses=described("unknown_export"))
async def read_export(service: Svc, line: VisibleExport) -> ExportView:
    """How far an export has come."""
    return _view(service, line)


@router.get(
    "/exports/{id}/file",
    response_class=Response,
    responses=described("unknown_export", "wrong_account", "export_not_ready", "export_expired", "export_withdrawn"),
)
async def fetch_export(service: Svc, actor: Caller, line: VisibleExport) -> Response:
    """The file, for who asked for it. That it was fetched is recorded before the first byte is sent."""
    entry = line.entry
    if line.withdrawn and entry.stage == "made":
        raise ApiError("export_withdrawn")
    if entry.digest is not None and entry.stage == "made" and not _lies_ready(service, line):
        raise ApiError("export_expired")
    handled = await _record(service, actor, "fetch", uuid4().hex, {}, line.stream)
    if handled.outcome.refusal is not None:
        return refusal_problem(handled.outcome.refusal)
    assert entry.digest is not None  # noqa: S101 — only a file that was made is fetched
    return StreamingResponse(
        service.taking_out.exports.content(line.stream, entry.digest, entry.form),
        media_type=MEDIA_TYPES[entry.form],
        headers={**attachment(f"{line.stream}.{entry.form}"), "Content-Length": str(entry.size)},
    )


@router.delete(
    "/exports/{id}",
    status_code=204,
    responses=described("unknown_export", "wrong_account", "export_over"),
)
async def cancel_export(service: Svc, actor: Caller, line: VisibleExport) -> Response:
    """Cancel an export that is not made yet."""
    handled = await _record(service, actor, "cancel", uuid4().hex, {}, line.stream)
    if handled.outcome.refusal is not None:
        return refusal_problem(handled.outcome.refusal)
    return Response(status_code=204)


async def _record(
    service: Service, actor: Actor, slug: str, key: str, body: Mapping[str, Any], stream: str | None = None
) -> Handled:
    """Hand a command to the record, and tell the process what it must hear."""
    asked = Asked(actor, key, slug, body, stream, traceparent=traceparent(), notify_process=slug in _FOLLOWED)
    handled = await handle(service.world, EXPORT, asked)
    for advance in handled.advances:
        service.processes.telling.submit(advance)
    return handled


_FOLLOWED = frozenset({"request", "cancel"})
"""What the process must hear; after a fetched file it has nothing to do."""


async def _line(service: Service, actor: Actor, export: str) -> ExportLine:
    line = await service.taking_out.exports.one(export)
    if line is None or not _may_see(actor, line):
        raise ApiError("unknown_export")
    return line


def _may_see(actor: Actor, line: ExportLine) -> bool:
    """As `EXPORT.admits`, by the row."""
    return line.entry.account == actor.account or (audits(actor) and within(line.entry.region, actor.region))


def _lies_ready(service: Service, line: ExportLine) -> bool:
    entry = line.entry
    return entry.digest is not None and service.taking_out.exports.has(line.stream, entry.digest, entry.form)


_AS_THEY_STAND = ExportView.model_fields.keys() & ExportEntry.model_fields.keys() - {"failure"}


def _view(service: Service, line: ExportLine) -> ExportView:
    entry = line.entry
    in_time = entry.expires_at is not None and service.now() < entry.expires_at
    return ExportView(
        **entry.model_dump(include=_AS_THEY_STAND),
        id=line.stream,
        subject="case" if entry.about else "list",
        purpose_title=words_in(Purpose)[entry.purpose] if entry.purpose else None,
        query=dict(entry.filters),
        case=entry.about,
        status=entry.stage,
        status_title=EXPORT.stages[entry.stage],
        progress=line.progress,
        total=line.total,
        failure=FailureView(code=entry.failure, detail=words_in(FailureCode).get(entry.failure, entry.failure))
        if entry.failure
        else None,
        available=entry.stage == "made" and in_time and not line.withdrawn,
    )
