"""A noun that is only in the tuples handed to the wiring gets everything the kernel promises: over HTTP, by its
process, and through the death of API and worker between a commit over two streams and its signals."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from domain.people.actors import SYSTEM
from domain.record.envelope import Envelope, read
from domain.time.clock_events import ClockEscalated, ClockExpired, ClockWarned
from infra.postgres.engine.engine import create_engine, create_maintenance_engine
from infra.postgres.engine.session import session
from infra.postgres.proof.rebuild import REBUILDABLE, rebuild
from infra.postgres.proof.verify import verify
from infra.processes.client import DATA_CONVERTER
from infra.processes.process_states import ProcessStates
from infra.processes.reconcile import reconcile
from infra.processes.recover import recover
from infra.processes.tell import Deliverer
from infra.runtime.failpoints import KILLED
from tests.api.cases.test_feed import Listener
from tests.api.desks import DISPATCHER, ELSEWHERE, HANDLER, INTAKE, Desks
from tests.support.stack import PrivateStack, private_stack, until
from tests.support.toy import Toy, ToyMade, ToyMourned, ToyPaired
from tests.support.toy_service import NOUNS, PACK_FILE, TOY_PROCESSES
from workflows.messages import QUERY, Awaited

pytestmark = pytest.mark.timeout(120)

MADE = {"region": "370102", "department": "370102.market"}


class _Desks(Desks):
    """Everybody with a password of their own, as `xiezhi seed` gave it."""

    def __init__(self, http: httpx.AsyncClient, passwords: Mapping[str, str]) -> None:
        super().__init__(http, "")
        self._passwords = passwords

    async def headers(self, account: str) -> dict[str, str]:
        """What shows who asks."""
        self._password = self._passwords[account]
        return await super()._headers(account)

    _headers = headers


class Playroom:
    """Toys on a stack of their own: at the desks, in the record, as processes."""

    def __init__(self, stack: PrivateStack, desks: _Desks, client: Client, engine: AsyncEngine) -> None:
        self.stack, self.desks, self.client, self.engine = stack, desks, client, engine
        self.states = ProcessStates(engine)
        self.deliver = Deliverer(client, processes=TOY_PROCESSES)

    async def made(self) -> str:
        """A fresh toy."""
        answer = await self.desks.post(DISPATCHER, "/toys", MADE)
        assert answer.status_code == 201, answer.text
        toy: str = answer.json()["outcome"]["stream"]
        return toy

    async def step(self, toy: str, slug: str, key: str = "", **body: Any) -> dict[str, Any]:
        """One step of the dispatcher, which is taken; its outcome."""
        answer = await self.desks.post(DISPATCHER, f"/toys/{toy}/commands/{slug}", body, key=key)
        assert answer.status_code == 200, answer.text
        outcome: dict[str, Any] = answer.json()["outcome"]
        return outcome

    async def read(self, path: str, account: str = DISPATCHER, **query: Any) -> Any:
        """What a GET shows."""
        answer = await self.desks.get(account, path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def history(self, toy: str) -> list[Envelope]:
        """The toy's events."""
        return [read(row) for row in await self.states.history(toy)]

    async def said(self, toy: str, kind: type) -> Sequence[Envelope]:
        """The toy's events of one kind."""
        return [envelope for envelope in await self.history(toy) if isinstance(envelope.event, kind)]

    async def row(self, statement: str, **given: Any) -> Any:
        """The one row of a statement, None when there is none."""
        async with session(self.engine) as opened:
            return (await opened.run(text(statement), given)).one_or_none()

    async def escalated(self, toy: str) -> dict[str, Any]:
        """Wait until time has brought all that the demand can bring; the demand."""

        async def climbed() -> Any:
            clocks = (await self.read(f"/toys/{toy}"))["clocks"]
            return next((clock for clock in clocks if clock["kind"] == "demand" and clock["level"] == 1), None)

        demand: dict[str, Any] = await until(climbed, f"the demand on {toy} climbs its ladder")
        return demand

    async def answered(self, toy: str) -> str:
        """Wait until what the toy asks of its partner is answered; the answer."""

        async def settled() -> Any:
            row = await self.row("SELECT outcome FROM effects WHERE stream = :toy AND kind = 'ask'", toy=toy)
            return row and row.outcome

        outcome: str = await until(settled, f"what {toy} asks is answered")
        return outcome

    async def at_head(self, toy: str) -> Awaited:
        """Wait until the process is where the record is, with nothing left to do."""

        async def there() -> Awaited | None:
            recorded = await self.states.standing(toy)
            try:
                now = await self.client.get_workflow_handle(toy).query(QUERY, result_type=Awaited)
            except Exception:
                return None  # not started yet, or between two workers
            same = recorded and (now.version, now.head_hash) == (recorded.last, recorded.head_hash)
            return now if same and not now.effects else None

        found: Awaited = await until(there, f"the process of {toy} follows the record")
        return found

    async def sound(self, *, rebuilt: bool = False) -> None:
        """The record holds; also after every row that can be made anew was made anew."""
        engine, key = create_maintenance_engine(self.stack.database_url), Ed25519PrivateKey.generate().public_key()
        for name in REBUILDABLE if rebuilt else ():
            if name not in ("search", "reporters"):  # of clues; they need the key of the blind index
                await rebuild(engine, name, deciders=NOUNS)
        assert (await verify(engine, key, deciders=NOUNS)).findings == []
        await engine.dispose()


