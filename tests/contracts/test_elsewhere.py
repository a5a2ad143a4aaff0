"""One decision over two streams: what every `Store` must keep of it, in memory and in PostgreSQL alike."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import UnknownCase
from domain.people.actors import Actor, Role
from domain.record.batch import handle_together
from domain.record.dry_run import rehearse
from domain.record.envelope import Envelope, check_chain, read
from domain.record.handler import Handled, HandlerPorts, Request, handle
from domain.record.ids import command_id, stream_for
from domain.record.ports import Store
from domain.record.takeover import Adoption, Step, adopt
from infra.memory.store import MemoryStore
from infra.postgres.proof.rebuild import REBUILDABLE, rebuild
from infra.postgres.proof.verify import verify
from infra.postgres.record.store import PostgresStore
from tests.support.record import DISPATCHER, known_departments, known_officers, value_of, world_of
from tests.support.toy import TOY
from tests.support.toy_service import NOUNS, PACK

STRANGER = Actor(account="far", department="420000.12345", region="420000", roles=(Role.DISPATCHER,))
MONDAY = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


class Nursery:
    """Toys in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ports: HandlerPorts = replace(world_of(store), nouns=NOUNS, pack=PACK)
        self._keys = itertools.count()

    def request(self, slug: str, stream: str | None = None, actor: Actor = DISPATCHER, **body: Any) -> Request:
        given = {**TOY.commands[slug].example, **body}
        return Request(actor, f"toy-{next(self._keys)}", slug, given, stream)

    async def ask(self, slug: str, stream: str | None = None, actor: Actor = DISPATCHER, **body: Any) -> Handled:
        return await handle(self.ports, TOY, self.request(slug, stream, actor, **body))

    async def made(self) -> str:
        return (await self.ask("make")).outcome.stream

    async def history(self, stream: str) -> list[Envelope]:
        async with self.store.transaction() as tx:
            await tx.lock((stream,))
            rows = await tx.load(stream)
        check_chain(rows)
        return [read(row) for row in rows]

    async def types(self, stream: str) -> list[str]:
        return [type(envelope.event).__name__ for envelope in await self.history(stream)]


@pytest.fixture(params=["memory", "postgres"])
def nursery(request: pytest.FixtureRequest) -> Nursery:
    """Toys in the store under contract."""
    if request.param == "memory":
        known = {"departments": known_departments(), "officers": known_officers()}
        return Nursery(MemoryStore(lambda: datetime.now(UTC), **known))  # type: ignore[arg-type]
    return Nursery(PostgresStore(request.getfixturevalue("engine")))


async def test_given_two_streams_when_one_decision_is_about_both_then_both_have_it_under_one_command(
    nursery: Nursery,
) -> None:
    one, other = await nursery.made(), await nursery.made()
    asked = nursery.request("pair", one, other=other)
    done = await handle(nursery.ports, TOY, asked)
    command = command_id(DISPATCHER.account, asked.key)
    mine, theirs = (await nursery.history(one))[-1], (await nursery.history(other))[-1]
    assert (mine.event.other, theirs.event.other) == (other, one)
    assert mine.command_id == theirs.command_id == mine.correlation_id == theirs.correlation_id == command
    assert (mine.recorded_at, mine.actor) == (theirs.recorded_at, theirs.actor)
    assert mine.event_id != theirs.event_id
    assert (done.outcome.stream, done.outcome.first, done.outcome.last) == (one, mine.version, mine.version)
    beside = done.outcome.elsewhere[other]
    assert (beside.first, beside.last) == (theirs.version, theirs.version)
    assert [(told.stream, told.last, told.head_hash) for told in done.advances] == [
        (one, mine.version, done.outcome.head_hash),
        (other, theirs.version, beside.head_hash),
    ]
    again = await handle(nursery.ports, TOY, asked)
    assert (again.outcome, again.repeated, again.advances) == (done.outcome, True, ())


async def test_given_a_decision_that_opens_a_stream_then_it_is_there_with_its_clocks(nursery: Nursery) -> None:
    one = await nursery.made()
    done = await nursery.ask("pair", one, other="twin")
    twin = stream_for("toy", one, "twin")
    assert await nursery.types(twin) == ["ToyMade", "ClockStarted", "ClockStarted", "ToyPaired"]
    assert [told.stream for told in done.advances] == [one, twin]
    assert [effect.kind for effect in done.advances[1].effects] == ["notify"]
    assert done.advances[1].alarm is not None


async def test_given_a_stream_the_actor_may_not_know_then_it_is_as_if_it_were_not_there(nursery: Nursery) -> None:
    near, far = await nursery.made(), (await nursery.ask("make", actor=STRANGER, region="420000")).outcome.stream
    for other in (far, stream_for("toy", "nowhere"), near, "clue-1", "nothing"):
        refused = await nursery.ask("pair", near, other=other)
        assert (refused.outcome.status, refused.outcome.refusal and refused.outcome.refusal.code) == (
            "refused",
            "unknown_toy",
        )
    assert len(await nursery.history(far)) == 3
    with pytest.raises(UnknownCase):
        await nursery.ask("pair", near, actor=STRANGER, other=far)


