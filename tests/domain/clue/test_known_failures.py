"""What went wrong with deadlines elsewhere, each as a test that it does not here. The public reports are named."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from domain.clue import CLUE
from domain.people.actors import Actor
from domain.record.decider import Facts
from domain.time.calendar import Calendars, SpecialDay, edition_of_days, national_calendar
from domain.time.case_clocks import TimedClock
from domain.time.clock import start_clock
from domain.time.clock_events import ClockEscalated, ClockExpired, ClockExtended, ClockStarted, ClockWarned
from domain.time.rules import Length, Rule, RulePack
from domain.time.steps import sentence
from domain.value import SHANGHAI
from tests.domain.clue import steps as c
from tests.domain.clue.stories import (
    ASSIGNER,
    DISPATCHER,
    HANDLER,
    HEAD,
    MARKET,
    PACK,
    URBAN,
    URBAN_ASSIGNER,
    Story,
    dispatched,
    verifying,
)

SUSPENDED_FOR = "appraisal"
"""检测检验鉴定: a ground that pauses the handling clock of the market regulator."""


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def clock_of(story: Story, kind: str) -> TimedClock:
    """The last clock of a kind."""
    return [timed for timed in CLUE.clocks(story.state) if timed.clock.kind == kind][-1]


def brought(story: Story, since: datetime) -> list[Any]:
    """What time brought later than `since`, other than by a command."""
    return [
        entry.event
        for entry in story.made
        if entry.occurred_at > since and isinstance(entry.event, ClockWarned | ClockExpired | ClockEscalated)
    ]


def test_given_a_suspension_when_resumed_then_the_due_date_moves_by_the_days_it_really_took() -> None:
    # https://github.com/open-zaak/open-zaak/issues/885
    # https://github.com/VNG-Realisatie/gemma-zaken/issues/1953, in working days:
    # https://github.com/VNG-Realisatie/gemma-zaken/issues/436
    story = verifying()
    assert clock_of(story, "handling").clock.due_at == local("2026-03-24T00:00")
    story.after(days=3).when(HEAD, c.Suspend, ground=SUSPENDED_FOR)
    story.after(days=14).when(HEAD, c.Resume)
    # Three of 15 working days were used by Thursday 5 March; from Friday the 20th on the other twelve are counted,
    # over 清明 (4 to 6 April).
    assert clock_of(story, "handling").clock.due_at == local("2026-04-08T00:00")


def test_given_a_pause_when_months_pass_then_the_clock_stands_still_and_nobody_is_warned() -> None:
    # https://github.com/glpi-project/glpi/issues/6902
    # https://github.com/glpi-project/glpi/issues/15605
    story = verifying().after(days=3).when(HEAD, c.Suspend, ground=SUSPENDED_FOR)
    since = story.now
    story.after(days=120)
    assert brought(story, since) == []
    story.when(HEAD, c.Resume)
    handling = clock_of(story, "handling")
    assert handling.reached == ()
    assert not handling.clock.overdue(story.now)
    assert any(step.what == "paused" for step in handling.clock.steps)


class ChangingStory(Story):
    """A life in which the rules change."""

    pack: RulePack = PACK

    def _facts(self, by: Actor) -> Facts:
        return super()._facts(by).model_copy(update={"pack": self.pack})


def test_given_a_paused_clock_when_its_rule_changes_then_the_pause_and_the_terms_it_started_under_stay() -> None:
    # https://github.com/glpi-project/glpi/issues/24481
    shorter = PACK.model_copy(
        update={
            "version": "changed",
            "rules": tuple(
                rule.model_copy(update={"length": Length(amount=1, day="working_days"), "pauses": ()})
                for rule in PACK.rules
            ),
        }
    )
    story, unchanged = ChangingStory(), verifying()
    story.state, story.made = verifying().state, []
    for life in (story, unchanged):
        life.after(days=3).when(HEAD, c.Suspend, ground=SUSPENDED_FOR)
    story.pack = shorter
    for life in (story, unchanged):
        life.after(days=14).when(HEAD, c.Resume)
    assert clock_of(story, "handling") == clock_of(unchanged, "handling")
    assert clock_of(story, "handling").clock.pack == PACK.ref


def test_given_a_transfer_in_time_then_the_old_department_is_settled_and_the_new_one_gets_its_own_clock() -> None:
    # https://github.com/glpi-project/glpi/issues/1911
    # https://github.com/zammad/zammad/issues/5624
    story = dispatched().when(ASSIGNER, c.SignFor).after(days=5).when(ASSIGNER, c.Return)
    assert (clock_of(story, "handling").clock.owed_by, clock_of(story, "handling").outcome) == (MARKET, "settled")
    story.when(DISPATCHER, c.Dispatch, department=URBAN).when(URBAN_ASSIGNER, c.SignFor)
    theirs = clock_of(story, "handling")
    assert (theirs.clock.owed_by, theirs.outcome, theirs.clock.started_at) == (URBAN, None, story.now)
    assert theirs.clock.rule == "national.handling.1", "the row for its kind of department, not the other one's"


def test_given_a_transfer_when_too_late_then_the_old_department_missed_it_and_the_new_one_starts_afresh() -> None:
    # https://github.com/glpi-project/glpi/issues/1911
    story = dispatched().when(ASSIGNER, c.SignFor).after(days=40).when(ASSIGNER, c.Return)
    story.when(DISPATCHER, c.Dispatch, department=URBAN).when(URBAN_ASSIGNER, c.SignFor)
    outcomes = {
        timed.clock.owed_by: timed.outcome for timed in CLUE.clocks(story.state) if timed.clock.kind == "handling"
    }
    assert outcomes == {MARKET: "missed", URBAN: None}
    assert clock_of(story, "handling").reached == ()


def test_given_any_clock_then_it_says_which_rule_applies_how_sure_that_is_and_why_it_ends_when_it_ends() -> None:
    # https://github.com/frappe/helpdesk/issues/3235
    # https://github.com/zammad/zammad/issues/4777
    handling = clock_of(verifying(), "handling").clock
    rule = next(rule for rule in PACK.rules if rule.id == handling.rule)
    assert (rule.article, handling.certainty, handling.standing, handling.pack) == (
        "第十八条",
        "S",
        "statutory",
        PACK.ref,
    )
    assert sentence(handling.steps) == (
        "2026-03-02 12:00:00 起算，当日不计入；其间周末6天，不计入；计满15个工作日，于 2026-03-23 24:00 届满。"
    )


@pytest.mark.parametrize(
    ("length", "due"),
    [
        (Length(amount=1, day="working_days"), "2026-03-10T00:00"),  # the end of Monday
        (Length(amount=1, day="calendar_days"), "2026-03-08T00:00"),  # the end of Saturday
        (Length(amount=24, day="hours"), "2026-03-07T17:00"),  # through the night, Saturday 17:00
    ],
)
def test_given_one_day_when_started_on_a_friday_evening_then_it_is_one_day_and_not_24_hours_of_opening(
    length: Length, due: str
) -> None:
    # https://github.com/jmix-framework/jmix/issues/790: P1D was taken as 24 business hours, three days of eight
    assert _started(length, local("2026-03-06T17:00"), MARKET).due_at == local(due)


def test_given_two_departments_when_one_region_has_further_days_off_then_each_clock_follows_its_own_calendar() -> None:
    # https://github.com/camunda/camunda-bpm-platform/pull/1155
    # https://github.com/Activiti/Activiti/issues/901
    length = Length(amount=3, day="working_days")
    assert _started(length, local("2026-03-06T17:00"), MARKET).due_at == local("2026-03-12T00:00")
    assert _started(length, local("2026-03-06T17:00"), "530102.market").due_at == local("2026-03-13T00:00")


def _started(length: Length, at: datetime, department: str) -> Any:
    further = edition_of_days("530000", 2026, 2026, [SpecialDay(day=date(2026, 3, 10), name="地方节日", working=False)])
    calendars = Calendars(regions=(national_calendar(), further))
    rule = Rule(
        id="test.handling.1",
        kind="handling",
        title="试验",
        certainty="P",
        standing="internal",
        length=length,
        starts=("clue.signed_for",),
        stops=("clue.returned",),
        owed_by="lead",
        effective_from=date(2004, 1, 1),
    )
    calendar = calendars.of(department.partition(".")[0])
    return start_clock(id="handling-1", rule=rule, pack=PACK, calendar=calendar, started_at=at, owed_by=department)


def test_given_the_statutory_extension_when_granted_then_it_is_on_record_and_there_is_no_second_one() -> None:
    # https://github.com/Dev1822/paySphere/issues/1157
    story = verifying()
    name = clock_of(story, "handling").clock.id
    story.after(days=10).when(HANDLER, c.RequestExtension, clock=name, amount=15).when(
        HEAD, c.ApproveExtension, clock=name
    )
    handling = clock_of(story, "handling").clock
    assert handling.due_at == local("2026-04-15T00:00")
    assert [given.amount for given in handling.extended] == [15]
    assert [entry.event.clock.id for entry in story.made if isinstance(entry.event, ClockExtended)] == [name]
    story.when(HANDLER, c.RequestExtension, clock=name, amount=1)
    assert story.refused is not None
    assert story.refused.code == "no_extension"


def test_given_an_overdue_clock_when_it_climbs_then_every_rung_is_a_record_of_its_own_with_its_rule() -> None:
    # https://github.com/Dev1822/paySphere/issues/1157: one boolean `escalated`, so the second level was never told
    story = verifying().after(days=60)
    name = clock_of(story, "handling").clock.id
    climbed = [entry for entry in story.made if isinstance(entry.event, ClockEscalated) and entry.event.clock == name]
    assert [(entry.event.rung, entry.event.to) for entry in climbed] == [
        (1, "department_supervisor"),
        (2, "coordinator"),
        (3, "head"),
    ]
    assert {entry.basis.rule for entry in climbed if entry.basis} == {"market.handling.1"}
    assert [entry.occurred_at.astimezone(SHANGHAI).date() for entry in climbed] == [
        date(2026, 3, 25),
        date(2026, 3, 27),
        date(2026, 3, 31),
    ]


def test_given_a_department_that_does_not_sign_then_its_time_runs_all_the_same_from_the_dispatch() -> None:
    # Reported practice of hotline work orders: the clock only counted from signing, so signing was put off.
    story = dispatched()
    signing = clock_of(story, "sign_for")
    assert (signing.clock.started_at, signing.clock.owed_by) == (story.now, MARKET)
    story.after(days=2).when(ASSIGNER, c.SignFor)
    assert clock_of(story, "sign_for").outcome == "missed"
    assert ClockExpired(clock=signing.clock.id) in [entry.event for entry in story.made]


def test_given_a_department_that_never_signs_then_the_case_is_taken_back_and_the_next_one_gets_all_its_time() -> None:
    story = dispatched().after(days=10)
    assert story.names[-1] == "ClueReturned"
    assert clock_of(story, "sign_for").outcome == "missed"
    started = [entry.event.clock.kind for entry in story.made if isinstance(entry.event, ClockStarted)]
    assert started == ["dispatch", "sign_for", "dispatch"]
