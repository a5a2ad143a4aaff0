"""What somebody was told, and where somebody wants to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.reading.notices import Group
from domain.value import Instant


@dataclass(frozen=True, slots=True)
class Notice:
    """Something somebody was told: codes and references, no personal text. `number` is that of the case."""

    id: UUID
    stream: str
    number: str | None
    recipient: str
    subject: str
    params: Mapping[str, str]
    created_at: Instant
    read_at: Instant | None


@dataclass(frozen=True, slots=True)
class NoticeSetting:
    """A setting as its owner sees it. `trouble`: the code of the last failure, while nothing got through since."""

    channel: str
    address: str
    groups: tuple[Group, ...]
    digest_hour: int | None
    confirmed: bool
    trouble: str | None
    secret: str | None = None
    """Of a webhook, in the answer to the request that set its address."""
