"""问题线索 over HTTP: register, every step, lists, a case as it stands or stood, its record and process."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import AwareDatetime, BaseModel

from api import PREFIX
from api.cases.dry_run import RehearsalView, rehearsal_view
from api.cases.schemas import CLUE_COMMANDS, PROCESS_ONLY, Described, inlined
from api.cases.views import (
    ClockView,
    CommandView,
    KnownCase,
    TextView,
    clocks_of,
    commands_for,
    know,
    record_of,
    state_of,
    texts_of,
)
from api.deps import Caller, CaseId, Expected, KeyOrRehearsal, Service, Svc, etag, read_object
from api.edge.errors import ApiError, described, refusal_problem
from api.edge.tracing import traceparent
from api.ports import ProcessView
from domain.clue import CLUE
from domain.errors import UnknownCase, UnknownCommand
from domain.people.actors import Actor
from domain.people.visibility import knows_reporter, scope_of
from domain.reading.timeline import Reading, Vantage
from domain.record.dry_run import rehearse
from domain.record.envelope import GENESIS
from domain.record.handler import Handled, handle
from domain.record.handler import Request as Asked
from domain.record.ports import Outcome
from domain.time.case_clocks import Alarm

router = APIRouter(prefix=PREFIX, tags=["clues"])

PROCESS_ANSWER_SECONDS = 1.5
_NO_KEY = ""
"""Stands for a key where there is none; no client can send it."""
_WRITE_CODES = ("idempotency_key_missing", "body_too_large", "malformed", "key_reused", "conflict")
_STEP_CODES = (*_WRITE_CODES, "unknown_case", "precondition_failed")


class CommandAnswer(BaseModel):
    """What became of a command."""

    outcome: Outcome


class CaseView(BaseModel):
    """A clue as it stands, or as it was known at `as_of` about what had happened by `happened_by`.

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


# Writing ---------------------------------------------------------------------------------------------------------


async def _ask(
    service: Service,
    actor: Actor,
    slug: str,
    key: str | None,
    request: Request,
    case: str | None = None,
    expected: int | None = None,
) -> Response:
    """Hand a command to the record and tell the process, in that order. Without a key it is only rehearsed."""
    asked = Asked(
        actor=actor,
        key=key or _NO_KEY,
        slug=slug,
        body=await read_object(request),
        stream=case,
        if_match=expected,
        traceparent=traceparent(),
    )
    if key is None:
        return await _rehearsed(service, asked)
    handled = await handle(service.world, CLUE, asked)
    if handled.advance is not None:
        service.deliveries.submit(handled.advance)
    return _answer(handled, created=case is None)


async def _rehearsed(service: Service, asked: Asked) -> Response:
    """What a command would come to; the same no as the command itself would get."""
    rehearsal = await rehearse(service.world, CLUE, asked)
    if rehearsal.outcome.refusal is not None:
        return refusal_problem(rehearsal.outcome.refusal)
    view = rehearsal_view(rehearsal, await service.chronicle.departments())
    return JSONResponse(view.model_dump(mode="json"))


def _answer(handled: Handled, *, created: bool) -> Response:
    """The outcome as a response; a repeat gets the same one, marked."""
    outcome = handled.outcome
    headers = {"Idempotent-Replayed": "true"} if handled.repeated else {}
    if outcome.refusal is not None:
        return refusal_problem(outcome.refusal, headers)
    headers["ETag"] = etag(outcome.stream, outcome.steps)
    if created:
        headers["Location"] = f"{PREFIX}/clues/{outcome.stream}"
    body = {"outcome": outcome.model_dump(mode="json", exclude={"refusal"})}
    return JSONResponse(body, status_code=201 if created else 200, headers=headers)


def _documented(command: Described) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": bool(command.schema.get("required")),
            "content": {"application/json": {"schema": inlined(command.schema), "example": command.example}},
        }
    }


@router.post(
    "/clues",
    status_code=201,
    summary="登记",
    response_model=CommandAnswer,
    responses={
        200: {"model": RehearsalView, "description": "With dry_run"},
        **described(*_WRITE_CODES, *CLUE_COMMANDS["register"].refusals),
    },
    openapi_extra=_documented(CLUE_COMMANDS["register"]),
)
async def register(request: Request, service: Svc, actor: Caller, key: KeyOrRehearsal) -> Response:
    """Register a clue."""
    return await _ask(service, actor, "register", key, request)


def _step(command: Described) -> None:
    """One documented route a command, so that each JSON Schema stands in the OpenAPI document."""

    async def step(
        request: Request, service: Svc, actor: Caller, case: CaseId, key: KeyOrRehearsal, expected: Expected
    ) -> Response:
        return await _ask(service, actor, command.slug, key, request, case, expected)

    router.add_api_route(
        f"/clues/{{id}}/commands/{command.slug}",
        step,
        methods=["POST"],
        name=command.slug,
        operation_id=f"clue_{command.slug}",
        summary=command.title,
        description=command.summary,
        response_model=CommandAnswer | RehearsalView,
        responses=described(*_STEP_CODES, *command.refusals),
        openapi_extra=_documented(command),
    )


for _command in CLUE_COMMANDS.values():
    if not _command.opens:
        _step(_command)


