"""How each clock ended, for statistics: met or missed, when, and whose it was. Pure.

A clock is missed at the instant it breached, whatever is done afterwards; it is met when it was stopped before. So each
one counts once, in the month in which that was decided, and a case that nobody takes up counts from its breach on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.time.case_clocks import Timed, TimedClock
from domain.time.counting import NEVER

Verdict = Literal["met", "missed", "settled", "running"]
"""`settled`: taken away by a hand-over, counted for nobody; `running`: not ended, or its end was a mistake."""


@dataclass(frozen=True)
class ClockEnd:
    """A verdict on a clock and, by the event that brought it, since when it is known."""

    version: int
    recorded_at: datetime
    clock: str
    kind: str
    owed_by: str
    verdict: Verdict
    ended_at: datetime
    """Business time: of the breach when missed, of the stop otherwise."""


def ends(
    before: Timed, after: Timed, *, version: int, recorded_at: datetime, occurred_at: datetime
) -> Iterator[ClockEnd]:
    """The verdicts one event changed, from the clocks before and after it. What was missed stays missed."""
    known = {timed.clock.id: timed for timed in before}
    for timed in after:
        earlier = known.get(timed.clock.id)
        if earlier == timed:
            continue
        verdict, was = _verdict(timed), _verdict(earlier) if earlier else "running"
        if verdict != was and was != "missed":
            yield ClockEnd(
                version=version,
                recorded_at=recorded_at,
                clock=timed.clock.id,
                kind=timed.clock.kind,
                owed_by=timed.clock.owed_by,
                verdict=verdict,
                ended_at=timed.clock.breach_at if verdict == "missed" else timed.stopped_at or occurred_at,
            )


def _verdict(timed: TimedClock) -> Verdict:
    if timed.clock.breach_at == NEVER:
        return "running"  # without a number of days there is no time to be in
    if "expired" in timed.reached or timed.outcome == "missed":
        return "missed"
    return timed.outcome or "running"
