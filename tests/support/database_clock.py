"""The clock of a test's database, set to another time, ticking on from there.

PostgreSQL searches `pg_catalog` first only as long as the search path does not name it. So a schema named before it
can hold functions that read the real clock and add to it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from domain.value import SHANGHAI

_FUNCTIONS = {
    "clock_timestamp": "VOLATILE",
    "statement_timestamp": "STABLE",
    "transaction_timestamp": "STABLE",
    "now": "STABLE",
}
_FUNCTION = """\
CREATE OR REPLACE FUNCTION clock.{name}() RETURNS timestamptz LANGUAGE sql {kind} PARALLEL SAFE
RETURN pg_catalog.{name}() + {ahead}::interval
"""


def pin(address: str, at: datetime) -> Callable[[], datetime]:
    """Let the database read `at` now, in every session to come; returns the same clock for Python.

    For what must say one thing whichever day it runs: how much of a stock is due soon depends on the weekends and
    holidays around now. Defaults of columns keep the clock that was there when the table was made.
    """
    with psycopg.connect(address, autocommit=True) as connection:
        (real,) = connection.execute("SELECT pg_catalog.clock_timestamp()").fetchone() or (None,)
        _set(connection, at - real)
    ahead = at - datetime.now(UTC)
    return lambda: datetime.now(UTC) + ahead


def mid_month() -> datetime:
    """Noon on the 15th of the coming month in Shanghai: what is made then stays in one month, whenever it runs."""
    first = datetime.now(SHANGHAI).replace(day=1, hour=12, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=15)


def set_ahead(address: str, ahead: timedelta) -> None:
    """Let the database read a later (or, below zero, an earlier) time than it is, in every session to come."""
    with psycopg.connect(address, autocommit=True) as connection:
        _set(connection, ahead)


def _set(connection: psycopg.Connection[Any], ahead: timedelta) -> None:
    database = sql.Identifier(connection.info.dbname)
    connection.execute("CREATE SCHEMA IF NOT EXISTS clock")
    for name, kind in _FUNCTIONS.items():
        told = {"name": sql.Identifier(name), "kind": sql.SQL(kind), "ahead": sql.Literal(ahead)}
        connection.execute(sql.SQL(_FUNCTION).format(**told))
    connection.execute(sql.SQL("ALTER DATABASE {} SET search_path = clock, public, pg_catalog").format(database))
