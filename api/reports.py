"""月报: the figures of a month, frozen as they were known, with drill-down by region, as files, and side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Protocol
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from api import PREFIX
from api.deps import Caller, Key, Service, Svc, read_object
from api.edge.bodies import documented, parsed
from api.edge.errors import ApiError, described, refusal_problem
from api.edge.files import MEDIA_TYPES, attachment
from api.edge.tracing import traceparent
from domain.errors import KeyReused, Malformed
from domain.lists.page import Page
from domain.lists.registers import ReportLine
from domain.people.actors import Actor, within
from domain.reading.document import Mark
from domain.record.handler import Request as Asked
from domain.record.handler import handle
from domain.report import REPORT, refused_on, reports_on
from domain.report.contrast import Difference, differences
from domain.report.events import Form
from domain.report.figures import By, Content, Month, Region, begin_of, canonical
from domain.report.rollup import Figures, Split, departments, figures, places, splits, total
from domain.report.state import Frozen
from domain.report.tables import Names, document_of, sheets_of
from domain.report.wording import split_name
from domain.value import Instant

router = APIRouter(prefix=PREFIX, tags=["reports"])

_PATTERN = r"^report-[0-9a-f]{32}$"


class Reports(Protocol):
    """Counting a month, and what was frozen."""

    async def present(self) -> datetime:
        """Now, once everything recorded by now can be read. Raises `XiezhiError` `busy`."""
        ...

    async def counted(self, region: str, month: str, as_of: datetime) -> Content:
        """The figures of a region's month as known at `as_of`."""
        ...

    async def page(self, region: str, *, month: str | None, cursor: str | None, limit: int) -> Page[ReportLine]:
        """One page of the reports on a region's subtree; cursors as in `CaseLists.page`."""
        ...

    async def one(self, stream: str) -> Frozen | None:
        """A report as it was frozen."""
        ...


class ReportBody(BaseModel):
    """Which month of which region, with everything below it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    region: Region
    month: Month


class ReportLineView(BaseModel):
    """A frozen report. `digest`: SHA-256 over its canonical JSON (`GET /reports/{id}/file?as=json`)."""

    id: str
    region: str
    region_name: str
    month: str
    as_of: Instant
    frozen_at: Instant
    account: str
    digest: str


class PartView(BaseModel):
    """The figures of a part: a region below, a department, a category, a channel, a result, a kind of clock."""

    of: str
    name: str
    figures: Figures


class SplitsView(BaseModel):
    """A region with everything below it, split in four ways. Only completions have a result, only clocks a kind."""

    category: list[PartView]
    channel: list[PartView]
    result: list[PartView]
    clock: list[PartView]


class NodeView(BaseModel):
    """A region with everything below it. `regions` (one level down) and `departments` (those that answer for cases of
    the region itself) add up to `figures`."""

    region: str
    name: str
    figures: Figures
    regions: list[PartView]
    departments: list[PartView]
    splits: SplitsView


class ReportView(ReportLineView):
    """A frozen report, looked at from one of its regions. `complete`: the month was over. `known_since`: the month of
    the earliest case known of; earlier ones are no base of comparison."""

    complete: bool
    known_since: str | None
    node: NodeView


class ContrastView(BaseModel):
    """What differs between two reports on the same month: what was corrected after the one and before the other."""

    one: ReportLineView
    other: ReportLineView
    items: list[Difference]


@router.post(
    "/reports",
    status_code=201,
    response_model=ReportView,
    responses=described("idempotency_key_missing", "key_reused", "wrong_role", "wrong_region", "month_not_begun"),
    openapi_extra=documented(ReportBody, {"region": "370102", "month": "2026-10"}),
)
async def freeze_report(request: Request, service: Svc, actor: Caller, key: Key) -> Response:
    """Count a month as known now and keep it for ever. Asked again after corrections it gives another report."""
    body = parsed(ReportBody, await read_object(request))
    refused = refused_on(actor, body.region)
    if refused is not None:
        return refusal_problem(refused)
    stream = REPORT.name_stream(None, actor, key)
    frozen = await service.taking_out.reports.one(stream) or await _frozen(service, actor, key, body, stream)
    if (frozen.content.region, frozen.content.month) != (body.region, body.month):
        raise KeyReused("该 Idempotency-Key 已用于另一请求,请换用新的键")
    view = await _view(service, stream, frozen, body.region)
    headers = {"Location": f"{PREFIX}/reports/{stream}"}
    return JSONResponse(view.model_dump(mode="json"), status_code=201, headers=headers)


async def _frozen(service: Service, actor: Actor, key: str, body: ReportBody, stream: str) -> Frozen:
    """Count and record. Of two that ask under one key at once, the second gets what the first recorded."""
    as_of = await service.taking_out.reports.present()
    if begin_of(body.month) > as_of:
        raise ApiError("month_not_begun")
    content = await service.taking_out.reports.counted(body.region, body.month, as_of)
    counted = {"content": content.model_dump(mode="json")}
    try:
        await handle(service.world, REPORT, Asked(actor, key, "freeze", counted, traceparent=traceparent()))
    except KeyReused:
        if (first := await service.taking_out.reports.one(stream)) is not None:
            return first
        raise
    frozen = await service.taking_out.reports.one(stream)
    assert frozen is not None  # noqa: S101 — nothing is left to refuse
    return frozen


@router.get("/reports", response_model=Page[ReportLineView], responses=described("wrong_role"))
async def list_reports(
    service: Svc,
    actor: Caller,
    month: Annotated[Month | None, Query(description="Only reports on this month, `2026-10`.")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[ReportLineView] | Response:
    """The frozen reports on the caller's region and those below it, newest first."""
    refused = refused_on(actor, actor.region)
    if refused is not None:
        return refusal_problem(refused)
    page = await service.taking_out.reports.page(actor.region, month=month, cursor=cursor, limit=limit)
    names = Names(service.regions)
    return page.mapped(lambda line: _listed(line, names))


