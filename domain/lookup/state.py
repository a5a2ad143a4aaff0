"""A lookup as it stands: not made, or made and perhaps answered."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.lists.reporters import Kind
from domain.lookup.events import Purpose
from domain.record.decider import Entry
from domain.record.vault import Sealed
from domain.value import Instant, Value


class Unmade(Value):
    """Nothing was looked up yet."""

    stage: Literal["unmade"] = "unmade"


class Made(Value):
    """Who looked up what, when and what for; `cases` are all that were ever shown for it, None before an answer."""

    stage: Literal["made"] = "made"
    account: str
    department: str
    region: str
    sought: Kind
    mark: str
    purpose: Purpose
    reason: Sealed
    made_at: Instant
    cases: tuple[str, ...] | None = None


Lookup = Unmade | Made


class LookupEntry(Entry):
    """The row of a lookup. `reason` refers to a vault text; `hits` is None when no answer was given."""

    account: str
    region: str
    sought: Kind
    mark: str
    purpose: Purpose
    reason: UUID
    made_at: Instant
    hits: int | None
