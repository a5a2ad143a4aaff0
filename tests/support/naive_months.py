"""A month counted the slow way: every case told from its events once a question, by the words of the definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.clue import CLUE
from domain.clue.case import summary
from domain.record.decider import fold
from domain.record.envelope import Envelope, StoredEvent, read
from domain.report.figures import BYS, MEASURES, begin_of, following, months_of
from domain.time.clock_events import ClockExpired, ClockPassedOver, ClockRevived, ClockStarted, ClockStopped
from tests.domain.clue import events as e

Figures = Counter[tuple[int, str, str, str, str]]
"""How many, by (which of the three months, measure, region, what it is split by, value)."""
Fact = tuple[str, str, str | None, str | None]
"""What happened, whose it was, the result, the kind of clock."""


def figures_of(content: Any) -> Figures:
    """The same numbers out of a report."""
    return Counter(
        {
            (slot, measure, line.region, line.by, line.of): number
            for line in content.lines
            for slot, counts in enumerate(line.counts)
            for measure, number in zip(MEASURES, counts, strict=True)
            if number
        }
    )


def counted(streams: Mapping[str, Sequence[StoredEvent]], prefix: str, month: str, as_of: datetime) -> Figures:
    """The figures of all cases whose region begins with a prefix, as known at `as_of`."""
    found: Figures = Counter()
    for rows in streams.values():
        known = [read(row) for row in rows if row.recorded_at <= as_of]
        if not known or not (now := _summary(known)).region.startswith(prefix):
            continue
        for slot, each in enumerate(months_of(month)):
            for measure, department, result, clock in _facts(known, begin_of(each), begin_of(following(each))):
                values = (department, now.category, now.channel, result, clock)
                for by, of in zip(BYS, values, strict=True):
                    if of is not None:
                        found[slot, measure, now.region, by, of] += 1
    return found


def _facts(known: Sequence[Envelope], begun: datetime, ended: datetime) -> Iterator[Fact]:
    for place, envelope in enumerate(known):
        event = envelope.event
        if not begun <= envelope.occurred_at < ended:
            continue
        if isinstance(event, e.ClueRegistered):
            yield "received", _at(known, ended).responsible, None, None
        elif isinstance(event, e.ClueCompleted | e.ClueAnswered | e.ClueSentBack) and not _undone(known, place):
            after = _summary(known[: place + 1])
            yield "completed", after.responsible, after.result, None
        elif isinstance(event, e.ClueReturned):
            yield "returned", _summary(known[:place]).responsible, None, None
        elif isinstance(event, e.ClueReopened):
            yield "reopened", _summary(known[:place]).responsible, None, None
    if any(envelope.occurred_at < ended for envelope in known) and not _at(known, ended).completed:
        yield "open", _at(known, ended).responsible, None, None
    for verdict, clock, at in _clocks(known):
        if begun <= at < ended:
            yield verdict, clock.owed_by, None, clock.kind


def _undone(known: Sequence[Envelope], completed: int) -> bool:
    """Whether what follows a completion first is its undoing, and not a reopening."""
    after = (envelope.event for envelope in known[completed + 1 :])
    turned = (event for event in after if isinstance(event, e.ClueCompletionUndone | e.ClueReopened))
    return isinstance(next(turned, None), e.ClueCompletionUndone)


def _clocks(known: Sequence[Envelope]) -> Iterator[tuple[str, Any, datetime]]:
    for started in known:
        if not isinstance(started.event, ClockStarted):
            continue
        clock, met = started.event.clock, None
        for envelope in known:
            event = envelope.event
            clock = _moved(clock, event)
            late = (
                (isinstance(event, ClockExpired) and event.clock == clock.id)
                or (isinstance(event, ClockPassedOver) and event.clock == clock.id and "expired" in event.marks)
                or (isinstance(event, ClockStopped) and event.clock == clock.id and event.outcome == "missed")
            )
            if late:
                yield "missed", clock, clock.breach_at
                break
            if isinstance(event, ClockStopped) and event.clock == clock.id:
                met = envelope.occurred_at if event.outcome == "met" else None
            if isinstance(event, ClockRevived) and event.clock == clock.id:
                met = None
        else:
            if met is not None:
                yield "met", clock, met


def _moved(clock: Any, event: Any) -> Any:
    """The clock with the instants an event gave it."""
    newer = getattr(event, "clock", None)
    return newer if getattr(newer, "id", None) == clock.id else clock


def _at(known: Sequence[Envelope], ended: datetime) -> Any:
    return _summary([envelope for envelope in known if envelope.occurred_at < ended])


def _summary(known: Sequence[Envelope]) -> Any:
    return summary(fold(CLUE, [envelope.happened for envelope in known]))
