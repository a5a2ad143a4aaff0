"""Which row of a pack a case gets, and why not one of the others."""

from __future__ import annotations

from datetime import date

from domain.time.rules.pack import RulePack
from domain.time.rules.rows import Circumstances, ClockKind, Rule, RuleMissing
from domain.value import Value


class Considered(Value):
    """A row of the kind that was asked for: taken or not, and why."""

    rule: Rule
    taken: bool
    why: str


def consider(
    pack: RulePack, kind: ClockKind, on: date, department: str, given: Circumstances
) -> tuple[Considered, ...]:
    """Every row of a kind for a department and a case on a day (Asia/Shanghai), what comes first before the others."""
    try:
        taken = pack.rule_for(kind, on, department, given)
    except RuleMissing:
        taken = None
    rows = sorted((rule for rule in pack.rules if rule.kind == kind), key=lambda rule: rule.precedence, reverse=True)
    return tuple(
        Considered(rule=rule, taken=rule is taken, why=_why(rule, taken, on, department, given)) for rule in rows
    )


def _why(rule: Rule, taken: Rule | None, on: date, department: str, given: Circumstances) -> str:
    if not rule.binds(department, given):
        return f"不适用：{_missed(rule, department, given)}"
    if rule is taken:
        return (
            "采用：当日施行且适用的规则中最优先"
            if rule.in_force(on)
            else f"采用：收件在 {on} 所行规则施行之前，按其过渡条款沿用"
        )
    if not rule.in_force(on):
        return f"未施行：{rule.effective_from} 起" if on < rule.effective_from else f"已失效：至 {rule.effective_to}"
    if taken is None or not taken.in_force(on):
        return f"不采用：收件在 {rule.effective_from} 之前，按过渡条款沿用此前的规则"
    if taken.standing == "statutory" != rule.standing:
        return f"让位于 {taken.id}：法定的优先"
    return f"让位于 {taken.id}：适用范围更小的优先"


def _missed(rule: Rule, department: str, given: Circumstances) -> str:
    """The conditions of the row that the case does not meet."""
    code, _, trade = department.partition(".")
    region, own_trade, category, channel = rule.scope
    conditions = (
        (code.startswith(region), f"限行政区划 {rule.region}"),
        (own_trade in ("", trade), f"限部门类别 {own_trade}"),
        (category in ("", given.category), f"限诉求类别 {category}"),
        (channel in ("", given.channel), f"限来源渠道 {channel}"),
    )
    return "、".join(text for met, text in conditions if not met)
