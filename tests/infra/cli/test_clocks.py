"""The table of clocks, as it goes into a file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

from rich.console import Console

from domain.lists.clocks import ClockLine
from domain.lists.worklists import ClockFilter
from infra.cli.clocks import ListedClocks, print_table

DUE = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
LATE = ClockLine(
    stream="clue-1", number="370102-12345-2026-000001", handler=None, region="370102", channel="media",
    category="report", id="handling-3", kind="handling", about=None, rule="market.handling.1", pack="national@2026.2",
    certainty="P", standing="internal", owed_by="370102.market", started_at=DUE - timedelta(days=20),
    warn_at=DUE - timedelta(days=3), due_at=DUE, breach_at=DUE, paused_at=None, stopped_at=None, outcome=None,
    provisional=False, level=2, extensions=0, overdue=True, late_seconds=2 * 86400 + 3 * 3600 + 59, age_seconds=1900000,
)  # fmt: skip


def printed(*lines: ClockLine, more: bool = False) -> list[str]:
    """The table, line by line."""
    file = StringIO()
    listed = ListedClocks(ClockFilter(), lines, len(lines), more, {"370102.market": "历下区市场监督管理局"})
    print_table(listed, Console(file=file, highlight=False))
    return [line.strip() for line in file.getvalue().splitlines() if line.strip()]


def test_given_an_overdue_clock_then_its_row_says_whose_how_late_and_how_sure_the_rule_is() -> None:
    head, _, row, summary = printed(LATE)
    assert head.split() == ["案件编号", "责任部门", "期限", "届满", "逾期", "催办级别", "规则"]
    assert row.split() == [
        "370102-12345-2026-000001", "历下区市场监督管理局", "核查处理", "2026-11-21", "00:00:00", "2天3小时", "2",
        "market.handling.1", "[P", "未确认]",
    ]  # fmt: skip
    assert summary == "已逾期的期限共 1 项,上表列出 1 项"


def test_given_clocks_of_other_kinds_then_they_read_so() -> None:
    sure = replace(LATE, certainty="S", late_seconds=0, level=0, provisional=True, number=None)
    never = replace(LATE, due_at=None, breach_at=None, warn_at=None, late_seconds=0, age_seconds=3 * 3600 + 240)
    resting = replace(LATE, paused_at=DUE, late_seconds=300)
    _, _, first, second, third, summary = printed(sure, never, resting, more=True)
    assert first.split()[0] == "clue-1"
    assert "2026-11-21 00:00:00(暂定)" in first
    assert first.endswith("market.handling.1")
    assert first.split()[-3:-1] == ["—", "—"]
    assert "及时,已 3小时4分" in second
    assert "核查处理(已中止)" in third
    assert "5分" in third
    assert "共 3 项以上" in summary
