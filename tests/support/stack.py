"""A private stack in a scratch folder on free ports, part by part, so that each part can be killed and started again.

Every part is the real program: the embedded servers and `xiezhi api|worker|…` as child processes. Only processes
started here are ever signalled.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.stack.children import Child, spawn
from infra.stack.embedded import EmbeddedPostgres, EmbeddedTemporal
from infra.stack.parts import answers_ok
from tests.support.messages import REPOSITORY
from tests.support.servers import any_port, server_folder

READY_SECONDS = 60.0
PROGRAM = (sys.executable, "-m", "infra.cli")


class CommandFailed(AssertionError):
    """A `xiezhi` command ended with another code than 0."""


def _made_up() -> str:
    return uuid.uuid4().hex * 2


@dataclass(frozen=True)
class Secrets:
    """What a database and its programs must agree on."""

    admin_password: str = field(default_factory=_made_up)
    password: str = field(default_factory=_made_up)
    token_secret: str = field(default_factory=_made_up)
    fingerprint_key: str = field(default_factory=_made_up)


@dataclass
class PrivateStack:
    """The parts of one stack. `children` holds what runs now, by name: postgres, temporal, worker-1, api-1, …

    `service`: the program that is API and worker.
    """

    folder: Path
    secrets: Secrets
    postgres: EmbeddedPostgres
    temporal: EmbeddedTemporal
    environment: dict[str, str]
    ports: dict[str, int]
    children: dict[str, Child] = field(default_factory=dict)
    service: tuple[str, ...] = PROGRAM

    @property
    def database_url(self) -> str:
        return self.postgres.url()

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def api_url(self, name: str = "api-1") -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def passwords(self) -> dict[str, str]:
        """The demo accounts that `xiezhi seed` left."""
        accounts = json.loads((self.data_dir / "demo-accounts.json").read_text(encoding="utf-8"))
        return {entry["account"]: entry["password"] for entry in accounts}

    async def start_postgres(self) -> None:
        self.children["postgres"] = await self.postgres.start(self.logs / "postgres.log")

    async def start_temporal(self) -> None:
        self.children["temporal"] = await self.temporal.start(self.logs / "temporal.log")

    async def start_api(self, name: str = "api-1", **environment: str) -> None:
        await self._serve(name, "api", {"XIEZHI_API_PORT": str(self._port(name)), **environment})

    async def start_worker(self, name: str = "worker-1", **environment: str) -> None:
        port = str(self._port(name))
        await self._serve(name, "worker", {"XIEZHI_WORKER_HEALTH_PORT": port, **environment})

    async def start(self, part: str) -> None:
        """Start a part by its name."""
        kind = part.partition("-")[0]
        match kind:
            case "postgres":
                await self.start_postgres()
            case "temporal":
                await self.start_temporal()
            case "api":
                await self.start_api(part)
            case "worker":
                await self.start_worker(part)
            case _:
                raise ValueError(part)

    async def kill(self, part: str) -> None:
        """`kill -9` a part with everything it started, and see it gone."""
        child = self.children.pop(part)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.exited()

    async def stop(self, part: str) -> int:
        """Stop a part in the orderly way; its exit code."""
        code = await self.children.pop(part).stop()
        if part == "temporal":
            self.temporal.stopped(code)
        return code

    async def stop_all(self) -> None:
        """Stop whatever runs, servers last."""
        order = sorted(self.children, key=lambda name: (name in ("postgres", "temporal"), name == "postgres"))
        for name in order:
            with suppress(Exception):
                await self.stop(name)

    async def xiezhi(self, *arguments: str, seconds: float = 120.0, **environment: str) -> str:
        """Run one command to its end; what it printed. Raises when it fails."""
        code, printed = await self.attempt(*arguments, seconds=seconds, **environment)
        if code != 0:
            raise CommandFailed(f"xiezhi {' '.join(arguments)} ended with {code}:\n{printed[-3000:]}")
        return printed

    async def attempt(self, *arguments: str, seconds: float = 120.0, **environment: str) -> tuple[int, str]:
        """Run one command; its exit code and what it printed."""
        log = self.logs / f"{arguments[0]}-{uuid.uuid4().hex[:8]}.log"
        child = self._spawn(arguments[0], (*PROGRAM, *arguments), environment, log)
        try:
            code = await asyncio.wait_for(child.exited(), seconds)
        except TimeoutError:
            await child.stop()
            return -1, f"not done within {seconds:.0f} s\n{log.read_text(errors='replace')}"
        return code, log.read_text(encoding="utf-8", errors="replace")

    def run(self, name: str, *argv: str) -> Child:
        """Start any other program beside the parts, to be stopped with them."""
        child = spawn(name, argv, env=self.environment, log=self.logs / f"{name}.log", cwd=REPOSITORY)
        self.children[name] = child
        return child

    async def _serve(self, name: str, command: str, environment: Mapping[str, str]) -> None:
        child = self._spawn(name, (*self.service, command), environment, self.logs / f"{name}.log")
        self.children[name] = child
        port = self.ports[name]
        await child.until_healthy(lambda: answers_ok(f"http://127.0.0.1:{port}/healthz"), port, READY_SECONDS)

    def _spawn(self, name: str, argv: tuple[str, ...], environment: Mapping[str, str], log: Path) -> Child:
        return spawn(name, argv, env={**self.environment, **environment}, log=log, cwd=REPOSITORY)

    def _port(self, name: str) -> int:
        if name not in self.ports:
            self.ports[name] = any_port(set(self.ports.values()))
        return self.ports[name]


def clean_environment() -> dict[str, str]:
    """The caller's environment without what would steer the service."""
    ours = ("XIEZHI_", "TEMPORAL_", "OTEL_", "DATABASE_URL", "PG")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@asynccontextmanager
