"""What the API asks of the outside besides the record's own ports (`domain.ports`). Bootstrap fills them in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from domain.actors import Actor
from domain.decider import Summary
from domain.envelope import StoredEvent
from domain.ports import Advance
from domain.timekeeping import Alarm
from domain.visibility import Scope


class TokenVerifier(Protocol):
    """The one seam for another identity provider (OIDC): whose token this is."""

    def verify(self, token: str) -> str | None:
        """The account a token was issued to; None when it is forged, expired or not ours."""
        ...


class Issued(Protocol):
    """A fresh bearer token."""

    @property
    def token(self) -> str: ...
    @property
    def expires_in(self) -> int: ...
    @property
    def actor(self) -> Actor: ...


class Login(Protocol):
    """Embedded accounts: a password for a token."""

    async def login(self, account: str, password: str) -> Issued | None:
        """A token, or None; takes as long for an account that does not exist."""
        ...


class Directory(Protocol):
    """The accounts as they stand now."""

    async def actor(self, account: str) -> Actor | None:
        """The actor behind an active account."""
        ...


@dataclass(frozen=True)
class CaseFilter:
    """What a list is narrowed to; None: not narrowed. `department` is the one responsible now."""

    kind: str
    stage: str | None = None
    department: str | None = None
    region: str | None = None
    category: str | None = None
    channel: str | None = None
    overdue: bool | None = None


class RunningClock(Protocol):
    """A clock of a case row that has not ended."""

    @property
    def kind(self) -> str: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def overdue(self) -> bool: ...


class CaseRow(Protocol):
    """One line of a list; `clock` is its most urgent running one."""

    @property
    def stream(self) -> str: ...
    @property
    def summary(self) -> Summary: ...
    @property
    def clock(self) -> RunningClock | None: ...


class CasePage(Protocol):
    """Lines of a list, newest first, and the cursor of the next page."""

    @property
    def rows(self) -> Sequence[CaseRow]: ...
    @property
    def following(self) -> str | None: ...


ClockState = Literal["overdue", "due_soon", "running"]


class ClockPage(Protocol):
    """Running clocks, earliest breach first, each with the fields of `api.clocks.RunningClockView`."""

    @property
    def rows(self) -> Sequence[object]: ...
    @property
    def following(self) -> str | None: ...


class Cases(Protocol):
    """Reading the record."""

    async def history(self, stream: str) -> tuple[StoredEvent, ...]:
        """All events of a stream in order; empty when there is none."""
        ...

    async def page(self, scope: Scope, narrowed: CaseFilter, *, cursor: str | None, limit: int) -> CasePage:
        """One page of the cases in a scope. Raises a `malformed` error for a cursor the list did not give out."""
        ...

    async def clocks(
        self, scope: Scope, state: ClockState, *, department: str | None, cursor: str | None, limit: int
    ) -> ClockPage:
        """One page of the running clocks of the cases in a scope. Raises as `page` does."""
        ...


class Texts(Protocol):
    """The vault."""

    async def texts(self, refs: Iterable[UUID]) -> Mapping[UUID, str | None]:
        """The texts behind references; None for an erased one."""
        ...


class Notice(Protocol):
    """A message in an inbox: codes and references, no personal text."""

    @property
    def id(self) -> UUID: ...
    @property
    def stream(self) -> str: ...
    @property
    def recipient(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def params(self) -> Mapping[str, str]: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def read_at(self) -> datetime | None: ...


class InboxPage(Protocol):
    """Messages, newest first, and the cursor of the next page."""

    @property
    def rows(self) -> Sequence[Notice]: ...
    @property
    def following(self) -> str | None: ...


class Inbox(Protocol):
    """What the process told people."""

    async def page(self, recipients: Sequence[str], *, unread: bool, cursor: str | None, limit: int) -> InboxPage:
        """Messages to any of the recipients; cursors as in `Cases.page`."""
        ...

    async def read(self, message: UUID, recipients: Sequence[str], account: str) -> bool:
        """Mark as read; False when there is no such message for these recipients."""
        ...


class EvidenceFiles(Protocol):
    """The evidence store, written to and read from."""

    async def put(self, chunks: AsyncIterator[bytes]) -> str:
        """Keep a file; its SHA-256 in hex. An exception of the iterator leaves nothing behind."""
        ...

    def get(self, digest: str) -> AsyncIterator[bytes]:
        """The content in chunks."""
        ...


class ProcessView(BaseModel):
    """A case's process as it says itself."""

    status: Literal["running", "completed", "missing", "unavailable"]
    applied: int | None = None
    awaited: str | None = None
    alarm: Alarm | None = None
    trouble: str | None = None


class Processes(Protocol):
    """The live workflows."""

    async def view(self, stream: str) -> ProcessView:
        """What the case's process waits for; `unavailable` when Temporal or its worker does not answer in time."""
        ...

    async def reachable(self) -> bool:
        """Whether Temporal answers."""
        ...


class Deliveries(Protocol):
    """Telling processes after the commit."""

    def submit(self, advance: Advance) -> None:
        """Deliver soon, in the background. Never raises and never blocks: what is not sent here the relay sends."""
        ...


class Lag(BaseModel):
    """How far the parts are behind, in seconds."""

    outbox_rows: int = 0
    outbox_age: float = 0.0
    undone_effect_age: float = 0.0
    horizon_age: float = 0.0
    applied_lag: float = 0.0


class Operations(Protocol):
    """The state of the service itself."""

    async def lag(self) -> Lag:
        """The ages behind the alarms. Raises a `XiezhiError` when the database is away."""
        ...
