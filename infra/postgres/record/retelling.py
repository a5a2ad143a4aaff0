"""A stream told again from its events: what the rows beside them must say. For rebuilding and verifying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from domain.lists.responsibility import follow, holdings_of
from domain.nouns import DECIDERS
from domain.record.append import follow_events
from domain.record.decider import Decider, next_alarm, placed
from domain.record.entry import case_of
from domain.record.envelope import Envelope, StoredEvent, read
from domain.record.ids import kind_of
from infra.postgres.engine.session import Session
from infra.postgres.record.registers import REGISTERS
from infra.postgres.record.rows import (
    Row,
    case_row,
    clock_row,
    effect_row,
    end_row,
    followed_row,
    holding_row,
    order_row,
    register_row,
    state_rows,
    stored_event,
)


@dataclass(frozen=True)
class Retold:
    """A stream and the rows that follow from it."""

    stream: str
    events: tuple[StoredEvent, ...]
    envelopes: tuple[Envelope, ...]
    state: Any
    followed: Row | None
    """Where its process should be; None for a stream that no process follows."""
    case: Row | None
    """The case row; None for a stream that is no case."""
    register: Row | None
    """The register's row of a stream that is no case."""
    states: tuple[Row, ...]
    clocks: tuple[Row, ...]
    holdings: tuple[Row, ...]
    ends: tuple[Row, ...]
    orders: tuple[Row, ...]
    effects: tuple[Row, ...]


def retell(stream: str, events: Sequence[StoredEvent], deciders: Mapping[str, Decider[Any]] = DECIDERS) -> Retold:
    """Fold a stream that has at least one event. Raises `UnknownEvent` or the decider's own errors."""
    decider = deciders[kind_of(stream)]
    envelopes = tuple(read(row) for row in events)
    following = follow_events(decider, decider.initial(), None, envelopes)
    state = following.state
    held = follow(decider.hold, None, [envelope.happened for envelope in envelopes])
    entry, version, head = decider.summary(state), len(events), events[-1].hash
    case, place, alarm = case_of(entry), placed(decider, state, entry), next_alarm(decider, state)
    return Retold(
        stream=stream,
        events=tuple(events),
        envelopes=envelopes,
        state=state,
        followed=followed_row(stream, entry, version, head, alarm) if decider.process else None,
        case=case_row(stream, case, version) if case else None,
        register=register_row(stream, entry, version, head) if entry.kind in REGISTERS else None,
        states=tuple(state_rows(stream, following.were)),
        clocks=tuple(clock_row(stream, timed, place) for timed in decider.clocks(state)),
        holdings=tuple(holding_row(stream, holding) for holding in holdings_of(held)),
        ends=tuple(end_row(stream, end) for end in following.ends),
        orders=tuple(order_row(stream, order, place) for order in decider.orders(state)),
        effects=tuple(effect_row(pending) for pending in following.effects),
    )


async def events_of(opened: Session, streams: Sequence[str]) -> dict[str, list[StoredEvent]]:
    """The events of some streams, each in order."""
    found: dict[str, list[StoredEvent]] = {stream: [] for stream in streams}
    for row in await opened.run(_EVENTS, streams=list(streams)):
        found[row.stream].append(stored_event(row))
    return found


async def next_streams(opened: Session, after: str, size: int) -> list[str]:
    """The next streams that any table of the record speaks of, sorted."""
    return list((await opened.run(_PAGE, after=after, size=size)).scalars())


_EVENTS = text(
    "SELECT stream, version, type, recorded_at, body, hash FROM events WHERE stream = ANY(:streams) "
    "ORDER BY stream, version"
)
_REGISTERS = tuple(table.name for table in REGISTERS.values())
_SPEAK_OF_STREAMS = (
    "streams", "events", "commands", "followed", "cases", "clocks", "holdings", "effects", "vault", *_REGISTERS,
)  # fmt: skip
_PAGES = [
    f"(SELECT DISTINCT stream FROM {table} WHERE stream > :after ORDER BY stream LIMIT :size)"  # noqa: S608 — constants
    for table in _SPEAK_OF_STREAMS
]
_PAGE = text(" UNION ".join(_PAGES) + " ORDER BY stream LIMIT :size")