@pytest_asyncio.fixture(scope="module")
async def toys() -> AsyncIterator[Playroom]:
    """The service with the toy handed to it, its hours lasting a second."""
    async with private_stack(durable=False, serve=False) as stack:
        rows = stack.folder / PACK_FILE.name
        rows.write_text(PACK_FILE.read_text(encoding="utf-8").replace('"hours"', '"seconds"'), encoding="utf-8")
        stack.environment["XIEZHI_RULES_PACK"] = str(rows)
        stack.environment["XIEZHI_RELAY_LEASE_SECONDS"] = "2"
        stack.service = (sys.executable, "-m", "tests.support.toy_service")
        await asyncio.gather(stack.start_api(), stack.start_worker())
        client = await Client.connect(stack.temporal.address, data_converter=DATA_CONVERTER)
        engine = create_engine(stack.database_url)
        async with httpx.AsyncClient(base_url=stack.api_url(), trust_env=False, timeout=30.0) as http:
            yield Playroom(stack, _Desks(http, stack.passwords()), client, engine)
        await engine.dispose()


async def test_given_the_noun_was_handed_over_then_its_routes_are_documented(toys: Playroom) -> None:
    document = (await toys.desks.http.get("/openapi.json")).json()
    ours = {path.removeprefix("/api/v1/toys") for path in document["paths"] if path.startswith("/api/v1/toys")}
    assert {"", "/{id}", "/{id}/commands/pair", "/{id}/commands/retire", "/{id}/events", "/{id}/timeline"} <= ours
    assert {"/{id}/diff", "/{id}/process", "/{id}/export"} <= ours
    assert document["paths"]["/api/v1/toys/{id}/commands/pair"]["post"]["requestBody"]
    assert "/{id}/commands/mourn" not in ours  # only processes ask that


