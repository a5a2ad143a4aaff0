"""An event as it stands in the record: canonical bytes (RFC 8785), chained by SHA-256 within its stream.

Hashed is everything a reader relies on, actor and recording time included; the database's position and transaction
id are not. The chain starts from `GENESIS`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import rfc8785

from domain.errors import BrokenChain
from domain.people.actors import Actor
from domain.record.decider import Basis, Happened
from domain.record.registry import REGISTRY

GENESIS = "0" * 64
"""The hash before the first event of a stream."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One recorded event. Times are UTC; `trace_id` is the 32-hex W3C trace id or None.

    `migrated` names the batch of an event that another system recorded first, with its original time.
    """

    event_id: UUID
    stream: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    actor: Actor
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    basis: Basis | None
    trace_id: str | None
    event: Any
    migrated: str | None = None

    @property
    def happened(self) -> Happened:
        """The event as the domain folds it."""
        return Happened(self.event, self.occurred_at, self.basis, self.actor, migrated=self.migrated is not None)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is kept: the canonical text, and its hash over the previous hash and the text (hex)."""

    stream: str
    version: int
    type: str
    recorded_at: datetime
    body: str
    hash: str


def write(envelope: Envelope, previous_hash: str) -> StoredEvent:
    """The canonical bytes of an event and its place in the chain."""
    row = REGISTRY.row_of(type(envelope.event))
    body = rfc8785.dumps(
        {
            "id": str(envelope.event_id),
            "stream": envelope.stream,
            "version": envelope.version,
            "type": row.name,
            "type_version": row.version,
            "occurred_at": _text(envelope.occurred_at),
            "recorded_at": _text(envelope.recorded_at),
            "actor": envelope.actor.model_dump(mode="json"),
            "command": str(envelope.command_id),
            "correlation": str(envelope.correlation_id),
            "causation": str(envelope.causation_id) if envelope.causation_id else None,
            "basis": envelope.basis.model_dump(mode="json") if envelope.basis else None,
            "trace": envelope.trace_id,
            "data": envelope.event.model_dump(mode="json"),
            **({"migrated": envelope.migrated} if envelope.migrated else {}),
        }
    ).decode()
    return StoredEvent(
        stream=envelope.stream,
        version=envelope.version,
        type=row.name,
        recorded_at=envelope.recorded_at,
        body=body,
        hash=chain(previous_hash, body),
    )


def read(stored: StoredEvent) -> Envelope:
    """The event behind a stored row. Raises `UnknownEvent` for a type or version this build cannot read."""
    body = json.loads(stored.body)
    return Envelope(
        event_id=UUID(body["id"]),
        stream=body["stream"],
        version=body["version"],
        occurred_at=datetime.fromisoformat(body["occurred_at"]),
        recorded_at=datetime.fromisoformat(body["recorded_at"]),
        actor=Actor.model_validate(body["actor"]),
        command_id=UUID(body["command"]),
        correlation_id=UUID(body["correlation"]),
        causation_id=UUID(body["causation"]) if body["causation"] else None,
        basis=Basis.model_validate(body["basis"]) if body["basis"] else None,
        trace_id=body["trace"],
        event=REGISTRY.decode(body["type"], body["type_version"], body["data"]),
        migrated=body.get("migrated"),
    )


def chain(previous_hash: str, body: str) -> str:
    """SHA-256 over the previous hash and the canonical text, hex."""
    return hashlib.sha256(previous_hash.encode() + b"\n" + body.encode()).hexdigest()


def check_chain(stored: tuple[StoredEvent, ...], *, after: str = GENESIS, version: int = 0) -> str:
    """Recompute the chain of consecutive rows; the head hash. Raises `BrokenChain` naming the first bad version."""
    for row in stored:
        version += 1
        after = chain(after, row.body)
        if after != row.hash:
            raise BrokenChain(f"{row.stream} version {row.version}: hash does not match")
        body = json.loads(row.body)
        told = (row.stream, row.version, row.type, _text(row.recorded_at))
        if told != (body["stream"], body["version"], body["type"], body["recorded_at"]) or row.version != version:
            raise BrokenChain(f"{row.stream} version {row.version}: columns differ from the recorded text")
    return after


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
