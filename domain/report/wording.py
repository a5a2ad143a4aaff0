"""Chinese words of a monthly report, and what each figure means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.clue.life import Ending
from domain.clue.values import CATEGORY_NAMES, CHANNEL_NAMES, Conclusion
from domain.report.figures import By, Measure
from domain.time.clock_titles import CLOCKS
from domain.words import words_in

MEASURE_NAMES: dict[Measure, str] = {
    "received": "登记",
    "completed": "办结",
    "open": "期末在办",
    "returned": "退回",
    "reopened": "重新办理",
    "met": "期限按期",
    "missed": "期限逾期",
}
ON_TIME = "按期率"

BY_NAMES: dict[By, str] = {
    "department": "部门",
    "category": "诉求类别",
    "channel": "来源渠道",
    "result": "办理结果",
    "clock": "期限种类",
}

DEFINITIONS: tuple[tuple[str, str], ...] = (
    ("统计时点", "只统计该时点之前已记录的内容;此后的更正、重新办理和删除不改变本报表,在新生成的报表中体现。"),
    ("月份", "按业务时间归入北京时间的自然月;自其他系统迁入的案件按原系统的时间归入。"),
    ("登记", "当月登记的案件数。部门为月末对案件负责的部门,尚未分办的为分办机构。"),
    ("办结", "当月办结的件次,一件重新办理后再次办结的计两次;后来作为误操作撤销的办结不计。部门为办结时负责的部门。"),
    ("期末在办", "月末已登记而尚未办结的案件数。部门为月末负责的部门。"),
    ("退回", "当月退回分办机构的件次,含逾期未签收自动退回的。部门为退回前负责的部门。"),
    ("重新办理", "当月办结后重新办理的件次。部门为原办结部门。"),
    (
        "期限按期",
        "当月在届满前完成的期限数。依法中止的时间不计入;因案件移交他人而终止的期限、没有天数的期限(立即、及时)不计。",
    ),
    ("期限逾期", "当月逾期的期限数,不论事后是否完成;一个期限只计一次,记在逾期当月。部门为承担该期限的部门。"),
    ("按期率", "期限按期 ÷(期限按期 + 期限逾期),括号内为分子和分母。"),
    ("环比、同比", "环比与上月相比,同比与上年同月相比,括号内为增减数和基数;基数为零或该月情况未知时为“无可比基数”。"),
    ("行政区划", "按案件属地的行政区划代码(GB/T 2260)逐级汇总;上级等于其下级与本级之和。"),
    ("诉求类别", "为统计时点已知的类别,更正过的按更正后的。"),
    ("不统计", "检查次数、罚没金额等不作为统计和评价内容。"),
)
"""What each figure means, as it stands under every report."""

_SPLIT_NAMES: Mapping[By, Mapping[Any, str]] = {
    "department": {},
    "category": CATEGORY_NAMES,
    "channel": CHANNEL_NAMES,
    "result": {**words_in(Conclusion), **words_in(Ending)},
    "clock": CLOCKS,
}


def split_name(by: By, of: str) -> str:
    """The title of a category, channel, result or kind of clock; a code without one stands for itself."""
    return _SPLIT_NAMES[by].get(of, of)


def month_name(month: str) -> str:
    """`2026年10月`."""
    return f"{month[:4]}年{int(month[5:])}月"
