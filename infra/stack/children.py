"""Child processes that never outlive their supervisor by accident."""

import asyncio
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

KEPT_LOGS = 3
_POLL_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartFailed(RuntimeError):
    """A process did not become healthy; the text says why and where to read more."""


@dataclass(frozen=True)
class OsAccount:
    """The operating-system account a child runs as."""

    uid: int
    gid: int

    @classmethod
    def of(cls, entry: pwd.struct_passwd) -> "OsAccount":
        """The account a password-database entry describes."""
        return cls(entry.pw_uid, entry.pw_gid)

    def run(self, argv: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a short command as this account and return what it said."""
        return subprocess.run(  # noqa: S603 - argv is built here, never by a user
            [str(part) for part in argv],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )


@dataclass
class Child:
    """A running process, its log, and the signal that stops it in an orderly way."""

    name: str
    program: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace: float = 20.0

    @property
    def pid(self) -> int:
        """Process id."""
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self.process.poll()

    async def exited(self) -> int:
        """Wait for the end."""
        while (code := self.exit_code) is None:  # noqa: ASYNC110 - the kernel offers nothing to await portably
            await asyncio.sleep(_POLL_SECONDS)
        return code

    async def until_healthy(self, healthy: Callable[[], Awaitable[bool]], port: int, seconds: float) -> None:
        """Return when this process listens on `port` and the health check passes; fail when it ends or time is over.

        Without the first condition a stranger on the same port would answer for a process that has already failed.
        """
        deadline = time.monotonic() + seconds
        while not (self.listens_on(port) and await healthy()):
            if self.exit_code is not None:
                raise StartFailed(
                    f"{self.name} ended with {ending(self.exit_code)} before it was healthy.{self.tail()}"
                )
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} was not healthy within {seconds:.0f} s.{self.tail()}")
            await asyncio.sleep(_POLL_SECONDS)

    def listens_on(self, port: int) -> bool:
        """Whether the process, or one it started, holds the listening socket of `port`."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            return any(
                socket.status == psutil.CONN_LISTEN and socket.laddr.port == port
                for member in (process, *process.children(recursive=True))
                for socket in member.net_connections("tcp")
            )
        return False

    async def stop(self) -> int:
        """Ask it to stop, and kill it when it has not by the end of its grace; returns the exit code."""
        if self.exit_code is None:
            self.process.send_signal(self.stop_signal)
        try:
            return await asyncio.wait_for(self.exited(), self.stop_grace)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            return await self.exited()

    def tail(self, lines: int = 12) -> str:
        """The end of its log, introduced by where the rest lies."""
        with suppress(OSError):
            text = self.log.read_text(errors="replace").splitlines()[-lines:]
            return "\n".join([f" Log: {self.log}", *(f"  | {line}" for line in text)])
        return ""


def spawn(
    name: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    account: OsAccount | None = None,
    cwd: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    stop_grace: float = 20.0,
) -> Child:
    """Start a process whose output goes to `log`. Call it from the main thread.

    Linux sends the parent-death signal when the *thread* that made the child ends, so a worker thread is no parent.
    The child gets its own session: a Ctrl-C in the terminal reaches the supervisor alone, which stops all in order.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - argv is built here, never by a user
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            preexec_fn=_die_with(os.getpid(), stop_signal),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    return Child(name, Path(argv[0]).name, process, log, stop_signal, stop_grace)


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    """What the child does between fork and exec: be stopped by the kernel when its supervisor is killed.

    It runs after the change of account, which would clear the setting. Elsewhere than on Linux the next start finds
    the leftovers in `stack.json` instead.
    """

    def in_child() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

    return in_child


def rotate(log: Path, kept: int = KEPT_LOGS) -> None:
    """Give a component a fresh log, keeping the last few as `NAME.log.1` (newest) and up."""
    if not log.exists() or not log.stat().st_size:
        return
    for number in range(kept, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        newer = log.with_name(f"{log.name}.{number - 1}") if number > 1 else log
        if newer.exists():
            newer.replace(older)


def ending(code: int) -> str:
    """An exit code as a person says it."""
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"
