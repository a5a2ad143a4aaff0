"""What the API asks of the outside besides the record's own ports (`domain.record.ports`). Bootstrap fills them in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from domain.lists.accounts import AccountLine, AdministrationAct, Department, StandIn
from domain.lists.cases import CaseLine
from domain.lists.lookups import FoundCase, LookupLine
from domain.lists.page import Page
from domain.lists.registers import ExportLine
from domain.lists.reporters import Identifier
from domain.lists.worklists import Count, SavedFilter, Selection
from domain.people.account.passwords import Founder
from domain.people.actors import Actor, Role, Subject
from domain.people.visibility import Scope
from domain.reading.document import Document, Mark
from domain.reading.timeline import RefusedCommand
from domain.record.decider import CaseEntry, Entry
from domain.record.envelope import StoredEvent
from domain.record.ports import Advance
from domain.report.tables import Sheets
from domain.time.case_clocks import Alarm


class TokenVerifier(Protocol):
    """The one seam for another identity provider (OIDC): whose token this is."""

    def verify(self, token: str) -> Subject | None:
        """Whom a token was issued to; None when it is forged, expired or not ours."""
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

    async def login(self, account: str, password: str, on_behalf_of: str | None = None) -> Issued | None:
        """A token, or None; takes as long for an account that does not exist.

        Raises `XiezhiError`s `demo_refused`, `password_change_required`, `no_substitution`.
        """
        ...

    async def owner(self, account: str, password: str) -> Actor | None:
        """The actor behind an account and its password, or None. Raises `demo_refused`."""
        ...


class Directory(Protocol):
    """The accounts as they stand now."""

    async def actor(self, subject: Subject) -> Actor | None:
        """The actor, while the accounts are active, the password is still that one and the substitution runs."""
        ...


class AccountBook(Protocol):
    """The register of accounts, and what of an account lies outside of the record."""

    async def one(self, account: str) -> AccountLine | None:
        """The account."""
        ...

    async def page(
        self,
        *,
        region_prefix: str | None,
        department: str | None,
        role: str | None,
        active: bool | None,
        cursor: str | None,
        limit: int,
    ) -> Page[AccountLine]:
        """Accounts in the order of their names; cursors as in `Cases.page`."""
        ...

    async def stand_ins(self, account: str) -> Sequence[StandIn]:
        """Whom the account may stand in for today."""
        ...

    async def departments(self, region_prefix: str) -> Sequence[Department]:
        """The departments of a region."""
        ...

    async def administration(self, region_prefix: str, *, cursor: str | None, limit: int) -> Page[AdministrationAct]:
        """What was done to accounts of a region and to rule books, newest first."""
        ...

    async def rulebooks(self) -> Sequence[str]:
        """The streams of all rule books."""
        ...

    async def set_password(self, account: str, password: str) -> None:
        """Store a password's hash, after the record said that one was set."""
        ...


class Founding(Protocol):
    """Opens the first administrators."""

    async def found(self, secret: str, region: str, founders: Mapping[Role, Founder]) -> None:
        """Works once. Raises `XiezhiError`s `wrong_secret`, `administrators_exist`, `account_exists`."""
        ...


class Cases(Protocol):
    """Reading the record."""

    async def history(self, stream: str) -> tuple[StoredEvent, ...]:
        """All events of a stream in order; empty when there is none."""
        ...

    async def page(self, of: Selection, *, cursor: str | None, limit: int) -> Page[CaseLine]:
        """One page of a list. Raises a `malformed` error for a cursor this list did not give out."""
        ...

    async def count(self, of: Selection) -> Count:
        """How long a list is, exact up to a bound."""
        ...

    async def counts(self, of: Mapping[str, Selection]) -> Mapping[str, Count]:
        """How long several lists are, each exact up to a smaller bound."""
        ...

    async def by_stage(self, scope: Scope) -> Mapping[str, Count]:
        """How many clues of a scope are in each stage, bounded as `counts`."""
        ...


class SavedFilters(Protocol):
    """The filters people keep for themselves."""

    async def of(self, account: str) -> Sequence[SavedFilter]:
        """An account's filters in their order."""
        ...

    async def put(self, account: str, saved: SavedFilter, *, at_most: int) -> bool:
        """Keep a filter under its slug, new or changed; False when it would be one too many."""
        ...

    async def drop(self, account: str, slug: str) -> bool:
        """Forget a filter; False when there is none of this slug."""
        ...


class Chronicle(Protocol):
    """What is told of a case besides its events."""

    async def refusals(self, stream: str) -> Sequence[RefusedCommand]:
        """The commands on a stream that a rule said no to, in order of time."""
        ...

    async def departments(self) -> Mapping[str, str]:
        """The name of every department by its code."""
        ...

    async def checkpoint(self) -> str | None:
        """The newest signed note over all stream heads, if one was taken."""
        ...


class Documents(Protocol):
    """Prints documents without keeping anybody else waiting."""

    async def printed(self, document: Document, form: Literal["docx", "pdf"]) -> bytes:
        """The document in a format. Raises `DocumentTooLarge`."""
        ...

    async def tabulated(self, sheets: Sheets, mark: Mark) -> bytes:
        """Tables with numbers as a workbook (XLSX)."""
        ...


class Exports(Protocol):
    """The register of exports, and the files that lie ready."""

    async def page(
        self, *, account: str | None, region_prefix: str | None, cursor: str | None, limit: int
    ) -> Page[ExportLine]:
        """Exports of an account, or by accounts of a region's subtree; cursors as in `Cases.page`."""
        ...

    async def one(self, stream: str) -> ExportLine | None:
        """One export."""
        ...

    async def under_way(self, account: str) -> int:
        """How many lists of an account are being made."""
        ...

    def has(self, stream: str, digest: str, form: str) -> bool:
        """Whether the file lies ready."""
        ...

    def content(self, stream: str, digest: str, form: str) -> AsyncIterator[bytes]:
        """The file in chunks."""
        ...


class Lookups(Protocol):
    """Cases by the keyed marks of who reported them."""

    def mark(self, identifier: Identifier) -> str:
        """The keyed mark of what is sought."""
        ...

    async def cases(self, mark: str, scope: Scope, limit: int) -> Sequence[FoundCase]:
        """The newest cases in a scope that were registered with what the mark stands for."""
        ...

    async def page(self, region: str, *, account: str | None, cursor: str | None, limit: int) -> Page[LookupLine]:
        """One page of the lookups made in a region's subtree; cursors as in `Cases.page`."""
        ...


class Texts(Protocol):
    """The vault."""

    async def texts(self, refs: Iterable[UUID]) -> Mapping[UUID, str | None]:
        """The texts behind references; None for an erased one."""
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
