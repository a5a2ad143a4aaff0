"""The one command handler: load, let time catch up, decide, append. Serves every noun; awaits ports only.

What it promises: one transaction, answered when it commits; a key is used once (a repeat gets the first answer); what
time already brought stands in the record before the decision; a refusal is kept, an outage leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import rfc8785
from pydantic import ValidationError

from domain.errors import Conflict, KeyReused, Malformed, PreconditionFailed, Refused, UnknownCase, UnknownCommand
from domain.lists.responsibility import follow
from domain.people.actors import Actor
from domain.people.visibility import scope_of
from domain.record.append import Work, append_of, outcome_of, referred_to, unmoved
from domain.record.decider import Command, Decider, Facts, Needs, Series, advance, fold, lapse
from domain.record.envelope import read
from domain.record.ids import command_id
from domain.record.ports import Advance, EvidenceStore, Lane, Outcome, Store, Transaction
from domain.record.vault import Sealer
from domain.time.calendar import Calendars
from domain.time.rules import RulePack

ATTEMPTS = 3
"""How often a command without If-Match is decided anew when another writer was first."""


Numbering = Callable[[Series], Awaitable[str]]
"""Gives the next case number of a series."""


@dataclass(frozen=True)
class World:
    """What the handler stands on. `fingerprint` is keyed, so a stored one tells nothing about a body.

    `calendars` are those this build brings along; decisions take those in force, which the record names.
    """

    store: Store
    evidence: EvidenceStore
    pack: RulePack
    calendars: Calendars
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
            request.actor.account, request.key, identity, request.slug, fingerprint_of(world, request)
        )
        if known is not None:
            return repeated(world, request, known.fingerprint, known.outcome)
        work, refusal, _ = await decided(world, tx, decider, request, stream, command, numbers_of(tx))
        return await concluded(tx, request, sealer, work, refusal)


async def concluded(tx: Transaction, request: Request, sealer: Sealer, work: Work, refusal: Refused | None) -> Handled:
    """Write what was decided, and what became of the command."""
    if work.made:
        await tx.keep(work.stream, referred_to(work, sealer.entries))
        append = append_of(work)
        await tx.append((append,))
        handled = Handled(outcome_of(work, append, refusal), append.advance)
    else:
        handled = Handled(unmoved(work, refusal), None)
    await tx.settle(request.actor.account, request.key, handled.outcome)
    return handled


async def decided(
    world: World,
    tx: Transaction,
    decider: Decider[Any],
    request: Request,
    stream: str,
    command: Command,
    numbered: Numbering,
) -> tuple[Work, Refused | None, int]:
    """Load, let time catch up, decide; and how many of the events made are those of time. Nothing is written."""
    work = await load(world, tx, decider, request, stream, decider.needs(command))
    _check_access(work, request)
    work.state = lapse(decider, work.before, work.facts, work.made)
    lapsed = len(work.made)
    _check_precondition(work, request)
    return work, await decide_on(work, command, numbered), lapsed


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


def fingerprint_of(world: World, request: Request) -> str:
    """What tells this request from another one under the same key."""
    return world.fingerprint(rfc8785.dumps([request.slug, request.stream, dict(request.body)]))


def repeated(world: World, request: Request, fingerprint: str, outcome: Outcome) -> Handled:
    """The answer to a key that was used before. Raises `KeyReused` when it was used for something else."""
    if fingerprint != fingerprint_of(world, request):
        raise KeyReused("该 Idempotency-Key 已用于另一请求,请换用新的键")
    return Handled(outcome, None, repeated=True)


async def load(
    world: World, tx: Transaction, decider: Decider[Any], request: Request, stream: str, needs: Needs
) -> Work:
    """Lock the stream and bring what a decision rests on."""
    head = (await tx.lock((stream,)))[stream]
    clock = await tx.now()
    known = await tx.facts(needs)
    scope = scope_of(request.actor)
    identity = command_id(request.actor.account, request.key)
    history = [read(row).happened for row in await tx.load(stream)] if head.version else []
    state = fold(decider, history)
    return Work(
        decider=decider,
        stream=stream,
        command=identity,
        correlation=request.correlation_id or identity,
        traceparent=request.traceparent,
        lane=request.lane,
        tells_process=request.notify_process,
        head=head,
        before=state,
        state=state,
        held=follow(decider.hold, None, history),
        facts=Facts(
            now=max(clock, head.recorded_at) if head.recorded_at else clock,  # never back, even if the server's goes
            actor=request.actor,
            stream=stream,
            pack=world.pack,
            calendars=await tx.calendars(world.calendars),
            departments=known.departments,
            officers=known.officers,
            evidence=tuple([digest for digest in needs.evidence if await world.evidence.has(digest)]),
            cases=tuple(name for name, found in known.cases.items() if scope.admits(found)),
            holders=known.holders,
        ),
    )


def _check_access(work: Work, request: Request) -> None:
    """A stream the actor may not know of does not exist for the actor; only opening one is possible without it."""
    if request.stream is None:
        return
    if work.head.version == 0 or not work.decider.admits(work.before, request.actor):
        raise UnknownCase("没有这个案件")


def _check_precondition(work: Work, request: Request) -> None:
    if request.if_match is None or work.head.version == 0:
        return
    steps = work.decider.summary(work.state).steps
    if steps != request.if_match:
        raise PreconditionFailed(str(steps))


async def decide_on(work: Work, command: Command, numbered: Numbering) -> Refused | None:
    """Decide one command on the state reached so far; what it makes is added to the work."""
    events = work.decider.decide(command, work.state, work.facts)
    if isinstance(events, Refused):
        return events
    events = await _with_number(work, events, numbered)
    migrated = work.batch is not None
    work.state = advance(work.decider, work.state, events, work.facts, work.made, migrated=migrated)
    return None


def numbers_of(tx: Transaction) -> Numbering:
    """Case numbers as they are taken."""

    async def taken(series: Series) -> str:
        return series.number(await tx.next_serial(series))

    return taken


async def _with_number(work: Work, events: tuple[Any, ...], numbered: Numbering) -> tuple[Any, ...]:
    """A case number is taken once nothing can refuse any more, so that none is lost."""
    told = work.decider.numbered
    for event in events if told else ():
        series = work.decider.series(event, work.facts.actor, work.facts.now)
        if series is not None and told:
            return (*events, told(await numbered(series)))
    return events
