"""Bring a database to this build's schema, and refuse one the service cannot stand on.

Two builds share a database while a release rolls out. Migrations only add, so a build also runs on the schema of a
newer one, down to the floor that schema names (`schema_floor`): the migration that takes something away raises the
floor, in a release after the last one that needed it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from infra.postgres.engine.faults import told
from infra.postgres.engine.session import session

MINIMUM_SERVER = 180000
_ONE_AT_A_TIME = 0x7869657A6869  # advisory lock key: "xiezhi"


class DatabaseNotReady(XiezhiError):
    """The service cannot stand on this database. The text says why and what to run."""

    code = "database_not_ready"

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} {remedy}")
        self.reason, self.remedy = reason, remedy


class _Database(NamedTuple):
    version: int
    encoding: str
    locale: str
    revision: str | None
    floor: str | None
    """The oldest schema whose builds may run on this one; None where no migration has said so yet."""

    def carries(self, head: str) -> bool:
        """Whether the schema is a newer one on which a build with this head still runs."""
        return self.floor is not None and self.revision is not None and self.floor <= head < self.revision


def head_revision() -> str:
    """The schema revision of this build."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise LookupError("this build has no migrations: it was not packaged whole")
    return head


async def migrate(engine: AsyncEngine) -> str:
    """Bring the schema to this build's revision; the revision. Safe to run from several processes at once.

    The schema of a newer build is left as it is. Raises `DatabaseNotReady` when this build cannot run on it.
    """
    found = await _inspect(engine)
    _require_server(found)
    if not await asyncio.to_thread(_knows, found.revision):
        _require_carried(found, head_revision())
        return str(found.revision)
    async with session(engine) as opened:
        await opened.run(text("SET LOCAL lock_timeout = '60s'"))
        await opened.run(text("SELECT pg_advisory_xact_lock(:key)"), key=_ONE_AT_A_TIME)
        await told(opened.connection.run_sync(_upgrade))
    return head_revision()


async def check_database(engine: AsyncEngine) -> None:
    """Refuse to start on a database of the wrong version, encoding, locale or schema, or one restored from elsewhere.

    Raises `DatabaseNotReady`, which names the command to run, or `StoreUnavailable`.
    """
    found = await _inspect(engine)
    _require_server(found)
    head = await asyncio.to_thread(head_revision)
    if found.revision != head and await asyncio.to_thread(_knows, found.revision):
        raise DatabaseNotReady(
            f"The database is at schema {found.revision or 'none'}, this build needs {head}.", "Run `xiezhi migrate`."
        )
    if found.revision != head:
        _require_carried(found, head)
    if await _xids_lie_ahead(engine):
        raise DatabaseNotReady(
            "The database was restored into another server: recorded transaction ids lie ahead of the server's own, "
            "so new readers would not see those events.",
            "Run `xiezhi migrate --after-restore`.",
        )


async def _inspect(engine: AsyncEngine) -> _Database:
    async with session(engine) as opened:
        row = (await opened.run(_INSPECT)).one()
        revision = await told(opened.connection.run_sync(_current_revision))
        floor = (await opened.run(_FLOOR)).scalar_one() if row.has_floor else None
    return _Database(row.version, row.encoding, row.locale, revision, floor)


_INSPECT = text(
    "SELECT current_setting('server_version_num')::int AS version, pg_encoding_to_char(encoding) AS encoding, "
    "coalesce(datlocale, datctype) AS locale, to_regclass('schema_floor') IS NOT NULL AS has_floor "
    "FROM pg_database WHERE datname = current_database()"
)

_FLOOR = text("SELECT revision FROM schema_floor")

_AHEAD = text(
    "SELECT coalesce((SELECT xid FROM events ORDER BY xid DESC LIMIT 1) >= pg_snapshot_xmax(now_snapshot), false) "
    "OR EXISTS (SELECT FROM outbox WHERE xid >= pg_snapshot_xmax(now_snapshot)) "
    "FROM pg_current_snapshot() AS now_snapshot"
)


def _require_server(found: _Database) -> None:
    if found.version < MINIMUM_SERVER:
        raise DatabaseNotReady(
            f"The server is PostgreSQL {found.version // 10000}, the record needs 18.",
            "Dump the database and restore it into PostgreSQL 18, or run `xiezhi up` for an embedded one.",
        )
    if found.encoding != "UTF8" or found.locale.upper().replace("-", "") != "C.UTF8":
        raise DatabaseNotReady(
            f"The database has encoding {found.encoding} and locale {found.locale}; Chinese search fails there.",
            "Create it with `CREATE DATABASE xiezhi TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin "
            "BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'`, then run `xiezhi migrate`.",
        )


def _require_carried(found: _Database, head: str) -> None:
    if not found.carries(head):
        raise DatabaseNotReady(
            f"The database is at schema {found.revision}, which asks for builds from schema {found.floor or 'its own'} "
            f"on; this build is at {head}.",
            "Install the release that made it, or a newer one.",
        )


async def _xids_lie_ahead(engine: AsyncEngine) -> bool:
    async with session(engine) as opened:
        ahead: bool = (await opened.run(_AHEAD)).scalar_one()
    return ahead


def _current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _knows(revision: str | None) -> bool:
    scripts = ScriptDirectory.from_config(_config())
    return revision is None or any(script.revision == revision for script in scripts.walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
