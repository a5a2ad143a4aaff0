"""`xiezhi replay`, `diff` and `explain`: a case told from the record alone. Texts appear only as references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.nouns import DECIDERS
from domain.reading.differences import Difference, Point, differences
from domain.reading.timeline import Reading, RefusedCommand, Timeline, Vantage, tell
from domain.record.envelope import StoredEvent, check_chain
from domain.record.ids import kind_of
from domain.time.rules import RulePack
from domain.time.why import Explanation, explain
from domain.value import local


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


def explain_one(
    case: str, name: str, rows: tuple[StoredEvent, ...], departments: dict[str, str], pack: RulePack, now: datetime
) -> Explanation:
    """A clock of a case explained, the case's chain recomputed on the way. Raises `BrokenChain` or `UnknownClock`."""
    check_chain(rows)
    return explain(DECIDERS[kind_of(case)], case, name, rows, pack, now, Reading(departments=departments))


def explained_lines(told: Explanation) -> Iterator[str]:
    """An explanation as lines for people: the sentence, then what can be checked on a wall calendar, then the marks."""
    yield told.sentence
    yield "计算:"
    yield from (f"  {step.first} {step.text}" for step in told.steps)
    if told.provisional_because:
        yield f"暂定: {told.provisional_because}"
    yield "经过:"
    yield from (f"  {local(moment.at)} {moment.title}  {moment.text}" for moment in told.happened)
    if told.citation and told.citation.effect:
        yield f"期满后果: {told.citation.effect}"
    if told.citation and told.citation.note:
        yield f"规则说明: {told.citation.note}"


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
