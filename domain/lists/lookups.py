"""What a search by reporter finds, and the register of such searches."""

from __future__ import annotations

from dataclasses import dataclass

from domain.value import Instant


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case that was registered with what was sought."""

    stream: str
    number: str | None
    stage: str
    region: str
    responsible: str
    registered_at: Instant


@dataclass(frozen=True, slots=True)
class LookupLine:
    """A lookup that was made. `mark` is equal for equal things sought and tells nothing else. `reason` is null once
    erased, `hits` while no answer was given."""

    stream: str
    account: str
    department: str
    region: str
    sought: str
    mark: str
    purpose: str
    reason: str | None
    made_at: Instant
    hits: int | None
