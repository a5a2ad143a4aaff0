"""Who answered for a case, for how long, and what of that is held against whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clue import CLUE
from domain.clue.life import Known, responsible_of
from domain.lists.responsibility import Holding, changed, follow, holdings_of
from domain.record.decider import fold
from domain.record.envelope import read
from domain.record.takeover import Adoption, Step, adopt
from infra.memory.store import MemoryStore
from tests.domain.clue import steps as c
from tests.domain.clue.stories import (
    ASSIGNER,
    CLERK,
    DISPATCHER,
    HANDLER,
    HEAD,
    MARKET,
    NOON,
    REGION,
    URBAN,
    URBAN_ASSIGNER,
    Story,
    archived,
    dispatched,
    registered,
    verifying,
)
from tests.support.record import CLERK as DEMO_CLERK
from tests.support.record import STRAIGHT, known_departments, known_officers, world_of

OFFICE = f"{REGION}.12345"
DAY = timedelta(days=1)
SECONDS = 86_400


def holdings(story: Story) -> tuple[Holding, ...]:
    return holdings_of(follow(CLUE.hold, None, story.made))


def finished(story: Story) -> Story:
    """From the middle of verification to 办结."""
    return (
        story.when(HANDLER, c.RecordFindings, evidence=[])
        .when(HANDLER, c.Conclude)
        .when(HANDLER, c.ProposeDisposition)
        .when(HEAD, c.ApproveDisposition)
        .when(HANDLER, c.FeedBack)
        .when(HANDLER, c.Complete)
    )


def test_given_a_case_then_one_after_another_holds_it_and_nobody_once_it_is_done() -> None:
    office, market = holdings(archived())
    assert (office.department, office.ended, office.held_from) == (OFFICE, "dispatched", NOON)
    assert (market.department, market.ended, market.held_from) == (MARKET, "completed", office.held_to)
    assert market.held is not None


def test_given_a_lawful_pause_then_the_net_time_leaves_it_out_and_the_gross_does_not() -> None:
    story = verifying().after(days=3).when(HEAD, c.Suspend, ground="appraisal").after(days=4)
    (_, resting) = holdings(story)
    assert (resting.paused_ground, resting.held_to) == ("appraisal", None)
    story.when(HEAD, c.Resume).after(days=2)
    (_, market) = holdings(finished(story))
    assert market.paused_ground is None
    for lasted in (market.handling, market.real, market.held, market.altogether):
        assert lasted is not None
        assert (lasted.gross, lasted.net) == (9 * SECONDS, 5 * SECONDS)
    assert market.signing is not None and market.signing.net == market.signing.gross


def test_given_time_found_not_to_count_during_a_pause_then_it_is_left_out_once() -> None:
    story = verifying().after(days=1).when(HEAD, c.Suspend, ground="appraisal").after(days=2).when(HEAD, c.Resume)
    since, until = NOON + DAY / 2, NOON + 2 * DAY
    story.when(HEAD, c.ExcludeTime, ground="appraisal", since=since.isoformat(), until=until.isoformat())
    assert story.refused is None
    (_, market) = holdings(finished(story.after(days=2)))
    assert market.handling is not None
    assert (market.handling.gross, market.handling.paused) == (5 * SECONDS, int(2.5 * SECONDS))


def test_given_a_late_signature_then_the_real_time_has_begun_with_the_dispatch() -> None:
    story = dispatched().after(hours=20).when(ASSIGNER, c.SignFor).when(ASSIGNER, c.Assign, handler="handler")
    story.after(hours=4).when(HANDLER, c.TakeUp).when(HANDLER, c.OpenVerification)
    market = holdings(finished(story))[-1]
    assert market.signing is not None and market.handling is not None and market.real is not None
    assert market.signing.gross == 20 * 3600
    assert market.handling.gross == 4 * 3600
    assert market.real.gross == 24 * 3600


def test_given_a_case_given_back_then_its_giver_waits_until_somebody_signs_and_real_time_goes_on() -> None:
    story = dispatched().after(hours=6).when(ASSIGNER, c.Return, ground="not_our_remit").after(hours=2)
    *_, market, office = holdings(story)
    assert (market.ended, market.ground) == ("returned", "not_our_remit")
    assert (office.department, office.handed_back_by) == (OFFICE, MARKET)
    story.when(DISPATCHER, c.Dispatch, department=URBAN)
    assert holdings(story)[-1].handed_back_by == MARKET, "nobody has signed for it yet"
    story.after(hours=1).when(URBAN_ASSIGNER, c.SignFor)
    urban = holdings(story)[-1]
    assert urban.handed_back_by is None
    assert urban.first_dispatched_at == market.held_from
    assert urban.signing is not None and urban.signing.gross == 3600, "its own signing began with its own dispatch"


def test_given_a_case_that_comes_back_to_its_giver_then_nobody_waits_for_others() -> None:
    story = dispatched().when(ASSIGNER, c.Return, ground="incomplete").when(DISPATCHER, c.Dispatch, department=MARKET)
    assert holdings(story)[-1].handed_back_by is None


def test_given_a_case_that_time_gave_back_then_its_department_waits_for_nobody() -> None:
    story = dispatched().after(days=30)
    *_, market, office = holdings(story)
    assert market.ground == "not_signed_for"
    assert office.handed_back_by is None


def test_given_a_department_that_held_a_case_twice_then_its_time_is_told_once_and_together() -> None:
    story = dispatched().after(hours=6).when(ASSIGNER, c.Return, ground="incomplete").after(hours=1)
    story.when(DISPATCHER, c.Dispatch, department=MARKET).after(hours=2)
    assert [each.altogether for each in holdings(story) if each.department == MARKET] == [None, None], "it still has it"
    story.when(ASSIGNER, c.Return, ground="not_our_remit")
    first, second = (each for each in holdings(story) if each.department == MARKET)
    assert first.altogether is None
    assert second.altogether is not None and second.altogether.gross == 8 * 3600
    assert second.held is not None and second.held.gross == 2 * 3600


def test_given_a_dispatch_taken_back_then_the_department_had_it_but_gave_nothing_back() -> None:
    story = dispatched().after(hours=1).when(DISPATCHER, c.WithdrawDispatch)
    *_, market, office = holdings(story)
    assert (market.ended, market.ground) == ("withdrawn", None)
    assert (office.department, office.handed_back_by) == (OFFICE, None)


def test_given_a_completion_by_mistake_then_the_same_holding_goes_on() -> None:
    story = finished(verifying())
    before = holdings(story)
    story.after(hours=1).when(ASSIGNER, c.UndoCompletion)
    after = holdings(story)
    assert len(after) == len(before)
    assert (after[-1].held_to, after[-1].ended, after[-1].held) == (None, None, None)
    assert after[-1].fed_back_at == before[-1].fed_back_at


def test_given_a_reopened_case_then_a_new_round_begins_that_owes_nothing_to_the_old_one() -> None:
    story = archived().after(days=40).when(DISPATCHER, c.Reopen)
    market = holdings(story)[-1]
    assert (market.number, market.department, market.first_dispatched_at) == (3, MARKET, story.now)
    assert market.signed_at is None


def test_given_a_correction_then_every_holding_tells_the_case_as_it_is() -> None:
    story = dispatched()
    known = follow(CLUE.hold, None, story.made)
    heard = len(story.made)
    story.when(CLERK, c.Correct, category="complaint")
    rewritten = changed(known, follow(CLUE.hold, known, story.made[heard:]))
    assert [(each.number, each.category) for each in rewritten] == [(1, "complaint"), (2, "complaint")]


def test_given_events_one_by_one_then_what_changed_adds_up_to_the_whole() -> None:
    story = dispatched().after(hours=6).when(ASSIGNER, c.Return, ground="incomplete")
    story.when(DISPATCHER, c.Dispatch, department=MARKET).when(ASSIGNER, c.SignFor).when(HEAD, c.Suspend)
    kept: dict[int, Holding] = {}
    ledger = None
    for one in story.made:
        after = follow(CLUE.hold, ledger, [one])
        kept |= {each.number: each for each in changed(ledger, after)}
        ledger = after
    assert tuple(kept.values()) == holdings(story)


def test_given_any_moment_of_a_life_then_the_lasting_holding_names_who_answers_for_the_case() -> None:
    told = [registered(), dispatched().after(days=30), archived().when(DISPATCHER, c.Reopen), finished(verifying())]
    for story in told:
        for count in range(1, len(story.made) + 1):
            clue = fold(CLUE, story.made[:count])
            held = holdings_of(follow(CLUE.hold, None, story.made[:count]))
            lasting = [each for each in held if each.held_to is None]
            assert isinstance(clue, Known)
            done = clue.stage in ("completed", "archived")
            assert [each.department for each in lasting] == ([] if done else [responsible_of(clue)])


async def test_given_a_case_from_another_system_then_its_holdings_go_by_the_times_it_brings() -> None:
    start, now = datetime(2026, 1, 5, 2, 0, tzinfo=UTC), datetime(2026, 3, 30, 4, 0, tzinfo=UTC)
    store = MemoryStore(lambda: now, departments=known_departments(), officers=known_officers())
    bodies: dict[str, dict[str, Any]] = {
        "register": {"received_at": "2026-01-05T09:00:00+08:00"},
        "record_findings": {"evidence": []},
    }
    steps = [
        Step(actor, slug, {**CLUE.commands[slug].example, **bodies.get(slug, {})}, start + number * DAY)
        for number, (actor, slug) in enumerate([(DEMO_CLERK, "register"), *STRAIGHT])
    ]
    done = await adopt(world_of(store), CLUE, Adoption(by=DEMO_CLERK, key="old:1", batch="old", steps=steps))
    office, market = store.tables.holdings.values()
    assert (office.held_from, office.held_to) == (start, start + DAY)
    assert market.held_to == start + 11 * DAY
    assert market.real is not None and market.real.gross == 9 * SECONDS
    events = [read(row).happened for row in store.tables.events[done.outcome.stream]]
    assert holdings_of(follow(CLUE.hold, None, events)) == (office, market)
