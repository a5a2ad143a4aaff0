"""The record in PostgreSQL: `domain.record.ports.Store`.

A transaction reads as the handler asks and writes once, at its end: what `keep`, `append` and `settle` were given goes
out in a single statement right before the commit.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from operator import attrgetter
from types import TracebackType
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, TextClause
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.errors import Conflict
from domain.lists.reporters import Marker
from domain.people.actors import Role
from domain.record.decider import Needs, OfficerFact, Series
from domain.record.entry import CaseEntry, case_of
from domain.record.envelope import GENESIS, StoredEvent
from domain.record.ports import Append, Claim, Head, KnownCommand, LoadedFacts, Outcome
from domain.record.vault import VaultEntry
from domain.time.calendar import Calendar, CalendarMissing, Calendars
from infra.postgres.cases import indexing
from infra.postgres.engine.faults import told
from infra.postgres.record import registers, rows, statements

FIRST_LEASE_SECONDS = 5.0
"""How long the process that appended may deliver by itself before the relay steps in (live lane only)."""


@dataclass
class _Writes:
    """What a transaction will add."""

    kept: list[tuple[str, VaultEntry]] = field(default_factory=list)
    appends: list[Append] = field(default_factory=list)
    settled: list[tuple[str, str, Outcome]] = field(default_factory=list)


class PostgresStore:
    """The record."""

    def __init__(
        self, engine: AsyncEngine, *, marked: Marker | None = None, first_lease: float = FIRST_LEASE_SECONDS
    ) -> None:
        """`marked` makes the keyed marks of reporters; without it they are not indexed."""
        self._engine = engine
        self._marked = marked
        self._first_lease = first_lease
        self._calendars: dict[str, Calendar] = {}

    def transaction(self) -> PostgresTransaction:
        """Commits on normal exit, rolls back on an exception."""
        return PostgresTransaction(self._engine, self._marked, self._first_lease, self._calendars)


class PostgresTransaction:
    """One transaction of the record; writes when it ends. Raises `Conflict`, `StoreUnavailable`, `StoreFault`."""

    def __init__(
        self, engine: AsyncEngine, marked: Marker | None, first_lease: float, calendars: dict[str, Calendar]
    ) -> None:
        """`calendars`: those read before, by digest; what this transaction reads is added."""
        self._engine = engine
        self._marked = marked
        self._first_lease = first_lease
        self._connection: AsyncConnection
        self._known_calendars = calendars
        self._now: datetime | None = None
        self._in_force: Mapping[str, str] | None = None
        self._heads: dict[str, Head] = {}
        self._loaded: dict[str, tuple[StoredEvent, ...]] = {}
        self._writes = _Writes()

    async def __aenter__(self) -> PostgresTransaction:
        self._connection = await told(self._engine.connect().start())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self._write()
                await told(self._connection.commit())
        finally:
            # What was not committed is rolled back; a cancelled request must still give its connection back.
            await asyncio.shield(told(self._connection.close()))

    async def take_key(self, account: str, key: str, command: UUID, slug: str, fingerprint: str) -> KnownCommand | None:
        """Take the idempotency key, or tell what it was used for. Waits for another transaction that holds it."""
        taken = await self._run(
            statements.TAKE_KEY, account=account, key=key, command=command, slug=slug, fingerprint=fingerprint
        )
        if taken.first() is not None:
            return None
        known = (await self._run(statements.KNOWN_KEY, account=account, key=key)).one()
        return KnownCommand(fingerprint=known.fingerprint, outcome=Outcome.model_validate(known.outcome))

    async def take_keys(self, claims: Sequence[Claim]) -> Mapping[str, KnownCommand]:
        """Take many keys of one account; those that were taken before, with what they were used for."""
        taken = await self._run(statements.TAKE_KEYS, claims=rows.as_json(map(asdict, claims)))
        missing = {claim.key for claim in claims} - set(taken.scalars())
        if not missing:
            return {}
        found = await self._run(statements.KNOWN_KEYS, account=claims[0].account, keys=sorted(missing))
        return {
            row.key: KnownCommand(fingerprint=row.fingerprint, outcome=Outcome.model_validate(row.outcome))
            for row in found
        }

    async def lock(self, streams: Sequence[str]) -> dict[str, Head]:
        """Lock the heads, in sorted order. One that is held already is told again."""
        if any(stream not in self._heads for stream in streams):
            self._heads |= await self._lock([stream for stream in streams if stream not in self._heads])
        return {stream: self._heads[stream] for stream in streams}

    async def _lock(self, streams: Sequence[str]) -> dict[str, Head]:
        heads = {stream: Head(version=0, hash=GENESIS, recorded_at=None) for stream in streams}
        events: dict[str, list[StoredEvent]] = {stream: [] for stream in streams}
        for row in await self._run(statements.LOCK_HEADS, streams=list(streams)):
            self._now = max(self._now, row.now) if self._now else row.now
            self._in_force = row.calendars or {}
            if row.stream is not None:
                heads[row.stream] = Head(version=row.head, hash=row.head_hash, recorded_at=row.head_at)
            if row.version is not None:
                events[row.stream].append(rows.stored_event(row))
        for stream, head in heads.items():
            if head.version == len(events[stream]):
                self._loaded[stream] = tuple(sorted(events[stream], key=attrgetter("version")))
        return heads

    async def now(self) -> datetime:
        """The database clock, read after the locks were granted."""
        if self._now is None:
            self._now = (await self._run(statements.NOW)).scalar_one()
        return self._now

    async def load(self, stream: str) -> tuple[StoredEvent, ...]:
        """The stream's events in order."""
        loaded = self._loaded.get(stream)
        if loaded is None:
            loaded = tuple([rows.stored_event(row) for row in await self._run(statements.LOAD, stream=stream)])
        return loaded

    async def calendars(self, brought: Calendars) -> Calendars:
        """The calendars in force, as of the locks. Their days are read once a process."""
        if self._in_force is None:
            self._in_force = (await self._run(statements.CALENDARS)).scalar_one() or {}
        unread = [digest for digest in self._in_force.values() if digest not in self._known_calendars]
        if unread:
            for row in await self._run(statements.CALENDAR_DAYS, digests=unread):
                self._known_calendars[row.digest] = _calendar_of(row.digest, row.content)
        return brought.in_force(self._in_force, self._known_calendars)

    async def facts(self, needs: Needs) -> LoadedFacts:
        """Departments, officers and cases among those asked for, and who holds the roles asked for."""
        departments: dict[str, str] = {}
        officers: dict[str, OfficerFact] = {}
        cases: dict[str, CaseEntry] = {}
        if needs.departments:
            found = await self._run(statements.DEPARTMENTS, codes=list(needs.departments))
            departments = {row.code: row.region for row in found}
        if needs.officers:
            found = await self._run(statements.OFFICERS, accounts=list(needs.officers))
            officers = {row.account: OfficerFact.model_validate(dict(row._mapping)) for row in found}
        if needs.cases:
            found = await self._run(statements.SUMMARIES, streams=list(needs.cases))
            cases = {row.stream: rows.case_entry_of(row) for row in found}
        return LoadedFacts(
            departments=departments, officers=officers, cases=cases, holders=await self._holders(needs.holders)
        )

    async def _holders(self, roles: Sequence[Role]) -> dict[Role, tuple[str, ...]]:
        """Their rows stay locked, so that of two who take power from each other the second is refused."""
        if not roles:
            return {}
        found = (await self._run(statements.HOLDERS, roles=list(roles))).all()
        return {role: tuple(row.account for row in found if role in row.held) for role in roles}

    async def next_serial(self, series: Series) -> int:
        """The next serial of a series. Others wait for its row until this transaction ends."""
        serial: int = (await self._run(statements.NEXT_SERIAL, series=series.name)).scalar_one()
        return serial

    async def keep(self, stream: str, entries: Sequence[VaultEntry]) -> None:
        """Store vault texts. Their failure names no text."""
        self._writes.kept += [(stream, entry) for entry in entries]

    async def append(self, appends: Sequence[Append]) -> None:
        """Append to one or several streams at once. `Conflict` comes at the end when a head is not where expected.

        Several commands in one transaction may reach one stream: what was appended to it before is written first.
        """
        waiting = {append.stream for append in self._writes.appends}
        if any(append.stream in waiting for append in appends):
            await self._write()
            self._writes = _Writes()
        self._writes.appends += appends
        for append in appends:
            last = append.events[-1]
            self._heads[append.stream] = Head(version=last.version, hash=last.hash, recorded_at=last.recorded_at)
            if append.stream in self._loaded:
                self._loaded[append.stream] += append.events

    async def settle(self, account: str, key: str, outcome: Outcome) -> None:
        """Write down what became of the command."""
        self._writes.settled.append((account, key, outcome))

    async def _write(self) -> None:
        writes = self._writes
        if not writes.appends and not writes.kept:
            if writes.settled:
                await self._run(statements.SETTLE_ALONE, settled=_settled(writes))
            return
        moved = await self._run(
            statements.WRITE, **_appended(writes.appends), **self._kept(writes), settled=_settled(writes),
            first_lease=self._first_lease,
        )  # fmt: skip
        if moved.scalar_one() != len(writes.appends):
            raise Conflict("其他人正在同时办理该案件,请稍后重试")
        for append in writes.appends:
            if append.entry.kind in registers.REGISTERS:
                last = append.events[-1]
                row = rows.register_row(append.stream, append.entry, last.version, last.hash)
                statement, parameters = registers.put(append.entry.kind, row)
                await self._run(statement, **parameters)

    def _kept(self, writes: _Writes) -> dict[str, Any]:
        """Texts, and the rows by which those of cases are found."""
        registered = {append.stream: case.registered_at for append in writes.appends if (case := case_of(append.entry))}
        return {
            "vault": rows.as_json(rows.vault_row(stream, entry) for stream, entry in writes.kept),
            "search": rows.as_json(indexing.search_rows(writes.kept, registered)),
            "marks": rows.as_json(indexing.mark_rows(writes.kept, registered, self._marked)),
        }

    async def _run(self, statement: TextClause, **parameters: Any) -> CursorResult[Any]:
        return await told(self._connection.execute(statement, parameters))


