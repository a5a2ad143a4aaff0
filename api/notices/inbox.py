"""What the process told the caller: messages to the account, or to its roles in its department."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from api import PREFIX
from api.deps import Caller, Svc, read_object
from api.edge.bodies import documented, parsed
from api.edge.errors import ApiError, described
from api.lists.worklists import CountView
from domain.lists.notices import Notice
from domain.lists.page import Page
from domain.lists.worklists import Count
from domain.people.actors import Actor
from domain.reading.notices import Group, group_of, words_of

router = APIRouter(prefix=PREFIX, tags=["inbox"])

Subject = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,60}$")]


class Inbox(Protocol):
    """What the process told people."""

    async def page(
        self,
        recipients: Sequence[str],
        *,
        unread: bool,
        subjects: Sequence[str],
        case: str | None,
        cursor: str | None,
        limit: int,
    ) -> Page[Notice]:
        """Messages to any of the recipients; cursors as in `CaseLists.page`."""
        ...

    async def unread(self, recipients: Sequence[str]) -> Mapping[str, Count]:
        """How many unread messages each recipient has, exact up to a bound."""
        ...

    async def read(self, message: UUID, recipients: Sequence[str], account: str) -> bool:
        """Mark as read; False when there is no such message for these recipients."""
        ...

    async def read_up_to(self, message: UUID, recipients: Sequence[str], account: str) -> int | None:
        """Mark a message and all older ones as read: how many were unread; None when there is no such message."""
        ...


class Message(BaseModel):
    """A message: what it is about, by codes and as a sentence in Chinese; no personal text. `number` is that of the
    case, once it has one."""

    id: UUID
    stream: str
    number: str | None
    recipient: str
    subject: str
    group: Group
    title: str
    sentence: str
    params: dict[str, str]
    created_at: datetime
    read_at: datetime | None


class UnreadOf(CountView):
    """Unread messages to one recipient: the account, whom it stands in for, or `role@department`."""

    recipient: str


class InboxCounts(BaseModel):
    """Unread messages, each recipient's counted up to 1,000. `own`: to the account itself."""

    unread: CountView
    own: CountView
    recipients: list[UnreadOf]


class UpTo(BaseModel):
    """The newest message to mark as read."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    up_to: UUID


class MarkedView(BaseModel):
    """How many messages were unread."""

    read: int


def recipients_of(actor: Actor) -> tuple[str, ...]:
    """Under which names messages reach an actor."""
    names = (actor.account, actor.on_behalf_of)
    return (*filter(None, names), *(f"{role}@{actor.department}" for role in actor.roles))


@router.get("/inbox", responses=described("malformed"))
async def read_inbox(
    service: Svc,
    actor: Caller,
    unread: bool = False,
    subject: Annotated[list[Subject] | None, Query(max_length=100, description="Of these subjects only.")] = None,
    case: Annotated[
        str | None, Query(pattern=r"^[a-z]+-[0-9a-f]{32}$", description="About this case only, by its id.")
    ] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[Message]:
    """The caller's messages, newest first."""
    page = await service.notices.inbox.page(
        recipients_of(actor), unread=unread, subjects=subject or (), case=case, cursor=cursor, limit=limit
    )
    named = any("department" in notice.params for notice in page.items)
    departments = await service.record.chronicle.departments() if named else {}
    return page.mapped(lambda notice: _message(notice, departments))


@router.get("/inbox/counts", responses=described())
async def count_inbox(service: Svc, actor: Caller) -> InboxCounts:
    """How many unread messages the caller has, in all and by recipient."""
    names = recipients_of(actor)
    counts = await service.notices.inbox.unread(names)
    shown = [UnreadOf(recipient=name, count=counts[name].count, more=counts[name].more) for name in names]
    return InboxCounts(
        unread=CountView(count=sum(each.count for each in shown), more=any(each.more for each in shown)),
        own=CountView(count=counts[actor.account].count, more=counts[actor.account].more),
        recipients=shown,
    )


@router.post(
    "/inbox/read",
    responses=described("unknown_message", "malformed"),
    openapi_extra=documented(UpTo, {"up_to": "0191f1c3-5d6e-7a3b-9c1d-2f4a6b8c0d1e"}),
)
async def mark_read_up_to(request: Request, service: Svc, actor: Caller) -> MarkedView:
    """Mark a message and all older ones of the caller as read; what came later stays unread."""
    asked = parsed(UpTo, await read_object(request))
    read = await service.notices.inbox.read_up_to(asked.up_to, recipients_of(actor), actor.account)
    if read is None:
        raise ApiError("unknown_message")
    return MarkedView(read=read)


@router.post("/inbox/{message}/read", status_code=204, responses=described("unknown_message", "malformed"))
async def mark_read(service: Svc, actor: Caller, message: UUID) -> Response:
    """Mark a message as read; again changes nothing."""
    if not await service.notices.inbox.read(message, recipients_of(actor), actor.account):
        raise ApiError("unknown_message")
    return Response(status_code=204)


def _message(row: Notice, departments: Mapping[str, str]) -> Message:
    words = words_of(row.subject, row.params, departments)
    return Message(
        id=row.id,
        stream=row.stream,
        number=row.number,
        recipient=row.recipient,
        subject=row.subject,
        group=group_of(row.subject),
        title=words.title,
        sentence=words.sentence,
        params=dict(row.params),
        created_at=row.created_at,
        read_at=row.read_at,
    )
