"""A case as it stands or stood, its record, its live process, and the files it rests on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import AwareDatetime, BaseModel

from api.cases.surface import KnownCase, Surface
from api.cases.views import ClockView, CommandView, TextView, clocks_of, commands_for, record_of, state_of, texts_of
from api.deps import Caller, CaseId, Service, Svc, etag
from api.edge.errors import ApiError, described
from domain.errors import UnknownCase
from domain.people.actors import Actor
from domain.reading.timeline import Reading, RefusedCommand, Vantage
from domain.record.envelope import GENESIS, StoredEvent
from domain.time.case_clocks import Alarm

PROCESS_ANSWER_SECONDS = 1.5

At = Annotated[AwareDatetime | None, Query(description="As known at this recording time.")]
HappenedBy = Annotated[AwareDatetime | None, Query(description="Only what had happened by this business time.")]


class History(Protocol):
    """The record itself."""

    async def history(self, stream: str) -> tuple[StoredEvent, ...]:
        """All events of a stream in order; empty when there is none."""
        ...


class Chronicle(Protocol):
    """What is told of a case besides its events."""

    async def refusals(self, stream: str) -> Sequence[RefusedCommand]:
        """The commands on a stream that a rule said no to, in order of time."""
        ...

    async def departments(self) -> Mapping[str, str]:
        """The name of every department by its code."""
        ...

    async def checkpoint(self) -> str | None:
        """The newest signed note over all stream heads, if one was taken."""
        ...


class Texts(Protocol):
    """The vault."""

    async def texts(self, refs: Iterable[UUID]) -> Mapping[UUID, str | None]:
        """The texts behind references; None for an erased one."""
        ...


class Processes(Protocol):
    """The live workflows."""

    async def view(self, stream: str) -> ProcessView:
        """What the case's process waits for; `unavailable` when Temporal or its worker does not answer in time."""
        ...

    async def reachable(self) -> bool:
        """Whether Temporal answers."""
        ...


class ProcessView(BaseModel):
    """A case's process as it says itself."""

    status: Literal["running", "completed", "missing", "unavailable"]
    applied: int | None = None
    awaited: str | None = None
    alarm: Alarm | None = None
    trouble: str | None = None


class CaseView(BaseModel):
    """A case as it stands, or as it was known at `as_of` about what had happened by `happened_by`.

    Steps are offered for the present only.
    """

    id: str
    version: int
    steps: int
    as_of: datetime | None
    happened_by: datetime | None
    state: dict[str, Any]
    texts_readable: bool
    texts: list[TextView]
    clocks: list[ClockView]
    commands: list[CommandView]


class RecordPage(BaseModel):
    """A stretch of the record; `next` is the `after` of the following one."""

    items: list[dict[str, Any]]
    next: int | None


class ProcessAnswer(BaseModel):
    """Where the record stands and where the live process does."""

    process: str
    recorded: int
    applied: int | None
    behind: bool
    awaited: str | None
    alarm: Alarm | None
    trouble: str | None


