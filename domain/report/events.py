"""What happens to a monthly report. Past tense, noun first; stored names stand in the rows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from domain.report.figures import Content
from domain.value import Value

Form = Literal["xlsx", "docx", "json"]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ReportFrozen(Value):
    """The figures of a month as known at `content.as_of` were fixed; `digest` is over their canonical bytes."""

    content: Content
    digest: Digest


class ReportIssued(Value):
    """The report was taken out as a file of this size and SHA-256. Recorded before the first byte went out."""

    form: Form
    size: int
    digest: Digest
