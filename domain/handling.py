"""The one command handler: load, let time catch up, decide, append. Serves every noun; awaits ports only.

What it promises: one transaction, answered when it commits; a key is used once (a repeat gets the first answer); what
time already brought stands in the record before the decision; a refusal is kept, an outage leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import rfc8785
from pydantic import ValidationError

from domain.actors import SYSTEM, Actor
from domain.calendar import Calendar
from domain.decider import Command, Decider, EffectRef, Facts, Happened, advance, fold, lapse, next_alarm
from domain.envelope import Envelope, StoredEvent, read, write
from domain.errors import Conflict, KeyReused, Malformed, PreconditionFailed, Refused, UnknownCase, UnknownCommand
from domain.ids import command_id, effect_id, event_id
from domain.ports import Advance, Append, EvidenceStore, Head, Lane, Outcome, PendingEffect, Store, Transaction
from domain.rules import RulePack
from domain.timekeeping import TimedClock
from domain.vault import Sealer
from domain.visibility import scope_of

ATTEMPTS = 3
"""How often a command without If-Match is decided anew when another writer was first."""


@dataclass(frozen=True)
class World:
    """What the handler stands on. `fingerprint` is keyed, so a stored one tells nothing about a body."""

    store: Store
    evidence: EvidenceStore
    pack: RulePack
    calendar: Calendar
    entropy: Callable[[int], bytes]
    fingerprint: Callable[[bytes], str]


@dataclass(frozen=True)
class Request:
    """A command as it arrived. `stream` is None for one that opens a case; `if_match` is the expected step count."""

    actor: Actor
    key: str
    slug: str
    body: Mapping[str, Any]
    stream: str | None = None
    if_match: int | None = None
    traceparent: str | None = None
    correlation_id: UUID | None = None
    lane: Lane = "live"
    notify_process: bool = True
    """False when the process itself asks: it learns the result from the answer, not from the outbox."""


@dataclass(frozen=True)
class Handled:
    """The outcome, and what to deliver to the process (None for a repeat, or when nothing was appended)."""

    outcome: Outcome
    advance: Advance | None
    repeated: bool = False


@dataclass
class _Work:
    """One attempt at one command, while its transaction is open."""

    decider: Decider[Any]
    request: Request
    stream: str
    command: UUID
    head: Head
    before: Any
    facts: Facts
    made: list[Happened] = field(default_factory=list)
    state: Any = None


async def handle(world: World, decider: Decider[Any], request: Request) -> Handled:
    """Handle one command.

    Raises `Malformed`, `UnknownCommand`, `UnknownCase`, `KeyReused`, `PreconditionFailed`, `Conflict`; a rule's
    refusal is a normal outcome.
    """
    for _ in range(ATTEMPTS):
        try:
            return await _attempt(world, decider, request)
        except Conflict:
            if request.if_match is not None:
                raise PreconditionFailed("*") from None
    raise Conflict("其他人正在同时办理该案件,请稍后重试")


async def _attempt(world: World, decider: Decider[Any], request: Request) -> Handled:
    sealer = Sealer(world.entropy)
    command = parse(decider, request, sealer)
    stream = request.stream or decider.name_stream(command, request.actor, request.key)
    identity = command_id(request.actor.account, request.key)
    async with world.store.transaction() as tx:
        known = await tx.take_key(
            request.actor.account, request.key, identity, request.slug, _fingerprint(world, request)
        )
        if known is not None:
            return _repeat(world, request, known.fingerprint, known.outcome)
        work = await _load(world, tx, decider, request, stream, identity, command)
        _check_access(work)
        work.state = lapse(decider, work.before, work.facts, work.made)
        _check_precondition(work)
        refusal = _decide(work, command)
        if work.made:
            if refusal is None:
                await tx.keep(stream, sealer.entries)
            append = _append(work)
            await tx.append((append,))
            handled = Handled(_outcome(work, append, refusal), append.advance)
        else:
            handled = Handled(_unmoved(work, refusal), None)
        await tx.settle(request.actor.account, request.key, handled.outcome)
        return handled


def parse(decider: Decider[Any], request: Request, sealer: Sealer) -> Command:
    """The command in a request, its free text sealed. Problems name places, never values."""
    shape = decider.commands.get(request.slug)
    if shape is None:
        raise UnknownCommand(f"没有“{request.slug}”这个操作")
    try:
        return shape.model_validate(dict(request.body), context={"sealer": sealer})
    except ValidationError as error:
        raise Malformed(
            [
                {"at": _place(problem["type"], problem["loc"]), "problem": problem["type"], "detail": problem["msg"]}
                for problem in error.errors(include_input=False, include_url=False, include_context=False)
            ]
        ) from None


def _place(problem: str, loc: tuple[int | str, ...]) -> str:
    """Where a problem is. The name of an unknown field is the caller's own text, so it is not repeated."""
    known = loc[:-1] if problem == "extra_forbidden" else loc
    return ".".join(map(str, known)) or "(unknown field)"


def _fingerprint(world: World, request: Request) -> str:
    return world.fingerprint(rfc8785.dumps([request.slug, request.stream, dict(request.body)]))


def _repeat(world: World, request: Request, fingerprint: str, outcome: Outcome) -> Handled:
    if fingerprint != _fingerprint(world, request):
        raise KeyReused("该 Idempotency-Key 已用于另一请求,请换用新的键")
    return Handled(outcome, None, repeated=True)


