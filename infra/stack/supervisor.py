"""The supervisor behind `xiezhi up`: starts every part in order, keeps all of them alive, or stops the whole.

    PostgreSQL → migrate → seed ┐
    Temporal                    ┴→ worker, API → repair

Each part is waited for by its own health check. What can start side by side does. `DATABASE_URL` or
`TEMPORAL_ADDRESS` in the environment takes the place of the embedded server of that kind.
"""

import asyncio
import http.client
import json
import os
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from infra.runtime.settings import Settings
from infra.stack.children import Child, StartFailed, ending, rotate, spawn
from infra.stack.display import Board
from infra.stack.embedded import EmbeddedPostgres, EmbeddedTemporal
from infra.stack.options import Ports, Step, UpOptions
from infra.stack.state_file import StackFile, embedded_secrets, free_port

T = TypeVar("T")

DEATHS_ALLOWED = 5
DEATHS_WINDOW_SECONDS = 60.0
READY_SECONDS = 60.0
REPAIR_AGAIN_SECONDS = 30.0
_WATCH_SECONDS = 0.1


@dataclass
class Part:
    """A long-running part of the stack and how to start it; `start` returns when it is healthy."""

    name: str
    start: Callable[[], Awaitable[Child]]
    where: str
    stopped: Callable[[int], None] = field(default=lambda _code: None)
    child: Child | None = None
    deaths: deque[float] = field(default_factory=deque)


class StopAsked(Exception):
    """Ctrl-C or SIGTERM came while something was being waited for."""


def up(options: UpOptions) -> int:
    """Run the stack until it is asked to stop (0) or cannot go on (1)."""
    return asyncio.run(Stack(options, Settings(data_dir=options.data_dir)).run())


