"""Every way a rule file can be wrong: one clear error with the file, the number of the row and its id."""

from __future__ import annotations

import pytest

from domain.time.rules import Length, RulePackInvalid, load_pack, parse_pack
from tests.domain.time.rule_files import HEAD, OTHERS, parse, row, rung

READ = ('certainty = "S"', 'source = ["SAM-01"]', 'instrument = "程序规定"', 'article = "第十八条"')


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        # fields
        ([row("handling"), row("hearing")], "第 2 条 (test.hearing.1): kind: 只能是 "),
        ([row("handling", 'colour = "red"')], "第 1 条 (test.handling.1): colour: 没有这个字段"),
        ([row("handling", "title =")], "第 1 条 (test.handling.1): title: 缺少"),
        ([row("handling", "id =")], "第 1 条 (无 id): id: 缺少"),
        ([row("handling", 'title = ""')], "第 1 条 (test.handling.1): title: 不能为空"),
        ([row("handling", 'certainty = "Q"')], "第 1 条 (test.handling.1): certainty: 只能是 "),
        ([row("handling", 'owed_by = "police"')], "第 1 条 (test.handling.1): owed_by: 只能是 "),
        ([row("handling", 'region = "3701"')], "第 1 条 (test.handling.1): region: 3701 不是六位行政区划代码"),
        ([row("handling", 'region = "济南市"')], "第 1 条 (test.handling.1): region: 济南市 不是六位行政区划代码"),
        ([row("handling", 'transition = "decision"')], "第 1 条 (test.handling.1): transition: 只能是 "),
        # events
        (
            [row("handling", 'starts = ["clue.signed"]')],
            "第 1 条 (test.handling.1): 没有名为 clue.signed 的事件",
        ),
        ([row("handling", 'stops = ["archived"]')], "第 1 条 (test.handling.1): 没有名为 archived 的事件"),
        ([row("handling", "stops = []")], "第 1 条 (test.handling.1): starts 和 stops 各须至少一个事件"),
        # steps to come
        (
            [row("handling", 'stops = ["clue.case_filed"]')],
            "第 1 条 (test.handling.1): 没有名为 clue.case_filed 的事件；步骤待建的，写入 waits_for",
        ),
        (
            [row("handling", 'waits_for = { "clue.archived" = "归档" }')],
            "第 1 条 (test.handling.1): waits_for: 已有 clue.archived，不必再等",
        ),
        (
            [row("handling", 'waits_for = { "clue.case_filed" = "立案" }')],
            "第 1 条 (test.handling.1): waits_for: starts 和 stops 都没有 clue.case_filed",
        ),
        (
            [
                row("handling"),
                row("filing", 'stops = ["clue.case_filed"]', 'waits_for = { "clue.case_filed" = "立案" }'),
                row("decision", 'stops = ["clue.case_filed"]', 'waits_for = { "clue.case_filed" = "备案" }'),
            ],
            "第 3 条 (test.decision.1): waits_for: clue.case_filed 在前面的规则中写作 立案",
        ),
        # dates
        (
            [row("handling", "effective_from = 2020-01-01T00:00:00")],
            "第 1 条 (test.handling.1): effective_from: 须为不带引号的日期，如 2026-04-15",
        ),
        (
            [row("handling", 'effective_from = "2020-01-01"')],
            "第 1 条 (test.handling.1): effective_from: 须为不带引号的日期",
        ),
        (
            [row("handling", "effective_to = 2019-01-01")],
            "第 1 条 (test.handling.1): effective_to: 2019-01-01 早于 effective_from 2020-01-01",
        ),
        # gaps and overlaps
        ([], "整包: 时间缺口: 没有 handling 的规则"),
        ([row("handling", 'trade = "market"')], "整包: 时间缺口: 没有 handling 的规则"),
        (
            [row("handling", "effective_to = 2026-01-01")],
            "第 1 条 (test.handling.1): 时间缺口: 2026-01-01 之后没有 handling 的规则",
        ),
        (
            [row("handling", "effective_to = 2024-12-31"), row("handling", "effective_from = 2025-01-02", number=2)],
            "第 2 条 (test.handling.2): 时间缺口: 2024-12-31 至 2025-01-02 之间没有 handling 的规则",
        ),
        (
            [row("handling"), row("handling", "effective_from = 2025-01-01", number=2)],
            "第 2 条 (test.handling.2): 时间重叠: test.handling.1 有效至 另行规定",
        ),
        (
            [row("handling", "effective_to = 2025-01-01"), row("handling", "effective_from = 2025-01-01", number=2)],
            "第 2 条 (test.handling.2): 时间重叠: test.handling.1 有效至 2025-01-01",
        ),
        (
            [
                row("handling"),
                row("handling", 'region = "370000"', number=2),
                row("handling", 'region = "370000"', "effective_from = 2025-01-01", number=3),
            ],
            "第 3 条 (test.handling.3): 时间重叠: test.handling.2 有效至 另行规定",
        ),
        (
            [row("handling", "effective_to = 2024-12-31"), row("handling", "effective_from = 2025-01-01")],
            "第 2 条 (test.handling.1): id: 重复",
        ),
        # sources
        (
            [row("handling", 'certainty = "S2"')],
            "第 1 条 (test.handling.1): certainty 为 S2 的须写明 source 和 instrument",
        ),
        (
            [row("handling", 'certainty = "M"', 'instrument = "程序规定"')],
            "第 1 条 (test.handling.1): certainty 为 M 的须写明 source 和 instrument",
        ),
        (
            [row("handling", *READ[:3])],
            "第 1 条 (test.handling.1): certainty 为 S 的须写明核对过的条款 article",
        ),
        (
            [row("handling", 'standing = "statutory"')],
            "第 1 条 (test.handling.1): certainty 为 P 的没有法律依据，standing 不能是 statutory",
        ),
        # lengths
        (
            [row("handling", 'length = { amount = -1, day = "hours" }')],
            "第 1 条 (test.handling.1): length.hours.amount: 不得小于 0",
        ),
        (
            [row("handling", 'length = { amount = 0, day = "working_days" }')],
            "第 1 条 (test.handling.1): length.working_days: 按日计的期限至少为1；当场届满的写作0小时",
        ),
        (
            [row("handling", 'length = { amount = "5", day = "hours" }')],
            "第 1 条 (test.handling.1): length.hours.amount: 须为整数",
        ),
        (
            [row("handling", 'length = { amount = 5, day = "days" }')],
            "第 1 条 (test.handling.1): length: day 只能是 ",
        ),
        ([row("handling", "length = { amount = 5 }")], "第 1 条 (test.handling.1): length: 缺少 day"),
        (
            [row("handling", 'length = { amount = 5, day = "working_days", roll = true }')],
            "第 1 条 (test.handling.1): length: working_days 不能顺延",
        ),
        (
            [row("handling", 'length = { day = "document_date" }')],
            "第 1 条 (test.handling.1): length: handling 起算时没有文书载明日期，不能用 document_date",
        ),
        (
            [
                row(
                    "handling",
                    'length = { amount = 5, day = "hours" }',
                    'warn_before = [{ amount = 1, day = "working_days" }]',
                )
            ],
            "第 1 条 (test.handling.1): warn_before 第 1 项: 连续计算的期限只能用小时以下单位预警",
        ),
        (
            [row("handling", 'warn_before = [{ amount = 1, day = "months" }]')],
            "第 1 条 (test.handling.1): warn_before 第 1 项: 只能用小时以下单位、working_days 或者 calendar_days 倒推",
        ),
        (
            [row("handling", 'length = { day = "promptly" }', 'pauses = ["hearing"]')],
            "第 1 条 (test.handling.1): pauses: promptly 没有可以中止的计数",
        ),
        (
            [row("handling", 'length = { day = "promptly" }', 'extensions = [{ most = 5, approver = "head" }]')],
            "第 1 条 (test.handling.1): extensions: promptly 不能按数量延长",
        ),
        (
            [row("handling", 'length = { day = "promptly" }', ladder=rung(1))],
            "第 1 条 (test.handling.1): promptly 不会逾期，不能有 warn_before 和 ladder",
        ),
        # ladders
        (
            [row("handling", 'ladder = "steep"')],
            "第 1 条 (test.handling.1): ladder: 没有名为 steep 的督促层级；有：无",
        ),
        (
            [row("handling", ladder=rung(2) + rung(2))],
            "第 1 条 (test.handling.1): ladder 第 2 级: 须晚于第 1 级，并用同一种计日方式",
        ),
        ([row("handling", ladder=rung(1) + rung(50, "hours"))], "(test.handling.1): ladder 第 2 级: 须晚于第 1 级"),
        ([row("handling", ladder=rung(1, "months"))], "(test.handling.1): ladder 第 1 级: 只能用小时以下单位"),
        (
            [row("handling", ladder=rung(1, to="dispatcher"))],
            "(test.handling.1): ladder 第 1 级: 退回分办的只能给 dispatcher",
        ),
        (
            [row("handling", ladder=rung(1, act="order"))],
            "(test.handling.1): ladder 第 1 级: 督办单只能由 coordinator 签发",
        ),
        (
            [row("handling", ladder=rung(1, act="return_to_dispatcher", to="dispatcher") + rung(2))],
            "(test.handling.1): ladder 第 1 级: 退回分办之后不能再有层级",
        ),
    ],
)
def test_given_a_faulty_row_when_the_file_is_read_then_one_error_names_file_row_and_id(
    rows: list[str], fault: str
) -> None:
    with pytest.raises(RulePackInvalid) as raised:
        parse(*rows)
    (found,) = raised.value.faults
    assert found.startswith("test.toml ")
    assert fault in found
    assert str(raised.value) == f"规则文件 test.toml 不能使用，共 1 处问题\n{found}"


