"""`GET /feed`: changes of cases as they are recorded, as server-sent events, resumable, scoped like every read.

Scope is that of `scope_of`, judged when a change is told: by the roles the account has at that moment (looked up every
few seconds) and by the case as it stands then. A case that has come into somebody's reach is told with the changes from
then on; resuming from an older cursor tells its earlier changes too, as reading the case would.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Protocol

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

from api import PREFIX
from api.cases.surface import Surfaces
from api.deps import Bearer, Caller, Service, Svc, actor_behind
from api.edge.errors import described
from domain.errors import Malformed, XiezhiError
from domain.people.actors import Actor
from domain.people.visibility import scope_of
from domain.record.entry import CaseEntry, Entry
from domain.record.envelope import StoredEvent

router = APIRouter(prefix=PREFIX, tags=["feed"])

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
LOOK_SECONDS = 5.0
"""How often the follower's token and roles are looked at again."""
RETRY_MILLISECONDS = 3_000

ENDINGS: Final = {
    "token_expired": "访问令牌已失效,请重新登录后从 cursor 处继续订阅",
    "account_deactivated": "账号已停用",
    "too_slow": "接收过慢,请从 cursor 处继续订阅",
    "stopping": "服务正在重启,请从 cursor 处继续订阅",
    "interrupted": "服务暂时中断,请从 cursor 处继续订阅",
}
"""Why a stream ends, by code."""

_Kinds = Annotated[
    list[str] | None, Query(alias="kind", max_length=20, description="Cases of these nouns only, such as `clue`.")
]
_CURSOR: Any = Query(max_length=40, description="Go on after this id; `Last-Event-ID` goes before it.")
_DOCUMENTED: dict[str, Any] = {
    "description": "Server-sent events: `start` (with the cursor), `change`, `end` (with code, detail and cursor).",
    "content": {
        MEDIA_TYPE: {
            "schema": {"type": "string"},
            "example": 'id: 81234.5123\nevent: change\ndata: {"event":"clue.dispatched","case":"clue-…","version":3,'
            '"stage":"dispatched","responsible":"370102.market","recorded_at":"2026-11-22T01:00:00Z",'
            '"cursor":"81234.5123"}\n\n',
        }
    },
}


class Change(Protocol):
    """An event of a case in the order of the whole record."""

    def __hash__(self) -> int: ...
    @property
    def cursor(self) -> str: ...
    @property
    def event(self) -> StoredEvent: ...
    @property
    def after(self) -> Entry | None:
        """The case right after it; None when this build cannot read the event."""
        ...

    @property
    def standing(self) -> CaseEntry:
        """The case when the change was read."""
        ...


class Subscription(Protocol):
    """One who follows the feed."""

    @property
    def cursor(self) -> str:
        """How far it was told."""
        ...

    async def next(self, seconds: float) -> Sequence[Change]:
        """The next changes in order; none when nothing came in time. Raises a `XiezhiError` when it was let go."""
        ...

    def close(self) -> None:
        """Follow no longer."""
        ...


class Feed(Protocol):
    """The changes of cases as they are recorded."""

    async def follow(self, cursor: str | None, *, beginning: bool = False) -> Subscription:
        """Follow after a cursor, from the first event on, or from now. Raises a `malformed` error for a cursor not of
        this feed."""
        ...

    def stop(self) -> None:
        """Let all go: the process ends."""
        ...


@router.get(
    "/feed",
    response_class=StreamingResponse,
    responses={200: _DOCUMENTED, **described("malformed")},
)
async def follow_changes(
    service: Svc,
    actor: Caller,
    token: Bearer,
    surfaces: Surfaces,
    cursor: Annotated[str | None, _CURSOR] = None,
    beginning: Annotated[Literal["start"] | None, Query(alias="from", description="From the first event on.")] = None,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
    kinds: _Kinds = None,
) -> StreamingResponse:
    """Follow the changes of the cases the caller may see; without a cursor from now on. No personal text."""
    unknown = set(kinds or ()) - surfaces.keys()
    if unknown:
        raise Malformed([{"at": "kind", "problem": "literal_error"}])
    subscription = await service.record.feed.follow(last_event_id or cursor, beginning=beginning is not None)
    return _Stream(service, subscription, token or "", actor, frozenset(kinds or surfaces))


class _Stream(StreamingResponse):
    """The answer; leaves the feed however it ends."""

    def __init__(
        self, service: Service, subscription: Subscription, token: str, actor: Actor, kinds: frozenset[str]
    ) -> None:
        super().__init__(
            _messages(service, subscription, token, actor, kinds),
            media_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )
        self._subscription = subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._subscription.close()


async def _messages(
    service: Service, subscription: Subscription, token: str, actor: Actor, kinds: frozenset[str]
) -> AsyncIterator[bytes]:
    said = looked = time.monotonic()
    yield _message("start", subscription.cursor, {}, retry=RETRY_MILLISECONDS)
    while True:
        upto = subscription.cursor
        try:
            changes = await subscription.next(LOOK_SECONDS)
            if time.monotonic() - looked >= LOOK_SECONDS:
                actor, looked = await _looked_at(service, token), time.monotonic()
        except XiezhiError as ended:
            code = ended.code if ended.code in ENDINGS else "interrupted"
            yield _message("end", upto, {"code": code, "detail": ENDINGS[code]})
            return
        scope = scope_of(actor)
        heard = [change for change in changes if change.standing.kind in kinds and scope.admits(change.standing)]
        if heard:
            said = time.monotonic()
            yield b"".join(map(_change, heard))
        elif time.monotonic() - said >= HEARTBEAT_SECONDS:
            said = time.monotonic()
            yield format_sse_event(comment="heartbeat", id=subscription.cursor)


class _SignedOut(XiezhiError):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def _looked_at(service: Service, token: str) -> Actor:
    """The follower as known now. Raises what ends its stream."""
    actor = await actor_behind(service, token)
    if actor is None:
        raise _SignedOut("token_expired" if service.people.verifier.verify(token) is None else "account_deactivated")
    return actor


@lru_cache(maxsize=2_000)
def _change(change: Change) -> bytes:
    """A change as a message; made once for all who hear it."""
    after = change.after
    shown = {
        "event": change.event.type,
        "case": change.event.stream,
        "version": change.event.version,
        "stage": after.stage if after else None,
        "responsible": after.responsible if after else None,
        "recorded_at": change.event.recorded_at.isoformat().replace("+00:00", "Z"),
    }
    return _message("change", change.cursor, shown)


def _message(event: str, cursor: str, data: dict[str, Any], *, retry: int | None = None) -> bytes:
    text = json.dumps({**data, "cursor": cursor}, ensure_ascii=False, separators=(",", ":"))
    return format_sse_event(data_str=text, event=event, id=cursor, retry=retry)