def _calendar_of(digest: str, content: str) -> Calendar:
    if hashlib.sha256(content.encode()).hexdigest() != digest:
        raise CalendarMissing("启用的日历内容与其摘要不符,请联系系统管理员(xiezhi verify)")
    return Calendar.model_validate_json(content)


def _appended(appends: Sequence[Append]) -> dict[str, Any]:
    waiting = [row for append in appends if (row := rows.outbox_row(append)) is not None]
    return {
        "heads": rows.as_json(rows.head_row(append) for append in appends),
        "events": rows.as_json(rows.event_row(event) for append in appends for event in append.events),
        "followed": rows.as_json(
            rows.followed_row(
                append.stream, append.entry, append.events[-1].version, append.events[-1].hash, append.alarm
            )
            for append in appends
            if append.followed
        ),
        "cases": rows.as_json(
            rows.case_row(append.stream, case, append.events[-1].version)
            for append in appends
            if (case := case_of(append.entry))
        ),
        "states": rows.as_json(row for append in appends for row in rows.state_rows(append.stream, append.were)),
        "clocks": rows.as_json(
            rows.clock_row(append.stream, timed, append.placed) for append in appends for timed in append.clocks
        ),
        "holdings": rows.as_json(
            rows.holding_row(append.stream, holding) for append in appends for holding in append.holdings
        ),
        "ends": rows.as_json(rows.end_row(append.stream, end) for append in appends for end in append.ends),
        "orders": rows.as_json(
            rows.order_row(append.stream, order, append.placed) for append in appends for order in append.orders
        ),
        "effects": rows.as_json(rows.effect_row(pending) for append in appends for pending in append.effects),
        "outbox": rows.as_json(waiting),
        "erased": [str(ref) for append in appends for ref in append.erased],
    }


def _settled(writes: _Writes) -> str:
    return rows.as_json(
        {"account": account, "key": key, "stream": outcome.stream, "outcome": outcome.model_dump(mode="json")}
        for account, key, outcome in writes.settled
    )
