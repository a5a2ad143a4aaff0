"""Words for people who read Temporal's UI. Names of steps, clocks and departments' codes; never of persons."""

from __future__ import annotations

from activities.effects import title_of
from activities.messages import Alarm
from domain.time.clock_titles import CLOCKS
from domain.value import SHANGHAI
from workflows.engine.stage_titles import STAGES
from workflows.messages import Awaited

MARKS = {"warned": "预警", "expired": "逾期"}


def stage_name(stage: str) -> str:
    """The Chinese name of a stage; its code when a newer release added it."""
    return STAGES.get(stage, stage)


def alarm_name(alarm: Alarm) -> str:
    """`签收期限 逾期`, `签收期限 第2级督促`."""
    kind, _, _ = alarm.clock.rpartition("-")
    mark = MARKS.get(alarm.mark) or f"第{alarm.mark}级督促"
    return f"{CLOCKS.get(kind, kind)}期限 {mark}"


def alarm_line(alarm: Alarm) -> str:
    """With its instant in Beijing time."""
    return f"{alarm_name(alarm)}({alarm.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S})"


def details(now: Awaited) -> str:
    """The current details of a process, as Markdown."""
    lines = [
        f"**{stage_name(now.stage)}**:{now.awaiting}",
        "",
        f"- 责任部门:`{now.department}`",
        f"- 下一时限:{alarm_line(now.alarm) if now.alarm else '无'}",
        f"- 待办事项:{'、'.join(title_of(effect.kind) for effect in now.effects) or '无'}",
        f"- 已处理至记录第 {now.version} 版",
    ]
    return "\n".join([*lines, f"- **须人工处理**:{now.trouble}"] if now.trouble else lines)
