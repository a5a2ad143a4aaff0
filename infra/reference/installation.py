"""What the installation itself records: accounts it brings in, editions it works by. Repeating it changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from domain.people.account import ACCOUNT
from domain.people.actors import Actor, Role
from domain.record.decider import Decider
from domain.record.handler import HandlerPorts, Request, handle
from domain.record.ports import Outcome
from domain.rulebook import RULEBOOK, edition_of
from domain.rulebook import stream_of as rulebook_stream
from domain.time.calendar import NATIONAL
from infra.calendars import adopt
from infra.postgres.clocks.calendars import CalendarShelf
from infra.postgres.engine.faults import StoreUnavailable
from infra.postgres.engine.session import session

_log = structlog.get_logger("installation")

INSTALLATION = Actor(account="installation", department="system", region="000000", roles=(Role.SYSTEM,))
"""Under this name the service itself opens accounts and puts rule books into force."""
AT_ONCE = 8
"""Accounts brought in side by side."""


class NotInstated(XiezhiError):
    """The record refuses an account the installation brings in."""

    code = "not_instated"


async def instate(ports: HandlerPorts, accounts: Sequence[Mapping[str, Any]]) -> None:
    """Bring accounts in (bodies of `instate`); those that exist are left as they are. Raises `NotInstated`."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(body: Mapping[str, Any]) -> None:
        async with turn:
            outcome = await record(ports, ACCOUNT, "instate", body)
        if outcome.refusal is not None:
            raise NotInstated(f"{body['account']}: {outcome.refusal.detail}")

    await asyncio.gather(*map(one, accounts))


async def record(
    ports: HandlerPorts, decider: Decider[Any], slug: str, body: Mapping[str, Any], *, since: str = ""
) -> Outcome:
    """One command of the installation. The key follows from what is asked and from `since` what it is asked anew."""
    asked = ports.fingerprint(rfc8785.dumps([decider.kind, slug, dict(body), since]))  # keyed: a body may hold a name
    handled = await handle(ports, decider, Request(actor=INSTALLATION, key=f"{slug}-{asked}", slug=slug, body=body))
    return handled.outcome


async def adopt_editions(ports: HandlerPorts, engine: AsyncEngine) -> list[str]:
    """Record the rule pack this build works by, and its calendar where it knows more; what came into force anew."""
    adopted, edition = [], edition_of(ports.pack)
    async with session(engine) as opened:
        head = (await opened.run(_HEAD, stream=rulebook_stream("pack", ports.pack.name))).scalar_one_or_none()
    outcome = await record(ports, RULEBOOK, "adopt_edition", edition, since=head or "")
    if outcome.status == "recorded":
        adopted.append(_named(edition))
    if await _adopt_calendar(ports, engine):
        adopted.append(_named(edition_of(ports.calendars.national)))
    return adopted


async def _adopt_calendar(ports: HandlerPorts, engine: AsyncEngine) -> bool:
    """Put the build's national calendar into force: the first one, or one that only adds to what is known.

    A calendar that was loaded stays in force when the build knows less, or knows days otherwise.
    """
    shelf, brought = CalendarShelf(engine), ports.calendars.national
    place, known = await shelf.place(brought.region), await shelf.adopted(brought.region)
    if known is not None and not brought.extends(known):
        return False
    await adopt(ports, engine, brought, place, INSTALLATION)
    return (await shelf.place(brought.region)).head != place.head


async def warn_of_unrecorded(ports: HandlerPorts, engine: AsyncEngine) -> int:
    """How many editions this process works by without the record naming them as in force; said in the log, too."""
    try:
        unrecorded = await unrecorded_editions(ports, engine)
    except StoreUnavailable:
        return 0  # nothing is decided without a database either
    if unrecorded:
        _log.warning("rules not on record, run `xiezhi migrate`", editions=unrecorded)
    return len(unrecorded)


async def unrecorded_editions(ports: HandlerPorts, engine: AsyncEngine) -> list[str]:
    """What this process works by and the record does not name as in force.

    Calendars it takes from the record; the build's is used only where the record has none.
    """
    pack, calendar = edition_of(ports.pack), edition_of(ports.calendars.national)
    async with session(engine) as opened:
        known = {row.digest for row in await opened.run(_IN_FORCE)}
    recorded = await CalendarShelf(engine).adopted(NATIONAL) is not None
    return [
        *([] if pack["digest"] in known else [_named(pack)]),
        *([] if recorded else [_named(calendar)]),
    ]


def _named(edition: Mapping[str, Any]) -> str:
    return f"{edition['book']} {edition['name']}@{edition['edition']}"


_HEAD = text("SELECT head_hash FROM rulebooks WHERE stream = :stream")
_IN_FORCE = text("SELECT digest FROM rulebooks WHERE book = 'pack'")
