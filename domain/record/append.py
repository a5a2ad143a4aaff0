"""What follows from the events a command made: envelopes in a chain, rows, effects, and what the process must hear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.errors import Refused
from domain.lists.responsibility import Ledger, changed, follow
from domain.record.decider import Decider, EffectRef, Facts, Happened, next_alarm, placed
from domain.record.entry import Entry, Placed, case_of
from domain.record.envelope import Envelope, StoredEvent, write
from domain.record.ids import effect_id, event_id
from domain.record.ports import Advance, Append, Head, Lane, Outcome, PendingEffect, Versions, Was
from domain.record.vault import VaultEntry
from domain.time.case_clocks import TimedClock
from domain.time.oversight import OversightOrder
from domain.time.results import ClockEnd, ends


@dataclass
class Work:
    """One attempt at one command, as far as it touches one stream, while its transaction is open."""

    decider: Decider[Any]
    stream: str
    command: UUID
    correlation: UUID
    traceparent: str | None
    lane: Lane
    head: Head
    before: Any
    facts: Facts
    state: Any
    made: list[Happened] = field(default_factory=list)
    held: Ledger | None = None
    """Who held the case before, when it is one."""
    tells_process: bool = True
    """Whether the process hears of it through the outbox."""
    batch: str | None = None
    """The migration this belongs to."""


@dataclass
class Works:
    """One attempt at one command over all streams it touches."""

    own: Work
    """The stream it was given to."""
    others: dict[str, Work]
    reach: Callable[[str], Awaitable[Work]]
    """Brings a stream that was not asked for; it must be new."""

    def __iter__(self) -> Iterator[Work]:
        yield self.own
        yield from self.others.values()

    async def at(self, stream: str) -> Work:
        """The work on another stream a decision names."""
        if stream not in self.others:
            self.others[stream] = await self.reach(stream)
        return self.others[stream]

    def rest_on(self, facts: Facts) -> None:
        """What is decided and recorded from now on rests on these facts."""
        for work in self:
            work.facts = facts.model_copy(update={"stream": work.stream})

    def know_others(self) -> None:
        """Let the decision see where the other streams stand now."""
        if self.others:
            states = {stream: work.state for stream, work in self.others.items() if work.head.version or work.made}
            self.own.facts = self.own.facts.model_copy(update={"others": states})

    @property
    def appends(self) -> tuple[Append, ...]:
        """What each of the streams gains; its own first."""
        return tuple(append_of(work) for work in self if work.made)


def referred_to(work: Work, entries: Sequence[VaultEntry]) -> list[VaultEntry]:
    """The texts that an event brought in; those of a refused command or of a repeat belong to none."""
    brought = {sealed.ref for made in work.made for sealed in work.decider.texts(made.event)}
    return [entry for entry in entries if entry.ref in brought]


def append_of(work: Work) -> Append:
    """Envelopes, rows, effects and the outbox row that follow from what was made."""
    envelopes = _envelopes(work)
    stored = _chain(envelopes, work.head.hash)
    entry = work.decider.summary(work.state)
    known = work.decider.summary(work.before) if work.head.version else None
    following = follow_events(work.decider, work.before, known, envelopes)
    alarm = next_alarm(work.decider, work.state)
    place = placed(work.decider, work.state, entry)
    told = Advance(
        stream=work.stream,
        first=work.head.version + 1,
        last=work.head.version + len(stored),
        previous_hash=work.head.hash,
        head_hash=stored[-1].hash,
        stage=entry.stage,
        department=entry.responsible,
        alarm=alarm,
        effects=tuple(EffectRef(id=pending.id, kind=pending.effect.kind) for pending in following.effects),
        closed=entry.closed,
        traceparent=work.traceparent,
    )
    return Append(
        stream=work.stream,
        expected=work.head.version,
        previous_hash=work.head.hash,
        events=stored,
        entry=entry,
        placed=place,
        followed=work.decider.process,
        were=following.were,
        alarm=alarm,
        clocks=_changed_clocks(work, known, place),
        effects=following.effects,
        erased=tuple(sealed.ref for made in work.made for sealed in work.decider.erased(made.event)),
        advance=told if _process_hears(work, entry) else None,
        lane=work.lane,
        holdings=changed(work.held, follow(work.decider.hold, work.held, work.made)),
        ends=following.ends,
        orders=_changed_orders(work),
    )


def _process_hears(work: Work, entry: Entry) -> bool:
    """Whether a process follows the stream; a case that was closed when it was migrated never needed one."""
    never_open = work.batch is not None and entry.closed and work.head.version == 0
    return work.decider.process and work.tells_process and not never_open


@dataclass(frozen=True)
class Following:
    """What follows from the events of a stream, one after the other: the state they lead to, and rows."""

    state: Any
    were: tuple[Was, ...]
    """The states of a case they led to; consecutive equal ones are one."""
    ends: tuple[ClockEnd, ...]
    """The verdicts on clocks."""
    effects: tuple[PendingEffect, ...]
    """What must be done because of each, judged by the state right after it."""


def follow_events(decider: Decider[Any], state: Any, known: Entry | None, envelopes: Sequence[Envelope]) -> Following:
    """Walk through events from a state. `known` is its summary; None before the first event.

    Nothing is done because of an event that another system had recorded first.
    """
    were, verdicts, effects = list[Was](), list[ClockEnd](), list[PendingEffect]()
    for envelope in envelopes:
        earlier, state = state, decider.evolve(state, envelope.happened)
        verdicts += ends(
            decider.clocks(earlier),
            decider.clocks(state),
            version=envelope.version,
            recorded_at=envelope.recorded_at,
            occurred_at=envelope.occurred_at,
        )
        if envelope.migrated is None:
            effects += _effects(decider, state, envelope)
        summary = decider.summary(state)
        if summary != known and (case := case_of(summary)) is not None:
            were.append(Was(envelope.version, envelope.recorded_at, envelope.occurred_at, case))
        known = summary
    return Following(state, tuple(were), tuple(verdicts), tuple(effects))


def _effects(decider: Decider[Any], state: Any, envelope: Envelope) -> Iterator[PendingEffect]:
    for effect in decider.consequences(envelope.event, state):
        name = effect_id(envelope.event_id, effect.name, effect.recipient)
        yield PendingEffect(name, envelope.stream, envelope.version, effect)


def _envelopes(work: Work) -> list[Envelope]:
    ids = [event_id(work.command, work.stream, index) for index in range(len(work.made))]
    return [
        Envelope(
            event_id=ids[index],
            stream=work.stream,
            version=work.head.version + index + 1,
            occurred_at=entry.occurred_at,
            recorded_at=work.facts.now,
            actor=entry.actor,
            command_id=work.command,
            correlation_id=work.correlation,
            causation_id=ids[entry.cause] if entry.cause is not None else None,
            basis=entry.basis,
            trace_id=_trace_id(work.traceparent),
            event=entry.event,
            migrated=work.batch if entry.migrated else None,
        )
        for index, entry in enumerate(work.made)
    ]


def _chain(envelopes: list[Envelope], previous: str) -> tuple[StoredEvent, ...]:
    stored = []
    for envelope in envelopes:
        row = write(envelope, previous)
        stored.append(row)
        previous = row.hash
    return tuple(stored)


def _changed_clocks(work: Work, known: Entry | None, place: Placed) -> tuple[TimedClock, ...]:
    """Clocks that changed themselves; all, when what lists of clocks ask of their case did."""
    clocks = work.decider.clocks(work.state)
    if known is not None and placed(work.decider, work.before, known) != place:
        return clocks
    before = {timed.clock.id: timed for timed in work.decider.clocks(work.before)}
    return tuple(timed for timed in clocks if before.get(timed.clock.id) != timed)


def _changed_orders(work: Work) -> tuple[OversightOrder, ...]:
    before = work.decider.orders(work.before)
    return tuple(order for order in work.decider.orders(work.state) if order not in before)


def outcome_of(works: Works, appends: Sequence[Append], refusal: Refused | None) -> Outcome:
    """What became of the command, in its own stream and in others."""
    work, made = works.own, {append.stream: _versions(append) for append in appends}
    own = made.pop(work.stream, None)
    entry = work.decider.summary(work.state) if work.head.version or own else None
    return Outcome(
        status="refused" if refusal else "recorded" if own or made else "unchanged",
        stream=work.stream,
        first=own.first if own else 0,
        last=own.last if own else work.head.version,
        head_hash=own.head_hash if own else work.head.hash,
        stage=entry.stage if entry else "",
        steps=entry.steps if entry else 0,
        refusal=refusal,
        elsewhere=made,
    )


def _versions(append: Append) -> Versions:
    last = append.events[-1]
    return Versions(first=append.expected + 1, last=last.version, head_hash=last.hash)


def _trace_id(traceparent: str | None) -> str | None:
    return traceparent.split("-")[1] if traceparent else None
