"""账号 over HTTP: opened, given and deprived of power, for whom somebody stands in, and what became of each."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from api import PREFIX
from api.cases.commands import documented
from api.cases.schemas import ACCOUNT_COMMANDS, Described
from api.cases.views import CommandView, Refusal
from api.deps import Caller, Key, Service, Svc, etag, read_object, steps_named
from api.edge.errors import ApiError, described, refusal_problem
from api.edge.tracing import traceparent
from domain.errors import UnknownCase, UnknownCommand
from domain.lists.accounts import AccountLine, AdministrationAct, Department, GrantLine, StandIn, SubstitutionLine
from domain.lists.page import Page
from domain.people.account import ACCOUNT, known, stream_of
from domain.people.account.permissions import admits, reach_of
from domain.people.account.state import Known
from domain.people.actors import ROLE_NAMES, Actor, Role
from domain.reading.timeline import Moment, Reading, tell
from domain.reading.timeline import Refusal as RefusedStep
from domain.record.decider import fold
from domain.record.envelope import StoredEvent, read
from domain.record.handler import Handled, handle
from domain.record.handler import Request as Asked
from domain.record.ports import Outcome

router = APIRouter(prefix=PREFIX, tags=["accounts"])

_WRITE_CODES = (
    "idempotency_key_missing", "wrong_role", "wrong_region", "malformed", "key_reused", "conflict",
)  # fmt: skip
_STEP_CODES = (
    *_WRITE_CODES, "unknown_account", "own_account", "wrong_stage", "precondition_failed", "role_conflict",
    "last_administrator",
)  # fmt: skip


class AccountBook(Protocol):
    """The register of accounts, and what of an account lies outside of the record."""

    async def one(self, account: str) -> AccountLine | None:
        """The account."""
        ...

    async def page(
        self,
        *,
        region_prefix: str | None,
        department: str | None,
        role: str | None,
        active: bool | None,
        cursor: str | None,
        limit: int,
    ) -> Page[AccountLine]:
        """Accounts in the order of their names; cursors as in `CaseLists.page`."""
        ...

    async def stand_ins(self, account: str) -> Sequence[StandIn]:
        """Whom the account may stand in for today."""
        ...

    async def departments(self, region_prefix: str) -> Sequence[Department]:
        """The departments of a region."""
        ...

    async def administration(self, region_prefix: str, *, cursor: str | None, limit: int) -> Page[AdministrationAct]:
        """What was done to accounts of a region and to rule books, newest first."""
        ...

    async def rulebooks(self) -> Sequence[str]:
        """The streams of all rule books."""
        ...

    async def set_password(self, account: str, password: str) -> None:
        """Store a password's hash, after the record said that one was set."""
        ...


class AccountView(BaseModel):
    """An account, what may be done with it, and what was done to it so far; `roles` are those of today."""

    account: str
    name: str | None
    department: str
    region: str
    roles: Sequence[str]
    grants: Sequence[GrantLine]
    substitutions: Sequence[SubstitutionLine]
    active: bool
    demo: bool
    has_password: bool
    must_change: bool
    stream: str
    version: int
    steps: int
    commands: list[CommandView]
    history: list[Moment | RefusedStep]


class AccountAnswer(BaseModel):
    """What became of a command. A one-time password is shown in this answer and nowhere else."""

    outcome: Outcome
    one_time_password: str | None = None


# Writing ---------------------------------------------------------------------------------------------------------


async def _ask(service: Service, actor: Actor, slug: str, key: str, body: Mapping[str, Any], **on: Any) -> Handled:
    asked = Asked(actor=actor, key=key, slug=slug, body=body, traceparent=traceparent(), **on)
    try:
        return await handle(service.world, ACCOUNT, asked)
    except UnknownCase:
        raise ApiError("unknown_account") from None


def _answer(handled: Handled, *, password: str | None = None, location: str | None = None) -> Response:
    """The outcome as a response; a repeat gets the same one, marked, without a password."""
    outcome = handled.outcome
    headers = {"Idempotent-Replayed": "true"} if handled.repeated else {}
    if outcome.refusal is not None:
        return refusal_problem(outcome.refusal, headers)
    headers["ETag"] = etag(outcome.stream, outcome.steps)
    if location is not None:
        headers["Location"] = location
    body: dict[str, Any] = {"outcome": outcome.model_dump(mode="json", exclude={"refusal"})}
    if password is not None:
        body["one_time_password"] = password
        headers["Cache-Control"] = "no-store"
    return JSONResponse(body, status_code=201 if location else 200, headers=headers)


@router.post(
    "/accounts",
    status_code=201,
    summary="开户",
    response_model=AccountAnswer,
    responses=described(*_WRITE_CODES, "account_exists", "unknown_department", "wider_than_department"),
    openapi_extra=documented(ACCOUNT_COMMANDS["open"]),
)
async def open_account(request: Request, service: Svc, actor: Caller, key: Key) -> Response:
    """Open an account: without roles and without a password, which the security administrator gives."""
    body = await read_object(request)
    handled = await _ask(service, actor, "open", key, body)
    return _answer(handled, location=f"{PREFIX}/accounts/{body.get('account', '')}")


