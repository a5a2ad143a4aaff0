"""The long-running parts of the stack: how each starts, when it is healthy, and how often it may die."""

import asyncio
import http.client
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from infra.stack.children import Child, StartFailed
from infra.stack.commands import Commands
from infra.stack.plan import Plan

DEATHS_ALLOWED = 5
DEATHS_WINDOW_SECONDS = 60.0
READY_SECONDS = 60.0


@dataclass
class Part:
    """A long-running part of the stack and how to start it; `start` returns when it is healthy."""

    name: str
    start: Callable[[], Awaitable[Child]]
    where: str
    stopped: Callable[[int], None] = field(default=lambda _code: None)
    child: Child | None = None
    deaths: deque[float] = field(default_factory=deque)

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and before it was started."""
        return self.child.exit_code if self.child is not None else None

    @property
    def runs(self) -> bool:
        """It was started and has not ended."""
        return self.child is not None and self.child.exit_code is None

    def count_death(self, reason: str) -> float:
        """Seconds to wait before it is started again. Raises `StartFailed` when it has died too often."""
        now = time.monotonic()
        self.deaths.append(now)
        while self.deaths[0] < now - DEATHS_WINDOW_SECONDS:
            self.deaths.popleft()
        if len(self.deaths) > DEATHS_ALLOWED:
            last_words = self.child.tail() if self.child else ""
            raise StartFailed(
                f"{self.name} ended {len(self.deaths)} times within {DEATHS_WINDOW_SECONDS:.0f} s, so the whole stack "
                f"stops. Last: {reason}.{last_words}"
            )
        return float(min(0.25 * 2 ** (len(self.deaths) - 1), 5.0))


@dataclass(frozen=True)
class Parts:
    """All of them. `postgres` and `temporal` are None where the environment names another server."""

    postgres: Part | None
    temporal: Part | None
    worker: Part
    api: Part

    @classmethod
    def of(cls, plan: Plan, commands: Commands) -> "Parts":
        """The parts of a plan, none started yet."""
        return cls(
            postgres=_postgres_part(plan),
            temporal=_temporal_part(plan),
            worker=_command_part("worker", plan.worker_url, plan.ports.worker_health, commands),
            api=_command_part("api", plan.api_url, plan.ports.api, commands),
        )

    @property
    def in_order(self) -> tuple[Part, ...]:
        """As they start."""
        return tuple(part for part in (self.postgres, self.temporal, self.worker, self.api) if part is not None)


def _postgres_part(plan: Plan) -> Part | None:
    if (postgres := plan.postgres) is None:
        return None
    return Part(postgres.name, lambda: postgres.start(plan.log_of("postgres")), f"127.0.0.1:{postgres.port}")


def _temporal_part(plan: Plan) -> Part | None:
    if (temporal := plan.temporal) is None:
        return None
    where = f"{temporal.address}, UI http://127.0.0.1:{temporal.ui_port}"
    return Part(temporal.name, lambda: temporal.start(plan.log_of("temporal")), where, temporal.stopped)


def _command_part(command: str, url: str, port: int, commands: Commands) -> Part:
    async def start() -> Child:
        child = commands.spawn(command, (command,))
        try:
            await child.until_healthy(lambda: answers_ok(f"{url}/readyz"), port, READY_SECONDS)
        except BaseException:
            await child.stop()
            raise
        return child

    return Part(command, start, url)


async def answers_ok(url: str) -> bool:
    """Whether a GET of `url` gives 200."""
    return await asyncio.to_thread(_get_ok, url)


def _get_ok(url: str) -> bool:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request("GET", f"/{path}")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


async def together(*work: Coroutine[Any, Any, None]) -> None:
    """Run side by side; the first failure cancels the rest and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
