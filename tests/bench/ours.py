"""The service under the same load: straight cases over HTTP, API and worker as processes of their own."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import psycopg
from temporalio.client import Client

from tests.bench.measures import Block, ForeignCpu, rss
from tests.support.driver import ClientLog, Driver
from tests.support.messages import registration, synthetic, write_import_file
from tests.support.plans import Offices, Plan, Registered, straight
from tests.support.servers import plain_url
from tests.support.snapshot import unsettled
from tests.support.stack import PrivateStack, until

SETTLE_SECONDS = 300.0


class Ours:
    """Drives cases; each block uses fresh ones."""

    def __init__(self, stack: PrivateStack, driver: Driver, client: Client) -> None:
        self.stack = stack
        self.driver = driver
        self.client = client
        self.offices = Offices.of_accounts(list(stack.passwords()))
        self._made = 0

    async def block(self, *, cases: int, in_flight: int) -> Block:
        """Take `cases` new cases from registration to the archive; done when every process has ended."""
        log = self.driver.log = ClientLog(self.stack.folder / f"bench-{self._made}.jsonl")
        numbers = iter(range(self._made, self._made + cases))
        self._made += cases
        streams: list[str] = []

        async def desk() -> None:
            for number in numbers:
                plan = await self.registered(number)
                streams.append(plan.stream)
                await self.driver.live(plan)

        with ForeignCpu() as foreign:
            begun = time.perf_counter()
            await asyncio.gather(*(desk() for _ in range(in_flight)))
            answered = time.perf_counter() - begun
            await self.until_done(streams)
            done = time.perf_counter() - begun
        millis = [line["ms"] for line in log.lines]
        return Block(cases, len(millis), answered, done, millis, foreign.share)

    async def registered(self, number: int) -> Plan:
        """A new case, and the straight way it will go."""
        (message,) = synthetic(1, seed=number)
        regions = self.offices.regions
        body = {**registration(message, regions, source="bench"), "external_id": f"bench-{number}"}
        stream = await self.driver.register(f"intake.{body['region']}", body)
        return straight(Registered(stream, body["region"], message["reply"]), self.offices)

    async def until_done(self, streams: Sequence[str]) -> None:
        """Nothing waits in the outbox, every effect is done, and the processes of these cases have ended."""
        await until(self._idle, "outbox and effects are done", seconds=SETTLE_SECONDS, every=0.02)
        gathered = asyncio.gather(*(self.client.get_workflow_handle(stream).result() for stream in streams))
        await asyncio.wait_for(gathered, SETTLE_SECONDS)

    async def _idle(self) -> bool:
        return not any((await unsettled(self.stack.database_url)).values())

    async def events_per_command(self, *, cases: int) -> dict[str, float]:
        """History events each command adds once its process is at rest again, with and without an effect."""
        added: dict[bool, list[int]] = defaultdict(list)
        for _ in range(cases):
            plan, self._made = await self.registered(self._made), self._made + 1
            before = await self._length(plan.stream)
            known = await self._effects(plan.stream)
            for number in range(1, len(plan.steps)):  # not the archive, which ends the history
                await self.driver.take(plan, number, number)
                length, effects = await self._length(plan.stream), await self._effects(plan.stream)
                added[effects > known].append(length - before)
                before, known = length, effects
            await self.driver.take(plan, len(plan.steps), len(plan.steps))
        return {
            "without_effect": sum(added[False]) / len(added[False]),
            "with_effect": sum(added[True]) / len(added[True]),
            "without_effect_max": max(added[False]),
            "with_effect_max": max(added[True]),
        }

    async def _length(self, stream: str) -> int:
        """The length of the history when it has stopped growing."""
        handle, last, since = self.client.get_workflow_handle(stream), -1, time.monotonic()
        await until(self._idle, "at rest", seconds=SETTLE_SECONDS, every=0.02)
        while time.monotonic() - since < 0.3:
            length = (await handle.describe()).history_length
            if length != last:
                last, since = length, time.monotonic()
            await asyncio.sleep(0.05)
        return last

    async def _effects(self, stream: str) -> int:
        async with await psycopg.AsyncConnection.connect(plain_url(self.stack.database_url)) as connection:
            counted = await connection.execute("SELECT count(*) FROM effects WHERE stream = %s", [stream])
            row = await counted.fetchone()
        return int(row[0]) if row else 0

    async def import_and_memory(self, folder: Path, *, cases: int) -> dict[str, float]:
        """Rows a second of one import, and what so many more open cases cost worker and API in memory."""
        serving = [self.stack.children[name].pid for name in ("worker-1", "api-1")]
        before = rss(serving)
        file = folder / "import.jsonl"
        messages = synthetic(cases, seed=99)
        write_import_file(file, (registration(message, self.offices.regions, source="bulk") for message in messages))
        begun = time.perf_counter()
        await self.stack.xiezhi("import", str(file), seconds=600)
        imported = time.perf_counter() - begun
        await until(self._idle, "the import is followed", seconds=SETTLE_SECONDS)
        followed = time.perf_counter() - begun
        await asyncio.sleep(2)
        return {
            "rows_per_second": cases / imported,
            "followed_per_second": cases / followed,
            "memory_mib_per_1000_open": (rss(serving) - before) / cases * 1000,
            "memory_mib_before": before,
        }
