"""`domain.record.ports.Store` over dictionaries. One transaction at a time; one that fails leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict
from domain.lists.responsibility import Holding
from domain.people.actors import Role
from domain.record.decider import Needs, OfficerFact, Series
from domain.record.entry import Entry, case_of
from domain.record.envelope import GENESIS, StoredEvent
from domain.record.ports import Advance, Append, Claim, Head, KnownCommand, LoadedFacts, Outcome, PendingEffect, Was
from domain.record.vault import VaultEntry
from domain.rulebook import RulebookEntry, edition_of
from domain.time.calendar import Calendar, Calendars
from domain.time.case_clocks import Alarm, TimedClock
from domain.time.oversight import OversightOrder
from domain.time.results import ClockEnd


@dataclass(frozen=True)
class Case:
    """What the record keeps of a stream beside its events."""

    entry: Entry
    alarm: Alarm | None


@dataclass
class Tables:
    """Everything the store holds. A transaction works on a copy; values are never changed in place."""

    events: dict[str, tuple[StoredEvent, ...]] = field(default_factory=dict)
    commands: dict[tuple[str, str], tuple[str, Outcome | None]] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    clocks: dict[tuple[str, str], TimedClock] = field(default_factory=dict)
    effects: dict[UUID, PendingEffect] = field(default_factory=dict)
    outbox: dict[tuple[str, int], Advance] = field(default_factory=dict)
    vault: dict[UUID, VaultEntry] = field(default_factory=dict)
    states: dict[tuple[str, int], Was] = field(default_factory=dict)
    holdings: dict[tuple[str, int], Holding] = field(default_factory=dict)
    ends: dict[tuple[str, int, str], ClockEnd] = field(default_factory=dict)
    orders: dict[tuple[str, str], OversightOrder] = field(default_factory=dict)
    serials: dict[str, int] = field(default_factory=dict)

    def copied(self) -> Tables:
        """A copy whose dictionaries may be changed without touching this one."""
        return replace(self, **{name: copy(table) for name, table in vars(self).items()})


class MemoryStore:
    """The record, for as long as the process lives. Departments and officers are given; the clock is injected."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        departments: dict[str, str] | None = None,
        officers: dict[str, OfficerFact] | None = None,
    ) -> None:
        self.tables = Tables()
        self.calendars: dict[str, Calendar] = {}
        self.departments = departments or {}
        self.officers = officers or {}
        self._clock = clock
        self._turn = asyncio.Lock()

    def keep_calendar(self, edition: Calendar) -> None:
        """Keep the days of an edition, by its digest."""
        self.calendars[edition_of(edition)["digest"]] = edition

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        """Commits on normal exit, rolls back on an exception."""
        async with self._turn:
            work = MemoryTransaction(self, self.tables.copied(), self._clock)
            yield work
            self.tables = work.tables


class MemoryTransaction:
    """One transaction: changes a copy that replaces the store's tables when it ends well."""

    def __init__(self, store: MemoryStore, tables: Tables, clock: Callable[[], datetime]) -> None:
        self.tables = tables
        self._store = store
        self._clock = clock

    async def take_key(
        self,
        account: str,
        key: str,
        command: UUID,  # noqa: ARG002 — the twin keeps only what it answers with
        slug: str,  # noqa: ARG002
        fingerprint: str,
    ) -> KnownCommand | None:
        """Take the idempotency key, or tell what it was used for."""
        known = self.tables.commands.get((account, key))
        if known is not None and known[1] is not None:
            return KnownCommand(fingerprint=known[0], outcome=known[1])
        self.tables.commands[account, key] = (fingerprint, None)
        return None

    async def take_keys(self, claims: Sequence[Claim]) -> Mapping[str, KnownCommand]:
        """Take many keys of one account; those that were taken before, with what they were used for."""
        found = {
            claim.key: await self.take_key(claim.account, claim.key, claim.command, claim.slug, claim.fingerprint)
            for claim in claims
        }
        return {key: known for key, known in found.items() if known is not None}

    async def lock(self, streams: Sequence[str]) -> dict[str, Head]:
        """The heads; the store runs one transaction at a time."""
        return {stream: self._head(stream) for stream in streams}

    async def now(self) -> datetime:
        """The injected clock."""
        return self._clock()

    async def load(self, stream: str) -> tuple[StoredEvent, ...]:
        """The stream's events in order."""
        return self.tables.events.get(stream, ())

    async def calendars(self, brought: Calendars) -> Calendars:
        """The calendars in force."""
        entries = (case.entry for case in self.tables.cases.values())
        adopted = {
            entry.name: entry.digest
            for entry in entries
            if isinstance(entry, RulebookEntry) and entry.book == "calendar"
        }
        return brought.in_force(adopted, self._store.calendars)

    async def facts(self, needs: Needs) -> LoadedFacts:
        """Departments, officers and cases among those asked for, and who holds the roles asked for."""
        known, officers, cases = self._store.departments, self._store.officers, self.tables.cases
        return LoadedFacts(
            departments={code: known[code] for code in needs.departments if code in known},
            officers={name: officers[name] for name in needs.officers if name in officers},
            cases={
                stream: case
                for stream in needs.cases
                if stream in cases and (case := case_of(cases[stream].entry)) is not None
            },
            holders={role: self._holders(role) for role in needs.holders},
        )

    def _holders(self, role: Role) -> tuple[str, ...]:
        return tuple(name for name, known in self._store.officers.items() if known.active and role in known.roles)

    async def next_serial(self, series: Series) -> int:
        """The next serial of a series."""
        serial = self.tables.serials.get(series.name, 0) + 1
        self.tables.serials[series.name] = serial
        return serial

    async def keep(self, stream: str, entries: Sequence[VaultEntry]) -> None:  # noqa: ARG002
        """Store vault texts."""
        self.tables.vault.update({entry.ref: entry for entry in entries})

    async def append(self, appends: Sequence[Append]) -> None:
        """Append to one or several streams at once. Raises `Conflict` when a head is not where expected."""
        for append in appends:
            head = self._head(append.stream)
            if (head.version, head.hash) != (append.expected, append.previous_hash):
                raise Conflict("其他人正在同时办理该案件,请稍后重试")
            self._take(append)

    async def settle(self, account: str, key: str, outcome: Outcome) -> None:
        """Write down what became of the command."""
        fingerprint, _ = self.tables.commands[account, key]
        self.tables.commands[account, key] = (fingerprint, outcome)

    def _head(self, stream: str) -> Head:
        events = self.tables.events.get(stream)
        if not events:
            return Head(version=0, hash=GENESIS, recorded_at=None)
        return Head(version=events[-1].version, hash=events[-1].hash, recorded_at=events[-1].recorded_at)

    def _take(self, append: Append) -> None:
        tables = self.tables
        tables.events[append.stream] = tables.events.get(append.stream, ()) + append.events
        tables.cases[append.stream] = Case(append.entry, append.alarm)
        tables.states.update({(append.stream, was.version): was for was in append.were})
        tables.clocks.update({(append.stream, timed.clock.id): timed for timed in append.clocks})
        tables.holdings.update({(append.stream, holding.number): holding for holding in append.holdings})
        tables.ends.update({(append.stream, end.version, end.clock): end for end in append.ends})
        tables.orders.update({(append.stream, order.order): order for order in append.orders})
        tables.effects.update({pending.id: pending for pending in append.effects})
        if append.advance is not None:
            tables.outbox[append.stream, append.advance.last] = append.advance
        for ref in append.erased:
            tables.vault.pop(ref, None)
