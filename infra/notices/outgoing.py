"""What is to be sent, and what became of it: the values between the rows, the postman and the channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from domain.errors import XiezhiError

Kind = Literal["notice", "digest", "confirmation"]

SENT = "sent"
NOTHING = "nothing"
WITHDRAWN = "withdrawn"
DEAD_LETTER = "dead_letter:"
"""Outcomes that start so were given up, with the code of the failure behind it."""


@dataclass(frozen=True)
class OutgoingNotice:
    """A notice as it stands in the inbox: codes and references, the number of its case, a name of a department."""

    id: UUID
    stream: str
    number: str | None
    subject: str
    params: Mapping[str, str]
    departments: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True)
class Outgoing:
    """A delivery whose lease is held. `address` None: it is not wanted any more."""

    id: UUID
    kind: Kind
    channel: str
    ref: UUID
    address: str | None
    attempts: int
    """This one included."""
    created_at: datetime
    day: date | None
    notices: Sequence[OutgoingNotice]
    more: bool
    """A digest leaves out what would make it too long."""


@dataclass(frozen=True)
class Letter:
    """A message ready for any channel. Nothing in it is personal but the address it goes to."""

    id: UUID
    """Of the delivery: the same however often it is sent."""
    idempotency: UUID
    """What a receiver tells repeats by: the notice's id, or the delivery's for digests and confirmations."""
    ref: UUID
    """Of the address; keys the signature."""
    created_at: datetime
    title: str
    lines: Sequence[str]
    payload: Mapping[str, Any]


class NotSent(XiezhiError):
    """A channel could not hand a letter over. `again`: another try may help."""

    def __init__(self, code: str, *, again: bool) -> None:
        super().__init__(code)
        self.code = code
        self.again = again


class Channel(Protocol):
    """A way out of the house."""

    async def send(self, address: str, letter: Letter) -> None:
        """Hand a letter over, in bounded time. Raises `NotSent`."""
        ...