async def private_stack(
    like: PrivateStack | None = None,
    *,
    durable: bool = True,
    workers: int = 1,
    apis: int = 1,
    serve: bool = True,
    **environment: str,
) -> AsyncIterator[PrivateStack]:
    """A migrated and seeded stack without cases; quickly so when it begins as a copy of a stopped one (`like`).

    `durable=False` is faster; a kill of PostgreSQL then loses commits.
    """
    with server_folder() as folder:
        # A password of its own: whoever still speaks to another stack, on the same port, must not get in here.
        secrets = replace(like.secrets, password=_made_up()) if like else Secrets()
        stack = _laid_out(folder, secrets, durable=durable, environment=environment)
        try:
            if like:
                copy_owned(like.postgres.home, stack.postgres.home)
                shutil.copytree(like.data_dir, stack.data_dir, dirs_exist_ok=True)
                await asyncio.gather(stack.start_postgres(), stack.start_temporal())
            else:
                await stack.start_postgres()
                await stack.xiezhi("migrate")
                await asyncio.gather(stack.xiezhi("seed"), stack.start_temporal())
            if serve:
                starts = [stack.start_worker(f"worker-{number + 1}") for number in range(workers)]
                starts += [stack.start_api(f"api-{number + 1}") for number in range(apis)]
                await asyncio.gather(*starts)
            yield stack
        finally:
            await stack.stop_all()


@asynccontextmanager
async def stopped_stack() -> AsyncIterator[PrivateStack]:
    """A migrated and seeded stack that was stopped, to begin others as a copy of."""
    async with private_stack(durable=False, serve=False) as stack:
        await stack.stop_all()
        yield stack


def copy_owned(source: Path, target: Path) -> None:
    """`shutil.copytree` that also keeps the owner, which PostgreSQL insists on."""
    shutil.copytree(source, target, symlinks=True)
    for path in (source, *source.rglob("*")):
        owner = path.lstat()
        copied = target / path.relative_to(source)
        if (copied.lstat().st_uid, copied.lstat().st_gid) != (owner.st_uid, owner.st_gid):
            shutil.chown(copied, owner.st_uid, owner.st_gid)


def _laid_out(folder: Path, secrets: Secrets, *, durable: bool, environment: Mapping[str, str]) -> PrivateStack:
    taken: set[int] = set()
    ports = {name: any_port(taken) for name in ("postgres", "temporal", "temporal-ui")}
    for name in ("data", "logs"):
        (folder / name).mkdir()
    postgres = EmbeddedPostgres(
        folder / "postgres",
        port=ports["postgres"],
        admin_password=secrets.admin_password,
        password=secrets.password,
        durable=durable,
    )
    temporal = EmbeddedTemporal(folder / "temporal", port=ports["temporal"], ui_port=ports["temporal-ui"])
    told = {
        "XIEZHI_DATA_DIR": str(folder / "data"),
        "XIEZHI_EMBEDDED_DATABASE": "1",
        "XIEZHI_TOKEN_SECRET": secrets.token_secret,
        "XIEZHI_FINGERPRINT_KEY": secrets.fingerprint_key,
        "DATABASE_URL": postgres.url(),
        "TEMPORAL_ADDRESS": temporal.address,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(REPOSITORY),
    }
    return PrivateStack(folder, secrets, postgres, temporal, {**clean_environment(), **told, **environment}, ports)


async def until(holds: Callable[[], Awaitable[Any]], what: str, *, seconds: float = 30.0, every: float = 0.1) -> Any:
    """Wait until something holds and return it; fail with what it was when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := await holds():
            return found
        await asyncio.sleep(every)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")
