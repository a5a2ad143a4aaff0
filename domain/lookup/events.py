"""What happens to a lookup. Past tense, noun first; stored names and versions stand in the rows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from domain.lists.reporters import Kind
from domain.record.vault import Sealed
from domain.value import Value
from domain.words import Words

Purpose = Annotated[
    Literal["repeat_report", "progress_inquiry", "contact", "oversight"],
    Words(
        {
            "repeat_report": "核对是否重复反映",
            "progress_inquiry": "来件人查询进度",
            "contact": "联系来件人核实",
            "oversight": "督办核查",
        }
    ),
]

MAX_CASES = 100
"""Most cases one answer shows."""

Mark = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Case = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[0-9a-f]{32}$")]
Cases = Annotated[tuple[Case, ...], Field(max_length=MAX_CASES)]


class LookupMade(Value):
    """Somebody wants to find cases by who reported them. What was sought stands here as its keyed mark only."""

    sought: Annotated[Kind, Words({"phone": "电话", "id": "身份证号", "name": "姓名"})]
    mark: Mark
    purpose: Purpose
    reason: Sealed


class LookupAnswered(Value):
    """These cases were shown. `more`: there were others beyond the longest answer."""

    cases: Cases
    more: bool
