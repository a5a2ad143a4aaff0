"""Giving commands: opening a case, and one documented route for every step, so that each has its own JSON Schema."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from api.cases.dry_run import RehearsalView, rehearsal_view
from api.cases.schemas import Described, inlined
from api.cases.surface import Surface
from api.deps import Caller, CaseId, Expected, KeyOrRehearsal, Service, Svc, etag, read_object
from api.edge.errors import ApiError, described, refusal_problem
from api.edge.tracing import traceparent
from domain.errors import UnknownCommand
from domain.people.actors import Actor
from domain.record.dry_run import rehearse
from domain.record.handler import Handled, handle
from domain.record.handler import Request as Asked
from domain.record.ports import Advance, Outcome

_NO_KEY = ""
"""Stands for a key where there is none; no client can send it."""
_WRITE_CODES = ("idempotency_key_missing", "malformed", "key_reused", "conflict")
_STEP_CODES = (*_WRITE_CODES, "unknown_case", "precondition_failed")


class Telling(Protocol):
    """Telling processes after the commit."""

    def submit(self, advance: Advance) -> None:
        """Deliver soon, in the background. Never raises and never blocks: what is not sent here the relay sends."""
        ...


class CommandAnswer(BaseModel):
    """What became of a command."""

    outcome: Outcome


def command_routes(surface: Surface[Any]) -> APIRouter:
    """One route a command of the noun."""
    router = APIRouter(prefix=surface.path, tags=[surface.tag])
    for command in surface.commands.values():
        (_add_opening if command.opens else _add_step)(router, surface, command)

    @router.post("/{id}/commands/{command}", include_in_schema=False)
    async def no_such_step(command: str, _actor: Caller) -> None:
        if command in surface.process_only:
            raise ApiError("process_only")
        raise UnknownCommand("没有这个操作")

    return router


def _add_opening(router: APIRouter, surface: Surface[Any], command: Described) -> None:
    async def opening(request: Request, service: Svc, actor: Caller, key: KeyOrRehearsal) -> Response:
        return await _give(surface, service, await _asked(request, actor, command.slug, key))

    router.add_api_route(
        "",
        opening,
        methods=["POST"],
        name=command.slug,
        status_code=201,
        summary=command.title,
        description=command.summary,
        response_model=CommandAnswer,
        responses={
            200: {"model": RehearsalView, "description": "With dry_run"},
            **described(*_WRITE_CODES, *command.refusals),
        },
        openapi_extra=documented(command),
    )


def _add_step(router: APIRouter, surface: Surface[Any], command: Described) -> None:
    async def step(
        request: Request, service: Svc, actor: Caller, case: CaseId, key: KeyOrRehearsal, expected: Expected
    ) -> Response:
        return await _give(surface, service, await _asked(request, actor, command.slug, key, case, expected))

    router.add_api_route(
        f"/{{id}}/commands/{command.slug}",
        step,
        methods=["POST"],
        name=command.slug,
        operation_id=f"{surface.kind}_{command.slug}",
        summary=command.title,
        description=command.summary,
        response_model=CommandAnswer | RehearsalView,
        responses=described(*_STEP_CODES, *command.refusals),
        openapi_extra=documented(command),
    )


def documented(command: Described) -> dict[str, Any]:
    """The body of a command in the OpenAPI document."""
    return {
        "requestBody": {
            "required": bool(command.schema.get("required")),
            "content": {"application/json": {"schema": inlined(command.schema), "example": command.example}},
        }
    }


async def _asked(
    request: Request, actor: Actor, slug: str, key: str | None, case: str | None = None, expected: int | None = None
) -> Asked:
    return Asked(
        actor=actor,
        key=key or _NO_KEY,
        slug=slug,
        body=await read_object(request),
        stream=case,
        if_match=expected,
        traceparent=traceparent(),
    )


async def _give(surface: Surface[Any], service: Service, asked: Asked) -> Response:
    """Hand a command to the record and tell the process, in that order. Without a key it is only rehearsed."""
    if asked.key == _NO_KEY:
        return await _rehearsed(surface, service, asked)
    handled = await handle(service.world, surface.noun, asked)
    for advance in handled.advances:
        service.processes.telling.submit(advance)
    return _answer(surface, handled, opened=asked.stream is None)


async def _rehearsed(surface: Surface[Any], service: Service, asked: Asked) -> Response:
    """What a command would come to; the same no as the command itself would get."""
    rehearsal = await rehearse(service.world, surface.noun, asked)
    if rehearsal.outcome.refusal is not None:
        return refusal_problem(rehearsal.outcome.refusal)
    view = rehearsal_view(surface.noun, rehearsal, await service.record.chronicle.departments())
    return JSONResponse(view.model_dump(mode="json"))


def _answer(surface: Surface[Any], handled: Handled, *, opened: bool) -> Response:
    """The outcome as a response; a repeat gets the same one, marked."""
    outcome = handled.outcome
    headers = {"Idempotent-Replayed": "true"} if handled.repeated else {}
    if outcome.refusal is not None:
        return refusal_problem(outcome.refusal, headers)
    headers["ETag"] = etag(outcome.stream, outcome.steps)
    if opened:
        headers["Location"] = f"{surface.path}/{outcome.stream}"
    body = {"outcome": outcome.model_dump(mode="json", exclude={"refusal"})}
    return JSONResponse(body, status_code=201 if opened else 200, headers=headers)
