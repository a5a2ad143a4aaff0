"""`POST /token`: an account and a password for a bearer token. `/me`: who one is, for whom one may stand in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol
from urllib.parse import parse_qs
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api import PREFIX
from api.deps import Caller, Service, Svc, read_body, read_object
from api.edge.bodies import documented, parsed
from api.edge.errors import ApiError, described
from api.edge.limits import address_of, too_many
from domain.errors import Malformed, XiezhiError
from domain.lists.accounts import StandIn
from domain.people.account import ACCOUNT, stream_of
from domain.people.account.passwords import weakness
from domain.people.actors import Actor
from domain.people.login import Issued
from domain.record.handler import Request as Asked
from domain.record.handler import handle

router = APIRouter(prefix=PREFIX, tags=["identity"])

_FIELDS = {"type": "string", "minLength": 1, "maxLength": 200}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["account", "password"],
                    "additionalProperties": False,
                    "properties": {
                        "account": _FIELDS,
                        "password": {**_FIELDS, "format": "password"},
                        "new_password": {**_FIELDS, "format": "password"},
                        "on_behalf_of": _FIELDS,
                    },
                }
            },
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["username", "password"],
                    "properties": {"username": _FIELDS, "password": {**_FIELDS, "format": "password"}},
                }
            },
        },
    }
}


class Login(Protocol):
    """Embedded accounts: a password for a token."""

    async def login(self, account: str, password: str, on_behalf_of: str | None = None) -> Issued | None:
        """A token, or None; takes as long for an account that does not exist.

        Raises `XiezhiError`s `demo_refused`, `password_change_required`, `no_substitution`.
        """
        ...

    async def owner(self, account: str, password: str) -> Actor | None:
        """The actor behind an account and its password, or None. Raises `demo_refused`."""
        ...


class LoginAttempts(Protocol):
    """Counts failed logins, for all processes together."""

    async def begin(self, account: str, address: str) -> float:
        """Count an attempt that is about to be checked; the seconds to wait instead, 0 when it may be."""
        ...

    async def fitted(self, account: str) -> None:
        """The password was right."""
        ...

    async def failed(self, address: str) -> None:
        """The password was wrong."""
        ...


class Token(BaseModel):
    """A bearer token and who it speaks for."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 — the scheme's name
    expires_in: int
    actor: Actor


@router.post(
    "/token",
    responses=described(
        "bad_credentials",
        "demo_refused",
        "password_change_required",
        "password_weak",
        "no_substitution",
        "malformed",
        "too_many_logins",
    ),
    openapi_extra=_BODY,
)
async def issue_token(request: Request, service: Svc) -> Token:
    """Log in with an embedded account; JSON or an OAuth2 password form.

    `on_behalf_of` names an officer the account stands in for today: the token then has that officer's business roles,
    and every step records both names. `new_password` takes the place of the password first; a one-time password asks
    for it.
    """
    address = address_of(request)
    service.limits.admit_stranger(address)
    given = await _credentials(request)
    password = given.password
    if given.new_password is not None:
        await change_password(service, address, given.account, password, given.new_password)
        password = given.new_password
    async with counted(service, given.account, address):
        issued = await service.people.login.login(given.account, password, given.on_behalf_of)
        if issued is None:
            raise _bad_credentials()
    return Token(access_token=issued.token, expires_in=issued.expires_in, actor=issued.actor)


class Me(BaseModel):
    """Who the token speaks for, and for whom its account may ask a token with `on_behalf_of`."""

    actor: Actor
    stand_ins: Sequence[StandIn]


class PasswordChange(BaseModel):
    """A password of one's own in place of another."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    old: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    new: Annotated[SecretStr, Field(min_length=1, max_length=200)]


@router.get("/me", responses=described())
async def who_am_i(service: Svc, actor: Caller) -> Me:
    """The actor behind the token, and the substitutions open to its account today."""
    return Me(actor=actor, stand_ins=await service.people.accounts.stand_ins(actor.account))


@router.post(
    "/me/password",
    status_code=204,
    responses=described("bad_credentials", "password_weak", "own_password_only", "too_many_logins"),
    openapi_extra=documented(PasswordChange, {"old": "the old one", "new": "a new one, 12 characters or more"}),
)
async def change_own_password(request: Request, service: Svc, actor: Caller) -> Response:
    """Change one's own password. All tokens issued before end with it. Needs no Idempotency-Key: the old password
    fits only once."""
    if actor.on_behalf_of is not None:
        raise ApiError("own_password_only")
    given = parsed(PasswordChange, await read_object(request))
    old, new = given.old.get_secret_value(), given.new.get_secret_value()
    await change_password(service, address_of(request), actor.account, old, new)
    return Response(status_code=204)


async def change_password(service: Service, address: str, account: str, old: str, new: str) -> None:
    """Put a new password in the place of the old one: first on record, then in force.

    Raises `bad_credentials`, `password_weak`, `too_many_logins`.
    """
    async with counted(service, account, address):
        actor = await service.people.login.owner(account, old)
        if actor is None:
            raise _bad_credentials()
    if new == old or weakness(account, new):
        raise ApiError("password_weak")
    asked = Asked(actor=actor, key=f"password-{uuid4().hex}", slug="set_password", body={}, stream=stream_of(account))
    if (await handle(service.world, ACCOUNT, asked)).outcome.refusal is not None:
        raise _bad_credentials()  # switched off meanwhile
    await service.people.accounts.set_password(account, new)


@asynccontextmanager
async def counted(service: Service, account: str, address: str) -> AsyncIterator[None]:
    """A check of a password, counted against guessing. Raises `too_many_logins`."""
    if (seconds := await service.people.attempts.begin(account, address)) > 0:
        too_many("too_many_logins", seconds)
    try:
        yield
    except (ApiError, XiezhiError) as error:
        if error.code in _GUESSED:
            await service.people.attempts.failed(address)
        elif error.code in _KNOWN:
            await service.people.attempts.fitted(account)
        raise
    await service.people.attempts.fitted(account)


_GUESSED = frozenset({"bad_credentials", "wrong_secret"})
_KNOWN = frozenset({"demo_refused", "password_change_required", "no_substitution"})
"""Refused although the password was right."""


def _bad_credentials() -> ApiError:
    return ApiError("bad_credentials", {"WWW-Authenticate": "Bearer"})


@dataclass(frozen=True)
class _Given:
    account: str
    password: str = field(repr=False)
    new_password: str | None = field(default=None, repr=False)
    on_behalf_of: str | None = None


async def _credentials(request: Request) -> _Given:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = _form(await read_body(request))
        given = {name: values[0] for name, values in form.items()}
        fields = {"account": given.get("username"), "password": given.get("password")}
    else:
        body = await read_object(request)
        fields = {name: body.get(name) for name in ("account", "password")}
        fields |= {name: body[name] for name in ("new_password", "on_behalf_of") if body.get(name) is not None}
    problems = [
        {"at": name, "problem": "missing" if value is None else "string_type"}
        for name, value in fields.items()
        if not isinstance(value, str) or not 0 < len(value) <= 200 or "\0" in value
    ]
    if problems:
        raise Malformed(problems)
    return _Given(**{name: str(value) for name, value in fields.items()})


def _form(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode(errors="replace"), max_num_fields=20)
    except ValueError:
        raise Malformed([{"at": "body", "problem": "too_long"}]) from None
