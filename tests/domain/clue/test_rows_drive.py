"""The rows of a pack alone decide which clocks of a clue run, and agree with what a naive reading of its stage says."""

from __future__ import annotations

from collections import Counter

import pytest

from domain.clue import CLUE
from domain.clue.life import known
from domain.people.actors import Actor
from domain.record.decider import Facts
from domain.time.asked_for import Wanted
from domain.time.calendar import day_of
from domain.time.rules import RulePack, load_pack, pack_names, parse_pack
from domain.time.rules.seen import NOTHING_SEEN
from tests.domain.clue import steps as c
from tests.domain.clue.naive_wants import naive_wants
from tests.domain.clue.random_lives import Life
from tests.domain.clue.stories import (
    ASSIGNER,
    CLERK,
    DISPATCHER,
    HANDLER,
    HEAD,
    MARKET,
    REGION,
    SUPERVISOR,
    Story,
    registered,
)
from tests.domain.time.rule_files import row

LIVES = 40
STEPS = 40


class Elsewhere(Life):
    """A random life under another rule pack."""

    def __init__(self, seed: int, pack: RulePack) -> None:
        self.pack = pack
        super().__init__(seed)

    def _facts(self, by: Actor) -> Facts:
        return super()._facts(by).model_copy(update={"pack": self.pack})


@pytest.mark.parametrize("name", pack_names())
def test_given_random_lives_under_any_pack_then_after_every_event_the_clocks_are_those_the_stage_asks_for(
    name: str,
) -> None:
    pack, compared = load_pack(name), Counter[str]()
    for seed in range(LIVES):
        life = Elsewhere(seed, pack)
        for _ in range(STEPS):
            life.step()
        clue = CLUE.initial()
        for number, happened in enumerate(life.made):
            clue = CLUE.evolve(clue, happened)
            following = life.made[number + 1 : number + 2]
            if any(after.cause is not None for after in following):
                continue  # its clocks are still being stopped and started
            given = CLUE.circumstances(clue)
            asked = {
                want
                for want in naive_wants(clue)
                if pack.rule_for(want.kind, day_of(happened.occurred_at), want.owed_by, given) is not None
            }
            running = [timed.clock for timed in CLUE.clocks(clue) if timed.running]
            assert Counter(Wanted(one.kind, one.owed_by, one.about, one.until) for one in running) == Counter(asked), (
                seed,
                number,
                known(clue).stage,
            )
            compared.update(want.kind for want in asked)
    assert compared.keys() >= {"dispatch", "sign_for", "handling", "feedback", "archive", "oversight"}
    assert ("answer" in compared) is (name in ("jinan", "shandong"))


def running(story: Story) -> list[tuple[str, str]]:
    return [(timed.clock.rule, timed.clock.owed_by) for timed in CLUE.clocks(story.state) if timed.running]


class Under(Story):
    """A clue's life under the national rows and some more."""

    def __init__(self, *rows: str) -> None:
        self.pack = parse_pack('name = "more"\nversion = "1"\nextends = "national"\n' + "".join(rows), "more.toml")
        super().__init__()

    def _facts(self, by: Actor) -> Facts:
        return super()._facts(by).model_copy(update={"pack": self.pack})

    def verifying(self, category: str = "report") -> Under:
        """Registered, dispatched, signed for, assigned, taken up, verification open."""
        self.when(CLERK, c.Register, received_at="2026-03-02T11:00:00+08:00", category=category)
        self.when(DISPATCHER, c.Dispatch, department=MARKET).when(ASSIGNER, c.SignFor)
        self.when(ASSIGNER, c.Assign, handler="handler").when(HANDLER, c.TakeUp).when(HANDLER, c.OpenVerification)
        return self


