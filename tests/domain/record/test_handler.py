"""The one command handler over the store in memory: keys, time, refusals, access, conflicts, and what is written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.clue import CLUE
from domain.errors import Conflict, KeyReused, Malformed, PreconditionFailed, UnknownCase, UnknownCommand
from domain.people.actors import SYSTEM, Actor, Role
from domain.record.envelope import check_chain, read
from domain.record.handler import Handled, HandlerPorts, Request, handle
from domain.record.ids import elapse_key
from infra.memory.store import MemoryStore
from tests.support.record import (
    ASSIGNER,
    CLERK,
    DISPATCHER,
    HANDLER,
    SECURITY,
    STRAIGHT,
    known_departments,
    known_officers,
    world_of,
)

MONDAY = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Office:
    """A world in memory with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = MONDAY
        self.store = MemoryStore(lambda: self.now, departments=known_departments(), officers=known_officers())
        self.world: HandlerPorts = world_of(self.store)
        self._keys = iter(range(10_000))

    async def ask(
        self, actor: Actor, slug: str, stream: str | None = None, body: Mapping[str, Any] | None = None, **options: Any
    ) -> Handled:
        """One command with its example as body."""
        given = {**CLUE.commands[slug].example, **(body or {})} if slug in CLUE.commands else dict(body or {})
        request = Request(
            actor=actor, slug=slug, body=given, stream=stream, **{"key": f"k{next(self._keys)}", **options}
        )
        return await handle(self.world, CLUE, request)

    async def registered(self) -> str:
        """A clue waiting to be dispatched."""
        done = await self.ask(CLERK, "register", body={"received_at": "2026-03-02T11:00:00+08:00"})
        return done.outcome.stream

    def types(self, stream: str) -> list[str]:
        """The stored names of a stream's events."""
        return [row.type for row in self.store.tables.events[stream]]


@pytest.fixture
def office() -> Office:
    """A fresh world."""
    return Office()


async def test_given_a_command_then_events_rows_and_answer_agree(office: Office) -> None:
    stream = await office.registered()
    done = await office.ask(DISPATCHER, "dispatch", stream, traceparent=TRACE)
    tables = office.store.tables
    rows = tables.events[stream]
    assert office.types(stream)[3:] == ["clue.dispatched", "clock.stopped", "clock.started"]
    assert check_chain(rows) == done.outcome.head_hash == tables.events[stream][-1].hash
    assert (done.outcome.first, done.outcome.last, done.outcome.steps) == (4, 6, 2)
    assert tables.cases[stream].entry.stage == done.outcome.stage == "dispatched"
    envelopes = [read(row) for row in rows[3:]]
    assert {envelope.actor for envelope in envelopes} == {DISPATCHER}
    assert {envelope.trace_id for envelope in envelopes} == {TRACE.split("-")[1]}
    assert {envelope.recorded_at for envelope in envelopes} == {MONDAY}
    assert [envelope.causation_id for envelope in envelopes] == [None, envelopes[0].event_id, envelopes[0].event_id]
    assert len({envelope.event_id for envelope in envelopes}) == 3
    (advance,) = done.advances
    assert advance is not None
    assert tables.outbox[stream, 6] == advance
    assert (advance.previous_hash, advance.head_hash) == (rows[2].hash, rows[-1].hash)
    assert [effect.id for effect in advance.effects] == list(tables.effects)
    assert advance.alarm == tables.cases[stream].alarm
    assert advance.traceparent == TRACE


async def test_given_texts_then_the_record_holds_references_and_the_vault_the_words(office: Office) -> None:
    words = "来电人张三13800138000"
    done = await office.ask(
        CLERK, "register", body={"received_at": "2026-03-02T11:00:00+08:00", "reporter": words, "title": words}
    )
    tables = office.store.tables
    assert words not in "".join(row.body for row in tables.events[done.outcome.stream])
    assert [entry.text for entry in tables.vault.values()].count(words) == 2
    assert words not in repr(done) + repr(tables.commands) + repr(tables.outbox) + repr(tables.vault)


async def test_given_the_same_key_and_body_then_the_first_answer_comes_again_and_nothing_is_added(
    office: Office,
) -> None:
    stream = await office.registered()
    first = await office.ask(DISPATCHER, "dispatch", stream, key="once")
    office.now += timedelta(days=30)
    again = await office.ask(DISPATCHER, "dispatch", stream, key="once")
    assert (again.outcome, again.repeated, again.advances) == (first.outcome, True, ())
    assert len(office.store.tables.events[stream]) == first.outcome.last


