"""What the domain's one command handler asks of the outside, and the values that cross that border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Protocol
from uuid import UUID

from pydantic import Field

from domain.errors import Refused
from domain.lists.responsibility import Holding
from domain.people.actors import Role
from domain.record.decider import Effect, EffectRef, Needs, OfficerFact, Series
from domain.record.entry import CaseEntry, Entry, Placed
from domain.record.envelope import StoredEvent
from domain.record.vault import VaultEntry
from domain.time.calendar import Calendars
from domain.time.case_clocks import Alarm, TimedClock
from domain.time.oversight import OversightOrder
from domain.time.results import ClockEnd
from domain.value import Instant, Value

Lane = Literal["live", "bulk"]
"""Who waits: people (live), or an import or recovery that must not starve them (bulk)."""


class Head(Value):
    """The tip of a stream: version 0 and the genesis hash before the first event."""

    version: int
    hash: str
    recorded_at: Instant | None


class Advance(Value):
    """What a case's process must hear of an append: where the record now stands and what is awaited.

    `effects` are those of events first..last not yet done; `alarm` is the one timer to keep. No personal data.
    """

    stream: str
    first: int
    last: int
    previous_hash: str
    head_hash: str
    stage: str
    department: str
    alarm: Alarm | None
    effects: tuple[EffectRef, ...]
    closed: bool
    traceparent: str | None = None


class Versions(Value):
    """The events a command made in a stream, and its head then."""

    first: int
    last: int
    head_hash: str


class Outcome(Value):
    """What became of a command; kept under its key, so a repeat gets the same answer."""

    status: Literal["recorded", "unchanged", "refused"]
    stream: str
    first: int = 0
    last: int = 0
    head_hash: str = ""
    stage: str = ""
    steps: int = 0
    refusal: Refused | None = None
    elsewhere: Annotated[Mapping[str, Versions], Field(exclude_if=lambda made: not made)] = {}
    """What it made in other streams."""


class KnownCommand(Value):
    """A key already taken: what was asked under it (keyed fingerprint) and what became of it."""

    fingerprint: str
    outcome: Outcome


@dataclass(frozen=True)
class PendingEffect:
    """An effect row to insert with the append that caused it."""

    id: UUID
    stream: str
    version: int
    effect: Effect


@dataclass(frozen=True)
class Was:
    """A state a case was in: from which event on, since when it was known, since when it was so."""

    version: int
    recorded_at: datetime
    happened_at: datetime
    summary: CaseEntry


@dataclass(frozen=True)
class Append:
    """All that one stream gains in one transaction; stores write it whole or not at all."""

    stream: str
    expected: int
    previous_hash: str
    events: tuple[StoredEvent, ...]
    entry: Entry
    """The row beside the stream: what its noun shows."""
    placed: Placed
    followed: bool
    """Whether a process follows the stream."""
    were: tuple[Was, ...]
    """The states a case went through with these events, in order; the last one lasts."""
    alarm: Alarm | None
    clocks: tuple[TimedClock, ...]
    """Only the clocks these events changed, in their new shape."""
    effects: tuple[PendingEffect, ...]
    erased: tuple[UUID, ...]
    advance: Advance | None
    """The outbox row; None when the process itself is told in the answer."""
    lane: Lane = "live"
    holdings: tuple[Holding, ...] = ()
    """Only the holdings of a case these events began or changed, in their new shape."""
    ends: tuple[ClockEnd, ...] = ()
    """The verdicts on clocks that these events changed, in order."""
    orders: tuple[OversightOrder, ...] = ()
    """Only the oversight orders these events changed, in their new shape."""


@dataclass(frozen=True)
class Claim:
    """An idempotency key to take: whose, which command it makes, and the keyed fingerprint of what is asked."""

    account: str
    key: str
    command: UUID
    slug: str
    fingerprint: str


class LoadedFacts(Value):
    """What the store knows of the things a command needs."""

    departments: dict[str, str]
    officers: dict[str, OfficerFact]
    cases: Mapping[str, CaseEntry] = {}
    holders: Mapping[Role, tuple[str, ...]] = {}


class Transaction(Protocol):
    """One transaction of the record. Lock order: command row, stream heads sorted, facts, events, rows."""

    async def take_key(self, account: str, key: str, command: UUID, slug: str, fingerprint: str) -> KnownCommand | None:
        """Take the idempotency key, or tell what it was used for. Waits for another transaction that holds it."""
        ...

    async def take_keys(self, claims: Sequence[Claim]) -> Mapping[str, KnownCommand]:
        """Take many keys of one account, in sorted order; tells those taken before, with what they were used for."""
        ...

    async def lock(self, streams: Sequence[str]) -> dict[str, Head]:
        """Lock the heads, in sorted order. One that this transaction holds already is told again."""
        ...

    async def now(self) -> datetime:
        """The database clock, read after the locks were granted."""
        ...

    async def load(self, stream: str) -> tuple[StoredEvent, ...]:
        """The stream's events in order."""
        ...

    async def calendars(self, brought: Calendars) -> Calendars:
        """The calendars in force, as of the locks. `brought` by the build: what the record names none for.

        Raises `CalendarMissing`.
        """
        ...

    async def facts(self, needs: Needs) -> LoadedFacts:
        """Departments, officers and cases among those asked for, and who holds the roles asked for.

        Holders stay as they are until the transaction ends.
        """
        ...

    async def next_serial(self, series: Series) -> int:
        """The next serial of a series, from 1. Others wait for it until this transaction ends: ask last."""
        ...

    async def keep(self, stream: str, entries: Sequence[VaultEntry]) -> None:
        """Store vault texts. Their failure names no text."""
        ...

    async def append(self, appends: Sequence[Append]) -> None:
        """Append to one or several streams at once. Raises `Conflict` when a head is not where expected."""
        ...

    async def settle(self, account: str, key: str, outcome: Outcome) -> None:
        """Write down what became of the command."""
        ...


class Store(Protocol):
    """The record."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Commits on normal exit, rolls back on an exception."""
        ...


class EvidenceStore(Protocol):
    """Content-addressed files (SHA-256)."""

    async def has(self, digest: str) -> bool:
        """Whether a file with this digest is kept and not sealed."""
        ...