async def test_given_a_key_when_it_is_repeated_then_the_answer_is_and_nothing_is_done_twice(toys: Playroom) -> None:
    key, one = uuid4().hex, await toys.made()
    made = [await toys.desks.post(DISPATCHER, "/toys", MADE, key=key) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json() == made[1].json()
    other = made[0].json()["outcome"]["stream"]
    assert len(await toys.said(other, ToyMade)) == 1
    key = uuid4().hex
    assert await toys.step(one, "pair", key, other=other) == await toys.step(one, "pair", key, other=other)
    assert [len(await toys.said(toy, ToyPaired)) for toy in (one, other)] == [1, 1]
    otherwise = await toys.desks.post(DISPATCHER, f"/toys/{one}/commands/pair", {"other": "twin"}, key=key)
    assert (otherwise.status_code, otherwise.json()["code"]) == (422, "key_reused")


async def test_given_a_refused_step_then_it_is_answered_by_its_kind(toys: Playroom) -> None:
    one, other, third = [await toys.made() for _ in range(3)]
    await toys.step(one, "pair", other=other)
    refused = [
        await toys.desks.post(INTAKE, f"/toys/{third}/commands/retire"),
        await toys.desks.post(DISPATCHER, f"/toys/{third}/commands/pair", {"other": f"toy-{'0' * 32}"}),
        await toys.desks.post(DISPATCHER, f"/toys/{third}/commands/pair", {"other": one}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (403, "wrong_role"),
        (404, "unknown_toy"),
        (409, "toy_taken"),
    ]


async def test_given_a_toy_then_it_is_read_listed_and_told_within_scope_now_and_as_it_was(toys: Playroom) -> None:
    toy = await toys.made()
    first = (await toys.history(toy))[0]
    paired = await toys.step(toy, "pair", other="twin")
    now = await toys.read(f"/toys/{toy}")
    assert (now["state"]["stage_title"], now["state"]["partner"]) == ("在用", *paired["elsewhere"])
    assert {"pair", "retire"} <= {command["slug"] for command in now["commands"] if command["allowed"]}
    then = await toys.read(f"/toys/{toy}", at=first.recorded_at.isoformat())
    assert (then["version"], then["state"]["partner"]) == (3, None)

    events = (await toys.read(f"/toys/{toy}/events"))["items"]
    timeline = await toys.read(f"/toys/{toy}/timeline", at=(await toys.history(toy))[-1].recorded_at.isoformat())
    assert timeline["versions"] >= len(events)
    assert {"制作", "结伴"} <= {entry["title"] for entry in timeline["entries"]}
    differing = await toys.read(f"/toys/{toy}/diff", **{"from": "v3", "to": f"v{paired['last']}"})
    assert "同伴" in {difference["title"] for difference in differing["differences"]}

    assert {toy, *paired["elsewhere"]} <= {line["id"] for line in (await toys.read("/toys"))["items"]}
    assert toy not in {line["id"] for line in (await toys.read("/toys", ELSEWHERE))["items"]}
    for part in ("", "/events", "/timeline", "/process", "/export"):
        assert (await toys.desks.get(ELSEWHERE, f"/toys/{toy}{part}")).status_code == 404
    exported = await toys.read(f"/toys/{toy}/export", **{"as": "json"})
    assert exported["id"] == toy


async def test_given_a_step_only_tried_out_then_it_says_what_would_come_and_nothing_does(toys: Playroom) -> None:
    toy = await toys.made()
    tried = await toys.desks.post(DISPATCHER, f"/toys/{toy}/commands/retire?dry_run=true", {}, key=None)
    assert (tried.status_code, tried.json()["stage"], tried.json()["stage_title"]) == (200, "retired", "已退役")
    assert (await toys.read(f"/toys/{toy}"))["state"]["stage"] == "kept"


async def test_given_time_passes_then_the_process_has_the_ladder_climbed_and_waits_for_the_other_clock(
    toys: Playroom,
) -> None:
    toy = await toys.made()
    demand = await toys.escalated(toy)
    clocks = {clock["kind"]: clock for clock in (await toys.read(f"/toys/{toy}"))["clocks"]}
    assert set(clocks) == {"display", "demand"}
    climbed = (await toys.history(toy))[3:]
    assert [type(envelope.event) for envelope in climbed] == [ClockWarned, ClockExpired, ClockEscalated]
    assert {envelope.actor for envelope in climbed} == {SYSTEM}

    explained = await toys.read(f"/clocks/{toy}.{demand['id']}/explain")
    assert (explained["clock"], explained["rule"]) == (demand["id"], "toy.demand.1")
    days = await toys.read(f"/clocks/{toy}.{clocks['display']['id']}/explain")
    assert days["steps"][-1]["text"].startswith("计满5个工作日")

    await toys.at_head(toy)
    row = await toys.row("SELECT * FROM followed WHERE stream = :toy", toy=toy)
    assert (row.kind, row.stage, row.closed, row.version) == ("toy", "kept", False, 6)
    assert (row.alarm_clock, row.alarm_at) == (
        clocks["display"]["id"],
        datetime.fromisoformat(clocks["display"]["due_at"]),
    )
    process = await toys.read(f"/toys/{toy}/process")
    assert (process["recorded"], process["applied"], process["awaited"]) == (6, 6, "等待退役")


async def test_given_an_effect_then_its_message_is_in_the_inbox_of_whom_it_names(toys: Playroom) -> None:
    toy = await toys.made()

    async def arrived() -> Any:
        return (await toys.read("/inbox", HANDLER, case=toy))["items"]

    (message,) = await until(arrived, "the message arrives")
    assert (message["subject"], message["recipient"]) == ("toy_made", "handler@370102.market")


async def test_given_a_follower_of_toys_then_the_feed_tells_of_them(toys: Playroom) -> None:
    headers = await toys.desks.headers(DISPATCHER)
    async with toys.desks.http.stream("GET", "/api/v1/feed", params={"kind": "toy"}, headers=headers) as response:
        listener = Listener(response)
        assert (await listener.next())["kind"] == "start"
        toy = await toys.made()
        heard = await listener.next()
        while heard["case"] != toy:  # of another test, whose clocks go on
            heard = await listener.next()
        assert (heard["event"], heard["stage"]) == ("toy.made", "kept")


async def test_given_one_of_two_retires_then_its_process_asks_the_other_which_may_refuse(toys: Playroom) -> None:
    one, other = await toys.made(), await toys.made()
    await toys.step(one, "pair", other=other)
    await toys.step(one, "retire")
    assert await toys.answered(one) == "done"
    (mourned,) = await toys.said(other, ToyMourned)
    assert (mourned.actor, mourned.event.department) == (SYSTEM, "370102.market")
    await asyncio.wait_for(toys.client.get_workflow_handle(one).result(), 30)

    await toys.step(other, "retire")
    assert await toys.answered(other) == "refused:wrong_stage"
    assert await toys.said(one, ToyMourned) == []


async def test_given_two_streams_committed_when_api_and_worker_die_before_a_signal_then_nothing_is_lost(
    toys: Playroom, tmp_path: Path
) -> None:
    one, other = await toys.made(), await toys.made()
    for toy in (one, other):
        await toys.escalated(toy)
        await toys.at_head(toy)
    key = uuid4().hex
    await toys.stack.kill("worker-1")
    await _served_until_the_first_signal(toys, "api-2", tmp_path / "api")
    with suppress(httpx.TransportError):  # it may die before it has answered
        await toys.desks.http.post(
            f"{toys.stack.api_url('api-2')}/api/v1/toys/{one}/commands/pair",
            json={"other": other},
            headers={**await toys.desks.headers(DISPATCHER), "Idempotency-Key": key},
        )
    assert await toys.stack.children.pop("api-2").exited() == KILLED

    both = {toy: (await toys.said(toy, ToyPaired))[0] for toy in (one, other)}
    assert both[one].command_id == both[other].command_id
    untold = await toys.row("SELECT count(*) AS rows FROM outbox WHERE stream IN (:one, :other)", one=one, other=other)
    assert untold.rows == 2
    again = await toys.step(one, "pair", key, other=other)
    assert again["elsewhere"][other]["last"] == both[other].version
    await toys.sound(rebuilt=True)

    await _served_until_the_first_signal(toys, "worker-1", tmp_path / "worker")
    assert await toys.stack.children.pop("worker-1").exited() == KILLED
    await toys.stack.start_worker()
    for toy, paired in both.items():
        assert (await toys.at_head(toy)).version == paired.version == 7


async def _served_until_the_first_signal(toys: Playroom, part: str, once: Path) -> None:
    """Start a part that dies right before it tells a process anything; that may be before it was ever healthy."""
    start = toys.stack.start_api if part.startswith("api") else toys.stack.start_worker
    await asyncio.gather(start(part, XIEZHI_FAILPOINT=f"deliver.before_signal:1:{once}"), return_exceptions=True)


async def test_given_a_lost_process_then_it_comes_up_again_from_the_record_and_all_agree(toys: Playroom) -> None:
    toy = await toys.made()
    await toys.escalated(toy)
    await toys.at_head(toy)
    await toys.client.get_workflow_handle(toy).terminate()

    async def recovered() -> Any:
        return (await recover(toys.client, toys.states, toys.deliver)).started == 1

    await until(recovered, "the lost process is seen and started")
    assert (await toys.at_head(toy)).stage == "kept"
    compared = await reconcile(toys.client, toys.states, toys.deliver, thorough=True)
    assert compared.current == compared.checked > 1
    await toys.sound()


def test_the_proof_is_small() -> None:
    lines = Path(sys.modules[Toy.__module__].__file__ or "").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
