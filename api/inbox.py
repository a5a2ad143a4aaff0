"""What the process told the caller: messages to the account, or to its roles in its department."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from api import PREFIX
from api.deps import Caller, Svc
from api.errors import ApiError, described
from domain.actors import Actor

router = APIRouter(prefix=PREFIX, tags=["inbox"])


class Message(BaseModel):
    """A message: what it is about, by codes; no personal text."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    stream: str
    recipient: str
    subject: str
    params: dict[str, str]
    created_at: datetime
    read_at: datetime | None


class InboxView(BaseModel):
    """One page of messages; `next` is the cursor of the following one."""

    items: list[Message]
    next: str | None


def recipients_of(actor: Actor) -> tuple[str, ...]:
    """Under which names messages reach an actor."""
    names = (actor.account, actor.on_behalf_of)
    return (*filter(None, names), *(f"{role}@{actor.department}" for role in actor.roles))


@router.get("/inbox", responses=described("malformed"))
async def read_inbox(
    service: Svc,
    actor: Caller,
    unread: bool = False,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> InboxView:
    """The caller's messages, newest first."""
    page = await service.inbox.page(recipients_of(actor), unread=unread, cursor=cursor, limit=limit)
    return InboxView(items=[Message.model_validate(notice) for notice in page.rows], next=page.following)


@router.post("/inbox/{message}/read", status_code=204, responses=described("unknown_message", "malformed"))
async def mark_read(service: Svc, actor: Caller, message: UUID) -> Response:
    """Mark a message as read; again changes nothing."""
    if not await service.inbox.read(message, recipients_of(actor), actor.account):
        raise ApiError("unknown_message")
    return Response(status_code=204)
