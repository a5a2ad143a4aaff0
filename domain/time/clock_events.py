"""The events of clocks, shared by every noun that has some: stored names and versions, and what they say."""

from __future__ import annotations

from domain.record.registry import EventRow
from domain.time import case_clocks as t
from domain.time import upcasters as up

CLOCK_EVENTS = (
    EventRow(
        "clock.started",
        2,
        t.ClockStarted,
        (up.clock_with_terms,),
        title="期限起算",
        says="{clock},由 {owed_by} 承担,{due_at} 届满",
    ),
    EventRow("clock.stopped", 1, t.ClockStopped, title="期限终止", says="{clock}终止:{outcome}"),
    EventRow("clock.warned", 2, t.ClockWarned, (up.warned_at_first_point,), title="期限预警", says="{clock}临近届满"),
    EventRow("clock.expired", 1, t.ClockExpired, title="期限届满", says="{clock}届满,尚未办理"),
    EventRow("clock.escalated", 1, t.ClockEscalated, title="逐级催办", says="{clock}逾期,第 {rung} 级催办,报{to}"),
    EventRow(
        "clock.paused", 2, t.ClockPaused, (up.paused_on_a_ground,), title="期限中止", says="{clock}因{ground}中止计算"
    ),
    EventRow(
        "clock.resumed",
        2,
        t.ClockResumed,
        (up.clock_with_terms,),
        title="期限恢复",
        says="{clock}恢复计算,由 {owed_by} 承担,{due_at} 届满",
    ),
    EventRow(
        "clock.extended", 1, t.ClockExtended, title="期限延长", says="{clock}延长,由 {owed_by} 承担,{due_at} 届满"
    ),
    EventRow(
        "clock.recomputed",
        1,
        t.ClockRecomputed,
        title="期限重算",
        says="{clock}重新计算,由 {owed_by} 承担,{due_at} 届满",
    ),
    EventRow("clock.revived", 1, t.ClockRevived, title="期限续行", says="{clock}终止有误,续行计算"),
    EventRow(
        "clock.passed_over", 1, t.ClockPassedOver, title="期限节点已过", says="{clock}的节点在原系统中已经过:{marks}"
    ),
)
