"""A lookup as it stands: not made, made, or answered."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.lists.reporters import Kind
from domain.lookup.events import Purpose
from domain.record.entry import Entry
from domain.record.vault import Sealed
from domain.value import Instant, Value


class Lookup(Value):
    """A lookup at some stage."""

    stage: ClassVar[str]
    title: ClassVar[str]


class Unmade(Lookup):
    """Nothing was looked up yet."""

    stage: ClassVar[str] = "unmade"
    title: ClassVar[str] = "未查询"


class Made(Lookup):
    """Who looked up what, when and what for; no answer was given yet."""

    stage: ClassVar[str] = "made"
    title: ClassVar[str] = "已查询"
    account: str
    department: str
    region: str
    sought: Kind
    mark: str
    purpose: Purpose
    reason: Sealed
    made_at: Instant


class Answered(Made):
    """`cases` are all that were ever shown for it."""

    stage: ClassVar[str] = "answered"
    title: ClassVar[str] = "已答复"
    cases: tuple[str, ...]


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
