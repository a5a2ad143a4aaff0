"""`xiezhi verify`: does the record say what it said, and do the rows beside it follow from it?

Told stream by stream in short transactions, so memory does not grow with the record and nobody waits. An append between
two pages is no finding: every page reads its streams and their rows in one snapshot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Row as SqlRow
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import BrokenChain, XiezhiError
from domain.nouns import DECIDERS
from domain.record.decider import Decider
from domain.record.envelope import GENESIS, Envelope, StoredEvent, check_chain
from domain.record.ids import command_id, kind_of
from domain.record.ports import Outcome
from domain.record.vault import Sealed, commitment
from infra.postgres.clocks.calendars import damaged as damaged_calendars
from infra.postgres.engine.session import Session, session
from infra.postgres.proof.checkpoint import CheckpointInvalid, latest_note, open_note, root_at
from infra.postgres.record.registers import REGISTERS
from infra.postgres.record.retelling import events_of, next_streams, retell
from infra.postgres.record.rows import Row

PAGE = 50
SHOWN = 1_000
"""Findings kept one by one; a record damaged throughout is only counted further."""


@dataclass(frozen=True)
class Finding:
    """Something that does not hold. `check` is stable; the text names places, never contents."""

    check: str
    where: str
    problem: str


@dataclass
class Report:
    """What was looked at and what was found."""

    streams: int = 0
    events: int = 0
    commands: int = 0
    effects: int = 0
    texts: int = 0
    checkpoint: str | None = None
    """When the checkpoint it was held against was taken."""
    found: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return self.found == 0

    def add(self, findings: Iterator[Finding]) -> None:
        """Count findings and keep the first."""
        for finding in findings:
            self.found += 1
            if len(self.findings) < SHOWN:
                self.findings.append(finding)


@dataclass(frozen=True)
class _Beside:
    """The rows beside a stream's events."""

    head: SqlRow[Any] | None
    followed: Row | None
    case: Row | None
    register: Row | None
    states: Mapping[int, Row]
    clocks: Mapping[str, Row]
    holdings: Mapping[int, Row]
    ends: Mapping[tuple[int, str], Row]
    orders: Mapping[str, Row]
    effects: Mapping[UUID, Row]
    commands: Sequence[SqlRow[Any]]
    vault: Mapping[UUID, SqlRow[Any]]


