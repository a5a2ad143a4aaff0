"""The same command for many cases at once, through the one command handler: one transaction, all of them or none.

Each case gets what it would get alone: a key of its own, the same events, an outcome, its process told. Only the round
trips are shared. For work of the system that people do not wait for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.errors import UnknownCase
from domain.record.decider import Decider
from domain.record.handler import (
    Handled,
    HandlerPorts,
    Request,
    concluded,
    decided,
    fingerprint_of,
    numbers_of,
    parse,
    repeated,
)
from domain.record.ids import command_id
from domain.record.ports import Claim
from domain.record.vault import Sealer


async def handle_together(world: HandlerPorts, decider: Decider[Any], requests: Sequence[Request]) -> list[Handled]:
    """Handle one command on each of several existing cases, by one account; in the order of the requests.

    Raises as `domain.record.handler.handle` does for the first that cannot be decided; nothing of any is recorded then.
    """
    asked = []
    for request in requests:
        sealer = Sealer(world.entropy)
        asked.append((request, _case(request), parse(decider, request, sealer), sealer))
    handled: list[Handled] = []
    async with world.store.transaction() as tx:
        known = await tx.take_keys([_claim(world, request) for request in requests])
        await tx.lock(
            sorted(
                {
                    name
                    for request, stream, command, _ in asked
                    if request.key not in known
                    for name in (stream, *decider.needs(command).streams)
                }
            )
        )
        for request, stream, command, sealer in asked:
            if (earlier := known.get(request.key)) is not None:
                handled.append(repeated(world, request, earlier.fingerprint, earlier.outcome))
                continue
            works, refusal, _ = await decided(world, tx, decider, request, stream, command, numbers_of(tx))
            handled.append(await concluded(tx, request, sealer, works, refusal))
    return handled


def _case(request: Request) -> str:
    if request.stream is None:
        raise UnknownCase("没有这个案件")
    return request.stream


def _claim(world: HandlerPorts, request: Request) -> Claim:
    return Claim(
        account=request.actor.account,
        key=request.key,
        command=command_id(request.actor.account, request.key),
        slug=request.slug,
        fingerprint=fingerprint_of(world, request),
    )
