"""The engine: one pool of connections with the session settings every statement of the service runs under."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from infra.postgres.engine.faults import empty

STATEMENT_SECONDS = 15
"""Longest statement of a request; a command's take milliseconds."""
LOCK_SECONDS = 5
"""Longest wait for another writer of the same case or key."""
IDLE_SECONDS = 15
"""Longest pause inside a transaction: an abandoned one would hold back every reader of the global order."""
MAINTENANCE_STATEMENT_SECONDS = 15 * 60
CONNECT_SECONDS = 15
"""A server that is away refuses at once; this is for one that is slow, or a process too busy to notice its answer."""
POOL_SECONDS = 30
"""Longest wait for a connection of the pool. Requests come in crowds, and to wait one's turn is better for all than to
be sent away. A database that is away is found out by connecting, not by waiting."""


def create_engine(
    url: str, *, pool_size: int = 16, application: str = "xiezhi", lock_seconds: float = LOCK_SECONDS
) -> AsyncEngine:
    """The engine of a serving process. Waits at most a few seconds for anything; `faults.told` types what it raises."""
    return _engine(
        url,
        application,
        options=session_options(statement=STATEMENT_SECONDS, lock=lock_seconds),
        pool_size=pool_size,
        max_overflow=pool_size // 2,
        pool_timeout=POOL_SECONDS,
    )


def create_maintenance_engine(url: str) -> AsyncEngine:
    """The engine of migrate, rebuild, verify and checkpoint: statements may be long, transactions still end."""
    options = session_options(statement=MAINTENANCE_STATEMENT_SECONDS, lock=LOCK_SECONDS)
    return _engine(url, "xiezhi-maintenance", options=options, pool_size=2, max_overflow=2)


def session_options(*, statement: float, lock: float) -> str:
    """The settings every connection starts with."""
    settings = {
        "statement_timeout": f"{statement * 1000:.0f}ms",
        "lock_timeout": f"{lock * 1000:.0f}ms",
        "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
        "timezone": "UTC",
        "client_encoding": "UTF8",
        "jit": "off",
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _engine(url: str, application: str, *, options: str, **pool: Any) -> AsyncEngine:
    engine = create_async_engine(
        make_url(url),
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": application,
            "options": options,
            "prepare_threshold": 3,
        },
        **pool,
    )
    event.listen(engine.sync_engine, "handle_error", empty)
    return engine
