"""What routes are given: the ports, the actor behind the token, bodies within bounds, keys and preconditions.

All of them are coroutines, also those that await nothing: a plain function would be sent to a thread and back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Protocol

from fastapi import Depends, Header, Path, Query, Request
from fastapi.security import OAuth2PasswordBearer

from api import PREFIX
from api.edge.errors import ApiError
from api.edge.limits import Limits, address_of, paced
from domain.errors import Malformed, PreconditionFailed, UnknownCase
from domain.people.actors import Actor, Subject
from domain.record.handler import HandlerPorts

if TYPE_CHECKING:  # the ports stand with the routes that ask for them, which import this module
    from api.cases.commands import Telling
    from api.cases.document import Documents
    from api.cases.evidence import EvidenceFiles
    from api.cases.feed import Feed
    from api.cases.listing import PlainLists
    from api.cases.reading import Chronicle, History, Processes, Texts
    from api.edge.health import Operations
    from api.exports import Exports
    from api.lists.clocks import ClockLists
    from api.lists.department_table import DepartmentTables
    from api.lists.filters import SavedFilters
    from api.lists.oversight import Oversight
    from api.lists.worklists import CaseLists
    from api.notices.inbox import Inbox
    from api.notices.settings import NoticeSettings
    from api.people.accounts import AccountBook
    from api.people.administration import Founding
    from api.people.identity import Login, LoginAttempts
    from api.people.lookups import Lookups
    from api.reports import Reports

MAX_BODY_BYTES = 1024 * 1024
MAX_EVIDENCE_BYTES = 100 * 1024 * 1024
_DRAINED_BYTES = 8 * MAX_BODY_BYTES
"""A body too large is still read this far, so that the sender hears the answer instead of a broken connection."""

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_CASE = re.compile(r"[a-z]+-[0-9a-f]{32}")
_ETAG = re.compile(r'"([a-z]+-[0-9a-f]{32}):(\d{1,9})"')


class TokenVerifier(Protocol):
    """The one seam for another identity provider (OIDC): whose token this is."""

    def verify(self, token: str) -> Subject | None:
        """Whom a token was issued to; None when it is forged, expired or not ours."""
        ...


class Directory(Protocol):
    """The accounts as they stand now."""

    async def actor(self, subject: Subject) -> Actor | None:
        """The actor, while the accounts are active, the password is still that one and the substitution runs."""
        ...


async def _never() -> bool:
    return False


@dataclass(frozen=True)
class RecordPorts:
    """The record, read: events, what is told of a case besides, texts, files, changes as they come."""

    streams: History
    chronicle: Chronicle
    texts: Texts
    evidence: EvidenceFiles
    feed: Feed


@dataclass(frozen=True)
class ProcessPorts:
    """The live processes: what they wait for, and telling them."""

    live: Processes
    telling: Telling


@dataclass(frozen=True)
class ListPorts:
    """Lists over many cases."""

    cases: CaseLists
    plain: PlainLists
    clocks: ClockLists
    department_tables: DepartmentTables
    oversight: Oversight
    filters: SavedFilters
    lookups: Lookups


@dataclass(frozen=True)
class PeoplePorts:
    """Accounts, and who is behind a request."""

    verifier: TokenVerifier
    directory: Directory
    login: Login
    attempts: LoginAttempts
    accounts: AccountBook
    founding: Founding


@dataclass(frozen=True)
class NoticePorts:
    """What people are told, and where."""

    inbox: Inbox
    settings: NoticeSettings


@dataclass(frozen=True)
class TakingOut:
    """What leaves the house as a file."""

    documents: Documents
    exports: Exports
    reports: Reports


@dataclass(frozen=True)
class Service:
    """Everything the routes stand on, made once by bootstrap."""

    world: HandlerPorts
    record: RecordPorts
    processes: ProcessPorts
    lists: ListPorts
    people: PeoplePorts
    notices: NoticePorts
    taking_out: TakingOut
    operations: Operations
    now: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)
    regions: Mapping[str, str] = field(default_factory=dict)
    """The names of regions by their codes."""
    training: Callable[[], Awaitable[bool]] = _never
    """Whether accounts and cases here are made up (recorded, not configured)."""


async def service(request: Request) -> Service:
    """The service of this application."""
    found: Service = request.app.state.service
    return found


_bearer = OAuth2PasswordBearer(tokenUrl=f"{PREFIX}/token", auto_error=False)


async def caller(
    request: Request,
    service: Annotated[Service, Depends(service)],
    token: Annotated[str | None, Depends(_bearer)],
) -> Actor:
    """The actor behind the bearer token, as the directory knows the account now. Its requests are counted."""
    actor = await actor_behind(service, token)
    if actor is None:
        service.limits.admit_stranger(address_of(request))
        raise ApiError("unauthenticated", {"WWW-Authenticate": "Bearer"})
    service.limits.admit(actor.account, request.method)
    return actor


async def actor_behind(service: Service, token: str | None) -> Actor | None:
    """The actor a token speaks for now; None for nobody."""
    subject = service.people.verifier.verify(token) if token is not None else None
    return await service.people.directory.actor(subject) if subject is not None else None


async def idempotency_key(
    idempotency_key: Annotated[
        str | None, Header(description="One key for one intention; repeat it when retrying.")
    ] = None,
) -> str:
    """The key of a write, which every write must have."""
    return _checked(idempotency_key)


async def key_or_rehearsal(
    dry_run: Annotated[
        bool, Query(description="Only say what would be recorded and who would be told; writes nothing, needs no key.")
    ] = False,
    idempotency_key: Annotated[
        str | None, Header(description="One key for one intention; repeat it when retrying.")
    ] = None,
) -> str | None:
    """The key of a write; None when it is only to be rehearsed."""
    return None if dry_run else _checked(idempotency_key)


def _checked(key: str | None) -> str:
    if not key:
        raise ApiError("idempotency_key_missing")
    if not _KEY.fullmatch(key):
        raise Malformed([{"at": "Idempotency-Key", "problem": "string_pattern_mismatch"}])
    return key


async def case_id(case: Annotated[str, Path(alias="id")]) -> str:
    """A case's id from the path; what cannot be one names no case."""
    if not _CASE.fullmatch(case):
        raise UnknownCase("没有这个案件")
    return case