class Stack:
    """One run of the whole service on one data folder."""

    def __init__(self, options: UpOptions, settings: Settings, board: Board | None = None) -> None:
        self._options = options
        self._data = options.data_dir.absolute()
        self._given = settings
        self._board = board or Board()
        self._file = StackFile(self._data)
        self._stopping = asyncio.Event()
        self._repair_after = 0.0

    async def run(self) -> int:
        """Start, watch, stop; the return value is the exit code."""
        for asked in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(asked, self._stopping.set)
        self._data.mkdir(parents=True, exist_ok=True)
        self._data.chmod(
            0o711 if os.geteuid() == 0 else 0o700
        )  # root's PostgreSQL is another account: it passes through
        try:
            with self._file.held():
                return await self._run_alone()
        except StartFailed as error:
            self._board.fail(str(error))
            return 1

    async def _run_alone(self) -> int:
        for name in await asyncio.to_thread(self._file.end_leftovers):
            self._board.say(f"Stopped {name}, left over from a supervisor that was killed.")
        self._plan()
        try:
            with self._board:
                await self._unless_stopped(self._start_all())
            self._board.summary(self._description(), await self._first_secret())
            await self._unless_stopped(self._watch())
        except StopAsked:
            return 0
        except StartFailed as error:
            self._board.fail(str(error))
            return 1
        finally:
            await self._stop_all()
        return 0

    # What there is to run --------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Choose ports, find or make secrets, and name the parts in the order they start."""
        taken: set[int] = set()
        wanted = self._options.ports
        self._ports = Ports(
            api=free_port(wanted.api, taken, self._given.api_host),
            temporal_ui=free_port(wanted.temporal_ui, taken),
            temporal=free_port(wanted.temporal, taken),
            postgres=free_port(wanted.postgres, taken),
            worker_health=free_port(wanted.worker_health, taken),
        )
        self._secrets = embedded_secrets(self._data)
        self._postgres = None if self._given.database_url else self._embedded_postgres()
        self._temporal = None if "temporal_address" in self._given.model_fields_set else self._embedded_temporal()
        self._worker = self._command_part(
            "worker", f"http://127.0.0.1:{self._ports.worker_health}", self._ports.worker_health
        )
        self._api = self._command_part("api", self._api_url, self._ports.api)
        self._parts = [*self._server_parts(), self._worker, self._api]
        self._publish()

    def _embedded_postgres(self) -> EmbeddedPostgres:
        return EmbeddedPostgres(
            self._data / "postgres",
            port=self._ports.postgres,
            admin_password=self._secrets["postgres_admin_password"],
            password=self._secrets["postgres_password"],
        )

    def _embedded_temporal(self) -> EmbeddedTemporal:
        return EmbeddedTemporal(self._data / "temporal", port=self._ports.temporal, ui_port=self._ports.temporal_ui)

    def _server_parts(self) -> list[Part]:
        parts = []
        if (postgres := self._postgres) is not None:
            parts.append(
                Part(postgres.name, lambda: postgres.start(self._log("postgres")), f"127.0.0.1:{postgres.port}")
            )
        if (temporal := self._temporal) is not None:
            where = f"{temporal.address}, UI http://127.0.0.1:{temporal.ui_port}"
            parts.append(Part(temporal.name, lambda: temporal.start(self._log("temporal")), where, temporal.stopped))
        return parts

    def _command_part(self, command: str, url: str, port: int) -> Part:
        async def start() -> Child:
            child = self._spawn_command(command, (command,))
            try:
                await child.until_healthy(lambda: answers_ok(f"{url}/readyz"), port, READY_SECONDS)
            except BaseException:
                await child.stop()
                raise
            return child

        return Part(command, start, url)

    def _spawn_command(self, name: str, arguments: tuple[str, ...]) -> Child:
        log = self._log(name.replace(" ", "-"))
        return spawn(name, (*self._options.program, *arguments), env=self._environment(), log=log)

    def _environment(self) -> Mapping[str, str]:
        """What every command of the stack is told; given values win over generated ones."""
        told = {
            "XIEZHI_DATA_DIR": str(self._data),
            "XIEZHI_API_HOST": self._given.api_host,
            "XIEZHI_API_PORT": str(self._ports.api),
            "XIEZHI_WORKER_HEALTH_PORT": str(self._ports.worker_health),
            "XIEZHI_EMBEDDED_DATABASE": "1" if self._postgres is not None else "0",
            "PYTHONUNBUFFERED": "1",
        }
        if self._postgres is not None:
            told["DATABASE_URL"] = self._postgres.url()
        if self._temporal is not None:
            told |= {"TEMPORAL_ADDRESS": self._temporal_address, "TEMPORAL_NAMESPACE": "default"}
        defaults = {f"XIEZHI_{name.upper()}": self._secrets[name] for name in ("token_secret", "fingerprint_key")}
        return {**defaults, **os.environ, **told}

    # Starting --------------------------------------------------------------------------------------------------------

    async def _start_all(self) -> None:
        servers = {part.name: part for part in self._parts}
        self._rotate_logs()
        await together(
            self._open_record(servers.get(EmbeddedPostgres.name)),
            self._start_if_ours(servers.get(EmbeddedTemporal.name)),
        )
        if self._postgres is not None and self._postgres.created and self._temporal is not None:
            self._temporal.repaired()  # a new record has no processes to lose
        await together(self._start(self._worker), self._start(self._api))

    async def _open_record(self, postgres: Part | None) -> None:
        await self._start_if_ours(postgres)
        if self._options.empty and self._begun("sample"):
            self._board.say("This data folder has demo accounts already; begin real work in another one (--data-dir).")
        wanted = ("always", "sample" if self._trying_out() else "empty")
        for step in self._options.steps:
            if step.when in wanted:
                await self._run_step(step)

    def _trying_out(self) -> bool:
        """Made-up accounts and cases come into the embedded database only, and never where real work was begun."""
        if self._postgres is None or self._options.empty:
            return False
        return self._postgres.created or self._begun("sample") or not self._begun("empty")

    def _begun(self, when: str) -> bool:
        return any(step.when == when and self._mark(step).exists() for step in self._options.steps)

    async def _start_if_ours(self, part: Part | None) -> None:
        if part is not None:
            await self._start(part)

    async def _start(self, part: Part) -> None:
        self._board.begin(part.name, "starting")
        part.child = await part.start()
        self._publish()
        self._board.done(part.name, part.where)

    async def _run_step(self, step: Step) -> None:
        mark = self._mark(step)
        if step.once and mark.exists() and not (self._postgres and self._postgres.created):
            return
        self._board.begin(step.name, "running")
        await self._run_command(step.name, step.arguments)
        mark.parent.mkdir(exist_ok=True)
        mark.touch()
        self._board.done(step.name, "done")

    def _mark(self, step: Step) -> Path:
        return self._data / "steps" / step.name.replace(" ", "-")

    async def _run_command(self, name: str, arguments: tuple[str, ...]) -> None:
        child = self._spawn_command(name, arguments)
        try:
            code = await child.exited()
        except BaseException:
            await child.stop()
            raise
        if code != 0:
            raise StartFailed(f"`xiezhi {' '.join(arguments)}` ended with {ending(code)}.{child.tail()}")

    async def _first_secret(self) -> str | None:
        """The one-time secret for the first administrators, for the terminal alone: it goes into no file."""
        if self._trying_out():
            return None
        asked = await asyncio.create_subprocess_exec(
            *self._options.program,
            "administrators",
            "--json",
            env=self._environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        answer, _ = await asked.communicate()
        with suppress(ValueError):
            secret: str | None = json.loads(answer).get("secret")
            return secret
        return None

    async def _repair(self) -> None:
        """After Temporal lost something, have the record start or nudge its processes. Tried again when it fails."""
        if self._temporal is None or (repair := self._temporal.repair) is None:
            return
        if self._temporal.set_aside is not None:
            self._board.say(f"Temporal's file was damaged or of another version; it lies at {self._temporal.set_aside}")
        self._board.begin(repair, "the record starts its processes again")
        try:
            await self._run_command(repair, (repair,))
        except StartFailed as error:
            self._repair_after = time.monotonic() + REPAIR_AGAIN_SECONDS
            self._board.fail(f"{error}\nIt is tried again in {REPAIR_AGAIN_SECONDS:.0f} s.")
        else:
            self._temporal.repaired()
            self._board.done(repair, "done")

    # Keeping it running ----------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Start again what dies, and repair beside it; ends only by an exception."""
        repairing = asyncio.create_task(self._repair())
        try:
            while True:
                for part in self._parts:
                    if part.child is not None and part.child.exit_code is not None:
                        await self._revive(part, part.child.exit_code)
                if repairing.done():
                    repairing.result()
                    if self._repair_due():
                        repairing = asyncio.create_task(self._repair())
                await asyncio.sleep(_WATCH_SECONDS)
        finally:
            repairing.cancel()
            with suppress(asyncio.CancelledError):
                await repairing

    def _repair_due(self) -> bool:
        return self._temporal is not None and bool(self._temporal.repair) and time.monotonic() > self._repair_after

    async def _revive(self, part: Part, code: int) -> None:
        """Start a dead part again after a growing pause, or give up on the whole stack."""
        reason = f"{part.name} ended with {ending(code)}"
        while True:
            self._count_death(part, reason)
            pause = min(0.25 * 2 ** (len(part.deaths) - 1), 5.0)
            self._board.say(f"{reason}; starting it again in {pause:.2g} s.")
            await asyncio.sleep(pause)
            try:
                await self._start(part)
            except StartFailed as error:
                reason = str(error)
            else:
                return

    def _count_death(self, part: Part, reason: str) -> None:
        now = time.monotonic()
        part.deaths.append(now)
        while part.deaths[0] < now - DEATHS_WINDOW_SECONDS:
            part.deaths.popleft()
        if len(part.deaths) > DEATHS_ALLOWED:
            last_words = part.child.tail() if part.child else ""
            raise StartFailed(
                f"{part.name} ended {len(part.deaths)} times within {DEATHS_WINDOW_SECONDS:.0f} s, so the whole stack "
                f"stops. Last: {reason}.{last_words}"
            )

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work`, but give it up when the stack is asked to stop."""
        task, asked = asyncio.ensure_future(work), asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise StopAsked
        finally:
            for pending in (task, asked):
                pending.cancel()
                with suppress(asyncio.CancelledError, StartFailed):
                    await pending

    # Stopping --------------------------------------------------------------------------------------------------------

    async def _stop_all(self) -> None:
        """Stop every part, the last started first."""
        with self._board:
            for part in reversed(self._parts):
                if part.child is not None:
                    self._board.begin(part.name, "stopping")
                    code = await part.child.stop()
                    part.stopped(code)
                    in_time = code != -signal.SIGKILL
                    self._board.done(part.name, "stopped" if in_time else "killed: it did not stop in time")
        self._file.remove()

    # Telling ---------------------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        self._file.write(self._description(), (part.child for part in self._parts if part.child is not None))

    def _description(self) -> dict[str, Any]:
        """What scripts and the closing block are told about the running stack."""
        urls = {"api": self._api_url, "docs": f"{self._api_url}/docs"}
        if self._temporal is not None:
            urls["temporal_ui"] = f"http://127.0.0.1:{self._ports.temporal_ui}"
        environment = self._environment()
        running = all(part.child is not None and part.child.exit_code is None for part in self._parts)
        return {
            "state": "running" if running else "starting",
            "supervisor": {"pid": os.getpid()},
            "data_dir": str(self._data),
            "logs": str(self._data / "logs"),
            "urls": urls,
            "ports": vars(self._ports),
            "database_url": environment["DATABASE_URL"],
            "embedded_database": self._postgres is not None,
            "temporal_address": self._temporal_address,
            "temporal_namespace": self._given.temporal_namespace,
            "rules_pack": self._given.rules_pack,
            "demo_accounts": self._demo_accounts(),
        }

    def _demo_accounts(self) -> list[dict[str, str]]:
        """What `xiezhi seed` left for people to log in with."""
        if not self._trying_out():
            return []
        with suppress(OSError, ValueError):
            accounts: list[dict[str, str]] = json.loads((self._data / "demo-accounts.json").read_text())
            return accounts
        return []

    @property
    def _api_url(self) -> str:
        host = "127.0.0.1" if self._given.api_host in ("0.0.0.0", "::") else self._given.api_host  # noqa: S104
        return f"http://{host}:{self._ports.api}"

    @property
    def _temporal_address(self) -> str:
        return f"127.0.0.1:{self._ports.temporal}" if self._temporal else self._given.temporal_address

    def _log(self, name: str) -> Path:
        return self._data / "logs" / f"{name}.log"

    def _rotate_logs(self) -> None:
        for log in (self._data / "logs").glob("*.log"):
            rotate(log)


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
