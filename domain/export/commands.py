"""What may be asked of an export. People request, fetch and cancel; the process completes or fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from domain.export.events import Case, CaseForm, Digest, FailureCode, Filters, ListForm, Purpose
from domain.record.decider import Command
from domain.record.vault import PersonalText
from domain.value import Instant

MAX_SEARCH = 100


def _short(given: Any) -> Any:
    if isinstance(given, str) and len(given) > MAX_SEARCH:
        raise ValueError(f"最多 {MAX_SEARCH} 字")
    return given


SearchText = Annotated[PersonalText, BeforeValidator(_short)]


class RequestExport(Command):
    """导出列表: the rows the requester's own list shows under these filters, as a file."""

    slug: ClassVar[str] = "request"
    example: ClassVar[Mapping[str, object]] = {
        "form": "xlsx",
        "filters": {"stage": "dispatched", "region": "370102"},
        "purpose": "supervision",
    }
    form: ListForm
    filters: Filters = Field(default_factory=dict)
    search: SearchText | None = None
    purpose: Purpose | None = None


class IssueExport(Command):
    """导出案件: one case as a document. Everything but case, form and purpose comes from what was made."""

    slug: ClassVar[str] = "issue"
    example: ClassVar[Mapping[str, object]] = {
        "case": "clue-6d5fbb1e6f0c5c369b0c7d1f4f0c2a11",
        "version": 23,
        "head_hash": "ab" * 32,
        "form": "pdf",
        "size": 48213,
        "digest": "cd" * 32,
        "with_texts": True,
        "purpose": "reconsideration",
    }
    case: Case
    version: int
    head_hash: Digest
    form: CaseForm
    size: int
    digest: Digest
    with_texts: bool
    purpose: Purpose | None = None


class CompleteExport(Command):
    """The process made the file."""

    slug: ClassVar[str] = "complete"
    example: ClassVar[Mapping[str, object]] = {
        "rows": 120,
        "size": 20480,
        "digest": "ab" * 32,
        "with_texts": True,
        "expires_at": "2026-11-29T08:00:00+00:00",
    }
    rows: int
    size: int
    digest: Digest
    with_texts: bool
    expires_at: Instant


class FailExport(Command):
    """The process cannot make it."""

    slug: ClassVar[str] = "fail"
    example: ClassVar[Mapping[str, object]] = {"code": "too_many_rows"}
    code: FailureCode


class FetchExport(Command):
    """下载: the requester takes the file."""

    slug: ClassVar[str] = "fetch"
    example: ClassVar[Mapping[str, object]] = {}


class CancelExport(Command):
    """取消 before it is made."""

    slug: ClassVar[str] = "cancel"
    example: ClassVar[Mapping[str, object]] = {}