def test_given_a_row_of_its_own_kind_then_its_clock_runs_between_the_events_it_names_and_no_code_knows_it() -> None:
    story = Under(
        row(
            "filing",
            'region = "370000"',
            'starts = ["clue.verification_opened"]',
            'stops = ["clue.verification_concluded", "clue.returned"]',
        )
    )
    story.verifying()
    assert ("test.filing.1", MARKET) in running(story)
    story.when(HANDLER, c.RecordFindings, evidence=[]).when(HANDLER, c.Conclude)
    assert story.names[-1] == "ClueVerificationConcluded"
    assert ("test.filing.1", MARKET) not in running(story)


def test_given_a_narrower_row_that_does_not_start_with_the_event_then_the_row_that_does_is_taken() -> None:
    declined_only = row("feedback", 'region = "370000"', 'starts = ["clue.declined"]', 'stops = ["clue.completed"]')
    for step, expected in ((c.Decline, "test.feedback.1"), (c.TakeUp, "national.feedback.1")):
        story = Under(declined_only)
        story.when(CLERK, c.Register, received_at="2026-03-02T11:00:00+08:00", category="complaint")
        story.when(DISPATCHER, c.Dispatch, department=MARKET).when(ASSIGNER, c.SignFor)
        story.when(ASSIGNER, c.Assign, handler="handler").when(HANDLER, step)
        if step is c.TakeUp:
            story.when(HANDLER, c.OpenVerification).when(HANDLER, c.RecordFindings, evidence=[])
            story.when(HANDLER, c.Conclude).when(HANDLER, c.ProposeDisposition).when(HEAD, c.ApproveDisposition)
        assert running(story) == [(expected, MARKET)]


def test_given_a_row_whose_start_is_built_and_whose_stop_is_not_then_nothing_starts_that_could_never_stop() -> None:
    story = Under(
        row(
            "filing",
            'region = "370000"',
            'starts = ["clue.verification_opened"]',
            'stops = ["clue.case_filed"]',
            'waits_for = { "clue.case_filed" = "立案" }',
        )
    )
    story.verifying()
    assert ("test.filing.1", MARKET) not in running(story)


def test_given_a_running_clock_when_a_pack_without_its_kind_comes_into_force_then_it_goes_on_for_its_debtor() -> None:
    story = Under(
        row(
            "filing",
            'region = "370000"',
            'starts = ["clue.verification_opened"]',
            'stops = ["clue.verification_concluded"]',
        )
    )
    story.verifying()
    story.pack = load_pack("training")
    story.when(HANDLER, c.RecordFindings, evidence=[]).when(HANDLER, c.Conclude)
    assert ("test.filing.1", MARKET) in running(story)
    story.when(HANDLER, c.ProposeDisposition).when(HEAD, c.ApproveDisposition).when(HANDLER, c.FeedBack)
    story.when(HANDLER, c.Complete).when(ASSIGNER, c.Archive)
    assert running(story) == []


def test_given_an_order_to_the_office_when_a_department_returns_the_case_then_only_its_own_order_ends() -> None:
    story = registered().when(SUPERVISOR, c.OrderOversight).when(DISPATCHER, c.Dispatch, department=MARKET)
    story.when(SUPERVISOR, c.OrderOversight)
    assert running(story)[-1] == ("national.oversight.1", MARKET)
    story.when(ASSIGNER, c.Return)
    office = f"{REGION}.12345"
    assert running(story) == [("national.oversight.1", office), ("national.dispatch.1", office)]


def test_given_a_direct_answer_then_the_office_owes_the_archiving() -> None:
    story = registered().when(DISPATCHER, c.Answer)
    assert running(story) == [("national.archive.1", f"{REGION}.12345")]


def test_given_what_happened_when_asked_for_the_latest_then_only_what_is_about_the_case_or_the_thing_counts() -> None:
    seen = NOTHING_SEEN.then("ordered", "one").then("ordered", "two").then("answered", "one").then("noted")
    assert seen.last(("ordered", "never")) == 2
    assert seen.last(("ordered",), ("one",)) == 1
    assert seen.last(("answered",), ("two",)) == 0
    assert seen.last(("answered", "noted"), ("two",)) == 4
    assert NOTHING_SEEN.last(("ordered",)) == 0
