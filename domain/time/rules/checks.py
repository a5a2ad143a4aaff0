"""What is wrong with a rule row, or between rows, in words for whoever writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from domain.record.registry import REGISTRY
from domain.time.rules.rows import EVERY_CASE, ClockKind, Rule
from domain.time.rules.terms import RUNNING, DocumentDate, Length, Promptly, Rung, YearlyDate

EVERYONE = ("", "", "", "")
"""The scope of a row that binds all."""

DATED: tuple[ClockKind, ...] = ("result_report",)
"""Kinds of clocks whose start always names the date of a document. An oversight order may, which overrides its rule."""


def row_faults(rule: Rule) -> Iterator[str]:
    """What is wrong within one row."""
    yield from _date_faults(rule)
    yield from _source_faults(rule)
    if rule.region is not None and not re.fullmatch(r"[0-9]{6}", rule.region):
        yield f"region: {rule.region} 不是六位行政区划代码"
    yield from _event_faults(rule)
    yield from _length_faults(rule)
    yield from _ladder_faults(rule.ladder)


def pack_faults(rules: Sequence[Rule]) -> Iterator[tuple[int | None, str]]:
    """What is wrong between rows, with the index of the later row."""
    seen: set[str] = set()
    coming: dict[str, str] = {}
    for index, rule in enumerate(rules):
        if rule.id in seen:
            yield index, "id: 重复"
        seen.add(rule.id)
        for name, title in rule.waits_for.items():
            if coming.setdefault(name, title) != title:
                yield index, f"waits_for: {name} 在前面的规则中写作 {coming[name]}"
    for kind, scope in sorted({(rule.kind, rule.scope) for rule in rules} | {(kind, EVERYONE) for kind in EVERY_CASE}):
        dated = sorted(
            (rule.effective_from, index)
            for index, rule in enumerate(rules)
            if rule.kind == kind and rule.scope == scope
        )
        yield from _overlaps(rules, dated)
        if kind in EVERY_CASE and scope == EVERYONE:  # a narrower row may leave days to the one for everyone
            yield from _gaps(rules, kind, dated)


def _date_faults(rule: Rule) -> Iterator[str]:
    if rule.effective_to is not None and rule.effective_to < rule.effective_from:
        yield f"effective_to: {rule.effective_to} 早于 effective_from {rule.effective_from}"


def _source_faults(rule: Rule) -> Iterator[str]:
    if rule.certainty != "P" and not (rule.source and rule.instrument):
        yield f"certainty 为 {rule.certainty} 的须写明 source 和 instrument；只有 P 可以没有出处"
    if rule.certainty == "S" and not rule.article:
        yield "certainty 为 S 的须写明核对过的条款 article"
    if rule.certainty == "P" and rule.standing == "statutory":
        yield "certainty 为 P 的没有法律依据，standing 不能是 statutory"


def _event_faults(rule: Rule) -> Iterator[str]:
    """A step that is not built yet is waited for in so many words, and no other is."""
    spoken_of = dict.fromkeys((*rule.starts, *rule.stops))
    for name in spoken_of:
        if not REGISTRY.knows(name) and name not in rule.waits_for:
            yield f"没有名为 {name} 的事件；步骤待建的，写入 waits_for"
    for name in rule.waits_for:
        if REGISTRY.knows(name):
            yield f"waits_for: 已有 {name}，不必再等"
        elif name not in spoken_of:
            yield f"waits_for: starts 和 stops 都没有 {name}"
    if not rule.starts or not rule.stops:
        yield "starts 和 stops 各须至少一个事件"


def _length_faults(rule: Rule) -> Iterator[str]:
    length = rule.length
    if not isinstance(length, Length):
        yield from _dateless_faults(rule)
        return
    if length.roll and (length.day in RUNNING or length.day == "working_days"):
        yield f"length: {length.day} 不能顺延（roll）：连续计算的没有末日，工作日不会是休息日"
    for number, before in enumerate(rule.warn_before, 1):
        if before.roll or before.day not in (*RUNNING, "working_days", "calendar_days"):
            yield f"warn_before 第 {number} 项: 只能用小时以下单位、working_days 或者 calendar_days 倒推"
        if length.running and not before.running:
            yield f"warn_before 第 {number} 项: 连续计算的期限只能用小时以下单位预警"


def _dateless_faults(rule: Rule) -> Iterator[str]:
    """A length that is no amount cannot be paused or extended; one without any end has no ladder either."""
    if isinstance(rule.length, DocumentDate) and rule.kind not in DATED:
        yield f"length: {rule.kind} 起算时没有文书载明日期，不能用 document_date"
    if rule.pauses and not isinstance(rule.length, YearlyDate):
        yield f"pauses: {rule.length.day} 没有可以中止的计数"
    if rule.extensions:
        yield f"extensions: {rule.length.day} 不能按数量延长"
    if isinstance(rule.length, Promptly) and (rule.ladder or rule.warn_before):
        yield "promptly 不会逾期，不能有 warn_before 和 ladder"


def _ladder_faults(ladder: Sequence[Rung]) -> Iterator[str]:
    for number, rung in enumerate(ladder, 1):
        if rung.after.roll or rung.after.day not in (*RUNNING, "working_days", "calendar_days"):
            yield f"ladder 第 {number} 级: 只能用小时以下单位、working_days 或者 calendar_days"
        if (rung.act == "return_to_dispatcher") != (rung.to == "dispatcher"):
            yield f"ladder 第 {number} 级: 退回分办的只能给 dispatcher，给 dispatcher 的只能是退回分办"
        if rung.act == "order" and rung.to != "coordinator":
            yield f"ladder 第 {number} 级: 督办单只能由 coordinator 签发"
        if rung.act == "return_to_dispatcher" and number < len(ladder):
            yield f"ladder 第 {number} 级: 退回分办之后不能再有层级"
    for number, (lower, upper) in enumerate(pairwise(ladder), 2):
        if not _earlier(lower.after, upper.after):
            yield f"ladder 第 {number} 级: 须晚于第 {number - 1} 级，并用同一种计日方式"


def _earlier(one: Length, other: Length) -> bool:
    if one.running and other.running:
        return one.running < other.running
    return one.day == other.day and one.amount < other.amount


def _overlaps(rules: Sequence[Rule], dated: Sequence[tuple[date, int]]) -> Iterator[tuple[int, str]]:
    for (_, index), (start, later) in pairwise(dated):
        end = rules[index].effective_to
        if end is None or start <= end:
            yield later, f"时间重叠: {rules[index].id} 有效至 {end or '另行规定'}"


def _gaps(rules: Sequence[Rule], kind: str, dated: Sequence[tuple[date, int]]) -> Iterator[tuple[int | None, str]]:
    if not dated:
        yield None, f"时间缺口: 没有 {kind} 的规则"
        return
    for (_, index), (start, later) in pairwise(dated):
        end = rules[index].effective_to
        if end is not None and start > end + timedelta(days=1):
            yield later, f"时间缺口: {end} 至 {start} 之间没有 {kind} 的规则"
    last = rules[dated[-1][1]]
    if last.effective_to is not None:
        yield dated[-1][1], f"时间缺口: {last.effective_to} 之后没有 {kind} 的规则"
