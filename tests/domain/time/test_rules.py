"""Rule packs: what is shipped, which row a case gets, and what the shipped rows promise."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest
from pydantic import ValidationError

from domain.clue.values import CATEGORY_NAMES, CHANNEL_NAMES
from domain.record.registry import REGISTRY
from domain.time.calendar import national_calendar
from domain.time.clock_titles import CLOCKS
from domain.time.rules import (
    EVERY_CASE,
    Circumstances,
    ClockKind,
    Length,
    RuleMissing,
    RulePack,
    RulePackInvalid,
    load_pack,
    pack_names,
)
from infra.reference import departments
from tests.domain.time.rule_files import parse, row

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize("name", pack_names())
def test_given_a_shipped_pack_then_every_case_has_its_clocks_since_the_calendar_began(name: str) -> None:
    pack = load_pack(name)
    for kind in EVERY_CASE:
        for day in (national_calendar().known_from, TODAY, date(2040, 1, 1)):
            rule = pack.rule_for(kind, day, "370102.ecology")
            assert rule is not None
            assert rule.kind == kind


def test_given_the_shipped_packs_when_listed_then_they_are_known_by_name() -> None:
    assert {"national", "training", "shandong", "jinan", "weifang", "xiangshan"} <= set(pack_names())
    assert load_pack("national").ref == "national@2026.2"


def test_given_an_unknown_pack_when_loaded_then_the_error_lists_those_there_are() -> None:
    with pytest.raises(RulePackInvalid, match="没有这个规则包；有：jinan、national"):
        load_pack("../secrets")


def test_given_the_market_regulator_when_handling_then_the_article_binds_it_and_nobody_else() -> None:
    rule = load_pack("national").rule_for("handling", TODAY, "370102.market")
    assert rule is not None
    assert (rule.source[0], rule.article, rule.certainty) == ("SAM-01", "第十八条", "S")
    assert rule.length == Length(amount=15, day="working_days")
    assert not rule.unconfirmed
    other = load_pack("national").rule_for("handling", TODAY, "370102.ecology")
    assert other is not None
    assert (other.unconfirmed, other.standing) == (True, "internal")


@pytest.mark.parametrize("name", pack_names())
def test_given_a_shipped_row_then_only_what_was_read_is_firm_and_a_default_cites_no_article(name: str) -> None:
    trades = {known.kind for known in departments()}
    for rule in load_pack(name).rules:
        assert rule.unconfirmed is (rule.certainty != "S"), rule.id
        if rule.certainty in ("S2", "M", "X"):
            assert rule.article is None or rule.note, rule.id
        if rule.certainty == "P":
            assert (rule.article, rule.instrument, rule.source, rule.standing) == (None, None, (), "internal"), rule.id
        if rule.ladder or any(grade.source is None for grade in rule.extensions):
            assert "产品默认值" in rule.ladder_note + rule.note or name == "training", rule.id
        assert rule.trade is None or rule.trade in trades, rule.id
        assert rule.category is None or rule.category in CATEGORY_NAMES, rule.id
        assert rule.channel is None or rule.channel in CHANNEL_NAMES, rule.id


def test_given_what_rows_speak_of_then_each_kind_has_a_title_and_every_row_either_asks_or_waits() -> None:
    assert set(CLOCKS) == set(get_args(ClockKind))
    rows = [rule for name in pack_names() for rule in load_pack(name).rules]
    assert {rule.kind for rule in rows} == set(CLOCKS)
    for rule in rows:
        coming = {event for event in (*rule.starts, *rule.stops) if not REGISTRY.knows(event)}
        assert coming == set(rule.waits_for), rule.id
        assert rule.waiting is not bool(rule.opening), rule.id


def test_given_the_training_pack_when_a_handling_clock_runs_then_the_head_is_reached_within_five_minutes() -> None:
    rule = load_pack("training").rule_for("handling", TODAY, "370102.market")
    assert rule is not None
    assert isinstance(rule.length, Length)
    durations = [rule.length.running, rule.ladder[-1].after.running]
    assert sum(duration.total_seconds() for duration in durations if duration) <= 300
    assert rule.ladder[-1].to == "head"


@pytest.mark.parametrize(
    ("pack", "department", "channel", "expected"),
    [
        ("jinan", "370102.market", "hotline_12345", "jinan.answer.1"),
        ("jinan", "370102.market", "media", None),
        ("jinan", "370702.market", "hotline_12345", None),
        ("shandong", "370702.ecology", "hotline_12345", "shandong.answer.1"),
        ("national", "370102.market", "hotline_12345", None),
    ],
)
def test_given_a_regional_pack_then_its_own_row_binds_its_region_and_channel_only(
    pack: str, department: str, channel: str, expected: str | None
) -> None:
    rule = load_pack(pack).rule_for("answer", TODAY, department, Circumstances(channel=channel))
    assert (rule.id if rule else None) == expected


def test_given_a_province_that_rules_on_signing_then_its_row_comes_before_the_national_one_there() -> None:
    given = Circumstances(channel="hotline_12345")
    pack = load_pack("shandong")
    for department, expected in (("370102.market", "shandong.sign_for.1"), ("110101.market", "national.sign_for.1")):
        rule = pack.rule_for("sign_for", TODAY, department, given)
        assert rule is not None
        assert rule.id == expected


# Which row a case gets ----------------------------------------------------------------------------------------------


def chosen(pack: RulePack, day: date, department: str = "370102.market", given: Circumstances | None = None) -> str:
    rule = pack.rule_for("handling", day, department, given or Circumstances())
    assert rule is not None
    return rule.id


def test_given_two_dated_rows_when_asked_for_their_edge_then_both_end_days_are_included() -> None:
    pack = parse(
        row("handling", "effective_to = 2026-04-14"),
        row("handling", "effective_from = 2026-04-15", number=2),
    )
    assert chosen(pack, date(2026, 4, 14)) == "test.handling.1"
    assert chosen(pack, date(2026, 4, 15)) == "test.handling.2"


def test_given_a_trade_with_its_own_dated_row_when_it_ends_then_the_row_for_everyone_holds() -> None:
    own = row("handling", 'trade = "market"', "effective_to = 2026-04-14", number=2)
    pack = parse(row("handling"), own)
    assert chosen(pack, date(2026, 4, 14)) == "test.handling.2"
    assert chosen(pack, date(2026, 4, 15)) == "test.handling.1"
    assert chosen(pack, date(2026, 4, 14), "370102.ecology") == "test.handling.1"


def test_given_a_region_with_its_own_dated_row_then_it_holds_there_and_then_only_the_narrowest_first() -> None:
    pack = parse(
        row("handling"),
        row("handling", 'region = "370000"', "effective_to = 2026-04-14", number=2),
        row("handling", 'region = "370100"', number=3),
    )
    assert chosen(pack, date(2026, 4, 14), "370702.market") == "test.handling.2"
    assert chosen(pack, date(2026, 4, 15), "370702.market") == "test.handling.1"
    assert chosen(pack, date(2026, 4, 14), "370102.market") == "test.handling.3"
    assert chosen(pack, date(2026, 4, 14), "110101.market") == "test.handling.1"


def test_given_a_region_that_promises_more_than_the_law_asks_then_the_law_comes_first() -> None:
    law = ('certainty = "S"', 'source = ["SAM-01"]', 'instrument = "程序规定"', 'article = "第十八条"')
    pack = parse(
        row("handling", *law, 'standing = "statutory"'),
        row("handling", 'region = "370100"', 'standing = "promised"', number=2),
    )
    assert chosen(pack, TODAY) == "test.handling.1"


def test_given_a_row_for_a_category_and_one_for_a_channel_then_only_such_cases_get_them() -> None:
    pack = parse(
        row("handling"),
        row("handling", 'category = "report"', number=2),
        row("handling", 'channel = "media"', number=3),
    )
    for category, channel, expected in (
        ("report", "patrol", "test.handling.2"),
        ("help", "media", "test.handling.3"),
        ("help", "patrol", "test.handling.1"),
    ):
        assert chosen(pack, TODAY, given=Circumstances(category=category, channel=channel)) == expected


def test_given_a_day_before_the_first_row_when_asked_then_the_missing_rule_is_named() -> None:
    with pytest.raises(RuleMissing, match="test@1 没有 2019-12-31 生效的 handling") as raised:
        parse(row("handling")).rule_for("handling", date(2019, 12, 31), "370102.market")
    assert (raised.value.pack, raised.value.kind, raised.value.on) == ("test@1", "handling", date(2019, 12, 31))


def test_given_rules_put_together_by_hand_when_they_leave_a_gap_then_no_pack_is_made() -> None:
    with pytest.raises(ValidationError, match="时间缺口: 没有 archive 的规则"):
        RulePack(name="test", version="1", rules=())
