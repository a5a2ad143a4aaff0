"""What the stack keeps in its data folder besides data: the lock, the secrets, and `stack.json` for scripts."""

import fcntl
import json
import os
import secrets
import signal
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from infra.stack.children import Child, StartFailed

_SECRETS = ("postgres_admin_password", "postgres_password", "token_secret", "fingerprint_key")
_PORTS_TRIED = 50
_CLOCK_SLACK_SECONDS = 2.0


class AlreadyRunning(StartFailed):
    """Another supervisor holds this data folder."""


@dataclass(frozen=True)
class ProcessMark:
    """A process as `stack.json` remembers it: enough to recognise it later, and not a stranger with its number."""

    pid: int
    started: float
    command: str
    stop_signal: str

    @classmethod
    def of(cls, child: Child) -> "ProcessMark":
        """The mark of a running child."""
        process = psutil.Process(child.pid)
        return cls(child.pid, process.create_time(), child.program, child.stop_signal.name)

    def process(self) -> psutil.Process | None:
        """The process itself when it still runs: same number, same start, same program."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            same_start = abs(process.create_time() - self.started) < _CLOCK_SLACK_SECONDS
            if same_start and self.command in " ".join(process.cmdline()):
                return process
        return None


class StackFile:
    """`stack.json`: exists while the stack runs, and after a supervisor was killed."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "stack.json"
        self._lock = data_dir / "stack.lock"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Own the data folder; the kernel releases the lock when the owner ends, however it ends."""
        self._lock.touch(mode=0o600)
        with self._lock.open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(self._who_runs()) from None
            yield

    def read(self) -> dict[str, Any]:
        """The last description; empty when there is none."""
        try:
            found = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, description: Mapping[str, Any], children: Iterable[Child]) -> None:
        """Replace the description in one step."""
        processes = {child.name: asdict(ProcessMark.of(child)) for child in children if child.exit_code is None}
        write_private(self.path, {**description, "processes": processes})

    def remove(self) -> None:
        """The stack has stopped."""
        self.path.unlink(missing_ok=True)

    def end_leftovers(self) -> list[str]:
        """Stop what a killed supervisor left behind, worker and API before the servers; returns their names."""
        marks = {name: ProcessMark(**mark) for name, mark in self.read().get("processes", {}).items()}
        ended = []
        for name, mark in reversed(marks.items()):
            if (process := mark.process()) is not None:
                process.send_signal(signal.Signals[mark.stop_signal])
                if psutil.wait_procs([process], timeout=20)[1]:
                    process.kill()
                ended.append(name)
        self.remove()
        return ended

    def _who_runs(self) -> str:
        running = self.read()
        pid = running.get("supervisor", {}).get("pid", "unknown")
        urls = ", ".join(running.get("urls", {}).values()) or "still starting"
        return f"The stack in {self.path.parent} already runs: process {pid} ({urls}). Stop it with: kill {pid}"


def running_stack(data_dir: Path) -> dict[str, Any]:
    """Where the stack of a data folder runs, as settings by name; empty when none does or it is not ours to read."""
    running = StackFile(data_dir).read()
    if running.get("state") != "running":
        return {}
    secrets_known = embedded_secrets(data_dir)
    names = ("database_url", "embedded_database", "temporal_address", "temporal_namespace", "rules_pack")
    return {
        **{name: running[name] for name in names if running.get(name)},
        **{name: secrets_known[name] for name in ("token_secret", "fingerprint_key")},
    }


def write_private(path: Path, content: Any) -> None:
    """Write JSON that only its owner may read; readers see the old file or the new one, never a part."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def embedded_secrets(data_dir: Path) -> dict[str, str]:
    """The secrets of this installation, generated at the first start and never again."""
    path = data_dir / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = [name for name in _SECRETS if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(32) for name in missing}
        write_private(path, known)
    return known


def free_port(preferred: int, taken: set[int], host: str = "127.0.0.1") -> int:
    """The preferred port, or the next free one after it, or any; added to `taken`."""
    for port in (*range(preferred, min(preferred + _PORTS_TRIED, 65536)), 0):
        if port in taken:
            continue
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed connection does not hold a port
            probe.bind((host, port))
            found: int = probe.getsockname()[1]
            taken.add(found)
            return found
    raise StartFailed(f"No free port on {host}.")
