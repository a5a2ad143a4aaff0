"""The events of clocks, shared by every noun that has some: stored names and versions, and what they say."""

from __future__ import annotations

from typing import Literal

from domain.record.registry import EventRow
from domain.time import upcasters as up
from domain.time.clock import Clock, Mark
from domain.time.rules import PauseGround, Recipient
from domain.value import Value

Outcome = Literal["met", "missed", "settled"]
"""How a clock ended: in time, too late, or taken away by a hand-over before it expired."""


class ClockStarted(Value):
    """A deadline began to run. The clock carries rule, certainty, all instants and the explanation."""

    clock: Clock


class ClockStopped(Value):
    """A deadline ended."""

    clock: str
    outcome: Outcome


class ClockWarned(Value):
    """A warn point passed while the clock ran (yellow); `point` counts from 1."""

    clock: str
    point: int


class ClockExpired(Value):
    """The deadline was breached (red)."""

    clock: str


class ClockPaused(Value):
    """A running deadline stopped counting for a lawful ground (中止)."""

    clock: str
    ground: PauseGround


class ClockResumed(Value):
    """The deadline counts on (恢复); the clock carries its new instants and says how they came about."""

    clock: Clock


class ClockExtended(Value):
    """More time was granted (延期); the clock carries its new instants."""

    clock: Clock


class ClockRecomputed(Value):
    """The instants were computed anew: a calendar became known, or a stretch of time was found not to count."""

    clock: Clock
    cause: Literal["calendar", "excluded"]


class ClockRevived(Value):
    """The stop was a mistake: the deadline runs on as if it had never stopped."""

    clock: str


class ClockPassedOver(Value):
    """Marks that came while another system kept the time of a migrated case: nobody was told of them here."""

    clock: str
    marks: tuple[Mark, ...]


class ClockEscalated(Value):
    """A rung of the escalation ladder was climbed; `to` says who is told."""

    clock: str
    rung: int
    to: Recipient


ClockEvent = (
    ClockStarted
    | ClockStopped
    | ClockWarned
    | ClockExpired
    | ClockEscalated
    | ClockPaused
    | ClockResumed
    | ClockExtended
    | ClockRecomputed
    | ClockRevived
    | ClockPassedOver
)


CLOCK_EVENTS = (
    EventRow(
        "clock.started",
        2,
        ClockStarted,
        (up.clock_with_terms,),
        title="期限起算",
        says="{clock},由 {owed_by} 承担,{due_at} 届满",
    ),
    EventRow("clock.stopped", 1, ClockStopped, title="期限终止", says="{clock}终止:{outcome}"),
    EventRow("clock.warned", 2, ClockWarned, (up.warned_at_first_point,), title="期限预警", says="{clock}临近届满"),
    EventRow("clock.expired", 1, ClockExpired, title="期限届满", says="{clock}届满,尚未办理"),
    EventRow("clock.escalated", 1, ClockEscalated, title="逐级催办", says="{clock}逾期,第 {rung} 级催办,报{to}"),
    EventRow(
        "clock.paused", 2, ClockPaused, (up.paused_on_a_ground,), title="期限中止", says="{clock}因{ground}中止计算"
    ),
    EventRow(
        "clock.resumed",
        2,
        ClockResumed,
        (up.clock_with_terms,),
        title="期限恢复",
        says="{clock}恢复计算,由 {owed_by} 承担,{due_at} 届满",
    ),
    EventRow("clock.extended", 1, ClockExtended, title="期限延长", says="{clock}延长,由 {owed_by} 承担,{due_at} 届满"),
    EventRow(
        "clock.recomputed",
        1,
        ClockRecomputed,
        title="期限重算",
        says="{clock}重新计算,由 {owed_by} 承担,{due_at} 届满",
    ),
    EventRow("clock.revived", 1, ClockRevived, title="期限续行", says="{clock}终止有误,续行计算"),
    EventRow(
        "clock.passed_over", 1, ClockPassedOver, title="期限节点已过", says="{clock}的节点在原系统中已经过:{marks}"
    ),
)
