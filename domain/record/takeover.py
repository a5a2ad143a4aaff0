"""Take in a case that was handled elsewhere: its whole history in one transaction, every step with its own time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.errors import Malformed, Refused, XiezhiError
from domain.people.actors import Actor
from domain.record.append import Works
from domain.record.decider import Command, Decider, Facts, Needs, settle_clocks
from domain.record.handler import (
    Handled,
    HandlerPorts,
    Request,
    catch_up,
    concluded,
    decide_on,
    fingerprint_of,
    load,
    numbers_of,
    parse,
    repeated,
)
from domain.record.ids import command_id
from domain.record.ports import Transaction
from domain.record.vault import Sealer

ADOPT = "adopt"
"""The slug a migrated history is kept under among the commands."""


@dataclass(frozen=True)
class Step:
    """One step of a migrated history: who took it, and when (business time)."""

    actor: Actor
    slug: str
    body: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True)
class Adoption:
    """A case from another system, first step first. `by` answers for the migration, `batch` names it."""

    by: Actor
    key: str
    batch: str
    steps: Sequence[Step]


class StepRefused(XiezhiError):
    """A step of a history cannot have been taken so. `number` counts from 1; nothing of the case was recorded."""

    code = "step_refused"

    def __init__(self, number: int, refused: Refused) -> None:
        super().__init__(f"第{number}步: {refused.detail}")
        self.number, self.refused = number, refused


async def adopt(world: HandlerPorts, decider: Decider[Any], adoption: Adoption) -> Handled:
    """Record the history of a case, each step decided as if taken then and there, under the rules of its day.

    Nobody is told of anything: marks that lie in the past are passed over, and an open case goes on from now with its
    due instants as they are. Raises as `handle` does, and `StepRefused`.
    """
    sealer = Sealer(world.entropy)
    commands = [_parse(number, decider, step, sealer) for number, step in enumerate(adoption.steps, 1)]
    request = Request(adoption.by, adoption.key, ADOPT, _told(adoption), lane="bulk")
    stream = decider.name_stream(commands[0], adoption.by, adoption.key)
    async with world.store.transaction() as tx:
        known = await tx.take_key(
            adoption.by.account,
            adoption.key,
            command_id(adoption.by.account, adoption.key),
            ADOPT,
            fingerprint_of(world, request),
        )
        if known is not None:
            return repeated(world, request, known.fingerprint, known.outcome)
        works = await load(world, tx, decider, request, stream, _together(decider, commands))
        if works.own.head.version:
            raise StepRefused(1, Refused(code="already_registered", detail="该来源工单已登记,请勿重复登记"))
        catch_up(works)
        await _take_steps(tx, works, adoption, commands)
        return await concluded(tx, request, sealer, works, None)


async def _take_steps(tx: Transaction, works: Works, adoption: Adoption, commands: Sequence[Command]) -> None:
    """Each step at its own time, in order; at the end the clocks catch up with the present."""
    own = works.own
    own.batch, present = adoption.batch, _as_then(own.facts)
    earlier = datetime.min.replace(tzinfo=UTC)
    for number, (step, command) in enumerate(zip(adoption.steps, commands, strict=True), 1):
        if not earlier <= step.occurred_at <= present.now:
            raise StepRefused(number, Refused(code="out_of_order", detail="时间早于上一步或者晚于当前时间,请核对"))
        own.facts = present.model_copy(update={"now": step.occurred_at.astimezone(UTC), "actor": step.actor})
        refused = await decide_on(works, command, numbers_of(tx))
        if refused is not None:
            raise StepRefused(number, refused)
        earlier = step.occurred_at
    works.rest_on(present)
    for work in works:
        work.state = settle_clocks(work.decider, work.state, present.now, work.made)


def _as_then(facts: Facts) -> Facts:
    """The directory of today does not say who had left by then: an officer it knows counts as on duty."""
    officers = {name: officer.model_copy(update={"active": True}) for name, officer in facts.officers.items()}
    return facts.model_copy(update={"officers": officers})


def _parse(number: int, decider: Decider[Any], step: Step, sealer: Sealer) -> Command:
    try:
        return parse(decider, Request(step.actor, "", step.slug, step.body), sealer)
    except Malformed as error:
        raise Malformed([{**problem, "at": f"steps.{number}.{problem['at']}"} for problem in error.problems]) from None


def _told(adoption: Adoption) -> Mapping[str, Any]:
    """The whole history as one body, for its fingerprint."""
    steps = [[step.actor.account, step.slug, dict(step.body), step.occurred_at.isoformat()] for step in adoption.steps]
    return {"batch": adoption.batch, "steps": steps}


def _together(decider: Decider[Any], commands: Sequence[Command]) -> Needs:
    """What all steps ask for, in one."""
    asked = [decider.needs(command) for command in commands]
    return Needs(
        **{
            name: tuple(dict.fromkeys(wanted for needs in asked for wanted in getattr(needs, name)))
            for name in Needs.model_fields
        }
    )
