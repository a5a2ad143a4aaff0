"""The API's service over the store in memory: every port answered from the same tables."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from api.cases.feed import Subscription
from api.cases.reading import ProcessView
from api.deps import ListPorts, NoticePorts, PeoplePorts, ProcessPorts, RecordPorts, Service, TakingOut
from api.edge.metrics import Lag
from domain.clue.entry import ClueEntry
from domain.errors import Malformed
from domain.lists.cases import CaseLine, CaseOverview
from domain.lists.clocks import ClockLine
from domain.lists.lookups import FoundCase, LookupLine
from domain.lists.notices import Notice, NoticeSetting
from domain.lists.page import Page
from domain.lists.registers import ExportLine
from domain.lists.reporters import Identifier
from domain.lists.worklists import LIVES, CaseFilter, Count, Part, SavedFilter, Selection
from domain.nouns import DECIDERS
from domain.people.actors import Actor
from domain.people.visibility import Scope
from domain.reading.notices import Group
from domain.reading.timeline import RefusedCommand
from domain.record.decider import Decider, OfficerFact
from domain.record.entry import CaseEntry
from domain.record.envelope import StoredEvent
from domain.record.handler import HandlerPorts
from domain.record.ports import Advance, Transaction
from domain.time.calendar import national_calendars
from domain.time.case_clocks import TimedClock
from domain.time.rules import RulePack, load_pack
from infra.files.documents import Documents
from infra.memory.store import MemoryStore
from infra.people.identity import CachedDirectory, EmbeddedLogin, Hs256Tokens, KnownAccount, hash_password
from infra.reference import demo_accounts, departments

PASSWORD = "demo password of the tests"
_HASH = hash_password(PASSWORD)
START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class MemoryService:
    """All ports at once; tests change `now`, `process`, `away` and read what was delivered."""

    def __init__(self) -> None:
        self.now = START
        self.away: Exception | None = None
        self.process = ProcessView(status="unavailable")
        self.delivered: list[Advance] = []
        self.messages: list[Notice] = []
        self.files: dict[str, bytes] = {}
        self.filters = _Filters()
        self.accounts = {
            given.account: KnownAccount(
                Actor(account=given.account, department=given.department, region=given.region, roles=(given.role,)),
                _HASH,
                active=True,
            )
            for given in demo_accounts()
        }
        self.store = MemoryStore(
            lambda: self.now,
            departments={given.code: given.region for given in departments()},
            officers={
                given.account: OfficerFact(
                    account=given.account,
                    department=given.department,
                    region=given.region,
                    roles=(given.role.value,),
                    active=True,
                )
                for given in demo_accounts()
            },
        )

    def service(self, nouns: Mapping[str, Decider[Any]] = DECIDERS, pack: RulePack | None = None) -> Service:
        """What the application stands on, for these nouns and these rules, else the national ones."""
        tokens = Hs256Tokens("a secret for tests, long enough for HS256", ttl_minutes=60)
        world = HandlerPorts(
            nouns=nouns,
            store=self,
            evidence=self,
            pack=pack or load_pack("national"),
            calendars=national_calendars(),
            entropy=os.urandom,
            fingerprint=lambda content: hashlib.sha256(b"test" + content).hexdigest(),
        )
        return Service(
            world=world,
            record=RecordPorts(streams=self, chronicle=self, texts=self, evidence=self, feed=self),
            processes=ProcessPorts(live=self, telling=self),
            lists=ListPorts(
                cases=self,
                plain=self,
                clocks=Unkept(),
                department_tables=Unkept(),
                oversight=Unkept(),
                filters=self.filters,
                lookups=_Lookups(),
            ),
            people=PeoplePorts(
                verifier=tokens,
                directory=CachedDirectory(self, seconds=0.0),
                login=EmbeddedLogin(self, tokens),
                attempts=self,
                accounts=Unkept(),
                founding=Unkept(),
            ),
            notices=NoticePorts(inbox=_Inbox(self), settings=_NoticeSettings()),
            taking_out=TakingOut(documents=Documents(), exports=_Exports(), reports=Unkept()),
            operations=self,
            now=lambda: self.now,
        )

    def pass_time(self, **length: float) -> None:
        """Let time pass."""
        self.now += timedelta(**length)

    # The record

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        self._require()
        return self.store.transaction()

    async def account(self, account: str) -> KnownAccount | None:
        self._require()
        return self.accounts.get(account)

    async def history(self, stream: str) -> tuple[StoredEvent, ...]:
        self._require()
        return self.store.tables.events.get(stream, ())

    async def texts(self, refs: Iterable[UUID]) -> Mapping[UUID, str | None]:
        vault = self.store.tables.vault
        return {ref: vault[ref].text if ref in vault else None for ref in refs}

    async def refusals(self, stream: str) -> Sequence[RefusedCommand]:
        self._require()
        return [
            RefusedCommand(
                at=self.now,
                account=account,
                command=outcome.refusal.params.get("command", ""),
                code=outcome.refusal.code,
                detail=outcome.refusal.detail,
            )
            for (account, _), (_, outcome) in self.store.tables.commands.items()
            if outcome and outcome.refusal and outcome.stream == stream
        ]

    async def departments(self) -> Mapping[str, str]:
        return {given.code: given.name for given in departments()}

    async def checkpoint(self) -> str | None:
        return None

    async def page(self, of: Selection, *, cursor: str | None, limit: int) -> Page[CaseLine]:
        self._require()
        rows = sorted(self._held(of), key=lambda row: (row.summary.registered_at, row.stream), reverse=True)
        start = _place(cursor)
        more = start + limit < len(rows)
        return Page(rows[start : start + limit], str(start + limit) if more else None)

    async def of_kind(
        self, kind: str, scope: Scope, *, stage: str | None, cursor: str | None, limit: int
    ) -> Page[CaseOverview]:
        self._require()
        rows = [
            CaseOverview(id=stream, version=len(self.store.tables.events[stream]), **_overview(row.entry))
            for stream, row in self.store.tables.cases.items()
            if row.entry.kind == kind
            and isinstance(row.entry, CaseEntry)
            and scope.admits(row.entry)
            and stage in (None, row.entry.stage)
        ]
        rows.sort(key=lambda row: (row.registered_at, row.id), reverse=True)
        start = _place(cursor)
        return Page(rows[start : start + limit], str(start + limit) if start + limit < len(rows) else None)

    async def count(self, of: Selection) -> Count:
        return Count(len(self._held(of)), more=False)

    async def counts(self, of: Mapping[str, Selection]) -> dict[str, Count]:
        return {name: await self.count(each) for name, each in of.items()}

    async def by_stage(self, scope: Scope) -> dict[str, Count]:
        stages = LIVES["clue"].stages
        return {stage: await self.count(Selection(scope, (Part(stages=(stage,)),), CaseFilter())) for stage in stages}

    def _held(self, of: Selection) -> list[CaseLine]:
        """What a list holds, by its plain conditions: clocks, searches and the past are tested over PostgreSQL."""
        given = of.narrowed
        same = ("kind", "category", "channel", "entity", "number", "external_id", "handler")
        wanted = {name: value for name in same if (value := getattr(given, name)) is not None}
        return [
            row
            for row in map(self._row, self.store.tables.cases)
            if of.scope.admits(row.summary)
            and any(part.admits(row.summary) for part in of.parts)
            and all(getattr(row.summary, name) == value for name, value in wanted.items())
            and (not given.stages or row.summary.stage in given.stages)
            and given.department in (None, row.summary.responsible)
            and row.summary.region.startswith(given.region_prefix)
            and (given.clock != "overdue" or bool(row.clock and row.clock.overdue))
        ]

    def _row(self, stream: str) -> CaseLine:
        running = [timed for (owner, _), timed in self.store.tables.clocks.items() if owner == stream and timed.running]
        row = self.store.tables.cases[stream]
        assert isinstance(row.entry, ClueEntry)
        clock = self._clock(row.entry, stream, running[0]) if running else None
        return CaseLine(stream, row.entry, clock)

    def _clock(self, case: ClueEntry, stream: str, timed: TimedClock) -> ClockLine:
        clock = timed.clock
        same = ("id", "kind", "about", "rule", "pack", "certainty", "standing", "owed_by", "started_at", "due_at")
        return ClockLine(
            stream=stream,
            **{name: getattr(case, name) for name in ("number", "region", "category", "channel", "handler")},
            **{name: getattr(clock, name) for name in same},
            warn_at=clock.warn_at,
            breach_at=clock.breach_at,
            paused_at=None,
            stopped_at=None,
            outcome=None,
            provisional=clock.provisional,
            level=timed.level,
            extensions=len(clock.extended),
            overdue=clock.overdue(self.now),
            late_seconds=0,
            age_seconds=0,
        )

    # Files

    async def has(self, digest: str) -> bool:
        return digest in self.files

    async def put(self, chunks: AsyncIterator[bytes]) -> str:
        content = b"".join([chunk async for chunk in chunks])
        digest = hashlib.sha256(content).hexdigest()
        self.files[digest] = content
        return digest

    async def get(self, digest: str) -> AsyncIterator[bytes]:
        yield self.files[digest]

    # Logins and the feed: what they do is tested over PostgreSQL

    async def begin(self, account: str, address: str) -> float:
        return 0.0

    async def fitted(self, account: str) -> None:
        return

    async def failed(self, address: str) -> None:
        return

    async def follow(self, cursor: str | None, *, beginning: bool = False) -> Subscription:
        raise NotImplementedError("the feed is tested over PostgreSQL")

    def stop(self) -> None:
        return

    # Processes

    async def view(self, stream: str) -> ProcessView:
        return self.process

    async def reachable(self) -> bool:
        return self.process.status != "unavailable"

    def submit(self, advance: Advance) -> None:
        self.delivered.append(advance)

    async def lag(self) -> Lag:
        self._require()
        return Lag(outbox_rows=len(self.store.tables.outbox))

    def tell(self, recipient: str, stream: str, subject: str) -> UUID:
        """Put a message into an inbox."""
        message = Notice(uuid4(), stream, None, recipient, subject, {}, self.now, None)
        self.messages.append(message)
        return message.id

    def _require(self) -> None:
        if self.away is not None:
            raise self.away


class _Filters:
    def __init__(self) -> None:
        self._kept: dict[str, dict[str, SavedFilter]] = {}

    async def of(self, account: str) -> list[SavedFilter]:
        return sorted(self._kept.get(account, {}).values(), key=lambda saved: (saved.place, saved.slug))

    async def put(self, account: str, saved: SavedFilter, *, at_most: int) -> bool:
        kept = self._kept.setdefault(account, {})
        if saved.slug not in kept and len(kept) >= at_most:
            return False
        kept[saved.slug] = saved
        return True

    def age(self, account: str, slug: str, query: Mapping[str, object]) -> None:
        """Make a kept filter one of another time."""
        self._kept[account][slug] = self._kept[account][slug].model_copy(update={"query": query})

    async def drop(self, account: str, slug: str) -> bool:
        return self._kept.get(account, {}).pop(slug, None) is not None


class _Exports:
    """The register of exports is tested over PostgreSQL."""

    async def page(
        self, *, account: str | None, region_prefix: str | None, cursor: str | None, limit: int
    ) -> Page[ExportLine]:
        raise NotImplementedError

    async def one(self, stream: str) -> None:
        raise NotImplementedError

    async def under_way(self, account: str) -> int:
        raise NotImplementedError

    def has(self, stream: str, digest: str, form: str) -> bool:
        raise NotImplementedError

    def content(self, stream: str, digest: str, form: str) -> AsyncIterator[bytes]:
        raise NotImplementedError


class Unkept:
    """What is tested over PostgreSQL: the register of accounts, the lists of clocks."""

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError("tested over PostgreSQL")


class _Lookups:
    """Their rows and marks are tested over PostgreSQL."""

    def mark(self, identifier: Identifier) -> str:
        raise NotImplementedError

    async def cases(self, mark: str, scope: Scope, limit: int) -> Sequence[FoundCase]:
        raise NotImplementedError

    async def page(self, region: str, *, account: str | None, cursor: str | None, limit: int) -> Page[LookupLine]:
        raise NotImplementedError


class _Inbox:
    def __init__(self, owner: MemoryService) -> None:
        self._owner = owner

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
        found = [
            message
            for message in reversed(self._owner.messages)
            if message.recipient in recipients
            and not (unread and message.read_at)
            and (not subjects or message.subject in subjects)
            and case in (None, message.stream)
        ]
        start = _place(cursor)
        return Page(found[start : start + limit], str(start + limit) if start + limit < len(found) else None)

    async def unread(self, recipients: Sequence[str]) -> Mapping[str, Count]:
        raise NotImplementedError("counts and reading up to a message are tested over PostgreSQL")

    async def read_up_to(self, message: UUID, recipients: Sequence[str], account: str) -> int | None:
        raise NotImplementedError("counts and reading up to a message are tested over PostgreSQL")

    async def read(self, message: UUID, recipients: Sequence[str], account: str) -> bool:
        for number, known in enumerate(self._owner.messages):
            if known.id == message and known.recipient in recipients:
                self._owner.messages[number] = replace(known, read_at=self._owner.now)
                return True
        return False


class _NoticeSettings:
    """Where people want to be told is tested over PostgreSQL."""

    channels: Sequence[str] = ()

    async def of(self, account: str) -> Sequence[NoticeSetting]:
        raise NotImplementedError

    async def put(
        self, account: str, channel: str, *, address: str, groups: Sequence[Group], digest_hour: int | None
    ) -> NoticeSetting:
        raise NotImplementedError

    async def drop(self, account: str, channel: str) -> bool:
        raise NotImplementedError

    async def confirm(self, account: str, channel: str, code: str) -> str | None:
        raise NotImplementedError


def _overview(entry: CaseEntry) -> dict[str, Any]:
    return entry.model_dump(include={field.name for field in fields(CaseOverview)})


def _place(cursor: str | None) -> int:
    try:
        return int(cursor or 0)
    except ValueError:
        raise Malformed([{"at": "cursor", "problem": "bad_cursor"}]) from None
