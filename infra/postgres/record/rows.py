"""The rows that follow from an append: one definition for writing, rebuilding and verifying them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row as SqlRow

from domain.lists.responsibility import Holding, Lasted
from domain.record.entry import CaseEntry, Entry, Placed
from domain.record.envelope import StoredEvent
from domain.record.ids import kind_of
from domain.record.ports import Append, PendingEffect, Was
from domain.record.vault import VaultEntry
from domain.time.case_clocks import Alarm, TimedClock
from domain.time.oversight import OversightOrder
from domain.time.results import ClockEnd

Row = dict[str, Any]


def stored_event(row: SqlRow[Any]) -> StoredEvent:
    """The event of a row read with all its columns."""
    return StoredEvent(row.stream, row.version, row.type, row.recorded_at, row.body, row.hash)


def event_row(event: StoredEvent) -> Row:
    """The row of one event, without what the database adds."""
    return {name: getattr(event, name) for name in ("stream", "version", "type", "recorded_at", "body", "hash")}


def head_row(append: Append) -> Row:
    """The stream's new head, with what the old one must have been."""
    last = append.events[-1]
    return {
        "stream": append.stream,
        "kind": kind_of(append.stream),
        "expected": append.expected,
        "previous_hash": append.previous_hash,
        "version": last.version,
        "hash": last.hash,
        "recorded_at": last.recorded_at,
    }


def followed_row(stream: str, entry: Entry, version: int, head_hash: str, alarm: Alarm | None) -> Row:
    """Where the process of a stream should be."""
    return {
        "stream": stream,
        "kind": entry.kind,
        "stage": entry.stage,
        "responsible": entry.responsible,
        "alarm_clock": alarm.clock if alarm else None,
        "alarm_mark": alarm.mark if alarm else None,
        "alarm_at": alarm.at if alarm else None,
        "closed": entry.closed,
        "version": version,
        "head_hash": head_hash,
    }


def alarm_of(row: SqlRow[Any]) -> Alarm | None:
    """The alarm a row of `followed` was written with."""
    return Alarm(clock=row.alarm_clock, mark=row.alarm_mark, at=row.alarm_at) if row.alarm_at else None


_UNSAID: Row = {
    "channel": "", "category": "", "external_id": None, "entity": None, "links": [], "returns": 0, "reopenings": 0,
    "received_at": None,
}  # fmt: skip
"""What stands in the columns of clues for a case of another noun."""


def case_row(stream: str, entry: CaseEntry, version: int) -> Row:
    """The row of a case in the lists."""
    return {"stream": stream, **_UNSAID, **_columns(entry), "version": version}


def case_entry_of(row: SqlRow[Any]) -> CaseEntry:
    """What a row of `cases` says of any case."""
    return CaseEntry.model_validate({name: getattr(row, name) for name in CaseEntry.model_fields})


def _columns(entry: Entry) -> Row:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in entry.model_dump().items()}


def register_row(stream: str, entry: Entry, version: int, head_hash: str) -> Row:
    """The row of a stream that is no case."""
    return {"stream": stream, **_columns(entry), "version": version, "head_hash": head_hash}


def state_rows(stream: str, were: Sequence[Was]) -> list[Row]:
    """The states a case went through, each lasting until the next."""
    lasting = [*were[1:], None][: len(were)]  # a stream that is no case has no states
    return [
        {
            **case_row(stream, was.summary, was.version),
            "recorded_at": was.recorded_at,
            "superseded_at": following.recorded_at if following else None,
            "happened_at": was.happened_at,
            "outlived_at": following.happened_at if following else None,
        }
        for was, following in zip(were, lasting, strict=True)
    ]


def clock_row(stream: str, timed: TimedClock, place: Placed) -> Row:
    """The row of one clock, with what lists of clocks ask of its case."""
    clock = timed.clock
    return {
        "stream": stream,
        "clock": clock.id,
        "kind": clock.kind,
        "rule": clock.rule,
        "pack": clock.pack,
        "certainty": clock.certainty,
        "standing": clock.standing,
        "owed_by": clock.owed_by,
        "started_at": clock.started_at,
        "warn_at": clock.warn_at,
        "due_at": clock.due_at,
        "breach_at": clock.breach_at,
        "provisional": clock.provisional,
        "reached": [str(mark) for mark in timed.reached],
        "stopped_at": timed.stopped_at,
        "outcome": timed.outcome,
        "paused_at": timed.paused.since if timed.paused else None,
        "region": place.region,
        "channel": place.channel,
        "category": place.category,
        "about": clock.about,
        "level": timed.level,
        "extensions": len(clock.extended),
        "calendar": clock.calendar,
        "unsettled": clock.provisional or any(rung.provisional for rung in clock.rungs),
    }


def holding_row(stream: str, holding: Holding) -> Row:
    """The row of one holding."""
    lasted = {
        "signing": holding.signing,
        "handling": holding.handling,
        "real_time": holding.real,
        "held": holding.held,
        "altogether": holding.altogether,
    }
    told = {name: getattr(holding, name) for name in _HOLDING}
    return {"stream": stream, **told, **{name: value for of, it in lasted.items() for name, value in _lasted(of, it)}}


_HOLDING = (
    "number", "department", "region", "channel", "category", "held_from", "held_to", "ended", "ground",
    "first_dispatched_at", "signed_at", "fed_back_at", "paused_ground", "handed_back_by",
)  # fmt: skip


def _lasted(name: str, lasted: Lasted | None) -> tuple[tuple[str, int | None], ...]:
    """A duration takes two columns."""
    return (name, lasted.gross if lasted else None), (f"{name}_paused", lasted.paused if lasted else None)


def end_row(stream: str, end: ClockEnd) -> Row:
    """The row of one verdict on a clock."""
    return {"stream": stream, **asdict(end)}


def order_row(stream: str, order: OversightOrder, place: Placed) -> Row:
    """The row of one oversight order."""
    return {
        "stream": stream,
        "name": order.order,
        "department": order.department,
        "region": place.region,
        "ordered_at": order.at,
        "ordered_by": order.by,
        "clock": order.clock,
        "answer_by": order.answer_by,
        "listed": order.listed,
        "status": order.status,
        "answers": len(order.answers),
    }


def effect_row(pending: PendingEffect) -> Row:
    """The row of one effect, not yet done."""
    effect = pending.effect
    return {
        "id": pending.id,
        "stream": pending.stream,
        "version": pending.version,
        "kind": effect.kind,
        "recipient": effect.recipient,
        "subject": effect.subject,
        "params": dict(effect.params),
        "body": dict(effect.body) if effect.body is not None else None,
    }


def outbox_row(append: Append) -> Row | None:
    """What the process must be told; None when it is told otherwise."""
    advance = append.advance
    if advance is None:
        return None
    body = advance.model_dump(mode="json")
    return {"stream": append.stream, "last": advance.last, "lane": append.lane, "advance": body}


def vault_row(stream: str, entry: VaultEntry) -> Row:
    """A text and its salt; bytes travel in PostgreSQL's hex form."""
    return {
        "ref": entry.ref,
        "stream": stream,
        "field": entry.field,
        "salt": f"\\x{entry.salt.hex()}",
        "text": entry.text,
    }


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as one statement parameter; the table's own types read it back (`json_populate_recordset`)."""
    return json.dumps(list(rows), default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a row")
