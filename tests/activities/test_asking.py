"""What one stream asks of another: given once, answered for good, and tried again only when nobody could be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import build_activities
from activities.messages import Perform, Performed
from activities.ports import Ports
from domain.errors import XiezhiError
from domain.people.actors import SYSTEM
from domain.record.decider import asked
from domain.record.handler import handle
from domain.record.ids import effect_id
from domain.record.ports import PendingEffect
from infra.memory.store import MemoryStore, Tables
from tests.contracts.test_elsewhere import Nursery
from tests.support.record import known_departments, known_officers
from tests.workflows.casework import Casework, MemoryPorts


class Killed(BaseException):
    """The process was killed."""


class Away(XiezhiError):
    code = "store_unavailable"


class Playroom(Nursery):
    """Toys with the activities that serve them."""

    def __init__(self) -> None:
        store = MemoryStore(lambda: datetime.now(UTC), departments=known_departments(), officers=known_officers())
        super().__init__(store)
        self.memory_store = store
        self.memory = MemoryPorts(store)
        casework = Casework(client=None)  # type: ignore[arg-type]
        memory: Any = self.memory
        self.served: Ports = replace(casework.ports, world=self.ports, effects=memory, texts=memory)

    def tables(self) -> Tables:
        """What the store holds now."""
        return self.memory_store.tables

    def effect(self) -> PendingEffect:
        """The one thing asked."""
        (pending,) = [one for one in self.tables().effects.values() if one.effect.kind == "ask"]
        return pending

    async def perform(self, ports: Ports | None = None) -> Performed:
        """One attempt of the activity."""
        (ask,) = [each for each in build_activities(ports or self.served) if each.__name__ == "ask"]
        pending = self.effect()
        return await ActivityEnvironment().run(ask, Perform(stream=pending.stream, effect=pending.id))

    async def paired(self) -> tuple[str, str]:
        """Two toys that belong together."""
        one, other = await self.made(), await self.made()
        await self.ask("pair", one, other=other)
        return one, other


@pytest.fixture
def playroom() -> Playroom:
    return Playroom()


async def test_given_a_consequence_for_another_stream_then_it_is_a_command_of_the_system_there(
    playroom: Playroom,
) -> None:
    one, other = await playroom.paired()
    await playroom.ask("retire", one)
    pending = playroom.effect()
    assert (pending.stream, pending.effect.recipient, pending.effect.subject) == (one, other, "mourn")
    assert pending.effect.body == {"department": "370102.market"}
    retired = (await playroom.history(one))[pending.version - 1]
    assert (await playroom.perform()).outcome == "done"
    mourned = (await playroom.history(other))[-1]
    assert (mourned.actor, mourned.correlation_id) == (SYSTEM, retired.correlation_id)
    assert playroom.tables().outbox[other, mourned.version].last == mourned.version
    assert (await playroom.perform()).outcome == "already_done"
    assert (await playroom.types(other)).count("ToyMourned") == 1


async def test_given_it_was_asked_and_the_answer_was_lost_then_it_is_not_asked_twice(playroom: Playroom) -> None:
    one, other = await playroom.paired()
    await playroom.ask("retire", one)

    def killed(_name: str) -> None:
        raise Killed

    with pytest.raises(Killed):
        await playroom.perform(replace(playroom.served, reached=killed))
    assert (await playroom.perform()).outcome == "done"
    assert (await playroom.types(other)).count("ToyMourned") == 1


async def test_given_the_other_stream_says_no_then_that_is_the_outcome_and_nobody_tries_again(
    playroom: Playroom,
) -> None:
    one, other = await playroom.paired()
    await playroom.ask("retire", one)
    await _retired_alone(playroom, other)
    assert (await playroom.perform()).outcome == "refused:wrong_stage"
    assert (await playroom.perform()).outcome == "already_done"
    assert playroom.memory.done[playroom.effect().id] == "refused:wrong_stage"


async def test_given_a_stream_that_is_not_there_then_that_is_the_outcome(playroom: Playroom) -> None:
    one, other = await playroom.paired()
    await playroom.ask("retire", one)
    del playroom.tables().events[other]
    assert (await playroom.perform()).outcome == "refused:unknown_case"


async def test_given_the_record_is_away_then_it_is_tried_again(playroom: Playroom) -> None:
    one, other = await playroom.paired()
    await playroom.ask("retire", one)

    class NoStore:
        def transaction(self) -> Any:
            raise Away("away")

    away: Any = NoStore()
    with pytest.raises(ApplicationError) as failed:
        await playroom.perform(replace(playroom.served, world=replace(playroom.ports, store=away)))
    assert (failed.value.type, failed.value.non_retryable) == ("store_unavailable", False)
    assert playroom.effect().id not in playroom.memory.done
    assert (await playroom.perform()).outcome == "done"
    assert (await playroom.types(other))[-1] == "ToyMourned"


def test_given_two_things_asked_of_one_stream_then_they_are_two_effects() -> None:
    mourn, elapse = asked("toy-1", "mourn", department="x"), asked("toy-1", "elapse")
    event = uuid4()
    assert effect_id(event, mourn.name, "toy-1") != effect_id(event, elapse.name, "toy-1")


async def _retired_alone(playroom: Playroom, stream: str) -> None:
    """The other one is retired as well; what it asks in turn is left aside."""
    known = set(playroom.tables().effects)
    await handle(playroom.ports, playroom.ports.nouns["toy"], playroom.request("retire", stream))
    for name in set(playroom.tables().effects) - known:
        del playroom.tables().effects[name]
