"""The life of an export (导出) as types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from domain.export.events import CaseForm, Filters, ListForm, Purpose
from domain.record.decider import Entry
from domain.record.vault import Sealed
from domain.value import Instant, Value

Stage = Literal["unrequested", "requested", "made", "failed", "cancelled", "issued"]


class Order(Value):
    """Who asked for which list, when, and what for. Region and department are the requester's."""

    account: str
    department: str
    region: str
    requested_at: Instant
    form: ListForm
    filters: Filters
    search: Sealed | None
    purpose: Purpose | None


class Unrequested(Value):
    """Nothing is known yet."""

    stage: ClassVar[Stage] = "unrequested"


class Requested(Value):
    """Waiting to be made."""

    stage: ClassVar[Stage] = "requested"
    order: Order


class Made(Value):
    """The file lies ready until it expires."""

    stage: ClassVar[Stage] = "made"
    order: Order
    rows: int
    size: int
    digest: str
    with_texts: bool
    completed_at: Instant
    expires_at: Instant
    fetched: tuple[Instant, ...] = ()


class Failed(Value):
    """It could not be made."""

    stage: ClassVar[Stage] = "failed"
    order: Order
    code: str


class Cancelled(Value):
    """No longer wanted."""

    stage: ClassVar[Stage] = "cancelled"
    order: Order


class Issued(Value):
    """One case went out as a document."""

    stage: ClassVar[Stage] = "issued"
    account: str
    department: str
    region: str
    at: Instant
    case: str
    version: int
    form: CaseForm
    size: int
    digest: str
    with_texts: bool
    purpose: Purpose | None


Known = Requested | Made | Failed | Cancelled | Issued
Export = Unrequested | Known


class ExportEntry(Entry):
    """The row of an export: who took what out, and whether it was fetched."""

    account: str
    region: str
    form: str
    purpose: Purpose | None
    filters: Mapping[str, Any]
    """What a list was narrowed to, as JSON."""
    searched: bool
    """Words were looked for too; which, is a text."""
    about: str | None
    """The case a document was made of."""
    requested_at: Instant
    completed_at: Instant | None
    expires_at: Instant | None
    rows: int | None
    size: int | None
    digest: str | None
    with_texts: bool
    failure: str | None
    fetched: int
    fetched_at: Instant | None
    """The last time."""
