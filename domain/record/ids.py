"""Identifiers. All are derived, none is random: a retried command or a recovered run makes the same ones."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

NAMESPACE = UUID("6d5fbb1e-6f0c-5c36-9b0c-7d1f4f0c2a11")
"""Root of every derived id. Never change it: ids in the record come from it."""


def stream_for(kind: str, *parts: str) -> str:
    """The stream of the case that `parts` name (channel and external id, or account and key).

    `<kind>-<32 hex>`: also the workflow id of the case's process.
    """
    return f"{kind}-{uuid5(NAMESPACE, chr(10).join((kind, *parts))).hex}"


def kind_of(stream: str) -> str:
    """The noun a stream belongs to: `clue-…` is a `clue`."""
    return stream.partition("-")[0]


def command_id(account: str, key: str) -> UUID:
    """The command an account sent under an idempotency key."""
    return uuid5(NAMESPACE, f"command\n{account}\n{key}")


def event_id(command: UUID, stream: str, index: int) -> UUID:
    """The n-th event a command put into a stream.

    It follows the command, not the version: after a restore to an earlier point a retried command keeps its ids, so
    what was already done outside is recognised, and another command at the same version is not mistaken for it.
    """
    return uuid5(command, f"{stream}\n{index}")


def effect_id(event: UUID, name: str, recipient: str) -> UUID:
    """One effect of an event; the idempotency key of everything done because of it."""
    return uuid5(event, f"{name}\n{recipient}")


def elapse_key(stream: str, clock: str, mark: str, at: datetime) -> str:
    """Idempotency key of the process's own command about one instant of one clock of one case.

    A recovered run repeats it. Cases share clock names and midnights, so the case belongs into the key.
    """
    return f"{stream}:elapse:{clock}:{mark}:{at.astimezone(UTC).isoformat()}"