def _listed(line: ReportLine, names: Names) -> ReportLineView:
    entry = line.entry
    return ReportLineView(
        id=line.stream, region_name=names.region(entry.region), **entry.model_dump(include=_AS_THEY_STAND)
    )


_AS_THEY_STAND = {"region", "month", "as_of", "frozen_at", "account", "digest"}


async def _visible(service: Service, actor: Actor, report: str) -> Frozen:
    frozen = await service.taking_out.reports.one(report)
    if frozen is None or not reports_on(actor, frozen.content.region):
        raise ApiError("unknown_report")
    return frozen


async def visible_report(
    service: Svc, actor: Caller, report: Annotated[str, Path(alias="id", pattern=_PATTERN)]
) -> tuple[str, Frozen]:
    """The report, when the caller may read it."""
    return report, await _visible(service, actor, report)


VisibleReport = Annotated[tuple[str, Frozen], Depends(visible_report)]


@router.get("/reports/{id}", responses=described("unknown_report"))
async def read_report(
    service: Svc,
    report: VisibleReport,
    region: Annotated[Region | None, Query(description="Look at this region of the report.")] = None,
) -> ReportView:
    """A report, the same for ever; `region` goes down to a city, a district and its departments."""
    stream, frozen = report
    return await _view(service, stream, frozen, region or frozen.content.region)


@router.get("/reports/{id}/file", response_class=Response, responses=described("unknown_report", "document_too_large"))
async def fetch_report(
    service: Svc,
    actor: Caller,
    report: VisibleReport,
    form: Annotated[Form, Query(alias="as", description="The format; `json` is what the digest is over.")] = "xlsx",
) -> Response:
    """The report as a file, made anew from what was frozen. That it was taken out is recorded first."""
    stream, frozen = report
    content = await _file(service, actor, frozen.content, form)
    issued = {"form": form, "size": len(content), "digest": hashlib.sha256(content).hexdigest()}
    asked = Asked(actor, uuid4().hex, "issue_report", issued, stream, traceparent=traceparent())
    handled = await handle(service.world, REPORT, asked)
    if handled.outcome.refusal is not None:
        return refusal_problem(handled.outcome.refusal)
    name = f"report-{frozen.content.region}-{frozen.content.month}.{form}"
    return Response(content, media_type=MEDIA_TYPES[form], headers=attachment(name))


async def _file(service: Service, actor: Actor, content: Content, form: Form) -> bytes:
    if form == "json":
        return canonical(content)
    mark = Mark(actor.account, service.now().astimezone(UTC), "statistics", training=await service.training())
    names = await _names(service)
    if form == "xlsx":
        return await service.taking_out.documents.tabulated(sheets_of(content, names), mark)
    return await service.taking_out.documents.printed(document_of(content, names, mark), form)


@router.get("/reports/{id}/diff/{other}", responses=described("unknown_report", "reports_not_comparable"))
async def contrast_reports(
    service: Svc, actor: Caller, report: VisibleReport, other: Annotated[str, Path(pattern=_PATTERN)]
) -> ContrastView:
    """What differs between two reports on the same region and month."""
    stream, frozen = report
    second = await _visible(service, actor, other)
    found = differences(frozen.content, second.content)
    return ContrastView(one=_line(service, stream, frozen), other=_line(service, other, second), items=list(found))


async def _names(service: Service) -> Names:
    return Names(service.regions, await service.record.chronicle.departments())


def _line(service: Service, stream: str, frozen: Frozen) -> ReportLineView:
    content = frozen.content
    return ReportLineView(
        id=stream,
        region=content.region,
        region_name=Names(service.regions).region(content.region),
        month=content.month,
        as_of=content.as_of,
        frozen_at=frozen.frozen_at,
        account=frozen.account,
        digest=frozen.digest,
    )


async def _view(service: Service, stream: str, frozen: Frozen, region: str) -> ReportView:
    content = frozen.content
    if not within(region, content.region):
        detail = "Value error, 不在本月报的行政区划之内"
        raise Malformed([{"at": "region", "problem": "value_error", "detail": detail}])
    return ReportView(
        **_line(service, stream, frozen).model_dump(),
        complete=content.complete,
        known_since=content.known_since,
        node=_node(content, region, await _names(service)),
    )


def _node(content: Content, region: str, names: Names) -> NodeView:
    def split(by: By) -> list[PartView]:
        return _parts(content, splits(content, region, by), by, names)

    return NodeView(
        region=region,
        name=names.region(region),
        figures=figures(content, total(content, region)),
        regions=[
            PartView(of=place.region, name=names.region(place.region), figures=figures(content, place.counts))
            for place in places(content, region)
        ],
        departments=_parts(content, departments(content, region), "department", names),
        splits=SplitsView(
            category=split("category"), channel=split("channel"), result=split("result"), clock=split("clock")
        ),
    )


def _parts(content: Content, found: Sequence[Split], by: By, names: Names) -> list[PartView]:
    return [
        PartView(
            of=part.of,
            name=names.department(part.of) if by == "department" else split_name(by, part.of),
            figures=figures(content, part.counts),
        )
        for part in found
    ]
