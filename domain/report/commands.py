"""What may be asked of a monthly report. What was counted comes from the counting, never from a caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from domain.record.decider import Command
from domain.report.events import Digest, Form
from domain.report.figures import Content


class Freeze(Command):
    """固化月报: keep what was counted for ever."""

    slug: ClassVar[str] = "freeze"
    example: ClassVar[Mapping[str, object]] = {
        "content": {
            "region": "370102",
            "month": "2026-10",
            "as_of": "2026-11-01T01:00:00+00:00",
            "known_since": "2025-01",
            "lines": [
                {
                    "region": "370102",
                    "by": by,
                    "of": of,
                    "counts": [[12, 9, 7, 1, 0, 20, 2], [10, 8, 4, 0, 1, 18, 3], [9, 9, 2, 0, 0, 17, 1]],
                }
                for by, of in (("category", "report"), ("channel", "hotline_12345"), ("department", "370102.market"))
            ],
        }
    }
    content: Content


class Issue(Command):
    """导出月报: somebody takes the file."""

    slug: ClassVar[str] = "issue_report"
    example: ClassVar[Mapping[str, object]] = {"form": "xlsx", "size": 20480, "digest": "cd" * 32}
    form: Form
    size: int
    digest: Digest
