"""The life of an export (导出) as types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from domain.export.events import CaseForm, Filters, ListForm, Purpose
from domain.record.entry import Entry
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


class Export(Value):
    """An export at some stage."""

    stage: ClassVar[Stage]
    title: ClassVar[str]


class Unrequested(Export):
    """Nothing is known yet."""

    stage: ClassVar[Stage] = "unrequested"
    title: ClassVar[str] = "未申请"


class Known(Export):
    """Asked for, in one way or the other."""

    @property
    def owner(self) -> Order | Issued:
        """Who asked for it."""
        raise NotImplementedError


class Listed(Known):
    """A list as a file."""

    order: Order

    @property
    def owner(self) -> Order:
        """Who asked for the list."""
        return self.order


class Requested(Listed):
    """Waiting to be made."""

    stage: ClassVar[Stage] = "requested"
    title: ClassVar[str] = "待制作"


class Made(Listed):
    """The file lies ready until it expires."""

    stage: ClassVar[Stage] = "made"
    title: ClassVar[str] = "已制作"
    rows: int
    size: int
    digest: str
    with_texts: bool
    completed_at: Instant
    expires_at: Instant
    fetched: tuple[Instant, ...] = ()


class Failed(Listed):
    """It could not be made."""

    stage: ClassVar[Stage] = "failed"
    title: ClassVar[str] = "制作失败"
    code: str


class Cancelled(Listed):
    """No longer wanted."""

    stage: ClassVar[Stage] = "cancelled"
    title: ClassVar[str] = "已取消"


class Issued(Known):
    """One case went out as a document."""

    stage: ClassVar[Stage] = "issued"
    title: ClassVar[str] = "已出具"
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

    @property
    def owner(self) -> Issued:
        """It says itself who took it."""
        return self


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
