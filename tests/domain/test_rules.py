"""Rule packs: what is shipped, and every way a file can be wrong."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest
from pydantic import ValidationError

from domain.calendar import national_calendar
from domain.rules import (
    ClockKind,
    Length,
    RuleMissing,
    RulePack,
    RulePackInvalid,
    load_pack,
    pack_names,
    parse_pack,
)

HEAD = 'name = "test"\nversion = "1"\n'


def row(kind: str, *changes: str, number: int = 1, ladder: str = "") -> str:
    """A good row of that kind; a change replaces the line with the same key or adds one."""
    lines = {
        "id": f'id = "test.{kind}.{number}"',
        "kind": f'kind = "{kind}"',
        "title": 'title = "试验"',
        "certainty": 'certainty = "P"',
        "standing": 'standing = "internal"',
        "length": 'length = { amount = 5, day = "working_days" }',
        "warn_before": 'warn_before = { amount = 1, day = "working_days" }',
        "effective_from": "effective_from = 2020-01-01",
    }
    lines |= {change.split(" = ")[0]: change for change in changes}
    return "\n".join(["[[rule]]", *lines.values(), ladder, ""])


def rung(amount: int, day: str = "working_days", act: str = "escalate", to: str = "head") -> str:
    return f'[[rule.ladder]]\nafter = {{ amount = {amount}, day = "{day}" }}\nact = "{act}"\nto = "{to}"\n'


OTHERS = "".join(row(kind) for kind in get_args(ClockKind) if kind != "handling")


def parse(*rows: str) -> RulePack:
    return parse_pack(HEAD + "".join(rows) + OTHERS, "test.toml")


@pytest.mark.parametrize("name", ["national", "training"])
def test_given_a_shipped_pack_when_loaded_then_every_kind_has_a_rule_since_the_calendar_began(name: str) -> None:
    pack = load_pack(name)
    for kind in get_args(ClockKind):
        for day in (national_calendar().known_from, date(2026, 11, 21), date(2040, 1, 1)):
            assert pack.rule_for(kind, day, "370102.ecology").kind == kind


def test_given_the_shipped_packs_when_listed_then_they_are_known_by_name() -> None:
    assert {"national", "training"} <= set(pack_names())
    assert load_pack("national").ref == "national@2026.1"


def test_given_the_market_regulator_when_handling_then_the_article_binds_it_and_nobody_else() -> None:
    rule = load_pack("national").rule_for("handling", date(2026, 11, 21), "370102.market")
    assert (rule.source, rule.article, rule.certainty) == ("SAM-01", "第十八条", "S")
    assert rule.length == Length(amount=15, day="working_days")
    assert not rule.unconfirmed
    others = [other for other in load_pack("national").rules if other is not rule]
    assert all(other.unconfirmed and other.standing == "internal" for other in others)


def test_given_a_default_without_source_when_shipped_then_it_cites_no_article() -> None:
    for name in pack_names():
        assert [rule.id for rule in load_pack(name).rules if rule.certainty == "P" and rule.article] == []


def test_given_a_ladder_when_shipped_then_its_own_note_says_it_is_a_default() -> None:
    for name in pack_names():
        assert all(rule.ladder_note for rule in load_pack(name).rules if rule.ladder)


def test_given_the_training_pack_when_a_handling_clock_runs_then_the_head_is_reached_within_five_minutes() -> None:
    rule = load_pack("training").rule_for("handling", date(2026, 11, 21), "370102.market")
    durations = [rule.length.running, rule.ladder[-1].after.running]
    assert sum(duration.total_seconds() for duration in durations if duration) <= 300
    assert rule.ladder[-1].to == "head"


def test_given_two_dated_rows_when_asked_for_their_edge_then_both_end_days_are_included() -> None:
    pack = parse(
        row("handling", "effective_to = 2026-04-14"),
        row("handling", "effective_from = 2026-04-15", number=2),
    )
    assert pack.rule_for("handling", date(2026, 4, 14), "370102.market").id == "test.handling.1"
    assert pack.rule_for("handling", date(2026, 4, 15), "370102.market").id == "test.handling.2"


def test_given_a_trade_with_its_own_dated_row_when_it_ends_then_the_row_for_everyone_holds() -> None:
    own = row("handling", 'trade = "market"', "effective_to = 2026-04-14", number=2)
    pack = parse(row("handling"), own)
    assert pack.rule_for("handling", date(2026, 4, 14), "370102.market").id == "test.handling.2"
    assert pack.rule_for("handling", date(2026, 4, 15), "370102.market").id == "test.handling.1"
    assert pack.rule_for("handling", date(2026, 4, 14), "370102.ecology").id == "test.handling.1"


def test_given_a_day_before_the_first_row_when_asked_then_the_missing_rule_is_named() -> None:
    with pytest.raises(RuleMissing, match="test@1 没有 2019-12-31 生效的 handling") as raised:
        parse(row("handling")).rule_for("handling", date(2019, 12, 31), "370102.market")
    assert (raised.value.pack, raised.value.kind, raised.value.on) == ("test@1", "handling", date(2019, 12, 31))


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([row("handling"), row("hearing")], r"row 2 \(test\.hearing\.1\): kind: Input should be"),
        ([], "pack: gap: no row of kind handling"),
        ([row("handling", "effective_to = 2026-01-01")], "gap: handling has no row after 2026-01-01"),
        (
            [row("handling", "effective_to = 2024-12-31"), row("handling", "effective_from = 2025-01-02", number=2)],
            r"row 2 \(test\.handling\.2\): gap: handling has no row between 2024-12-31 and 2025-01-02",
        ),
        (
            [row("handling"), row("handling", "effective_from = 2025-01-01", number=2)],
            r"row 2 \(test\.handling\.2\): overlap: test\.handling\.1 is in force until further notice",
        ),
        (
            [row("handling", "effective_to = 2025-01-01"), row("handling", "effective_from = 2025-01-01", number=2)],
            "overlap: test.handling.1 is in force until 2025-01-01",
        ),
        (
            [row("handling", "effective_to = 2024-12-31"), row("handling", "effective_from = 2025-01-01")],
            r"row 2 \(test\.handling\.1\): id: used twice",
        ),
        ([row("handling", 'certainty = "S2"')], "certainty S2 needs source and instrument"),
        (
            [row("handling", 'certainty = "S"', 'source = "SAM-01"', 'instrument = "程序规定"')],
            "certainty S needs the article",
        ),
        ([row("handling", 'standing = "statutory"')], "certainty P has no legal source"),
        ([row("handling", "effective_from = 2020-01-01T00:00:00")], "effective_from: Input should be a valid date"),
        ([row("handling", 'effective_from = "2020-01-01"')], "effective_from: Input should be a valid date"),
        ([row("handling", "effective_to = 2019-01-01")], "effective_to 2019-01-01 lies before"),
        ([row("handling", 'length = { amount = 0, day = "hours" }')], "length.amount: Input should be greater"),
        ([row("handling", 'length = { amount = "5", day = "hours" }')], "length.amount: Input should be a valid int"),
        ([row("handling", 'length = { amount = 5, day = "days" }')], "length.day: Input should be"),
        ([row("handling", 'length = { amount = 5, day = "hours" }')], "a running length is warned in running time"),
        ([row("handling", 'warn_before = { amount = 1, day = "calendar_days_rolling" }')], "cannot roll"),
        ([row("handling", 'colour = "red"')], "colour: Extra inputs"),
        ([row("handling", 'title = ""')], "title: String should have at least 1"),
        ([row("handling", ladder=rung(2) + rung(2))], "rung 2: must come later than rung 1"),
        ([row("handling", ladder=rung(1) + rung(50, "hours"))], "rung 2: must come later than rung 1"),
        ([row("handling", ladder=rung(1, "calendar_days_rolling"))], "rung 1: two rolling rungs"),
        ([row("handling", ladder=rung(1, to="dispatcher"))], "rung 1: the dispatcher gets the case back"),
        (
            [row("handling", ladder=rung(1, act="return_to_dispatcher", to="dispatcher") + rung(2))],
            "rung 1: after the return nothing is left",
        ),
    ],
)
def test_given_a_faulty_file_when_parsed_then_one_error_names_file_and_row(rows: list[str], fault: str) -> None:
    with pytest.raises(RulePackInvalid, match=fault) as raised:
        parse(*rows)
    assert str(raised.value).startswith("test.toml: 1 fault(s)")
    assert "\n  " in str(raised.value)


def test_given_several_faulty_rows_when_parsed_then_all_are_reported_at_once() -> None:
    with pytest.raises(RulePackInvalid) as raised:
        parse(row("handling", 'certainty = "Q"'), row("feedback", 'title = ""', number=2))
    assert [fault.split(":")[0] for fault in raised.value.faults] == [
        "row 1 (test.handling.1)",
        "row 2 (test.feedback.2)",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name = ", "not TOML"),
        (HEAD + 'rule = "none"', r"rows are written as \[\[rule\]\]"),
        ('name = "test"\n' + row("handling") + OTHERS, "pack: version: Field required"),
        ('rules = []\nname = "test"\nversion = "1"\n' + row("handling") + OTHERS, "rules: unknown"),
    ],
)
def test_given_a_file_of_another_shape_when_parsed_then_the_error_says_what_is_expected(text: str, fault: str) -> None:
    with pytest.raises(RulePackInvalid, match=fault):
        parse_pack(text, "test.toml")


def test_given_an_unknown_pack_when_loaded_then_the_error_lists_those_there_are() -> None:
    with pytest.raises(RulePackInvalid, match="no such pack; there are: national, training"):
        load_pack("../secrets")


def test_given_rules_put_together_by_hand_when_they_leave_a_gap_then_no_pack_is_made() -> None:
    with pytest.raises(ValidationError, match="gap: no row of kind dispatch"):
        RulePack(name="test", version="1", rules=())