async def test_given_two_commands_that_meet_crosswise_then_one_wins_and_neither_waits_for_ever(
    nursery: Nursery,
) -> None:
    for _ in range(4):
        one, other = await nursery.made(), await nursery.made()
        done = await asyncio.wait_for(
            asyncio.gather(nursery.ask("pair", one, other=other), nursery.ask("pair", other, other=one)), 20
        )
        assert sorted(handled.outcome.status for handled in done) == ["recorded", "refused"]
        assert [(await nursery.types(stream)).count("ToyPaired") for stream in (one, other)] == [1, 1]


async def test_given_commands_in_one_transaction_that_reach_one_stream_then_each_sees_what_the_one_before_did(
    nursery: Nursery,
) -> None:
    first, second, third = [await nursery.made() for _ in range(3)]
    done = await handle_together(
        nursery.ports,
        TOY,
        [
            nursery.request("pair", first, other=third),
            nursery.request("pair", second, other=third),
            nursery.request("retire", third),
        ],
    )
    assert [handled.outcome.status for handled in done] == ["recorded", "refused", "recorded"]
    assert done[1].outcome.refusal is not None and done[1].outcome.refusal.code == "toy_taken"
    assert (await nursery.types(third))[3:5] == ["ToyPaired", "ToyRetired"]


async def test_given_a_command_only_tried_out_then_it_says_what_others_would_gain_and_writes_nothing(
    nursery: Nursery,
) -> None:
    one, other = await nursery.made(), await nursery.made()
    tried = await rehearse(nursery.ports, TOY, nursery.request("pair", one, other=other))
    assert [type(envelope.event).__name__ for envelope in tried.elsewhere[other]] == ["ToyPaired"]
    assert [type(envelope.event).__name__ for envelope in tried.events] == ["ToyPaired"]
    assert len(await nursery.history(one)) == len(await nursery.history(other)) == 3


async def test_given_a_history_from_elsewhere_that_reaches_a_live_stream_then_that_one_goes_on_with_its_process_told(
    nursery: Nursery,
) -> None:
    other = await nursery.made()
    made = (await nursery.history(other))[0].occurred_at
    steps = [
        Step(DISPATCHER, "make", {"region": "370102", "department": "370102.market"}, MONDAY),
        Step(DISPATCHER, "pair", {"other": other}, MONDAY + timedelta(days=1)),
        Step(DISPATCHER, "retire", {}, MONDAY + timedelta(days=2)),
    ]
    done = await adopt(nursery.ports, TOY, Adoption(DISPATCHER, "old", "2026-old", steps))
    assert [told.stream for told in done.advances] == [other]
    reached = (await nursery.history(other))[-1]
    assert (reached.migrated, reached.occurred_at) == ("2026-old", MONDAY + timedelta(days=1))
    assert [envelope.migrated for envelope in (await nursery.history(other))[:3]] == [None] * 3
    assert made > reached.occurred_at


async def test_given_time_that_came_in_both_streams_then_it_is_recorded_before_the_decision() -> None:
    now = MONDAY
    nursery = Nursery(MemoryStore(lambda: now, departments=known_departments(), officers=known_officers()))
    one, other = await nursery.made(), await nursery.made()
    now += timedelta(days=60)
    refused = await nursery.ask("pair", one, other=one)  # a no is kept with what time brought
    assert refused.outcome.refusal is not None
    assert "ClockExpired" in await nursery.types(one)
    assert "ClockExpired" not in await nursery.types(other)
    now += timedelta(days=1)
    await nursery.ask("pair", one, other=other)
    theirs = await nursery.types(other)
    assert theirs[-1] == "ToyPaired"
    assert {"ClockWarned", "ClockExpired", "ClockEscalated"} <= set(theirs[3:-1])


async def test_given_commands_over_several_streams_then_the_record_verifies_and_its_rows_can_be_made_anew(
    engine: AsyncEngine, maintenance: AsyncEngine
) -> None:
    nursery, key = Nursery(PostgresStore(engine)), Ed25519PrivateKey.generate().public_key()
    one, other = await nursery.made(), await nursery.made()
    await nursery.ask("pair", one, other=other)
    await nursery.ask("pair", await nursery.made(), other="twin")
    await nursery.ask("retire", one)
    report = await verify(maintenance, key, deciders=NOUNS)
    assert report.findings == []
    for name in REBUILDABLE:
        if name not in ("search", "reporters"):
            await rebuild(maintenance, name, deciders=NOUNS)
    assert (await verify(maintenance, key, deciders=NOUNS)).clean
    assert await value_of(engine, "SELECT count(*) FROM followed WHERE kind = 'toy' AND alarm_at IS NOT NULL") == 3
    assert await value_of(engine, "SELECT count(*) FROM clocks WHERE channel = '' AND region = '370102'") == 8
    for broken in (
        "jsonb_set(outcome, ARRAY['elsewhere', CAST(:stream AS text), 'last'], '9')",
        "jsonb_set(outcome, ARRAY['elsewhere'], (outcome -> 'elsewhere') - :stream)",
    ):
        changed = f"UPDATE commands SET outcome = {broken} WHERE slug = 'pair' RETURNING 1"
        await value_of(maintenance, changed, stream=other)
        found = await verify(maintenance, key, deciders=NOUNS)
        assert {finding.check for finding in found.findings} == {"command"}