@pytest.mark.parametrize("change", [{"department": "370102.ecology"}, {"opinion": "另一意见"}])
async def test_given_the_same_key_with_another_body_then_it_is_refused_as_reused(
    office: Office, change: dict[str, str]
) -> None:
    stream = await office.registered()
    await office.ask(DISPATCHER, "dispatch", stream, key="once")
    with pytest.raises(KeyReused):
        await office.ask(DISPATCHER, "dispatch", stream, change, key="once")
    with pytest.raises(KeyReused):
        await office.ask(DISPATCHER, "answer", stream, key="once")


async def test_given_a_case_of_another_region_or_department_then_for_the_actor_it_does_not_exist(
    office: Office,
) -> None:
    stream = await office.registered()
    stranger = Actor(account="d.370103", department="370103.12345", region="370103", roles=(Role.DISPATCHER,))
    for actor in (stranger, HANDLER):
        with pytest.raises(UnknownCase):
            await office.ask(actor, "take_up", stream, key="probe")
    assert not any(account == actor.account for account, _ in office.store.tables.commands)
    with pytest.raises(UnknownCase):
        await office.ask(DISPATCHER, "dispatch", "clue-" + "0" * 32)


async def test_given_a_rule_that_says_no_then_the_refusal_names_it_and_the_key_is_used_up(office: Office) -> None:
    stream = await office.registered()
    refused = await office.ask(DISPATCHER, "archive", stream, key="early")
    assert refused.outcome.refusal is not None
    assert refused.outcome.refusal.code == "wrong_stage"
    assert (refused.outcome.status, refused.advances) == ("refused", ())
    again = await office.ask(DISPATCHER, "archive", stream, key="early")
    assert (again.repeated, again.outcome) == (True, refused.outcome)
    assert not [entry for entry in office.store.tables.vault.values() if entry.field == "reason"]


async def test_given_a_refused_text_then_it_is_not_kept(office: Office) -> None:
    stream = await office.registered()
    before = len(office.store.tables.vault)
    refused = await office.ask(DISPATCHER, "reopen", stream)
    assert refused.outcome.status == "refused"
    assert len(office.store.tables.vault) == before


async def test_given_time_has_passed_then_what_it_brought_stands_in_the_record_before_the_decision(
    office: Office,
) -> None:
    stream = await office.registered()
    office.now += timedelta(days=10)
    done = await office.ask(DISPATCHER, "dispatch", stream)
    brought = office.types(stream)[3:]
    assert brought[:3] == ["clock.warned", "clock.expired", "clock.escalated"]
    assert brought[brought.index("clue.dispatched") + 1] == "clock.stopped"
    envelopes = [read(row) for row in office.store.tables.events[stream][3:]]
    assert envelopes[0].actor == SYSTEM
    assert envelopes[0].occurred_at < envelopes[0].recorded_at == office.now
    assert envelopes[brought.index("clue.dispatched")].actor == DISPATCHER
    assert done.outcome.first == 4


async def test_given_a_refusal_after_time_has_passed_then_what_time_brought_is_recorded_all_the_same(
    office: Office,
) -> None:
    stream = await office.registered()
    office.now += timedelta(days=10)
    refused = await office.ask(DISPATCHER, "archive", stream)
    assert refused.outcome.status == "refused"
    assert refused.outcome.first == 4
    assert refused.advances
    assert "clock.expired" in office.types(stream)


async def test_given_a_clock_that_went_back_then_recording_times_never_do(office: Office) -> None:
    stream = await office.registered()
    office.now -= timedelta(hours=5)
    await office.ask(DISPATCHER, "dispatch", stream)
    times = [row.recorded_at for row in office.store.tables.events[stream]]
    assert times == sorted(times)
    assert times[-1] == MONDAY


async def test_given_the_process_asks_when_due_then_it_is_told_and_no_outbox_row_is_left(office: Office) -> None:
    stream = await office.registered()
    alarm = office.store.tables.cases[stream].alarm
    assert alarm is not None

    async def elapse(attempt: str = "") -> Handled:
        return await office.ask(
            SYSTEM,
            "elapse",
            stream,
            {"until": alarm.at.isoformat()},
            key=elapse_key(stream, alarm.clock, alarm.mark, alarm.at) + attempt,
            notify_process=False,
        )

    early = await elapse()
    assert early.outcome.refusal is not None
    assert early.outcome.refusal.params == {"not_before": alarm.at.isoformat()}
    waiting = len(office.store.tables.outbox)
    office.now = alarm.at
    done = await elapse(":1")
    assert done.outcome.status == "recorded"
    assert office.types(stream)[-1] == "clock.warned"
    assert len(office.store.tables.outbox) == waiting
    assert (await elapse(":1")).repeated
    assert (await elapse(":2")).outcome.status == "unchanged"