AccountId = Annotated[str, Path(min_length=1, max_length=200)]
IfMatch = Annotated[str | None, Header(description="The ETag the command rests on; 412 when it has moved on.")]


def _step(command: Described) -> None:
    """One documented route a command, so that each JSON Schema stands in the OpenAPI document."""

    async def step(
        request: Request, service: Svc, actor: Caller, account: AccountId, key: Key, if_match: IfMatch = None
    ) -> Response:
        stream = stream_of(account)
        expected = steps_named(if_match, stream)
        handled = await _ask(
            service, actor, command.slug, key, await read_object(request), stream=stream, if_match=expected
        )
        return _answer(handled, password=await _followed(service, command.slug, account, handled))

    router.add_api_route(
        f"/accounts/{{account}}/commands/{command.slug}",
        step,
        methods=["POST"],
        name=f"account_{command.slug}",
        operation_id=f"account_{command.slug}",
        summary=command.title,
        description=command.summary,
        response_model=AccountAnswer,
        responses=described(*_STEP_CODES),
        openapi_extra=documented(command),
    )


for _command in ACCOUNT_COMMANDS.values():
    if not _command.opens:
        _step(_command)


@router.post("/accounts/{account}/commands/{command}", include_in_schema=False)
async def no_such_step(command: str, account: AccountId, _actor: Caller) -> None:  # noqa: ARG001 — part of the path
    """What is no step of an administrator."""
    raise UnknownCommand("没有这个操作")


async def _followed(service: Service, slug: str, account: str, handled: Handled) -> str | None:
    """What follows a recorded command outside of the record; the one-time password, if it made one."""
    if handled.outcome.refusal is not None or handled.repeated:
        return None
    if slug == "unlock":
        await service.people.attempts.fitted(account)
    if slug != "reset_password":
        return None
    password = secrets.token_urlsafe(12)
    await service.people.accounts.set_password(account, password)
    return password


# Reading ---------------------------------------------------------------------------------------------------------


@router.get("/accounts", responses=described("wrong_role", "malformed"))
async def list_accounts(
    service: Svc,
    actor: Caller,
    department: Annotated[str | None, Query(max_length=100)] = None,
    role: Role | None = None,
    active: bool | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[AccountLine]:
    """The accounts the caller oversees, by name: of a region for administrators and auditors, of a department for those
    who lead it."""
    reach = reach_of(actor)
    if reach is None:
        raise ApiError("wrong_role", detail="账号由管理员、审计员和部门负责人、分派员查看")
    if reach.department is not None and department not in (None, reach.department):
        return Page([], None)
    return await service.people.accounts.page(
        region_prefix=reach.region_prefix,
        department=reach.department or department,
        role=role,
        active=active,
        cursor=cursor,
        limit=limit,
    )


async def visible_account(service: Svc, actor: Caller, account: AccountId) -> tuple[Known, Sequence[StoredEvent]]:
    """The account with its history, when the caller may know of it."""
    rows = await service.record.streams.history(stream_of(account))
    state = fold(ACCOUNT, [read(row).happened for row in rows])
    if not admits(state, actor):
        raise ApiError("unknown_account")
    return known(state), rows


@router.get("/accounts/{account}", response_model=AccountView, responses=described("unknown_account"))
async def read_account(
    service: Svc, actor: Caller, found: Annotated[tuple[Known, Sequence[StoredEvent]], Depends(visible_account)]
) -> Response:
    """An account: roles and substitutes with their days, what the caller may do with it, and its whole history."""
    state, rows = found
    profile, stream = state.profile, rows[0].stream
    line = await service.people.accounts.one(profile.account)
    if line is None:
        raise ApiError("unknown_account")
    texts = {profile.name.ref: line.name} if profile.name else {}
    reading = Reading(departments=await service.record.chronicle.departments(), texts=texts)
    timeline = tell(ACCOUNT, stream, rows, await service.record.chronicle.refusals(stream), reading=reading)
    view = AccountView(
        **{field.name: getattr(line, field.name) for field in fields(line)},
        stream=stream,
        version=len(rows),
        steps=profile.steps,
        commands=[_offered(command, state, actor) for command in ACCOUNT_COMMANDS.values() if not command.opens],
        history=list(timeline.entries),
    )
    body = view.model_dump(mode="json", by_alias=True)
    return JSONResponse(body, headers={"ETag": etag(stream, profile.steps)})


def _offered(command: Described, state: Known, actor: Actor) -> CommandView:
    refused = ACCOUNT.permit(command.command, state, actor)
    return CommandView(
        slug=command.slug,
        title=command.title,
        allowed=refused is None,
        why_not=Refusal(code=refused.code, detail=refused.detail) if refused else None,
        href=command.href(state.profile.account),
        body_schema=command.schema,
        example=command.example,
    )


class RoleView(BaseModel):
    """A role that can be granted."""

    role: str
    title: str


@router.get("/roles", responses=described())
async def list_roles(_actor: Caller) -> list[RoleView]:
    """The roles there are."""
    return [RoleView(role=role, title=title) for role, title in ROLE_NAMES.items() if role != Role.SYSTEM]
