"""`xiezhi up` on real PostgreSQL and Temporal with a stand-in for the service's own commands."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from infra.stack.state_file import AlreadyRunning, StackFile, embedded_secrets, free_port
from tests.support.servers import TemporalServer, plain_url, server_folder

FAKE = str(Path(__file__).parents[2] / "support" / "fake_commands.py")
SUPERVISOR = """
import sys
from pathlib import Path
from infra.runtime.exit import run_and_leave
from infra.stack.supervisor import up
from infra.stack.options import PortNumbers, UpOptions
first = int(sys.argv[3])
run_and_leave(lambda: up(UpOptions(
    data_dir=Path(sys.argv[1]), program=(sys.executable, sys.argv[2]), empty="--empty" in sys.argv,
    ports=PortNumbers(first, first + 1, first + 2, first + 3, first + 4),
)))
"""


@dataclass
class Up:
    """One data folder and the supervisors a test runs on it, one after the other."""

    data: Path
    given: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a supervisor and return at once."""
        log = (self.data.parent / f"up-{len(self.processes)}.log").open("w")
        environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "TEMPORAL_ADDRESS"}}
        first_port = str(20000 + os.getpid() % 20000 + 10_000)
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(self.data), FAKE, first_port, *arguments],
            env=environment | self.given,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        return process

    def running(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a supervisor and return when the whole stack runs."""
        process = self.start(*arguments)
        eventually(lambda: process.poll() is not None or "is running" in self.said())
        assert process.poll() is None, self.said()
        return process

    def said(self) -> str:
        """What the last supervisor has said."""
        return (self.data.parent / f"up-{len(self.processes) - 1}.log").read_text()

    def order(self, what: str) -> None:
        """Tell the stand-in how to behave."""
        (self.data / "orders").mkdir(parents=True, exist_ok=True)
        (self.data / "orders" / what).touch()

    def calls(self) -> list[str]:
        """The commands the supervisors have run so far."""
        return (self.data / "calls").read_text().splitlines()

    def described(self) -> dict[str, Any]:
        """What `stack.json` says."""
        return StackFile(self.data).read()

    def pid(self, name: str) -> int:
        """The process of a part."""
        found: int = self.described()["processes"][name]["pid"]
        return found


@pytest.fixture
def stack() -> Iterator[Up]:
    with server_folder() as folder:
        made = Up(folder / ".xiezhi")
        yield made
        for process in made.processes:
            if process.poll() is None:
                process.terminate()
                process.wait(60)


def eventually(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def stopped(process: subprocess.Popen[str], asked: signal.Signals = signal.SIGINT) -> int:
    """Ask a supervisor to stop; its exit code."""
    process.send_signal(asked)
    return process.wait(60)


def test_starts_all_tells_about_it_stops_and_resumes(stack: Up) -> None:
    process = stack.running()
    described = stack.described()

    assert described["state"] == "running"
    assert list(described["processes"]) == ["PostgreSQL", "Temporal", "worker", "api"]
    assert described["demo_accounts"][0]["account"] == "dispatcher"
    assert stat.S_IMODE((stack.data / "stack.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((stack.data / "secrets.json").stat().st_mode) == 0o600
    with psycopg.connect(plain_url(described["database_url"])) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    for expected in (described["urls"]["api"], described["urls"]["temporal_ui"], "dispatcher", "Ctrl-C"):
        assert expected in stack.said()
    calls = stack.calls()
    assert calls[:2] == ["migrate", "seed --training"]
    assert sorted(calls[2:]) == ["api", "worker"], "a new record has nothing to recover"

    assert stopped(process) == 0
    assert stack.described() == {}
    said = stack.said()
    order = [said.index(f"✓ {name}: stopped") for name in ("api", "worker", "Temporal", "PostgreSQL")]
    assert order == sorted(order)

    started = time.monotonic()
    process = stack.running()
    assert time.monotonic() - started < 10
    with psycopg.connect(plain_url(stack.described()["database_url"])) as connection:
        connection.execute("SELECT n FROM kept")
    again = stack.calls()[len(calls) :]
    assert again[0] == "migrate"
    assert sorted(again[1:]) == ["api", "worker"], "what is done once is not done again, and nothing needs repair"
    assert stopped(process, signal.SIGTERM) == 0


def test_empty_leaves_the_samples_out(stack: Up) -> None:
    process = stack.running("--empty")
    eventually(lambda: "Ctrl-C" in stack.said())
    assert stack.calls()[:2] == ["migrate", "seed --departments"]
    assert "a-one-time-secret" in stack.said()
    files = [path for path in stack.data.rglob("*") if path.is_file() and "postgres" not in path.parts]
    assert files
    assert not any(b"a-one-time-secret" in path.read_bytes() for path in files), "it is shown, never kept"
    assert stopped(process) == 0
    process = stack.running()
    assert stack.calls().count("seed --departments") == 1
    assert "seed --training" not in stack.calls(), "real work was begun here: nothing made up comes in later"
    assert stack.described()["demo_accounts"] == []
    assert stopped(process) == 0


def test_given_servers_take_the_place_of_embedded_ones(
    stack: Up, database_url: str, temporal_server: TemporalServer
) -> None:
    stack.given = {"DATABASE_URL": database_url, "TEMPORAL_ADDRESS": temporal_server.address}
    process = stack.running()
    described = stack.described()
    assert list(described["processes"]) == ["worker", "api"]
    assert described["database_url"] == database_url
    assert described["temporal_address"] == temporal_server.address
    assert "temporal_ui" not in described["urls"]
    assert not (stack.data / "postgres").exists()
    assert (described["embedded_database"], described["demo_accounts"]) == (False, [])
    assert stack.calls()[:2] == ["migrate", "seed --departments"]
    assert "seed --training" not in stack.calls()
    assert stopped(process) == 0


def test_a_second_supervisor_names_the_first(stack: Up) -> None:
    first = stack.running()
    url = stack.described()["urls"]["api"]
    assert stack.start().wait(30) == 1
    assert f"process {first.pid}" in stack.said()
    assert url in stack.said()
    assert first.poll() is None


def test_whatever_dies_is_started_again(stack: Up) -> None:
    stack.running()
    for name in ("worker", "api", "PostgreSQL", "Temporal"):
        old = stack.pid(name)
        os.kill(old, signal.SIGKILL)
        eventually(lambda name=name, old=old: stack.pid(name) != old)  # type: ignore[misc]
    eventually(lambda: "reconcile" in stack.calls())
    eventually(lambda: "✓ reconcile" in stack.said())


def test_what_keeps_dying_stops_the_whole(stack: Up) -> None:
    stack.order("die-worker")
    process = stack.start()
    assert process.wait(90) == 1
    assert "worker ended 6 times within 60 s, so the whole stack stops" in stack.said()
    assert "exit code 7" in stack.said()
    assert stack.described() == {}


def test_a_failing_step_stops_the_whole_with_its_reason(stack: Up) -> None:
    stack.order("fail-migrate")
    assert stack.start().wait(60) == 1
    assert "`xiezhi migrate` ended with exit code 3" in stack.said()
    assert "told to fail" in stack.said()


def test_a_failing_repair_is_told_and_not_forgotten(stack: Up) -> None:
    process = stack.running()
    assert stopped(process) == 0
    (stack.data / "temporal" / "temporal.db").write_bytes(b"no database at all")
    stack.order("fail-recover")

    process = stack.running()
    eventually(lambda: "`xiezhi recover` ended with exit code 3" in stack.said())
    assert stopped(process) == 0
    (stack.data / "orders" / "fail-recover").unlink()

    stack.running()
    eventually(lambda: "✓ recover" in stack.said())
    assert stack.calls().count("recover") == 2


def test_leaves_nothing_behind_when_killed_and_starts_again(stack: Up) -> None:
    process = stack.running()
    pids = [mark["pid"] for mark in stack.described()["processes"].values()]
    process.kill()
    process.wait()
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids))

    stack.running()
    eventually(lambda: "reconcile" in stack.calls())


def test_ends_what_a_killed_supervisor_left_but_no_stranger(stack: Up) -> None:
    """Where the kernel knows no parent-death signal, the next start cleans up; numbers may have changed hands."""
    stack.data.mkdir()
    left = subprocess.Popen(["sleep", "60"])
    stranger = subprocess.Popen(["sleep", "60"])
    marks = {
        name: {
            "pid": process.pid,
            "started": psutil.Process(process.pid).create_time() - earlier,
            "command": "sleep",
            "stop_signal": "SIGTERM",
        }
        for name, process, earlier in (("worker", left, 0), ("api", stranger, 60))
    }
    (stack.data / "stack.json").write_text(json.dumps({"processes": marks}))

    assert StackFile(stack.data).end_leftovers() == ["worker"]
    assert not psutil.pid_exists(left.pid)
    assert stranger.poll() is None
    stranger.kill()


def test_stops_while_starting(stack: Up) -> None:
    process = stack.start()
    eventually(lambda: (stack.data / "stack.json").exists())
    assert stopped(process) == 0
    assert stack.described() == {}


def test_takes_the_next_port_when_one_is_held() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        held = holder.getsockname()[1]
        taken = {held + 1}
        assert free_port(held, taken) not in {held, held + 1}
        assert len(taken) == 2


def test_the_lock_is_the_folder_s(tmp_path: Path) -> None:
    with StackFile(tmp_path).held(), pytest.raises(AlreadyRunning, match="still starting"), StackFile(tmp_path).held():
        pass


def test_secrets_are_made_once(tmp_path: Path) -> None:
    assert embedded_secrets(tmp_path) == embedded_secrets(tmp_path)
