"""Every encoded id of the legal rules with a due date computed by hand on a wall calendar.

Three starts, each a Monday at ten in Shanghai: before 中秋 and 国庆 2026 (working days 5: Sunday 09-20, 10: 09-28,
15: Saturday 10-10, 20: 10-16), before 春节 2026 for rows that ended in April, and in a month without holidays of 2023.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest

from domain.time.calendar import national_calendar
from domain.time.clock import Clock, exclude, extend, start_clock
from domain.time.counting import NEVER, midnight
from domain.time.rules import Circumstances, Length, Rule, RulePack, load_pack, parse_pack
from domain.time.rules.loading import packaged
from domain.time.steps import Excluded, Extended
from domain.value import SHANGHAI
from infra.reference.statutes import encoding_rows, statutes

AUTUMN = datetime(2026, 9, 14, 10, tzinfo=SHANGHAI)
SPRING = datetime(2026, 2, 9, 10, tzinfo=SHANGHAI)
EARLIER = datetime(2023, 11, 6, 10, tzinfo=SHANGHAI)
CALENDAR = national_calendar()


@dataclass(frozen=True)
class Case:
    """An id, the row that encodes it, and the last day on which the step is in time; an instant where hours run.

    `warned_on`: the last day of the reading that only warns. None for `last`: promptly, never overdue.
    """

    id: str
    rule: str
    last: date | datetime | None
    department: str = "370102.market"
    category: str = "suggestion"
    start: datetime = AUTUMN
    pack: str = "national"
    warned_on: date | None = None
    until: date | None = None


def day(text: str) -> date:
    return date.fromisoformat(text)


ANY = "370102.ecology"
CASES = (
    Case("PEN-06", "national.crime_transfer.1", None, ANY),
    Case("PEN-19", "national.publication_withdrawal.1", day("2026-09-17"), ANY),
    Case("PEN-21", "national.filing.1", None, ANY),
    Case("PEN-22", "national.preservation.1", day("2026-09-22"), ANY),
    Case("PEN-25", "national.decision.1", day("2026-12-13"), ANY),  # a Sunday: nothing rolls
    Case("PEN-26", "national.service.1", day("2026-09-22"), ANY),
    Case("PEN-28", "national.hearing_request.1", day("2026-09-20"), ANY),
    Case("PEN-30", "national.payment.1", day("2026-09-29"), ANY),
    Case("PEN-35", "national.demand.1", day("2026-09-28"), ANY),
    Case("SAM-01", "market.handling.1", day("2026-10-10")),
    Case("SAM-02", "market.handling.1", day("2026-10-10")),
    Case("SAM-05", "market.jurisdiction.1", day("2026-09-22")),
    Case("SAM-07", "market.designation.1", day("2026-09-22")),
    Case("SAM-08", "market.transfer.1", None),
    Case("SAM-10", "market.urgent_approval.1", datetime(2026, 9, 15, 10, tzinfo=SHANGHAI)),
    Case("SAM-11", "market.preservation.1", day("2026-09-22")),
    Case("SAM-12", "market.assistance.1", day("2026-10-10")),
    Case("SAM-14", "market.legal_review.1", day("2026-09-28")),
    Case("SAM-15", "market.statement.1", day("2026-09-20")),
    Case("SAM-16", "market.publication_withdrawal.1", day("2026-09-17")),
    Case("SAM-17", "market.decision.1", day("2026-12-14")),  # rolled from Sunday
    Case("SAM-18", "market.decision.1", day("2026-12-14")),
    Case("SAM-19", "market.simple_handover.1", day("2026-09-22")),
    Case("SAM-20", "market.closing.1", day("2026-10-10")),
    Case("SAM-23", "market.service.1", day("2026-09-22")),
    Case("SAM-23", "market.announcement.1", day("2026-10-14")),
    Case("CMP-05", "market.acceptance.1", day("2026-02-25"), category="complaint", start=SPRING),
    Case("CMP-05", "market.acceptance.2", day("2026-09-22"), category="complaint"),
    Case("CMP-07", "market.mediation.1", day("2026-04-20"), category="complaint", start=SPRING),
    Case(
        "CMP-07",
        "market.mediation.2",
        day("2026-12-11"),
        category="complaint",
        warned_on=day("2026-11-13"),
    ),
    Case("CMP-08", "market.mediation_notice.1", day("2026-02-25"), category="complaint", start=SPRING),
    Case("CMP-08", "market.mediation_notice.2", day("2026-09-22"), category="complaint"),
    Case("CMP-09", "market.handling.1", day("2026-10-10"), category="complaint"),
    Case("CMP-11", "market.result_report.1", day("2026-10-09"), until=day("2026-10-09")),
    Case("CMP-12", "market.complaint_jurisdiction.1", day("2026-02-25"), category="complaint", start=SPRING),
    Case("CMP-12", "market.complaint_jurisdiction.2", day("2026-09-22"), category="complaint"),
    Case("CMP-12", "market.report_jurisdiction.1", day("2026-02-25"), category="report", start=SPRING),
    Case("CMP-12", "market.report_jurisdiction.2", day("2026-09-22"), category="report"),
    Case("CMP-13", "market.feedback.1", day("2026-02-14"), category="report", start=SPRING),  # a make-up Saturday
    Case("CMP-13", "market.feedback.2", day("2026-09-20"), category="report"),
    Case("CMP-21", "market.acceptance.2", day("2026-09-22"), category="complaint"),
    Case(
        "CMP-21",
        "market.mediation.2",
        day("2026-12-11"),
        category="complaint",
        warned_on=day("2026-11-13"),
    ),
    Case("INT-02", "emergency.transfer.1", None, "370102.emergency"),
    Case("INT-08", "market.information_check.1", day("2023-12-04"), category="report", start=EARLIER),
    Case("INT-08", "market.information_check.2", day("2026-10-16"), category="report"),
    Case("XFR-01", "xiangshan.coordination.1", day("2026-09-16"), "330225.market", pack="xiangshan"),
    Case("HOT-10", "jinan.answer.1", day("2026-09-20"), pack="jinan"),
    Case("HOT-11", "weifang.answer.1", day("2026-09-20"), "370702.market", pack="weifang"),
    Case("HOT-12", "shandong.answer.1", day("2026-09-20"), pack="shandong"),
    Case("HOT-12", "shandong.sign_for.1", day("2026-09-16"), pack="shandong"),
    Case("TRI-01", "national.enforcement_publication.1", day("2026-10-16"), ANY),
    Case("TRI-02", "national.publication.1", day("2026-09-22"), ANY),
    Case("TRI-03", "market.publication.1", day("2026-10-16")),
    Case("TRI-04", "market.publication_push.1", day("2026-09-28")),
    Case("TRI-04", "market.local_publication.1", day("2026-09-28")),
    Case("TRI-06", "market.publication_withdrawal.1", day("2026-09-17")),
    Case("TRI-06", "market.display.1", day("2029-09-14")),
    Case("TRI-06", "market.short_display.1", day("2026-12-14")),
    Case("TRI-08", "national.disclosure.1", day("2026-10-16"), ANY),
    Case("TRI-12", "market.legal_review.1", day("2026-09-28")),
)


def row(case: Case) -> Rule:
    return next(rule for rule in load_pack(case.pack).rules if rule.id == case.rule)


def chosen(case: Case) -> Rule | None:
    """The row for such a case, which came over the hotline."""
    given = Circumstances(channel="hotline_12345", category=case.category)
    return load_pack(case.pack).rule_for(row(case).kind, case.start.date(), case.department, given)


def started(case: Case) -> Clock:
    return start_clock(
        id="clock-1",
        rule=row(case),
        pack=load_pack(case.pack),
        calendar=CALENDAR,
        started_at=case.start,
        owed_by=case.department,
        until=case.until,
    )


def ends(last: date | datetime | None) -> datetime:
    """The instant that ends a last day."""
    if last is None:
        return NEVER
    return last if isinstance(last, datetime) else midnight(last + timedelta(days=1))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.id}-{case.rule}")
def test_given_an_encoded_id_then_its_row_is_chosen_and_due_when_a_wall_calendar_says_so(case: Case) -> None:
    rule = chosen(case)
    assert rule is not None
    assert rule.id == case.rule
    assert case.id in rule.source
    clock = started(case)
    assert clock.breach_at == ends(case.last)
    assert clock.due_at == ends(case.warned_on or case.last)
    assert not clock.provisional


def test_given_the_rows_with_a_legal_source_then_each_has_its_due_date_here_under_every_id() -> None:
    told = {(id, row.rule.id) for id, rows in encoding_rows().items() for row in rows}
    assert told == {(case.id, case.rule) for case in CASES}
    assert {case.id for case in CASES} == {id for id, known in statutes().items() if known.status == "encoded"}


def of(id: str) -> Clock:
    return started(next(case for case in CASES if case.id == id))


def appraisal() -> Excluded:
    """Two days that do not count: 09-17 and 09-18."""
    return Excluded(since=AUTUMN + timedelta(days=2), until=AUTUMN + timedelta(days=4), ground="appraisal")


@pytest.mark.parametrize(("id", "last"), [("SAM-02", "2026-10-13"), ("SAM-18", "2026-12-15")])
def test_given_an_appraisal_when_its_time_is_not_counted_then_the_clock_ends_so_much_later(id: str, last: str) -> None:
    assert "appraisal" in of(id).terms.pauses
    assert exclude(of(id), appraisal(), (), CALENDAR, AUTUMN).breach_at == ends(day(last))


@pytest.mark.parametrize(
    ("id", "by", "last"),
    [
        ("SAM-01", 15, "2026-10-30"),
        ("SAM-14", 10, "2026-10-16"),
        ("SAM-17", 30, "2027-01-12"),
        ("HOT-12", 10, "2026-10-10"),
    ],
)
def test_given_a_grade_of_extension_when_all_of_it_is_granted_then_the_clock_ends_by_so_much_later(
    id: str, by: int, last: str
) -> None:
    assert of(id).terms.extensions[0].most == by
    assert extend(of(id), Extended(grade=1, amount=by), (), CALENDAR, AUTUMN).breach_at == ends(day(last))


def test_given_the_first_extension_used_up_then_the_collective_decision_states_the_further_term_itself() -> None:
    _, collective = of("SAM-17").terms.extensions
    assert (collective.most, collective.source) == (None, "SAM-17")


# 2026-04-15: mediation of complaints ----------------------------------------------------------------------------------

SWITCH = day("2026-04-15")


def mediation(pack: RulePack, accepted_on: date, received_on: date) -> Rule:
    given = Circumstances(channel="hotline_12345", category="complaint", received_on=received_on)
    rule = pack.rule_for("mediation", accepted_on, "370102.market", given)
    assert rule is not None
    return rule


def under(rule: Rule, accepted_on: date) -> Clock:
    return start_clock(
        id="mediation-1",
        rule=rule,
        pack=load_pack("national"),
        calendar=CALENDAR,
        started_at=midnight(accepted_on) + timedelta(hours=10),
        owed_by="370102.market",
    )


def test_given_a_complaint_accepted_the_day_before_the_switch_then_it_keeps_45_working_days() -> None:
    rule = mediation(load_pack("national"), day("2026-04-14"), received_on=day("2026-04-10"))
    assert (rule.id, rule.certainty) == ("market.mediation.1", "S")
    clock = under(rule, day("2026-04-14"))
    assert clock.due_at == clock.breach_at == ends(day("2026-06-18"))  # over 劳动节 with its make-up Saturday


def test_given_a_complaint_accepted_on_the_day_of_the_switch_then_both_readings_of_60_days_are_kept() -> None:
    rule = mediation(load_pack("national"), SWITCH, received_on=day("2026-04-10"))
    assert (rule.id, rule.certainty) == ("market.mediation.2", "S2")
    clock = under(rule, SWITCH)
    assert clock.due_at == ends(day("2026-06-14"))  # calendar days: warns
    assert clock.breach_at == ends(day("2026-07-13"))  # working days: late only then
    assert clock.due_at in clock.warn_points


def test_given_the_other_transition_clause_then_what_was_received_before_the_switch_keeps_45_working_days() -> None:
    text = packaged("national")
    assert text is not None
    assert text.count('transition = "start"') == 1
    pack = parse_pack(text.replace('transition = "start"', 'transition = "received"'), "national.toml")
    for received_on, expected in (
        (day("2026-04-14"), "market.mediation.1"),
        (SWITCH, "market.mediation.2"),
    ):
        assert mediation(pack, day("2026-04-20"), received_on).id == expected
    kept = mediation(pack, day("2026-04-20"), day("2026-04-14"))
    assert (kept.length, kept.effective_to) == (Length(amount=45, day="working_days"), day("2026-04-14"))


def test_given_a_clock_that_ran_when_the_rules_changed_then_it_keeps_its_own_terms() -> None:
    clock = under(mediation(load_pack("national"), day("2026-04-14"), day("2026-04-10")), day("2026-04-14"))
    later = exclude(clock, appraisal_in_may(), (), CALENDAR, midnight(day("2026-05-13")))
    assert later.terms == clock.terms
    assert later.breach_at == ends(day("2026-06-23"))  # two working days later, over 端午


def appraisal_in_may() -> Excluded:
    """Two working days that do not count: 05-12 and 05-13."""
    return Excluded(since=midnight(day("2026-05-11")), until=midnight(day("2026-05-13")), ground="appraisal")
