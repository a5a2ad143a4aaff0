"""What a monthly report (月报) counts, for which region and month, and the exact bytes its digest is over. Pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

import rfc8785
from pydantic import Field, StringConstraints

from domain.value import SHANGHAI, Instant, Value

Measure = Literal["received", "completed", "open", "returned", "reopened", "met", "missed"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
"""Flows of the month, and `open`, what was left open at its end. `DEFINITIONS` (domain/report/wording.py) says how
each is counted."""

By = Literal["department", "category", "channel", "result", "clock"]
BYS: tuple[By, ...] = get_args(By)
"""What figures are split by. Every figure has a department, a category and a channel; only completions have a result,
only ended clocks a kind."""

Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
"""A calendar month in Asia/Shanghai, `2026-10`."""
Count = Annotated[int, Field(ge=0)]
Counts = tuple[Count, Count, Count, Count, Count, Count, Count]
"""One number a measure, in the order of `MEASURES`."""
Triple = tuple[Counts, Counts, Counts]
"""The month, the month before it, and the same month of the year before."""

NOTHING: Counts = (0,) * len(MEASURES)  # type: ignore[assignment]  # mypy does not count a repeated tuple


class Line(Value):
    """The figures of one region's own cases (not of those below it) under one value of what they are split by."""

    region: Region
    by: By
    of: str
    counts: Triple


class Content(Value):
    """A report: everything its digest is over. `known_since`: the month of the earliest case known of in the region;
    months before it are unknown, not empty."""

    format: Literal["xiezhi-report/1"] = "xiezhi-report/1"
    region: Region
    month: Month
    as_of: Instant
    """Counted from what was recorded by then."""
    known_since: Month | None
    measures: tuple[Measure, ...] = MEASURES
    lines: tuple[Line, ...]

    @property
    def complete(self) -> bool:
        """Whether the month was over."""
        return self.as_of >= begin_of(following(self.month))

    @property
    def known(self) -> tuple[bool, bool, bool]:
        """Whether anything was known of the month, the one before, and the same one of the year before."""
        return tuple([self.known_since is not None and month >= self.known_since for month in months_of(self.month)])  # type: ignore[return-value]  # three months


def canonical(content: Content) -> bytes:
    """The report as RFC 8785 writes it: what the digest is over."""
    return rfc8785.dumps(content.model_dump(mode="json"))


def digest_of(content: Content) -> str:
    """SHA-256 of the canonical bytes, hex."""
    return hashlib.sha256(canonical(content)).hexdigest()


def ordered(lines: list[Line]) -> tuple[Line, ...]:
    """Lines in the one order every report has."""
    return tuple(sorted(lines, key=lambda line: (line.region, line.by, line.of)))


def months_of(month: str) -> tuple[str, str, str]:
    """The month, the one before (环比), and the same one of the year before (同比)."""
    return month, preceding(month), f"{int(month[:4]) - 1:04d}{month[4:]}"


def begin_of(month: str) -> datetime:
    """The first instant of a month, UTC."""
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=SHANGHAI).astimezone(UTC)


def following(month: str) -> str:
    """The month after."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + 1:04d}-01" if number == 12 else f"{year:04d}-{number + 1:02d}"


def preceding(month: str) -> str:
    """The month before."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1:04d}-12" if number == 1 else f"{year:04d}-{number - 1:02d}"


def month_at(instant: datetime) -> str:
    """The month an instant lies in."""
    return f"{instant.astimezone(SHANGHAI):%Y-%m}"