@router.post("/clues/{id}/commands/{command}", include_in_schema=False)
async def no_such_step(command: str, _actor: Caller) -> None:
    """What is no step of people."""
    if command in PROCESS_ONLY:
        raise ApiError("process_only")
    raise UnknownCommand("没有这个操作")


# Reading ---------------------------------------------------------------------------------------------------------


async def visible_case(service: Svc, actor: Caller, case: CaseId) -> KnownCase:
    """The case, when the caller may see it."""
    found = know(case, await service.cases.history(case))
    if found is None or found.summary.kind != "clue" or not scope_of(actor).admits(found.summary):
        raise UnknownCase("没有这个案件")
    return found


Visible = Annotated[KnownCase, Depends(visible_case)]
At = Annotated[AwareDatetime | None, Query(description="As known at this recording time.")]
HappenedBy = Annotated[AwareDatetime | None, Query(description="Only what had happened by this business time.")]


@router.get("/clues/{id}", response_model=CaseView, responses=described("unknown_case", "not_yet_known"))
async def read_clue(
    service: Svc,
    actor: Caller,
    case: Visible,
    at: At = None,
    happened: HappenedBy = None,
) -> Response:
    """A clue: state, clocks, and the steps the caller may take now."""
    vantage = Vantage(at, happened)
    shown = seen_from(case, vantage)
    reading = await reading_of(service, actor, case)
    view = CaseView(
        id=case.stream,
        version=shown.rows[-1].version,
        steps=shown.summary.steps,
        as_of=at,
        happened_by=happened,
        state=state_of(shown, reading),
        texts_readable=case.texts_open_to(actor),
        texts=texts_of(shown, reading),
        clocks=clocks_of(CLUE.clocks(shown.clue), vantage.instant or service.now()),
        commands=commands_for(case, actor) if vantage.present else [],
    )
    headers = {"ETag": etag(case.stream, case.summary.steps)} if vantage.present else {}
    return JSONResponse(view.model_dump(mode="json", by_alias=True), headers=headers)


def seen_from(case: KnownCase, vantage: Vantage) -> KnownCase:
    """The case as it is seen from there; refused when it was not registered yet."""
    earlier = case if vantage.present else know(case.stream, vantage.seen(case.rows))
    if earlier is None:
        raise ApiError("not_yet_known")
    return earlier


async def reading_of(service: Service, actor: Actor, case: KnownCase) -> Reading:
    """The names and texts of a case, as far as the caller may read them."""
    dossier = case.clue.dossier
    closed = set() if knows_reporter(actor, case.summary) else {sealed.ref for sealed in dossier.reporters}
    refs = [sealed.ref for sealed in dossier.texts if sealed.ref not in closed] if case.texts_open_to(actor) else []
    return Reading(
        departments=await service.chronicle.departments(),
        texts=await service.texts.texts(refs),
        erased=frozenset(sealed.ref for sealed in dossier.erased),
    )


@router.get("/clues/{id}/events", responses=described("unknown_case", "malformed"))
async def read_record(
    case: Visible,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> RecordPage:
    """The record of a clue in order, each event with its hash over the previous hash and the RFC 8785 text."""
    rows = case.rows[after : after + limit]
    previous = case.rows[after - 1].hash if rows and after else GENESIS
    more = after + len(rows) < len(case.rows)
    return RecordPage(items=record_of(rows, previous), next=after + len(rows) if more else None)


@router.get("/clues/{id}/process", responses=described("unknown_case"))
async def read_process(service: Svc, case: Visible) -> ProcessAnswer:
    """What the live workflow waits for, and whether it has caught up with the record. Answers within two seconds."""
    recorded = case.rows[-1].version
    try:
        async with asyncio.timeout(PROCESS_ANSWER_SECONDS):
            view = await service.processes.view(case.stream)
    except TimeoutError:
        view = ProcessView(status="unavailable")
    return ProcessAnswer(
        process=view.status,
        recorded=recorded,
        applied=view.applied,
        behind=_behind(view, recorded, closed=case.summary.closed),
        awaited=view.awaited,
        alarm=view.alarm,
        trouble=view.trouble,
    )


def _behind(view: ProcessView, recorded: int, *, closed: bool) -> bool:
    if view.status == "completed" or (view.status == "missing" and closed):
        return not closed
    return view.applied != recorded


@router.get(
    "/clues/{id}/evidence/{digest}",
    response_class=Response,
    responses=described("unknown_case", "unknown_file", "file_sealed", "text_not_readable"),
)
async def read_evidence(service: Svc, actor: Caller, case: Visible, digest: str) -> Response:
    """A file the case rests on, for those who may read its texts."""
    if not case.texts_open_to(actor):
        raise ApiError("text_not_readable")
    dossier = case.clue.dossier
    if digest not in {file.digest for file in dossier.files}:
        raise ApiError("unknown_file")
    sealed_here = digest in {sealed.digest for sealed in dossier.sealed_files}
    if sealed_here or not await service.world.evidence.has(digest):
        raise ApiError("file_sealed")
    return StreamingResponse(
        service.evidence.get(digest),
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{digest}"', "X-Content-Type-Options": "nosniff"},
    )
