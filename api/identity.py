"""`POST /token`: an account and a password for a bearer token."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api import PREFIX
from api.deps import Svc, read_body, read_object
from api.errors import ApiError, described
from domain.actors import Actor
from domain.errors import Malformed

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
                    "properties": {"account": _FIELDS, "password": {**_FIELDS, "format": "password"}},
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


class Token(BaseModel):
    """A bearer token and who it speaks for."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 — the scheme's name
    expires_in: int
    actor: Actor


@router.post("/token", responses=described("bad_credentials", "malformed", "body_too_large"), openapi_extra=_BODY)
async def issue_token(request: Request, service: Svc) -> Token:
    """Log in with an embedded account; JSON or an OAuth2 password form."""
    account, password = await _credentials(request)
    issued = await service.login.login(account, password)
    if issued is None:
        raise ApiError("bad_credentials", {"WWW-Authenticate": "Bearer"})
    return Token(access_token=issued.token, expires_in=issued.expires_in, actor=issued.actor)


async def _credentials(request: Request) -> tuple[str, str]:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = parse_qs((await read_body(request)).decode(errors="replace"), max_num_fields=20)
        given = {name: values[0] for name, values in form.items()}
        fields = (given.get("username"), given.get("password"))
    else:
        body = await read_object(request)
        fields = (body.get("account"), body.get("password"))
    problems = [
        {"at": name, "problem": "missing" if value is None else "string_type"}
        for name, value in zip(("account", "password"), fields, strict=True)
        if not isinstance(value, str) or not 0 < len(value) <= 200
    ]
    if problems:
        raise Malformed(problems)
    return str(fields[0]), str(fields[1])
