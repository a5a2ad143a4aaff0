"""A command tried out: what would be recorded, which clocks would change, who would be told. Nothing is written.

It takes the same way as the command handler up to the decision, under the same locks, in a transaction that never
commits: no key is taken, no refusal kept, no text, no case number, and no process hears of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from domain.errors import Refused
from domain.record.append import Works, outcome_of
from domain.record.decider import Decider, Effect, Series
from domain.record.envelope import Envelope, read
from domain.record.handler import HandlerPorts, Request, decided, parse
from domain.record.ports import Outcome
from domain.record.registry import REGISTRY
from domain.record.vault import Sealer
from domain.time.case_clocks import TimedClock
from domain.time.clock_events import ClockEvent

UNNUMBERED = "尚未编号"
"""Stands where a case number will; the real one is given when the command is."""


@dataclass(frozen=True)
class ClockChange:
    """A clock as it would stand, and what became of it: `started`, `stopped`, … by the names of clock events."""

    what: tuple[str, ...]
    timed: TimedClock


@dataclass(frozen=True)
class Rehearsal:
    """What a command would come to if it were given now. `outcome.refusal`: the rule that would say no."""

    outcome: Outcome
    lapsed: tuple[Envelope, ...]
    """What time already brought: it would be recorded first, whatever becomes of the command."""
    events: tuple[Envelope, ...]
    clocks: tuple[ClockChange, ...]
    effects: tuple[Effect, ...]
    elsewhere: Mapping[str, tuple[Envelope, ...]]
    """What other streams would gain, time's own events among it."""


class _NothingWritten(Exception):
    """How a transaction is left without a commit."""


async def rehearse(world: HandlerPorts, decider: Decider[Any], request: Request) -> Rehearsal:
    """Try out a command; its key means nothing. Raises what `handle` raises before anything is written."""
    command = parse(decider, request, Sealer(world.entropy))
    stream = request.stream or decider.name_stream(command, request.actor, request.key)
    with suppress(_NothingWritten):
        async with world.store.transaction() as tx:
            works, refusal, lapsed = await decided(world, tx, decider, request, stream, command, _unnumbered)
            raise _NothingWritten
    return _told(works, refusal, lapsed)


def _told(works: Works, refusal: Refused | None, lapsed: int) -> Rehearsal:
    own, appends = works.own, works.appends
    made = {append.stream: tuple(read(row) for row in append.events) for append in appends}
    envelopes = made.pop(own.stream, ())
    return Rehearsal(
        outcome=outcome_of(works, appends, refusal),
        lapsed=envelopes[:lapsed],
        events=envelopes[lapsed:],
        clocks=_changes(envelopes, own.decider.clocks(own.state)),
        effects=tuple(pending.effect for append in appends for pending in append.effects),
        elsewhere=made,
    )


async def _unnumbered(_series: Series) -> str:
    return UNNUMBERED


def _changes(envelopes: tuple[Envelope, ...], clocks: tuple[TimedClock, ...]) -> tuple[ClockChange, ...]:
    """What the events do to each clock they are about, and how it stands after them."""
    happened: dict[str, list[str]] = {}
    for envelope in envelopes:
        event = envelope.event
        if isinstance(event, ClockEvent):
            name = event.clock if isinstance(event.clock, str) else event.clock.id
            happened.setdefault(name, []).append(REGISTRY.row_of(type(event)).name.partition(".")[2])
    return tuple(ClockChange(tuple(happened[timed.clock.id]), timed) for timed in clocks if timed.clock.id in happened)