async def test_given_an_if_match_that_is_stale_then_the_precondition_fails_and_the_key_stays_free(
    office: Office,
) -> None:
    stream = await office.registered()
    with pytest.raises(PreconditionFailed) as failed:
        await office.ask(DISPATCHER, "dispatch", stream, key="once", if_match=7)
    assert failed.value.current == "1"
    done = await office.ask(DISPATCHER, "dispatch", stream, key="once", if_match=1)
    assert done.outcome.steps == 2


async def test_given_a_store_where_another_was_first_then_it_is_decided_anew_a_few_times_and_then_given_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = await office.registered()
    tries = 0
    original = office.store.transaction

    def contested() -> Any:
        nonlocal tries
        tries += 1
        if tries <= limit:
            raise Conflict
        return original()

    monkeypatch.setattr(office.store, "transaction", contested)
    limit = 2
    assert (await office.ask(DISPATCHER, "dispatch", stream)).outcome.status == "recorded"
    tries, limit = 0, 99
    with pytest.raises(Conflict):
        await office.ask(ASSIGNER, "sign_for", stream)
    assert tries == 3
    with pytest.raises(PreconditionFailed):
        await office.ask(ASSIGNER, "sign_for", stream, if_match=2)


async def test_given_a_body_that_does_not_fit_then_problems_name_places_and_no_values(office: Office) -> None:
    with pytest.raises(Malformed) as malformed:
        await office.ask(CLERK, "register", body={"region": "张三", "title": "", "stranger": "李四"})
    told = repr(malformed.value.problems)
    assert {problem["at"].split(".")[0] for problem in malformed.value.problems} >= {"region", "title"}
    assert "张三" not in told
    assert "李四" not in told
    with pytest.raises(UnknownCommand):
        await office.ask(CLERK, "invent", await office.registered())
    assert len(office.store.tables.commands) == 1


async def test_given_one_ticket_twice_under_two_keys_then_the_second_is_told_it_is_registered(office: Office) -> None:
    body = {"received_at": "2026-03-02T11:00:00+08:00", "external_id": "T-1"}
    first, second = await asyncio.gather(*(office.ask(CLERK, "register", body=body) for _ in range(2)))
    assert first.outcome.stream == second.outcome.stream
    assert {first.outcome.status, second.outcome.status} == {"recorded", "refused"}


async def test_given_a_text_erased_then_it_is_gone_and_a_repeat_changes_nothing(office: Office) -> None:
    stream = await office.registered()
    ref: UUID = next(iter(office.store.tables.vault))
    done = await office.ask(SECURITY, "erase_text", stream, {"texts": [str(ref)]})
    assert ref not in office.store.tables.vault
    assert done.outcome.steps == 1  # what the next command rests on did not change
    again = await office.ask(SECURITY, "erase_text", stream, {"texts": [str(ref)]})
    assert (again.outcome.status, again.advances) == ("unchanged", ())
    assert again.outcome.head_hash == done.outcome.head_hash


async def test_given_the_straight_path_then_every_stage_is_reached_and_every_effect_has_one_id(office: Office) -> None:
    stream = await office.registered()
    for actor, slug in STRAIGHT:
        office.now += timedelta(minutes=5)
        assert (await office.ask(actor, slug, stream)).outcome.status == "recorded"
    tables = office.store.tables
    assert tables.cases[stream].entry.closed
    assert tables.cases[stream].alarm is None
    assert all(not timed.running for timed in tables.clocks.values())
    assert check_chain(tables.events[stream]) == tables.events[stream][-1].hash
    assert len(tables.effects) >= 5


async def test_given_a_repeat_after_time_has_passed_then_its_texts_are_not_kept_beside_what_time_brought(
    office: Office,
) -> None:
    stream, other = (
        await office.registered(),
        (
            await office.ask(CLERK, "register", body={"received_at": "2026-03-02T11:00:00+08:00", "external_id": "T-2"})
        ).outcome.stream,
    )
    link = {"case": other, "relation": "same_entity", "reason": "同一经营者。"}
    assert (await office.ask(DISPATCHER, "link", stream, link)).outcome.status == "recorded"
    before = len(office.store.tables.vault)
    office.now += timedelta(days=10)
    again = await office.ask(DISPATCHER, "link", stream, link)
    assert again.outcome.status == "recorded", "the expired clock"
    assert "clue.linked" not in office.types(stream)[-3:]
    assert len(office.store.tables.vault) == before
