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
from domain.record.append import Work, Works, outcome_of, referred_to
from domain.record.decider import Command, Decider, Elsewhere, Facts, Needs, Series, advance, fold, lapse
from domain.record.envelope import read
from domain.record.ids import command_id, kind_of
from domain.record.ports import Advance, EvidenceStore, Head, Lane, Outcome, Store, Transaction
from domain.record.vault import Sealer
from domain.time.calendar import Calendars
from domain.time.rules import RulePack

ATTEMPTS = 3
"""How often a command without If-Match is decided anew when another writer was first."""


Numbering = Callable[[Series], Awaitable[str]]
"""Gives the next case number of a series."""


@dataclass(frozen=True)
class HandlerPorts:
    """What the handler stands on. `fingerprint` is keyed, so a stored one tells nothing about a body.

    `calendars` are those this build brings along; decisions take those in force, which the record names.
    """

    nouns: Mapping[str, Decider[Any]]
    """Every noun, by the kind in its streams' names: a decision may reach into streams of any of them."""
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
    """The outcome, and what to deliver to the processes: of its own stream and of others it reached.

    Nothing for a repeat, or when nothing was appended.
    """

    outcome: Outcome
    advances: tuple[Advance, ...] = ()
    repeated: bool = False


async def handle(world: HandlerPorts, decider: Decider[Any], request: Request) -> Handled:
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


async def _attempt(world: HandlerPorts, decider: Decider[Any], request: Request) -> Handled:
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
        works, refusal, _ = await decided(world, tx, decider, request, stream, command, numbers_of(tx))
        return await concluded(tx, request, sealer, works, refusal)


async def concluded(
    tx: Transaction, request: Request, sealer: Sealer, works: Works, refusal: Refused | None
) -> Handled:
    """Write what was decided, and what became of the command."""
    appends, kept = works.appends, [(work.stream, referred_to(work, sealer.entries)) for work in works]
    if len({entry.ref for _, texts in kept for entry in texts}) < sum(len(texts) for _, texts in kept):
        raise TypeError(f"{request.slug} puts one text into several streams")
    for stream, texts in kept:
        await tx.keep(stream, texts)
    await tx.append(appends)
    outcome = outcome_of(works, appends, refusal)
    await tx.settle(request.actor.account, request.key, outcome)
    return Handled(outcome, tuple(append.advance for append in appends if append.advance is not None))


async def decided(
    world: HandlerPorts,
    tx: Transaction,
    decider: Decider[Any],
    request: Request,
    stream: str,
    command: Command,
    numbered: Numbering,
) -> tuple[Works, Refused | None, int]:
    """Load, let time catch up, decide; and how many of the events of its own stream are those of time.

    Nothing is written.
    """
    works = await load(world, tx, decider, request, stream, decider.needs(command))
    _check_access(works.own, request)
    catch_up(works)
    lapsed = len(works.own.made)
    _check_precondition(works.own, request)
    return works, await decide_on(works, command, numbered), lapsed


def catch_up(works: Works) -> None:
    """Record what time already brought, in every stream, before anything is decided."""
    for work in works:
        work.state = lapse(work.decider, work.before, work.facts, work.made)


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


def fingerprint_of(world: HandlerPorts, request: Request) -> str:
    """What tells this request from another one under the same key."""
    return world.fingerprint(rfc8785.dumps([request.slug, request.stream, dict(request.body)]))


def repeated(world: HandlerPorts, request: Request, fingerprint: str, outcome: Outcome) -> Handled:
    """The answer to a key that was used before. Raises `KeyReused` when it was used for something else."""
    if fingerprint != fingerprint_of(world, request):
        raise KeyReused("该 Idempotency-Key 已用于另一请求,请换用新的键")
    return Handled(outcome, repeated=True)


async def load(
    world: HandlerPorts, tx: Transaction, decider: Decider[Any], request: Request, stream: str, needs: Needs
) -> Works:
    """Lock the stream and the others that are needed, in one order, and bring what a decision rests on."""
    asked = tuple(name for name in dict.fromkeys(needs.streams) if name != stream and kind_of(name) in world.nouns)
    heads = await tx.lock(sorted((stream, *asked)))
    known = await tx.facts(needs)
    scope = scope_of(request.actor)
    facts = Facts(
        now=max([await tx.now(), *(head.recorded_at for head in heads.values() if head.recorded_at)]),  # never back
        actor=request.actor,
        stream=stream,
        pack=world.pack,
        calendars=await tx.calendars(world.calendars),
        departments=known.departments,
        officers=known.officers,
        evidence=tuple([digest for digest in needs.evidence if await world.evidence.has(digest)]),
        cases=tuple(name for name, found in known.cases.items() if scope.admits(found)),
        holders=known.holders,
    )

    async def reach(name: str) -> Work:
        """Several commands may open the same stream at once: one of them finds the other's and is decided anew."""
        head = heads.get(name) or (await tx.lock((name,)))[name]
        if head.version:
            raise Conflict("其他人正在同时办理该案件,请稍后重试")
        return await _work_on(tx, world.nouns[kind_of(name)], request, name, head, facts)

    own = await _work_on(tx, decider, request, stream, heads[stream], facts)
    own.tells_process = request.notify_process
    found = [
        await _work_on(tx, world.nouns[kind_of(name)], request, name, heads[name], facts)
        for name in asked
        if heads[name].version
    ]
    others = {work.stream: work for work in found if work.decider.admits(work.before, request.actor)}
    return Works(own, others, reach)


async def _work_on(
    tx: Transaction, decider: Decider[Any], request: Request, stream: str, head: Head, facts: Facts
) -> Work:
    """The work on one locked stream, folded."""
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
        head=head,
        before=state,
        state=state,
        held=follow(decider.hold, None, history),
        facts=facts if facts.stream == stream else facts.model_copy(update={"stream": stream}),
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


async def decide_on(works: Works, command: Command, numbered: Numbering) -> Refused | None:
    """Decide one command on the states reached so far; what it makes is added to the works."""
    works.know_others()
    own = works.own
    decision = own.decider.decide(command, own.state, own.facts)
    if isinstance(decision, Refused):
        return decision
    await _take(own, tuple(event for event in decision if not isinstance(event, Elsewhere)), numbered)
    for made in decision:
        if isinstance(made, Elsewhere):
            other = await works.at(made.stream)
            other.facts, other.batch = own.facts.model_copy(update={"stream": other.stream}), own.batch
            await _take(other, made.events, numbered)
    return None


async def _take(work: Work, events: tuple[Any, ...], numbered: Numbering) -> None:
    events = await _with_number(work, events, numbered)
    migrated = work.batch is not None
    work.state = advance(work.decider, work.state, events, work.facts, work.made, migrated=migrated)


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
