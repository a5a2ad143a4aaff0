"""A noun that is only in the tuples handed to the wiring gets everything the kernel promises: over HTTP, by
its process, through the death of the worker between a commit over two streams and its signals."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from api.app import SURFACES
from api.cases.surface import Surface
from infra.postgres.engine.engine import create_engine, create_maintenance_engine
from infra.postgres.engine.session import session
from infra.postgres.proof.rebuild import REBUILDABLE, rebuild
from infra.postgres.proof.verify import verify
from infra.processes.process_states import Standings
from infra.processes.reconcile import reconcile
from infra.processes.recover import recover
from infra.processes.tell import Deliverer
from infra.runtime.settings import Settings
from infra.stack.children import spawn
from infra.stack.supervisor import answers_ok
from infra.wiring.bootstrap import Application
from tests.api.desks import DISPATCHER, ELSEWHERE, Desks, client_of
from tests.support.messages import REPOSITORY
from tests.support.servers import any_port
from tests.support.stack import READY_SECONDS, PrivateStack, private_stack, until
from tests.support.toy import TOY
from tests.support.toy_worker import NOUNS, TOY_PROCESSES
from workflows.messages import QUERY, Awaited

TOYS = (*SURFACES, Surface(TOY, prefix="/toys"))


class _Desks(Desks):
    """Everybody with a password of their own, as `xiezhi seed` gave it."""

    def __init__(self, http: httpx.AsyncClient, passwords: Mapping[str, str]) -> None:
        super().__init__(http, "")
        self._passwords = passwords

    async def _headers(self, account: str) -> dict[str, str]:
        self._password = self._passwords[account]
        return await super()._headers(account)


class Playroom:
    """The toy's desks, processes and rows on one stack."""

    def __init__(self, stack: PrivateStack, desks: Desks, client: Client, engine: AsyncEngine) -> None:
        self.stack, self.desks, self.client, self.engine = stack, desks, client, engine
        self.standings = Standings(engine)

    async def worker(self, **environment: str) -> None:
        """Start the worker that knows the toy."""
        port = any_port(set(self.stack.ports.values()))
        given = {**self.stack.environment, "XIEZHI_WORKER_HEALTH_PORT": str(port), **environment}
        argv = (sys.executable, "-m", "tests.support.toy_worker")
        child = spawn("worker-1", argv, env=given, log=self.stack.logs / "worker-1.log", cwd=REPOSITORY)
        self.stack.children["worker-1"] = child
        await child.until_healthy(lambda: answers_ok(f"http://127.0.0.1:{port}/healthz"), port, READY_SECONDS)

    async def made(self) -> str:
        answer = await self.desks.post(DISPATCHER, "/toys", {"region": "370102", "department": "370102.market"})
        assert answer.status_code == 201, answer.text
        stream: str = answer.json()["outcome"]["stream"]
        return stream

    async def step(self, stream: str, slug: str, **body: Any) -> dict[str, Any]:
        answer = await self.desks.post(DISPATCHER, f"/toys/{stream}/commands/{slug}", body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def read(self, path: str, account: str = DISPATCHER, **query: Any) -> Any:
        answer = await self.desks.get(account, path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def process(self, stream: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(stream)

    async def at_head(self, stream: str) -> Awaited:
        """Wait until the process is where the record is, with nothing left to do."""

        async def there() -> Awaited | None:
            recorded = await self.standings.standing(stream)
            try:
                now = await self.process(stream).query(QUERY, result_type=Awaited)
            except Exception:
                return None  # not started yet, or between two workers
            same = recorded and (now.version, now.head_hash) == (recorded.last, recorded.head_hash)
            return now if same and not now.effects else None

        found: Awaited = await until(there, f"the process of {stream} follows the record", seconds=60)
        return found

    async def row(self, statement: str, **given: Any) -> Any:
        async with session(self.engine) as opened:
            return (await opened.run(text(statement), given)).one()


@asynccontextmanager
async def opened(stack: PrivateStack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Playroom]:
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    application = Application(Settings(), TOYS, TOY_PROCESSES)
    client = await Client.connect(stack.temporal.address, data_converter=pydantic_data_converter)
    async with application.asgi.router.lifespan_context(application.asgi), client_of(application.asgi) as http:
        engine = create_engine(stack.database_url)
        yield Playroom(stack, _Desks(http, stack.passwords()), client, engine)
        await engine.dispose()


async def sound(stack: PrivateStack, names: tuple[str, ...] = ()) -> None:
    """The record holds, also after these rows were made anew."""
    engine, key = create_maintenance_engine(stack.database_url), Ed25519PrivateKey.generate().public_key()
    for name in REBUILDABLE:
        if name in names:
            await rebuild(engine, name, deciders=NOUNS)
    assert (await verify(engine, key, deciders=NOUNS)).findings == []
    await engine.dispose()


@pytest.mark.timeout(300)
async def test_given_a_noun_in_the_tuples_then_it_has_everything_and_survives_the_death_of_its_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with private_stack(durable=False, serve=False) as stack, opened(stack, monkeypatch) as toys:
        await toys.worker()
        one, other = await toys.made(), await toys.made()
        await _is_shown(toys, one)
        await toys.at_head(one)
        await toys.at_head(other)
        await _dies_between_commit_and_signals(toys, one, other, tmp_path / "once")
        await _asks_its_partner(toys, one, other)
        assert isinstance(await asyncio.wait_for(toys.process(one).result(), 30), type(None))
        await _is_recovered(toys, other)
        await sound(stack)


async def _is_shown(toys: Playroom, toy: str) -> None:
    """Reading, clocks with ladder and explanation, lists, scope, timeline, difference, document, a step tried out."""
    seen = await toys.read(f"/toys/{toy}")
    assert {"pair", "retire"} <= {command["slug"] for command in seen["commands"] if command["allowed"]}
    clocks = {clock["id"].partition("-")[0]: clock for clock in seen["clocks"]}
    assert sorted(clocks) == ["demand", "handling"]
    assert clocks["handling"]["rungs"] and not clocks["demand"]["rungs"]
    explained = await toys.read(f"/clocks/{toy}.{clocks['handling']['id']}/explain")
    assert explained["clock"] == clocks["handling"]["id"]
    events = (await toys.read(f"/toys/{toy}/events"))["items"]
    timeline = await toys.read(f"/toys/{toy}/timeline")
    assert timeline["versions"] == len(events) == 3
    assert (await toys.read(f"/toys/{toy}", at=events[0]["recorded_at"]))["stage"] == "kept"
    assert await toys.read(f"/toys/{toy}/diff", **{"from": "v1", "to": "v3"})
    assert toy in {line["id"] for line in (await toys.read("/toys"))["items"]}
    assert (await toys.read(f"/toys/{toy}/export", **{"as": "json"}))["id"] == toy
    tried = await toys.desks.post(DISPATCHER, f"/toys/{toy}/commands/retire?dry_run=true", {}, key=None)
    assert (tried.status_code, tried.json()["stage"]) == (200, "retired")
    far = await toys.desks.get(ELSEWHERE, f"/toys/{toy}")
    assert far.status_code == 404
    row = await toys.row("SELECT * FROM followed WHERE stream = :toy", toy=toy)
    assert (row.kind, row.stage, row.closed, row.version) == ("toy", "kept", False, 3)
    assert row.alarm_at is not None and row.alarm_clock.startswith("demand")


async def _dies_between_commit_and_signals(toys: Playroom, one: str, other: str, once: Path) -> None:
    """The worker is gone when both streams are committed; the API that did it dies before it tells; nothing is lost."""
    await toys.stack.kill("worker-1")
    before = [await toys.standings.standing(stream) for stream in (one, other)]
    monkey = Deliverer.__call__

    async def dead(*_given: Any, **_more: Any) -> None:
        raise asyncio.CancelledError

    Deliverer.__call__ = dead  # type: ignore[method-assign]
    try:
        told = await toys.step(one, "pair", other=other)
    finally:
        await asyncio.sleep(0.2)
        Deliverer.__call__ = monkey  # type: ignore[method-assign]
    assert told["outcome"]["elsewhere"][other]["last"] == 4
    waiting = await toys.row("SELECT count(*) AS rows FROM outbox WHERE stream IN (:one, :other)", one=one, other=other)
    assert waiting.rows == 2
    assert [standing and standing.last for standing in before] == [3, 3]
    with pytest.raises(Exception):  # noqa: B017 — it dies before or after it was ever healthy
        await toys.worker(XIEZHI_FAILPOINT=f"deliver.before_signal:1:{once}")
        await until(_gone(toys), "the worker dies before its first signal", seconds=30)
        raise RuntimeError("dead")
    assert once.exists()
    toys.stack.children.pop("worker-1")
    await sound(toys.stack, ("followed", "cases", "states", "clocks", "holdings", "ends", "orders"))
    await toys.worker()
    for stream in (one, other):
        assert (await toys.at_head(stream)).version == 4


def _gone(toys: Playroom) -> Any:
    async def gone() -> bool:
        return toys.stack.children["worker-1"].exit_code is not None

    return gone


async def _asks_its_partner(toys: Playroom, one: str, other: str) -> None:
    """The one that retires has its process ask the other, by a command of the system."""
    await toys.step(one, "retire")

    async def mourned() -> Any:
        events = (await toys.read(f"/toys/{other}/events"))["items"]
        return [event for event in events if event["type"] == "toy.mourned"]

    (event,) = await until(mourned, "the partner mourns", seconds=60)
    assert event["actor"]["account"] == "system"
    effect = await toys.row("SELECT outcome, body FROM effects WHERE kind = 'ask'")
    assert effect.body == {"department": "370102.market"}


async def _is_recovered(toys: Playroom, toy: str) -> None:
    """A lost process comes up again from the record, and the comparison finds nothing."""
    await toys.at_head(toy)
    deliver = Deliverer(toys.client, processes=TOY_PROCESSES)
    await toys.process(toy).terminate()
    await asyncio.sleep(2)
    report = await recover(toys.client, toys.standings, deliver)
    assert (report.open, report.started) == (1, 1)
    assert (await toys.at_head(toy)).stage == "kept"
    compared = await reconcile(toys.client, toys.standings, deliver, thorough=True)
    assert (compared.checked, compared.current) == (1, 1)
