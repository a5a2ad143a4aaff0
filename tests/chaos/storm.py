"""Load and faults, both from one printed seed: clerks who never stop working, and a hand that kills what they work on.

kill -9 does not test power loss: what a killed process wrote, the operating system still has.
"""

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass, field
from typing import Any

from tests.support.driver import Driver
from tests.support.messages import registration, synthetic
from tests.support.plans import Offices, Registered, plans
from tests.support.stack import PrivateStack

PARTS = ("api-1", "worker-1", "temporal", "postgres")
DOWN_SECONDS = 2.0
"""A killed part stays away for 0 to so many seconds."""


def chosen_seed() -> int:
    """The seed of this run: from `XIEZHI_CHAOS_SEED`, so that a failure can be played again, else a new one."""
    seed = int(os.environ.get("XIEZHI_CHAOS_SEED", time.time_ns() % 1_000_000))
    print(f"XIEZHI_CHAOS_SEED={seed}")
    return seed


@dataclass
class Load:
    """Desks that register a clue, take it through a planned life, and begin the next, until told to stop."""

    driver: Driver
    offices: Offices
    seed: int
    desks: int = 8
    pause: float = 0.0
    """Seconds a desk rests after a life. Without, more is answered than the processes of one small machine follow."""
    lived: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Work until `stopping` is set; what was begun is finished."""
        async with asyncio.TaskGroup() as group:
            for number in range(self.desks):
                group.create_task(self._desk(number))

    async def _desk(self, number: int) -> None:
        regions = self.offices.busiest(3)
        messages = synthetic(10_000, seed=self.seed * 100 + number)
        for message in messages:
            if self.stopping.is_set():
                return
            source = f"storm{number}"
            body = registration(message, regions, source=source)
            stream = await self.driver.register(f"intake.{body['region']}", body)
            clue = Registered(stream, body["region"], message["reply"])
            batch = plans([clue] * 20, self.offices, seed=self.seed + number)
            await self.driver.live(batch[int(message["id"]) % len(batch)])
            self.lived += 1
            await asyncio.sleep(self.pause)


@dataclass
class Storm:
    """Kills one part, now and then two, waits, starts them again; remembers when."""

    stack: PrivateStack
    dice: random.Random
    strikes: list[dict[str, Any]] = field(default_factory=list)

    async def blow(self, seconds: float, *, pause: float = 3.0) -> None:
        """Strike until the time is over; every part was struck at least once."""
        deadline = time.monotonic() + seconds
        waiting = list(PARTS)
        self.dice.shuffle(waiting)
        while waiting or time.monotonic() < deadline:
            first = waiting.pop() if waiting else self.dice.choice(PARTS)
            others = [part for part in PARTS[:2] if part != first]
            parts = [first, *(self.dice.sample(others, 1) if self.dice.random() < 0.25 else ())]
            await self.strike(parts)
            await asyncio.sleep(self.dice.uniform(0.5, pause))

    async def freeze(self, part: str, seconds: float) -> None:
        """SIGSTOP: the part is neither gone nor there, past the time a workflow task may take."""
        process, at = self.stack.children[part].process, time.time()
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            process.send_signal(signal.SIGCONT)
        self.strikes.append({"parts": [f"{part} frozen"], "at": at, "whole_after": round(time.time() - at, 2)})

    async def strike(self, parts: list[str]) -> None:
        """Kill, leave away for a moment, start again as the supervisor would."""
        at = time.time()
        for part in parts:
            await self.stack.kill(part)
        await asyncio.sleep(self.dice.uniform(0, DOWN_SECONDS))
        for part in sorted(parts, key=lambda name: name not in ("postgres", "temporal")):
            await self.stack.start(part)
        await repair(self.stack)
        self.strikes.append({"parts": parts, "at": at, "whole_after": round(time.time() - at, 2)})

    def first_successes(self, log: list[dict[str, Any]]) -> list[str]:
        """For each strike, how long until the first step sent after it was answered."""
        told = []
        for strike in self.strikes:
            answered = [
                line["sent_at"] + line["ms"] / 1000
                for line in log
                if line["status"] != "unknown" and line["sent_at"] > strike["at"]
            ]
            after = f"{min(answered) - strike['at']:.2f} s" if answered else "never"
            told.append(f"{'+'.join(strike['parts'])}: whole again after {strike['whole_after']} s, answered {after}")
        return told


async def repair(stack: PrivateStack) -> None:
    """What the supervisor does after an unclean start of Temporal."""
    if (needed := stack.temporal.repair) is not None:
        await stack.xiezhi(needed.value)
        stack.temporal.repaired()
