"""来件人查询: finding cases by the reporter's phone, identity number or name; who did so, and what for.

What is sought travels in the body only. It is turned into a keyed mark here and goes no further; the lookup, and then
the cases it found, are on record before the answer is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Protocol, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from api import PREFIX
from api.deps import Caller, Key, Svc, read_object
from api.edge.errors import ApiError, described, refusal_problem
from api.edge.tracing import traceparent
from domain.errors import Malformed
from domain.lists.lookups import FoundCase, LookupLine
from domain.lists.page import Page
from domain.lists.reporters import Identifier, Kind, identifier
from domain.lists.search import fold
from domain.lookup import LOOKUP, lookup_scope_of, oversees
from domain.lookup.events import MAX_CASES, Purpose
from domain.people.visibility import Scope
from domain.record.handler import Request as Asked
from domain.record.handler import handle
from domain.words import codes_in

router = APIRouter(prefix=PREFIX, tags=["lookups"])

_FIELDS = ("by", "value", "purpose", "reason")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": list(_FIELDS),
                    "additionalProperties": False,
                    "properties": {
                        "by": {"type": "string", "enum": list(get_args(Kind))},
                        "value": {"type": "string", "minLength": 1, "maxLength": 40},
                        "purpose": {"type": "string", "enum": list(codes_in(Purpose))},
                        "reason": {"type": "string", "minLength": 1, "maxLength": 500},
                    },
                },
                "example": {
                    "by": "phone",
                    "value": "13800000000",
                    "purpose": "progress_inquiry",
                    "reason": "来电人查询上月所反映问题的办理进度",
                },
            }
        },
    }
}


class Lookups(Protocol):
    """Cases by the keyed marks of who reported them."""

    def mark(self, identifier: Identifier) -> str:
        """The keyed mark of what is sought."""
        ...

    async def cases(self, mark: str, scope: Scope, limit: int) -> Sequence[FoundCase]:
        """The newest cases in a scope that were registered with what the mark stands for."""
        ...

    async def page(self, region: str, *, account: str | None, cursor: str | None, limit: int) -> Page[LookupLine]:
        """One page of the lookups made in a region's subtree; cursors as in `CaseLists.page`."""
        ...


class LookupAnswer(BaseModel):
    """What a lookup found in the caller's cases, newest first; `lookup` is its own entry in the record."""

    lookup: str
    items: Sequence[FoundCase]
    more: bool


@router.post(
    "/lookups",
    summary="来件人查询",
    response_model=LookupAnswer,
    responses=described("idempotency_key_missing", "wrong_role", "malformed", "key_reused"),
    openapi_extra=_BODY,
)
async def look_up(request: Request, service: Svc, actor: Caller, key: Key) -> Response:
    """Find the caller's cases by who reported them, for a purpose that goes on record."""
    asked = await read_object(request)
    sought = _sought(asked)
    mark = service.lists.lookups.mark(sought)
    body = {"sought": sought.kind, "mark": mark, "purpose": asked["purpose"], "reason": asked["reason"]}
    made = await handle(service.world, LOOKUP, Asked(actor, key, "look_up", body, traceparent=traceparent()))
    if made.outcome.refusal is not None:
        return refusal_problem(made.outcome.refusal)
    stream = made.outcome.stream
    found = await service.lists.lookups.cases(mark, lookup_scope_of(actor), MAX_CASES + 1)
    shown, more = found[:MAX_CASES], len(found) > MAX_CASES
    streams = [case.stream for case in shown]
    answer = {"cases": streams, "more": more}
    await handle(
        service.world,
        LOOKUP,
        Asked(actor, _answer_key(stream, streams), "answer", answer, stream, traceparent=traceparent()),
    )
    view = LookupAnswer(lookup=stream, items=shown, more=more)
    return JSONResponse(view.model_dump(mode="json"))


@router.get("/lookups", summary="来件人查询记录", responses=described("wrong_role", "malformed"))
async def list_lookups(
    service: Svc,
    actor: Caller,
    maker: Annotated[str | None, Query(max_length=64, description="The account that looked up.")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[LookupLine]:
    """Who looked for whom in the caller's region, newest first. For auditors and audit administrators."""
    if not oversees(actor):
        raise ApiError("not_overseer")
    return await service.lists.lookups.page(actor.region, account=maker, cursor=cursor, limit=limit)


def _sought(asked: Mapping[str, Any]) -> Identifier:
    """What is sought, in its normal form. Raises `Malformed`, which repeats nothing of it."""
    problems = [{"at": name, "problem": "missing"} for name in _FIELDS if name not in asked]
    problems += [{"at": name, "problem": "extra_forbidden"} for name in asked if name not in _FIELDS]
    problems += [
        {"at": name, "problem": "string_type"} for name in _FIELDS if name in asked and not isinstance(asked[name], str)
    ]
    if not problems and asked["by"] not in get_args(Kind):
        problems = [{"at": "by", "problem": "literal_error"}]
    if problems:
        raise Malformed(problems)
    found = identifier(asked["by"], asked["value"])
    if found is None:
        raise Malformed([{"at": "value", "problem": "string_pattern_mismatch"}])
    if len(asked["reason"]) > 500:
        raise Malformed([{"at": "reason", "problem": "string_too_long"}])
    if _names(asked["reason"], found, asked["value"]):
        raise Malformed(
            [{"at": "reason", "problem": "value_error", "detail": "Value error, 理由中请不要写所查的号码或姓名"}]
        )
    return found


def _names(reason: str, sought: Identifier, given: str) -> bool:
    """Whether the reason repeats what is sought: it would be kept, and the mark would be a mark no more."""
    plain = fold(reason).replace(" ", "")
    return any(fold(form).replace(" ", "") in plain for form in (sought.value, given))


def _answer_key(stream: str, cases: Sequence[str]) -> str:
    """The key under which an answer is recorded: the same cases shown again are no new answer."""
    return f"{stream}:answer:{hashlib.sha256(' '.join(cases).encode()).hexdigest()}"