async def _load(
    world: World,
    tx: Transaction,
    decider: Decider[Any],
    request: Request,
    stream: str,
    identity: UUID,
    command: Command,
) -> _Work:
    head = (await tx.lock((stream,)))[stream]
    clock = await tx.now()
    needs = decider.needs(command)
    known = await tx.facts(needs)
    facts = Facts(
        now=max(clock, head.recorded_at) if head.recorded_at else clock,  # never back, even if the server's clock goes
        actor=request.actor,
        stream=stream,
        pack=world.pack,
        calendar=world.calendar,
        departments=known.departments,
        officers=known.officers,
        evidence=tuple([digest for digest in needs.evidence if await world.evidence.has(digest)]),
    )
    history = [read(row).happened for row in await tx.load(stream)] if head.version else []
    return _Work(decider, request, stream, identity, head, fold(decider, history), facts)


def _check_access(work: _Work) -> None:
    """A case outside the actor's scope does not exist for the actor; only opening one is possible without a case."""
    if work.head.version == 0:
        if work.request.stream is not None:
            raise UnknownCase("没有这个案件")
        return
    if work.request.stream is not None and not scope_of(work.request.actor).admits(work.decider.summary(work.before)):
        raise UnknownCase("没有这个案件")


def _check_precondition(work: _Work) -> None:
    expected = work.request.if_match
    if expected is None or work.head.version == 0:
        return
    steps = work.decider.summary(work.state).steps
    if steps != expected:
        raise PreconditionFailed(str(steps))


def _decide(work: _Work, command: Command) -> Refused | None:
    decided = work.decider.decide(command, work.state, work.facts)
    if isinstance(decided, Refused):
        return decided
    work.state = advance(work.decider, work.state, decided, work.facts, work.made)
    return None


def _append(work: _Work) -> Append:
    """Envelopes, rows, effects and the outbox row that follow from what was made."""
    envelopes = _envelopes(work)
    stored = _chain(envelopes, work.head.hash)
    effects = tuple(_effects(work, envelopes))
    summary = work.decider.summary(work.state)
    alarm = next_alarm(work.decider, work.state)
    told = Advance(
        stream=work.stream,
        first=work.head.version + 1,
        last=work.head.version + len(stored),
        previous_hash=work.head.hash,
        head_hash=stored[-1].hash,
        stage=summary.stage,
        department=summary.responsible,
        alarm=alarm,
        effects=tuple(EffectRef(id=pending.id, kind=pending.effect.kind) for pending in effects),
        closed=summary.closed,
        traceparent=work.request.traceparent,
    )
    return Append(
        stream=work.stream,
        expected=work.head.version,
        previous_hash=work.head.hash,
        events=stored,
        summary=summary,
        alarm=alarm,
        clocks=_changed_clocks(work),
        effects=effects,
        erased=tuple(sealed.ref for entry in work.made for sealed in work.decider.erased(entry.event)),
        advance=told if work.request.notify_process else None,
        lane=work.request.lane,
    )


def _envelopes(work: _Work) -> list[Envelope]:
    ids = [event_id(work.command, work.stream, index) for index in range(len(work.made))]
    return [
        Envelope(
            event_id=ids[index],
            stream=work.stream,
            version=work.head.version + index + 1,
            occurred_at=entry.occurred_at,
            recorded_at=work.facts.now,
            actor=SYSTEM if entry.by_time else work.request.actor,
            command_id=work.command,
            correlation_id=work.request.correlation_id or work.command,
            causation_id=ids[entry.cause] if entry.cause is not None else None,
            basis=entry.basis,
            trace_id=_trace_id(work.request.traceparent),
            event=entry.event,
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


def _effects(work: _Work, envelopes: list[Envelope]) -> list[PendingEffect]:
    """Effects of each event, judged by the state right after it."""
    state, pending = work.before, []
    for entry, envelope in zip(work.made, envelopes, strict=True):
        state = work.decider.evolve(state, entry)
        pending += [
            PendingEffect(
                effect_id(envelope.event_id, effect.kind, effect.recipient), work.stream, envelope.version, effect
            )
            for effect in work.decider.consequences(entry.event, state)
        ]
    return pending


def _changed_clocks(work: _Work) -> tuple[TimedClock, ...]:
    before = {timed.clock.id: timed for timed in work.decider.clocks(work.before)}
    return tuple(timed for timed in work.decider.clocks(work.state) if before.get(timed.clock.id) != timed)


def _outcome(work: _Work, append: Append, refusal: Refused | None) -> Outcome:
    return Outcome(
        status="refused" if refusal else "recorded",
        stream=work.stream,
        first=work.head.version + 1,
        last=append.events[-1].version,
        head_hash=append.events[-1].hash,
        stage=append.summary.stage,
        steps=append.summary.steps,
        refusal=refusal,
    )


def _unmoved(work: _Work, refusal: Refused | None) -> Outcome:
    summary = work.decider.summary(work.state) if work.head.version else None
    return Outcome(
        status="refused" if refusal else "unchanged",
        stream=work.stream,
        last=work.head.version,
        head_hash=work.head.hash,
        stage=summary.stage if summary else "",
        steps=summary.steps if summary else 0,
        refusal=refusal,
    )


def _trace_id(traceparent: str | None) -> str | None:
    return traceparent.split("-")[1] if traceparent else None
