"""The administration: who gave which power to whom, for those who audit it; and how it begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api import PREFIX
from api.deps import Caller, Svc, read_object
from api.edge.bodies import documented, parsed
from api.edge.errors import ApiError, described
from api.edge.limits import address_of
from api.people.identity import counted
from domain.lists.page import Page
from domain.people.account.commands import AccountName, RegionCode
from domain.people.account.passwords import Founder, weakness
from domain.people.actors import Role, region_prefix
from domain.reading.timeline import Reading, said
from domain.record.envelope import Envelope, read
from domain.record.registry import REGISTRY
from domain.value import Instant

router = APIRouter(prefix=PREFIX, tags=["administration"])

AUDITORS = (Role.AUDIT_ADMINISTRATOR, Role.AUDITOR)


class Founding(Protocol):
    """Opens the first administrators."""

    async def found(self, secret: str, region: str, founders: Mapping[Role, Founder]) -> None:
        """Works once. Raises `XiezhiError`s `wrong_secret`, `administrators_exist`, `account_exists`."""
        ...


class LogEntry(BaseModel):
    """An act of the administration, in words and as recorded; no person's name is in it."""

    stream: str
    version: int
    account: str | None
    type: str
    title: str
    sentence: str
    recorded_at: Instant
    by: str
    on_behalf_of: str | None
    data: dict[str, Any]


class FounderBody(BaseModel):
    """One of the first administrators."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    account: AccountName
    name: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class FoundersBody(BaseModel):
    """Three people for three offices, and the secret that was shown on the host. Their region is the reach they get."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    secret: SecretStr
    region: RegionCode
    system: FounderBody
    security: FounderBody
    audit: FounderBody

    def founders(self) -> dict[Role, Founder]:
        """By the role each one gets."""
        given = {
            Role.SYSTEM_ADMINISTRATOR: self.system,
            Role.SECURITY_ADMINISTRATOR: self.security,
            Role.AUDIT_ADMINISTRATOR: self.audit,
        }
        return {
            role: Founder(founder.account, founder.name, founder.password.get_secret_value())
            for role, founder in given.items()
        }


_EXAMPLE = {
    "secret": "as `xiezhi administrators` shows it",
    "region": "370100",
    **{
        office: {"account": f"{office}.admin", "name": "姓名", "password": "twelve characters or more"}
        for office in ("system", "security", "audit")
    },
}


@router.get("/administration", responses=described("wrong_role", "malformed"))
async def read_administration(
    service: Svc,
    actor: Caller,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[LogEntry]:
    """What was done to accounts of the caller's region and to the rules, newest first: for auditors."""
    if not any(actor.has(role) for role in AUDITORS):
        raise ApiError("wrong_role", detail="管理日志由审计管理员或者审计员查阅")
    page = await service.people.accounts.administration(region_prefix(actor.region), cursor=cursor, limit=limit)
    reading = Reading(departments=await service.record.chronicle.departments())
    return page.mapped(lambda act: _entry(act.event.type, act.account, read(act.event), reading))


@router.post(
    "/administrators/first",
    status_code=204,
    responses=described("wrong_secret", "administrators_exist", "account_exists", "password_weak", "too_many_logins"),
    openapi_extra=documented(FoundersBody, _EXAMPLE),
)
async def open_first_administrators(request: Request, service: Svc) -> Response:
    """Open the first system, security and audit administrator, three people, with the one-time secret. Works once."""
    address = address_of(request)
    service.limits.admit_stranger(address)
    given = parsed(FoundersBody, await read_object(request))
    founders = given.founders()
    if len({founder.account for founder in founders.values()}) < len(founders):
        raise ApiError("role_conflict", detail="系统、安全、审计管理员须由三个不同的账号担任")
    if any(weakness(founder.account, founder.password) for founder in founders.values()):
        raise ApiError("password_weak")
    async with counted(service, "first administrators", address):
        await service.people.founding.found(given.secret.get_secret_value(), given.region, founders)
    return Response(status_code=204)


def _entry(type_: str, account: str | None, envelope: Envelope, reading: Reading) -> LogEntry:
    return LogEntry(
        stream=envelope.stream,
        version=envelope.version,
        account=account,
        type=type_,
        title=REGISTRY.title_of(type_),
        sentence=said(type_, envelope.event, reading),
        recorded_at=envelope.recorded_at,
        by=envelope.actor.account,
        on_behalf_of=envelope.actor.on_behalf_of,
        data=envelope.event.model_dump(mode="json", exclude_none=True),
    )