async def expected_steps(
    case: Annotated[str, Depends(case_id)],
    if_match: Annotated[
        str | None, Header(description="The ETag the command rests on; 412 when it has moved on.")
    ] = None,
) -> int | None:
    """The step count an `If-Match` insists on."""
    return steps_named(if_match, case)


def steps_named(if_match: str | None, stream: str) -> int | None:
    """The step count an `If-Match` names for a stream. A weak or foreign tag matches nothing (RFC 9110)."""
    if if_match is None or if_match.strip() == "*":
        return None
    named = [tag for tag in map(_ETAG.fullmatch, map(str.strip, if_match.split(","))) if tag and tag[1] == stream]
    if len(named) != 1:
        raise PreconditionFailed("*")
    return int(named[0][2])


def etag(stream: str, steps: int) -> str:
    """The tag of what the next command rests on."""
    return f'"{stream}:{steps}"'


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The body, at most `limit` bytes. Raises `body_too_large`, `body_too_slow`."""
    parts, size = [], 0
    async for chunk in paced(request, request.app.state.service.limits.patience_seconds):
        size += len(chunk)
        if size <= limit:
            parts.append(chunk)
        elif size > _DRAINED_BYTES:
            break
    if size > limit:
        raise ApiError("body_too_large", {"Connection": "close"})
    return b"".join(parts)


async def read_object(request: Request) -> Mapping[str, Any]:
    """The body as a JSON object; an empty body is an empty object."""
    raw = await read_body(request)
    if not raw.strip():
        return {}
    try:
        found = json.loads(raw, parse_constant=_no_constant)
        if b"\\u" in raw:
            json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is text nobody can store
    except UnicodeError:
        raise Malformed([{"at": "body", "problem": "encoding_invalid"}]) from None
    except (ValueError, RecursionError):
        raise Malformed([{"at": "body", "problem": "json_invalid"}]) from None
    if not isinstance(found, dict):
        raise Malformed([{"at": "body", "problem": "not_an_object"}])
    return found


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


Svc = Annotated[Service, Depends(service)]
Bearer = Annotated[str | None, Depends(_bearer)]
Caller = Annotated[Actor, Depends(caller)]
Key = Annotated[str, Depends(idempotency_key)]
KeyOrRehearsal = Annotated[str | None, Depends(key_or_rehearsal)]
CaseId = Annotated[str, Depends(case_id)]
Expected = Annotated[int | None, Depends(expected_steps)]
