"""A database whose clock stands on a day of the test's choosing, and ticks on from there.

For what must say one thing whichever day it runs: how much of a stock is due soon depends on the weekends and holidays
around *now*. `tests/support/as_of.py` moves the clock of a whole run instead.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from tests.support.servers import plain_url

_FUNCTIONS = ("clock_timestamp", "statement_timestamp", "transaction_timestamp", "now")


def pin(url: str, at: datetime) -> Callable[[], datetime]:
    """Let the database of `url` read `at` now, in all sessions to come; the same clock for Python.

    Only when a search path does not name `pg_catalog` is it searched first. Defaults of columns keep the real clock:
    they were bound when the table was made.
    """
    ahead = at - datetime.now(UTC)
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA pinned")
        for name in _FUNCTIONS:
            connection.execute(
                sql.SQL(
                    "CREATE FUNCTION pinned.{name}() RETURNS timestamptz LANGUAGE sql {kind} "
                    "RETURN pg_catalog.{name}() + {ahead}::interval"
                ).format(
                    name=sql.Identifier(name),
                    kind=sql.SQL("VOLATILE" if name == "clock_timestamp" else "STABLE"),
                    ahead=sql.Literal(ahead),
                )
            )
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET search_path = pinned, public, pg_catalog").format(
                sql.Identifier(connection.info.dbname)
            )
        )
    return lambda: datetime.now(UTC) + ahead