def reading_routes(surface: Surface[Any]) -> APIRouter:
    """Reading cases of the noun."""
    router = APIRouter(prefix=surface.path, tags=[surface.tag])
    visible = Depends(visible_case(surface))

    @router.get(
        "/{id}",
        name=f"read_{surface.kind}",
        response_model=CaseView,
        responses=described("unknown_case", "not_yet_known"),
    )
    async def read_case(
        service: Svc, actor: Caller, case: KnownCase = visible, at: At = None, happened: HappenedBy = None
    ) -> Response:
        """A case: state, clocks, and the steps the caller may take now."""
        return await _shown(service, actor, case, Vantage(at, happened))

    @router.get("/{id}/events", responses=described("unknown_case", "malformed"))
    async def read_record(
        case: KnownCase = visible,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> RecordPage:
        """The record of a case in order, each event with its hash over the previous hash and the RFC 8785 text."""
        rows = case.rows[after : after + limit]
        previous = case.rows[after - 1].hash if rows and after else GENESIS
        more = after + len(rows) < len(case.rows)
        return RecordPage(items=record_of(rows, previous), next=after + len(rows) if more else None)

    @router.get("/{id}/process", responses=described("unknown_case"))
    async def read_process(service: Svc, case: KnownCase = visible) -> ProcessAnswer:
        """What the live workflow waits for, and whether it has caught up with the record. Answers in two seconds."""
        return await _process_of(service, case)

    @router.get(
        "/{id}/evidence/{digest}",
        response_class=Response,
        responses=described("unknown_case", "unknown_file", "file_sealed", "text_not_readable"),
    )
    async def read_evidence(service: Svc, actor: Caller, digest: str, case: KnownCase = visible) -> Response:
        """A file the case rests on, for those who may read its texts."""
        return await _file_of(service, actor, case, digest)

    return router


def visible_case(surface: Surface[Any]) -> Callable[..., Awaitable[KnownCase]]:
    """The dependency that finds a case of the noun, when the caller may see it."""

    async def visible(service: Svc, actor: Caller, case: CaseId) -> KnownCase:
        return await see(surface, service, actor, case)

    return visible


async def see(surface: Surface[Any], service: Service, actor: Actor, stream: str) -> KnownCase:
    """A case of the noun. Raises `UnknownCase` when there is none or the caller may not see it."""
    ours = stream.startswith(f"{surface.kind}-")
    found = surface.know(stream, await service.record.streams.history(stream)) if ours else None
    if found is None or not surface.noun.admits(found.state, actor):
        raise UnknownCase("没有这个案件")
    return found


def seen_from(case: KnownCase, vantage: Vantage) -> KnownCase:
    """The case as it is seen from there; refused when it was not registered yet."""
    earlier = case if vantage.present else case.surface.know(case.stream, vantage.seen(case.rows))
    if earlier is None:
        raise ApiError("not_yet_known")
    return earlier


async def reading_of(service: Service, actor: Actor, case: KnownCase) -> Reading:
    """The names and texts of a case, as far as the caller may read them."""
    return Reading(
        departments=await service.record.chronicle.departments(),
        texts=await service.record.texts.texts(case.readable_by(actor)),
        erased=case.erased,
    )


async def _shown(service: Service, actor: Actor, case: KnownCase, vantage: Vantage) -> Response:
    shown = seen_from(case, vantage)
    reading = await reading_of(service, actor, case)
    view = CaseView(
        id=case.stream,
        version=shown.rows[-1].version,
        steps=shown.entry.steps,
        as_of=vantage.at,
        happened_by=vantage.happened,
        state=state_of(shown, reading),
        texts_readable=case.texts_open_to(actor),
        texts=texts_of(shown, reading),
        clocks=clocks_of(case.noun.clocks(shown.state), vantage.instant or service.now()),
        commands=commands_for(case, actor) if vantage.present else [],
    )
    headers = {"ETag": etag(case.stream, case.entry.steps)} if vantage.present else {}
    return JSONResponse(view.model_dump(mode="json", by_alias=True), headers=headers)


async def _process_of(service: Service, case: KnownCase) -> ProcessAnswer:
    recorded = case.rows[-1].version
    try:
        async with asyncio.timeout(PROCESS_ANSWER_SECONDS):
            view = await service.processes.live.view(case.stream)
    except TimeoutError:
        view = ProcessView(status="unavailable")
    return ProcessAnswer(
        process=view.status,
        recorded=recorded,
        applied=view.applied,
        behind=_behind(view, recorded, closed=case.entry.closed),
        awaited=view.awaited,
        alarm=view.alarm,
        trouble=view.trouble,
    )


def _behind(view: ProcessView, recorded: int, *, closed: bool) -> bool:
    if view.status == "completed" or (view.status == "missing" and closed):
        return not closed
    return view.applied != recorded


async def _file_of(service: Service, actor: Actor, case: KnownCase, digest: str) -> Response:
    if not case.texts_open_to(actor):
        raise ApiError("text_not_readable")
    same = [file for file in case.files if file.digest == digest]
    if not same:
        raise ApiError("unknown_file")
    if any(file.sealed for file in same) or not await service.world.evidence.has(digest):
        raise ApiError("file_sealed")
    return StreamingResponse(
        service.record.evidence.get(digest),
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{digest}"', "X-Content-Type-Options": "nosniff"},
    )