def test_given_several_faulty_rows_when_read_then_all_are_reported_at_once() -> None:
    with pytest.raises(RulePackInvalid) as raised:
        parse(row("handling", 'certainty = "Q"'), row("feedback", 'title = ""', number=2))
    assert [fault.split(":")[0] for fault in raised.value.faults] == [
        "test.toml 第 1 条 (test.handling.1)",
        "test.toml 第 2 条 (test.feedback.2)",
    ]


def test_given_a_product_default_without_a_source_then_it_may_stand() -> None:
    (rule, *_) = parse(row("handling")).rules
    assert (rule.certainty, rule.source, rule.unconfirmed) == ("P", (), True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name = ", "test.toml 不是 TOML"),
        (HEAD + 'rule = "none"', r"test.toml 规则须写成 \[\[rule\]\]"),
        ('rules = []\nname = "test"\nversion = "1"\n' + row("handling") + OTHERS, r"规则须写成 \[\[rule\]\]"),
        ('name = "test"\n' + row("handling") + OTHERS, "test.toml 整包: version: 缺少"),
        (HEAD + 'extends = "nation"\n' + row("handling"), "test.toml extends: 没有名为 nation 的规则包"),
        (HEAD + "extends = 7\n" + row("handling"), "test.toml extends: 没有名为 7 的规则包"),
        (HEAD + 'extends = "test"\n' + row("handling"), "test.toml extends: 循环沿用：test → test"),
    ],
)
def test_given_a_file_of_another_shape_when_read_then_the_error_says_what_is_expected(text: str, fault: str) -> None:
    with pytest.raises(RulePackInvalid, match=fault):
        parse_pack(text, "test.toml")


