"""`xiezhi replay` and `xiezhi diff`: a case told from the record alone. Texts appear only as references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.cases import DECIDERS
from domain.differences import Difference, Point, differences
from domain.envelope import StoredEvent, check_chain
from domain.ids import kind_of
from domain.timeline import Reading, RefusedCommand, Timeline, Vantage, tell


def replay(
    stream: str,
    rows: Sequence[StoredEvent],
    refusals: Sequence[RefusedCommand],
    departments: dict[str, str],
    vantage: Vantage,
) -> Timeline:
    """The timeline of a case, its chain recomputed on the way. Raises `BrokenChain`."""
    decider = DECIDERS[kind_of(stream)]
    return tell(decider, stream, rows, refusals, vantage, Reading(departments=departments))


@dataclass(frozen=True)
class Compared:
    """Two points of one case and what differs between them."""

    stream: str
    before: int
    after: int
    differences: tuple[Difference, ...]


def compare(
    stream: str, rows: tuple[StoredEvent, ...], departments: dict[str, str], before: Point, after: Point
) -> Compared:
    """What differs between two points. Raises `BrokenChain` or `NotYetKnown`."""
    check_chain(rows)
    older, newer = before.known(rows), after.known(rows)
    found = differences(DECIDERS[kind_of(stream)], older, newer, Reading(departments=departments))
    return Compared(stream, older[-1].version, newer[-1].version, found)


def compared_lines(told: Compared) -> Iterator[str]:
    """The differences as lines for people."""
    yield f"案件 {told.stream} 第 {told.before} 版 → 第 {told.after} 版"
    for found in told.differences:
        yield f"  {found.title}: {found.before_title} → {found.after_title}"
    yield f"共 {len(told.differences)} 处不同"
