"""Chinese titles of stages and clocks, for every layer that shows them. Plain data: workflows import it too."""

from __future__ import annotations

STAGES: dict[str, str] = {
    "unregistered": "未登记",
    "registered": "待分办",
    "dispatched": "待签收",
    "signed_for": "待分派",
    "assigned": "待接办",
    "taken_up": "已接办",
    "verifying": "核查中",
    "verified": "核查完毕",
    "disposition_proposed": "待审批处置",
    "disposed": "已处置",
    "fed_back": "已反馈",
    "completed": "已办结",
    "archived": "已归档",
}
"""By the names of `domain.clue.state.StageName`."""

CLOCKS: dict[str, str] = {
    "dispatch": "分办",
    "sign_for": "签收",
    "handling": "核查处理",
    "feedback": "反馈",
    "archive": "归档",
}
"""By the kinds of `domain.rules.ClockKind`: what a clock waits for."""
