"""Monthly reports: who may freeze one, how a figure is compared, and that every level adds up to the one above."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Refused
from domain.people.actors import Actor, Role
from domain.reading.document import Mark
from domain.record.decider import Facts, Happened, fold
from domain.report import REPORT, reports_on
from domain.report import commands as c
from domain.report import events as e
from domain.report.comparing import NO_BASE, Share, compared, share_compared
from domain.report.contrast import Difference, NotComparable, differences
from domain.report.figures import (
    NOTHING,
    Content,
    Line,
    begin_of,
    canonical,
    digest_of,
    following,
    month_at,
    months_of,
    ordered,
)
from domain.report.rollup import departments, figures, places, splits, subtree, total
from domain.report.tables import Names, document_of, sheets_of
from domain.time.calendar import national_calendars
from domain.time.rules import load_pack
from tests.support.record import HANDLER, HEAD, SECURITY, demo

GOLDEN = Path(__file__).parents[1] / "golden" / "events"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SUPERVISOR = demo("supervisor.370102")
NAMES = Names({"370100": "济南市", "370102": "历下区"}, {"370102.market": "历下区市场监督管理局"})


def line(region: str, by: Any, of: str, *counts: tuple[int, ...]) -> Line:
    padded = tuple((*numbers, *NOTHING[len(numbers) :]) for numbers in (*counts, *((),) * (3 - len(counts))))
    return Line(region=region, by=by, of=of, counts=padded)


def content(*lines: Line, **changes: Any) -> Content:
    told = {"region": "370102", "month": "2026-10", "as_of": NOW, "known_since": "2025-01", **changes}
    return Content(**told, lines=ordered(list(lines)))


def facts(actor: Actor) -> Facts:
    return Facts(now=NOW, actor=actor, stream="report-x", pack=load_pack("national"), calendars=national_calendars())


def decided(actor: Actor, of: Content) -> Any:
    return REPORT.decide(c.Freeze(content=of), REPORT.initial(), facts(actor))


# Who, and what is kept -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "actor",
    [
        SUPERVISOR,
        demo("coordinator.370102"),
        demo("auditor.370100"),
        SUPERVISOR.model_copy(update={"region": "370000"}),
        Actor(account="head.office", department="370102.12345", region="370102", roles=(Role.HEAD,)),
    ],
    ids=lambda actor: f"{actor.account} {actor.region}",
)
def test_given_who_oversees_the_region_when_frozen_then_figures_and_digest_are_the_event(actor: Actor) -> None:
    of = content(line("370102", "department", "370102.market", (3,)))
    assert decided(actor, of) == (e.ReportFrozen(content=of, digest=digest_of(of)),)


@pytest.mark.parametrize(
    ("actor", "region", "code"),
    [
        (SUPERVISOR, "370100", "wrong_region"),
        (SUPERVISOR, "370103", "wrong_region"),
        (SUPERVISOR, "000000", "wrong_region"),
        (HEAD, "370102", "wrong_role"),
        (HANDLER, "370102", "wrong_role"),
        (SECURITY, "370100", "wrong_role"),
        (demo("dispatcher.370102"), "370102", "wrong_role"),
        (demo("source.hotline"), "370102", "wrong_role"),
    ],
    ids=str,
)
def test_given_a_wider_region_or_another_role_when_frozen_then_it_is_refused(
    actor: Actor, region: str, code: str
) -> None:
    refused = decided(actor, content(region=region))
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert not reports_on(actor, region)


def test_given_a_month_to_come_or_an_instant_to_come_when_frozen_then_it_is_refused() -> None:
    for changes in ({"month": "2026-12"}, {"as_of": datetime(2026, 11, 22, 3, 0, tzinfo=UTC)}):
        refused = decided(SUPERVISOR, content(**changes))
        assert isinstance(refused, Refused)
        assert refused.code == "month_not_begun"


def test_given_a_frozen_report_when_taken_out_then_it_is_counted_and_says_the_same() -> None:
    of = content(line("370102", "department", "370102.market", (3,)))
    frozen = Happened(e.ReportFrozen(content=of, digest=digest_of(of)), NOW, actor=SUPERVISOR)
    issued = REPORT.decide(c.Issue(form="xlsx", size=9, digest="ab" * 32), fold(REPORT, [frozen]), facts(SUPERVISOR))
    assert not isinstance(issued, Refused)
    after = fold(REPORT, [frozen, Happened(issued[0], NOW, actor=SUPERVISOR)])
    row = REPORT.summary(after).model_dump()
    assert (row["issued"], row["steps"], row["digest"]) == (1, 2, digest_of(of))
    assert (REPORT.admits(after, demo("auditor.370100")), REPORT.admits(after, demo("supervisor.370103"))) == (
        True,
        False,
    )


def test_given_a_report_then_its_digest_is_over_its_canonical_json_and_does_not_depend_on_the_order_counted() -> None:
    lines = [line("370102", "category", "report", (1,)), line("370102", "channel", "media", (1,))]
    of = content(*lines)
    assert digest_of(of) == hashlib.sha256(rfc8785.dumps(json.loads(canonical(of)))).hexdigest()
    assert digest_of(content(*reversed(lines))) == digest_of(of)
    assert digest_of(content(*lines, month="2026-09")) != digest_of(of)


def test_given_a_report_frozen_by_an_earlier_build_then_its_digest_is_still_that_of_its_content() -> None:
    body = json.loads((GOLDEN / "report.frozen.v1.json").read_text(encoding="utf-8"))
    assert digest_of(Content.model_validate(body["data"]["content"])) == body["data"]["digest"]


# Months --------------------------------------------------------------------------------------------------------------


def test_given_a_month_then_it_begins_at_midnight_in_shanghai_and_is_compared_across_the_turn_of_the_year() -> None:
    assert begin_of("2026-01") == datetime(2025, 12, 31, 16, 0, tzinfo=UTC)
    assert months_of("2026-01") == ("2026-01", "2025-12", "2025-01")
    assert following("2026-12") == "2027-01"
    assert month_at(datetime(2026, 10, 31, 16, 0, tzinfo=UTC)) == "2026-11"
    assert month_at(datetime(2026, 10, 31, 15, 59, tzinfo=UTC)) == "2026-10"
    assert content().complete
    assert not content(month="2026-11").complete


# 同比, 环比 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "base", "said", "more"),
    [
        (12, 10, "+20.0%(+2/10)", 2),
        (9, 12, "-25.0%(-3/12)", -3),
        (7, 7, "0.0%(+0/7)", 0),
        (0, 4, "-100.0%(-4/4)", -4),
        (2001, 2000, "+0.1%(+1/2000)", 1),
        (10000, 9999, "0.0%(+1/9999)", 1),
        (5, 0, NO_BASE, 5),
        (0, 0, NO_BASE, 0),
        (5, None, NO_BASE, None),
    ],
)
def test_given_a_base_or_none_when_compared_then_both_numbers_are_shown_and_nothing_is_infinite(
    now: int, base: int | None, said: str, more: int | None
) -> None:
    found = compared(now, base)
    assert (found.said, found.more, found.base) == (said, more, base)
    assert found.rate == (Share(numerator=more, denominator=base) if more is not None and base else None)


def test_given_an_on_time_rate_then_it_shows_what_was_divided_and_is_compared_in_points() -> None:
    now, base, nothing = (Share(numerator=n, denominator=d) for n, d in ((7, 8), (4, 5), (0, 0)))
    assert now.said == "87.5%(7/8)"
    assert share_compared(now, base).said == "+7.5个百分点,基数80.0%(4/5)"
    assert share_compared(now, nothing).said == share_compared(now, None).said == NO_BASE
    assert (nothing.said, nothing.percent, share_compared(nothing, base).said) == ("无", None, "无")


def test_given_an_unknown_year_before_then_only_the_month_before_is_a_base() -> None:
    of = content(line("370102", "department", "370102.market", (4,), (2,), (8,)), known_since="2026-09")
    received = figures(of, total(of, "370102")).received
    assert (received.before.said, received.year_before.said) == ("+100.0%(+2/2)", NO_BASE)
    unknown = content(of.lines[0], known_since="2026-10")
    assert figures(unknown, total(unknown, "370102")).received.before.base is None


# Up and down ---------------------------------------------------------------------------------------------------------

CODES = ("370000", "370100", "370102", "370103", "370200", "370202", "420000", "420100", "420106", "110101")
LINES = st.lists(
    st.tuples(
        st.sampled_from(CODES),
        st.sampled_from(("market", "health", "12345")),
        st.tuples(*(st.tuples(*(st.integers(0, 50) for _ in NOTHING)) for _ in range(3))),
    ),
    max_size=14,
    unique_by=lambda told: told[:2],
)


@given(LINES)
def test_given_any_figures_then_at_every_level_the_parts_add_up_to_the_whole(told: list[Any]) -> None:
    of = content(
        *(Line(region=code, by="department", of=f"{code}.{kind}", counts=counts) for code, kind, counts in told),
        *(Line(region=code, by="category", of=kind, counts=counts) for code, kind, counts in told),
        region="000000",
    )
    seen = set()
    for _, place in subtree(of, "000000"):
        seen.add(place.region)
        below = [part.counts for part in places(of, place.region)]
        below += [part.counts for part in departments(of, place.region)]
        assert added(below) == place.counts == total(of, place.region)
        assert added([split.counts for split in splits(of, place.region, "category")]) == place.counts
    assert {code for code, _, _ in told} <= seen
    assert total(of, "000000") == added([counts for _, _, counts in told])


def added(parts: list[Any]) -> Any:
    """The sum of triples."""
    return tuple(
        tuple(sum(part[period][place] for part in parts) for place in range(len(NOTHING))) for period in range(3)
    )


def test_given_a_province_then_one_goes_down_by_the_digits_of_the_code_to_departments() -> None:
    of = content(
        line("370102", "department", "370102.market", (3,)),
        line("370102", "department", "370100.market", (1,)),
        line("370103", "department", "370103.market", (2,)),
        line("370100", "department", "370100.market", (5,)),
        line("370202", "department", "370202.market", (7,)),
        region="370000",
    )
    assert [(place.region, place.counts[0][0]) for place in places(of, "370000")] == [("370100", 11), ("370200", 7)]
    assert [(place.region, place.counts[0][0]) for place in places(of, "370100")] == [("370102", 4), ("370103", 2)]
    assert [(split.of, split.counts[0][0]) for split in departments(of, "370100")] == [("370100.market", 5)]
    assert [split.of for split in departments(of, "370102")] == ["370100.market", "370102.market"]
    assert places(of, "370102") == ()


# Side by side --------------------------------------------------------------------------------------------------------


def test_given_two_reports_on_one_month_then_each_figure_that_differs_is_named_with_both_numbers() -> None:
    one = content(
        line("370102", "department", "370102.market", (3, 2), (1,)), line("370102", "category", "help", (3, 2), (1,))
    )
    other = content(
        line("370102", "department", "370102.market", (3, 1), (4,)), line("370102", "category", "report", (3, 2), (1,))
    )
    assert differences(one, one) == ()
    found = differences(one, other)
    told = {"region": "370102", "by": "department", "of": "370102.market"}
    assert Difference(**told, month="2026-10", measure="completed", one=2, other=1) in found
    assert Difference(**told, month="2026-09", measure="received", one=1, other=4) in found
    assert {(f.of, f.one, f.other) for f in found if f.by == "category" and f.measure == "completed"} == {
        ("help", 2, 0),
        ("report", 0, 2),
    }
    for changes in ({"region": "370100"}, {"month": "2026-09"}):
        with pytest.raises(NotComparable):
            differences(one, content(**changes))


# On paper ------------------------------------------------------------------------------------------------------------


def test_given_a_report_then_its_tables_say_title_instant_digest_and_what_each_figure_means() -> None:
    of = content(
        line("370102", "department", "370102.market", (12, 9, 7, 1, 0, 20, 2), (10, 8)),
        line("370102", "result", "substantiated", (0, 9), (0, 8)),
        region="370100",
    )
    sheets = sheets_of(of, NAMES)
    assert sheets.title == "济南市跨部门综合监管月报(2026年10月)"
    told = dict(sheets.facts)
    assert (told["统计时点"], told["数据摘要"]) == ("2026-11-22 10:00:00", f"SHA-256 {digest_of(of)}")
    grids = {grid.title: grid for grid in sheets.grids}
    assert grids["总体情况"].rows[0] == ("登记", 12, "+20.0%(+2/10)", NO_BASE)
    assert [row[1] for row in grids["分行政区划"].rows] == ["济南市", "\u3000历下区"]
    assert grids["分部门"].rows[0][:3] == ("370102", "历下区市场监督管理局", 12)
    assert grids["分办理结果"].rows == (("属实", 9, "+12.5%(+1/8)", NO_BASE),)
    assert {measure for measure, _ in sheets.notes} >= {"登记", "办结", "期末在办", "按期率", "环比、同比", "统计时点"}
    document = document_of(of, NAMES, Mark("a", NOW, "statistics"))
    assert digest_of(of)[:16] in document.header


def test_given_a_month_that_is_not_over_then_the_report_says_so() -> None:
    assert "尚未结束" in dict(sheets_of(content(month="2026-11"), NAMES).facts)["统计月份"]


def test_given_more_departments_than_anybody_prints_then_paper_points_to_the_workbook() -> None:
    lines = [line("370102", "department", f"370102.d{number}", (1,)) for number in range(401)]
    printed = document_of(content(*lines), NAMES, Mark("a", NOW, None)).parts
    (departments_,) = [part for part in printed if part.title == "分部门"]
    assert "XLSX" in str(departments_)
