"""Stories as they stand in the record: envelopes in a chain, and random lives to look at from any vantage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from hypothesis import strategies as st

from domain.clue import CLUE
from domain.people.actors import Actor
from domain.record.decider import Command
from domain.record.envelope import GENESIS, Envelope, StoredEvent, write
from tests.domain.clue import steps as c
from tests.domain.clue import stories as s

STREAM = "clue-" + "0" * 32


def recorded(story: s.Story, *, delay: timedelta = timedelta(0)) -> tuple[StoredEvent, ...]:
    """The rows of a story. Each event was recorded `delay` after the latest that had happened by then."""
    rows: list[StoredEvent] = []
    known = story.made[0].occurred_at
    for version, happened in enumerate(story.made, 1):
        known = max(known, happened.occurred_at)
        envelope = Envelope(
            event_id=uuid5(NAMESPACE_URL, str(version)),
            stream=STREAM,
            version=version,
            occurred_at=happened.occurred_at,
            recorded_at=known + delay,
            actor=happened.actor,
            command_id=uuid5(NAMESPACE_URL, "command"),
            correlation_id=uuid5(NAMESPACE_URL, "command"),
            causation_id=None,
            basis=happened.basis,
            trace_id=None,
            event=happened.event,
        )
        rows.append(write(envelope, rows[-1].hash if rows else GENESIS))
    return tuple(rows)


_STEPS: tuple[tuple[Actor, type[Command], dict[str, Any]], ...] = (
    (s.DISPATCHER, c.Dispatch, {"department": s.MARKET}),
    (s.ASSIGNER, c.SignFor, {}),
    (s.ASSIGNER, c.Return, {}),
    (s.ASSIGNER, c.Assign, {"handler": "handler"}),
    (s.HANDLER, c.TakeUp, {}),
    (s.HANDLER, c.OpenVerification, {}),
    (s.HANDLER, c.RecordFindings, {}),
    (s.HANDLER, c.Conclude, {}),
    (s.HANDLER, c.ProposeDisposition, {}),
    (s.HEAD, c.ApproveDisposition, {}),
    (s.HEAD, c.RejectDisposition, {}),
    (s.HANDLER, c.FeedBack, {}),
    (s.HANDLER, c.Complete, {}),
    (s.ASSIGNER, c.Archive, {}),
    (s.DISPATCHER, c.Reopen, {}),
)


@st.composite
def lives(draw: st.DrawFn) -> s.Story:
    """A clue's life: mostly the next possible step, with pauses in which deadlines pass."""
    story = s.registered()
    for _ in range(draw(st.integers(0, 14))):
        possible = [step for step in _STEPS if CLUE.permit(step[1], story.state, step[0]) is None]
        if possible:
            by, shape, body = draw(st.sampled_from(possible))
            story.when(by, shape, **body)
        story.after(hours=draw(st.sampled_from((0, 1, 30, 400))))
    return story