# Packs that extend another --------------------------------------------------------------------------------------------

REGIONAL = 'name = "test"\nversion = "1"\nextends = "national"\n'


def test_given_a_pack_that_extends_another_then_it_has_the_rows_of_both_and_may_name_the_ladders_of_both() -> None:
    own = row("handling", 'region = "370100"', 'length = { amount = 9, day = "working_days" }', 'ladder = "full"')
    pack = parse_pack(REGIONAL + own, "test.toml")
    national = load_pack("national")
    assert pack.rules[:-1] == national.rules
    assert pack.rules[-1].length == Length(amount=9, day="working_days")
    by_id = {rule.id: rule for rule in national.rules}
    assert pack.rules[-1].ladder == by_id["national.handling.1"].ladder


def test_given_an_extending_row_of_the_same_scope_then_the_overlap_is_found() -> None:
    with pytest.raises(RulePackInvalid, match=r"第 1 条 \(test\.handling\.1\): 时间重叠: national\.handling\.1"):
        parse_pack(REGIONAL + row("handling"), "test.toml")
    earlier = row("handling", "effective_from = 2003-01-01")
    with pytest.raises(RulePackInvalid, match=r"沿用的第 3 条 \(national\.handling\.1\): 时间重叠: test\.handling\.1"):
        parse_pack(REGIONAL + earlier, "test.toml")


def test_given_packs_that_extend_one_another_in_a_circle_then_the_error_shows_the_circle() -> None:
    files = {
        "one": 'name = "one"\nversion = "1"\nextends = "two"\n',
        "two": 'name = "two"\nversion = "1"\nextends = "one"\n',
    }
    with pytest.raises(RulePackInvalid, match=r"two\.toml extends: 循环沿用：one → two → one"):
        parse_pack(files["one"], "one.toml", files.get)


def test_given_a_fault_in_the_pack_that_is_extended_then_that_file_is_named() -> None:
    broken = {"broken": 'name = "broken"\nversion = "1"\n' + row("handling", 'region = "1"')}
    with pytest.raises(RulePackInvalid, match=r"broken\.toml 第 1 条 \(test\.handling\.1\): region"):
        parse_pack('name = "test"\nversion = "1"\nextends = "broken"\n', "test.toml", broken.get)
