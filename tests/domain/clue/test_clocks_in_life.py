"""Clocks along a clue's life: who owes what, what time brings by itself, and what is always true."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clue import CLUE
from domain.clue.life import Archived, Dispatched, Registered, Unregistered, known, responsible_of
from domain.record.decider import Happened, fold
from domain.time.clock_events import ClockEscalated, ClockExpired, ClockStarted, ClockStopped, ClockWarned
from domain.value import SHANGHAI
from tests.domain.clue import steps as c
from tests.domain.clue.stories import (
    ASSIGNER,
    CLERK,
    DIGEST,
    DISPATCHER,
    HANDLER,
    HEAD,
    LINKED,
    SUPERVISOR,
    Story,
    archived,
    dispatched,
    registered,
    verifying,
)


def _running(story: Story) -> list[tuple[str, str]]:
    return [(timed.clock.kind, timed.clock.owed_by) for timed in CLUE.clocks(story.state) if timed.running]


def test_given_a_hand_over_when_dispatched_and_signed_then_two_clocks_run_one_after_the_other() -> None:
    story = dispatched()
    assert _running(story) == [("sign_for", "370102.market")]
    story.when(ASSIGNER, c.SignFor)
    assert _running(story) == [("handling", "370102.market")]


def test_given_a_dispatch_on_monday_when_nobody_signs_then_warned_expired_escalated_and_returned_in_order() -> None:
    story = dispatched().after(days=10)
    happened = [
        (type(entry.event).__name__, entry.occurred_at.astimezone(SHANGHAI))
        for entry in story.made
        if isinstance(entry.event, ClockWarned | ClockExpired | ClockEscalated) and entry.event.clock == "sign_for-2"
    ]
    assert happened == [
        ("ClockWarned", datetime(2026, 3, 3, 12, tzinfo=SHANGHAI)),
        ("ClockExpired", datetime(2026, 3, 4, 0, tzinfo=SHANGHAI)),
        ("ClockEscalated", datetime(2026, 3, 5, 0, tzinfo=SHANGHAI)),
        ("ClockEscalated", datetime(2026, 3, 6, 0, tzinfo=SHANGHAI)),
    ]
    assert isinstance(story.state, Registered)
    assert story.names[-1] == "ClueReturned"
    assert story.made[-1].event.clock.kind == "dispatch"
    assert story.made[-1].occurred_at == story.now, "the dispatcher's clock runs from when the return was recorded"


def test_given_a_return_before_expiry_when_recorded_then_the_old_clock_is_settled_and_the_office_owes_a_new_one() -> (
    None
):
    story = dispatched().when(ASSIGNER, c.Return)
    stopped = [entry.event for entry in story.made if isinstance(entry.event, ClockStopped)]
    assert stopped[-1].outcome == "settled"
    assert _running(story) == [("dispatch", "370102.12345")]


def test_given_a_signature_after_the_due_instant_when_recorded_then_the_clock_is_missed_for_good() -> None:
    story = dispatched().after(days=2).when(ASSIGNER, c.SignFor)
    outcomes = {timed.clock.kind: timed.outcome for timed in CLUE.clocks(story.state)}
    assert outcomes["sign_for"] == "missed"


def test_given_an_archived_clue_then_nothing_runs() -> None:
    assert _running(archived()) == []


def test_given_a_reopened_clue_when_dispatched_anew_then_clock_ids_never_repeat() -> None:
    story = archived().when(SUPERVISOR, c.Reopen)
    started = [entry.event.clock.id for entry in story.made if isinstance(entry.event, ClockStarted)]
    assert len(started) == len(set(started))


def test_given_a_long_silence_when_caught_up_late_or_in_steps_then_the_marks_are_the_same() -> None:
    late = verifying().after(days=60)
    stepwise = verifying()
    for _ in range(60 * 4):
        stepwise.after(hours=6)
    # What a rung makes happen (an oversight order) happens when it is recorded, so its own clock runs from then.
    assert _of("handling-3", late) == _of("handling-3", stepwise)


def _of(clock: str, story: Story) -> list[tuple[object, datetime]]:
    return [(event, at) for event, at in _marks(story.made) if getattr(event, "clock", None) == clock]


def _marks(made: list[Happened]) -> list[tuple[object, datetime]]:
    return [
        (entry.event, entry.occurred_at)
        for entry in made
        if isinstance(entry.event, ClockWarned | ClockExpired | ClockEscalated)
    ]


_PEOPLE = {
    "register": CLERK,
    "answer": DISPATCHER,
    "send_back": DISPATCHER,
    "dispatch": DISPATCHER,
    "sign_for": ASSIGNER,
    "return": ASSIGNER,
    "assign": ASSIGNER,
    "archive": ASSIGNER,
    "approve_disposition": HEAD,
    "reject_disposition": HEAD,
    "reopen": SUPERVISOR,
    "correct": CLERK,
    "supplement": CLERK,
    "withdraw_dispatch": DISPATCHER,
    "reassign": ASSIGNER,
    "suspend": HEAD,
}
_BODIES: dict[str, dict[str, object]] = {
    "dispatch": {"department": "370102.market"},
    "assign": {"handler": "handler"},
    "reassign": {"handler": "handler"},
    "attach_evidence": {"evidence": [{"digest": DIGEST, "name": "照片.jpg"}]},
    "seal_file": {"digest": DIGEST},
    "link": {"case": LINKED},
    "unlink": {"case": LINKED},
    "mark_duplicate": {"of": LINKED},
    "supplement": {"received_at": "2026-03-02T11:00:00+08:00"},
    "record_contact": {"at": "2026-03-02T11:30:00+08:00"},
}
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(set(CLUE.commands) - {"elapse", "erase_text", "register", "send_back"})),
        st.integers(0, 40),
    ),
    max_size=50,
)


@settings(max_examples=300, deadline=None)
@given(_STEPS)
def test_given_any_history_then_every_open_state_has_a_running_clock_and_a_responsible_department(
    steps: list[tuple[str, int]],
) -> None:
    story = registered()
    for slug, hours in steps:
        story.after(hours=hours).when(_PEOPLE.get(slug, HANDLER), CLUE.commands[slug], **_BODIES.get(slug, {}))
        clue = known(story.state)
        assert responsible_of(clue)
        if isinstance(clue, Archived):
            assert _running(story) == []
        else:
            assert _running(story)
        assert not isinstance(clue, Dispatched) or clue.department in clue.dossier.departments
    assert fold(CLUE, story.made) == story.state
    _assert_marks_once_and_never_early(story)


def _assert_marks_once_and_never_early(story: Story) -> None:
    marks = _marks(story.made)
    assert len({event for event, _ in marks}) == len(marks)
    assert all(at <= story.now for _, at in marks)
    assert not isinstance(story.state, Unregistered)


def test_given_any_two_steps_apart_in_time_then_recorded_order_follows_time_within_the_marks() -> None:
    story = verifying().after(days=60)
    at = [instant for _, instant in _marks(story.made)]
    assert at == sorted(at)
    assert all(later - earlier >= timedelta(0) for earlier, later in itertools.pairwise(at))
