"""What happens to an export. Past tense, noun first; stored names and versions stand in the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from domain.record.vault import Sealed
from domain.value import Instant, Value
from domain.words import Words

ListForm = Literal["xlsx", "csv"]
CaseForm = Literal["json", "docx", "pdf"]

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Case = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[0-9a-f]{32}$")]
FilterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,30}$")]
FilterText = Annotated[str, StringConstraints(max_length=100)]
Filters = Annotated[
    Mapping[FilterName, FilterText | bool | int | Annotated[tuple[FilterText, ...], Field(max_length=50)]],
    Field(max_length=30),
]
"""What a list is narrowed to, by the names the list itself uses: codes and dates. Words looked for are no filter."""

Purpose = Annotated[
    Literal["handling", "supervision", "statistics", "audit", "reconsideration", "litigation", "disclosure"],
    Words(
        {
            "handling": "案件办理",
            "supervision": "督办",
            "statistics": "统计分析",
            "audit": "审计",
            "reconsideration": "行政复议",
            "litigation": "诉讼",
            "disclosure": "信息公开",
        }
    ),
]
"""What it is taken out for. Enumerated, so that it may stand in an address and on every page."""

FailureCode = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_]{1,40}$"),
    Words(
        {
            "too_many_rows": "行数超过上限,请缩小筛选范围后重新申请",
            "account_inactive": "申请人账号已停用",
            "search_erased": "检索内容已删除",
            "query_outdated": "筛选条件在当前版本中不再有效,请重新申请",
            "gave_up": "多次制作未成,请联系系统管理员",
        }
    ),
]


class ExportRequested(Value):
    """Somebody asked for a list as a file. `search` is what was looked for, which may name a person."""

    form: ListForm
    filters: Filters
    search: Sealed | None
    purpose: Purpose | None


class ExportCompleted(Value):
    """The file lies ready: `rows` without the header, `size` in bytes, SHA-256. `with_texts`: it holds titles."""

    rows: int
    size: int
    digest: Digest
    with_texts: bool
    expires_at: Instant


class ExportFailed(Value):
    """It cannot be made, and why."""

    code: FailureCode


class ExportFetched(Value):
    """The file was handed out once more."""


class ExportCancelled(Value):
    """The requester no longer wants it."""


class ExportIssued(Value):
    """One case was taken out as a document, as it stood at `version`. Recorded before the first byte went out."""

    case: Case
    version: int
    head_hash: Digest
    form: CaseForm
    size: int
    digest: Digest
    with_texts: bool
    purpose: Purpose | None