async def verify(
    engine: AsyncEngine,
    key: Ed25519PublicKey,
    *,
    against: str | None = None,
    progress: Callable[[int], None] = lambda _streams: None,
    deciders: Mapping[str, Decider[Any]] = DECIDERS,
) -> Report:
    """Verify the whole record and hold it against a note, by default the newest kept. Needs a maintenance engine."""
    report = Report()
    after = ""
    while True:
        async with session(engine) as opened:
            await opened.run(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            page = await next_streams(opened, after, PAGE)
            await _verify_page(opened, page, deciders, report)
        if not page:
            break
        after = page[-1]
        progress(report.streams)
    report.add(await _verify_numbers(engine))
    report.add(await _verify_accounts(engine))
    report.add(await _verify_calendars(engine))
    report.add(await _verify_checkpoint(engine, key, against, report))
    return report


async def _verify_numbers(engine: AsyncEngine) -> Iterator[Finding]:
    """Every series of case numbers runs from 1 to the last one given, without gap or double."""
    async with session(engine) as opened:
        found = (await opened.run(_NUMBERS)).all()
    return iter(
        [
            Finding("number", row.series, f"{row.given} numbers, the highest {row.highest}, last given {row.last}")
            for row in found
        ]
    )


async def _verify_accounts(engine: AsyncEngine) -> Iterator[Finding]:
    """Nobody can act whom no event let in."""
    async with session(engine) as opened:
        strangers = list((await opened.run(_STRANGERS)).scalars())
    return iter([Finding("register", f"account {name}", "row follows from no event") for name in strangers])


async def _verify_calendars(engine: AsyncEngine) -> Iterator[Finding]:
    """The days decisions rest on are those of the editions the record names."""
    async with session(engine) as opened:
        found = await damaged_calendars(opened)
    return iter([Finding("calendar", where, problem) for where, problem in found])


async def _verify_page(
    opened: Session, page: Sequence[str], deciders: Mapping[str, Decider[Any]], report: Report
) -> None:
    events = await events_of(opened, page)
    beside = await _beside(opened, page)
    for stream in page:
        report.streams += 1
        report.events += len(events[stream])
        report.commands += len(beside[stream].commands)
        report.effects += len(beside[stream].effects)
        report.texts += len(beside[stream].vault)
        report.add(_verify_stream(stream, events[stream], beside[stream], deciders))


def _verify_stream(
    stream: str, events: Sequence[StoredEvent], beside: _Beside, deciders: Mapping[str, Decider[Any]]
) -> Iterator[Finding]:
    try:
        head = check_chain(tuple(events))
    except BrokenChain as broken:
        yield Finding("chain", stream, str(broken).removeprefix(stream).strip())
        return  # what does not hash cannot be told again
    told = (beside.head.version, beside.head.hash) if beside.head else (0, GENESIS)
    if told != (len(events), head):
        yield Finding("head", stream, f"head row says version {told[0]}, events end at version {len(events)}")
    try:
        retold = retell(stream, events, deciders) if events else None
    except Exception as error:  # whatever a decider raises on a history it cannot fold is the finding
        code = error.code if isinstance(error, XiezhiError) else type(error).__name__
        yield Finding("fold", stream, f"the history cannot be folded: {code}")
        return
    followed, case, register = (retold.followed, retold.case, retold.register) if retold else (None, None, None)
    states, clocks, effects = (retold.states, retold.clocks, retold.effects) if retold else ((), (), ())
    holdings, ends, orders = (retold.holdings, retold.ends, retold.orders) if retold else ((), (), ())
    yield from _differences("followed", stream, _only(followed), _only(beside.followed))
    yield from _differences("case", stream, _only(case), _only(beside.case))
    yield from _differences("register", stream, _only(register), _only(beside.register))
    yield from _differences("state", stream, {row["version"]: row for row in states}, beside.states)
    yield from _differences("clock", stream, {row["clock"]: row for row in clocks}, beside.clocks)
    yield from _differences("holding", stream, {row["number"]: row for row in holdings}, beside.holdings)
    yield from _differences("clock end", stream, {(row["version"], row["clock"]): row for row in ends}, beside.ends)
    yield from _differences("order", stream, {row["name"]: row for row in orders}, beside.orders)
    yield from _differences("effect", stream, {row["id"]: row for row in effects}, beside.effects)
    envelopes = retold.envelopes if retold else ()
    yield from _commands(stream, envelopes, {row.version: row.hash for row in events}, beside.commands)
    yield from _texts(stream, deciders[kind_of(stream)], envelopes, beside.vault)


def _only(row: Row | None) -> Mapping[str, Row]:
    """The one row a stream has in a table, if it has any."""
    return {"": row} if row else {}


def _differences(check: str, stream: str, follows: Mapping[Any, Row], stored: Mapping[Any, Row]) -> Iterator[Finding]:
    """Rows that should be there, rows that should not, and columns that differ."""
    for name in follows.keys() | stored.keys():
        where = f"{stream} {name}".strip()
        if name not in stored:
            yield Finding(check, where, "row is missing")
        elif name not in follows:
            yield Finding(check, where, "row follows from no event")
        elif wrong := sorted(column for column, value in follows[name].items() if stored[name][column] != value):
            yield Finding(check, where, f"columns differ from the events: {', '.join(wrong)}")


def _commands(
    stream: str, envelopes: Sequence[Envelope], hashes: Mapping[int, str], commands: Sequence[SqlRow[Any]]
) -> Iterator[Finding]:
    """Every command's range of versions is exactly the events that name it, and every event names a kept command."""
    versions: dict[UUID, list[int]] = defaultdict(list)
    for envelope in envelopes:
        versions[envelope.command_id].append(envelope.version)
    for row in commands:
        where = f"{stream} command {row.command_id}"
        if row.command_id != command_id(row.account, row.key):
            yield Finding("command", where, "the id does not follow from account and key")
        if row.outcome is None:
            yield Finding("command", where, "no outcome was written down")
            continue
        outcome = Outcome.model_validate(row.outcome)
        made = outcome if row.stream == stream else outcome.elsewhere[stream]
        claimed = list(range(made.first, made.last + 1)) if made.first else []
        if versions.pop(row.command_id, []) != claimed:
            yield Finding("command", where, f"claims versions {made.first}..{made.last}, the events say otherwise")
        elif claimed and hashes[made.last] != made.head_hash:
            yield Finding("command", where, "answered another head than the record has")
    for unclaimed, found in versions.items():
        yield Finding("command", f"{stream} command {unclaimed}", f"versions {found} belong to no kept command")


def _texts(
    stream: str, decider: Decider[Any], envelopes: Sequence[Envelope], vault: Mapping[UUID, SqlRow[Any]]
) -> Iterator[Finding]:
    """Every text in the vault is the one committed to; an erased one is gone, an unerased one is there."""
    sealed: dict[UUID, Sealed] = {}
    erased: set[UUID] = set()
    for envelope in envelopes:
        erased |= {text.ref for text in decider.erased(envelope.event)}
        sealed |= {text.ref: text for text in decider.texts(envelope.event)}
    for ref, promised in sealed.items():
        row, where = vault.get(ref), f"{stream} text {ref}"
        if row is None:
            yield Finding("text", where, "row is missing")
        elif ref in erased:
            if row.text is not None or row.salt is not None or row.erased_at is None:
                yield Finding("text", where, "was erased in the record and still is in the vault")
        elif row.text is None or row.salt is None:
            yield Finding("text", where, "is gone, and no event erased it")
        elif commitment(row.salt, row.text) != promised.commitment:
            yield Finding("text", where, "is not the text the record commits to")
    for ref in vault.keys() - sealed.keys():
        yield Finding("text", f"{stream} text {ref}", "no event refers to it")


async def _verify_checkpoint(
    engine: AsyncEngine, key: Ed25519PublicKey, against: str | None, report: Report
) -> Iterator[Finding]:
    note = against if against is not None else await latest_note(engine)
    if note is None:
        return iter(())
    try:
        checkpoint = open_note(note, key)
    except CheckpointInvalid as invalid:
        return iter((Finding("checkpoint", "note", str(invalid)),))
    report.checkpoint = checkpoint.at.isoformat()
    promised, found = checkpoint.heads, await root_at(engine, checkpoint.heads.position)
    if found == promised:
        return iter(())
    problem = (
        f"signed over {promised.streams} streams and {promised.events} events, now there are {found.streams} and "
        f"{found.events} up to that position"
        if (found.streams, found.events) != (promised.streams, promised.events)
        else "same counts, but some head is not the one that was signed"
    )
    return iter((Finding("checkpoint", report.checkpoint, problem),))


async def _beside(opened: Session, page: Sequence[str]) -> dict[str, _Beside]:
    async def rows(statement: str) -> dict[str, list[SqlRow[Any]]]:
        found: dict[str, list[SqlRow[Any]]] = defaultdict(list)
        for row in await opened.run(text(f"{statement} WHERE stream = ANY(:streams)"), streams=list(page)):
            found[row.stream].append(row)
        return found

    heads, followed = await rows("SELECT * FROM streams"), await rows("SELECT * FROM followed")
    cases = await rows("SELECT * FROM cases")
    states = await rows("SELECT * FROM case_states")
    registers: dict[str, list[SqlRow[Any]]] = defaultdict(list)
    for table in REGISTERS.values():
        registers.update(await rows(f"SELECT * FROM {table.name}"))  # noqa: S608 — names from tables.py
    clocks, effects = await rows("SELECT * FROM clocks"), await rows("SELECT * FROM effects")
    holdings, ends = await rows("SELECT * FROM holdings"), await rows("SELECT * FROM clock_ends")
    orders = await rows("SELECT * FROM oversight_orders")
    commands = await rows("SELECT * FROM commands")
    for row in await opened.run(_ELSEWHERE, streams=list(page)):
        for stream in row.outcome["elsewhere"]:
            commands[stream].append(row)
    vault = await rows("SELECT stream, ref, salt, text, erased_at FROM vault")
    return {
        stream: _Beside(
            head=next(iter(heads[stream]), None),
            followed=next((dict(row._mapping) for row in followed[stream]), None),
            case=next((dict(row._mapping) for row in cases[stream]), None),
            register=next((dict(row._mapping) for row in registers[stream]), None),
            states={row.version: dict(row._mapping) for row in states[stream]},
            clocks={row.clock: dict(row._mapping) for row in clocks[stream]},
            holdings={row.number: dict(row._mapping) for row in holdings[stream]},
            ends={(row.version, row.clock): dict(row._mapping) for row in ends[stream]},
            orders={row.name: dict(row._mapping) for row in orders[stream]},
            effects={row.id: dict(row._mapping) for row in effects[stream]},
            commands=commands[stream],
            vault={row.ref: row for row in vault[stream]},
        )
        for stream in page
    }


_ELSEWHERE = text(
    "SELECT * FROM commands WHERE outcome ? 'elsewhere' AND outcome -> 'elsewhere' ?| CAST(:streams AS text[])"
)
"""Commands that were given to one stream and made events in others."""
_STRANGERS = text("SELECT account FROM accounts WHERE stream IS NULL ORDER BY account")
_NUMBERS = text(
    "WITH given AS ("
    " SELECT regexp_replace(number, '-[0-9]+$', '') AS series, count(DISTINCT number) AS given,"
    "        max(substring(number FROM '[0-9]+$')::int) AS highest FROM cases WHERE number IS NOT NULL GROUP BY 1) "
    "SELECT series, coalesce(given, 0) AS given, coalesce(highest, 0) AS highest, coalesce(last, 0) AS last "
    "FROM given FULL JOIN serials USING (series) "
    "WHERE (given, highest) IS DISTINCT FROM (last::bigint, last)"
)
