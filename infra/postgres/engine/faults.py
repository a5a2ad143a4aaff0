"""What goes wrong in the database, told without row contents.

A driver's error text quotes parameters, key values and whole rows (DETAIL, CONTEXT), which here are personal data. So
every error is emptied where the engine first sees it, before tracing does, and crosses into the service only as one of

    Conflict          another writer was first, or a deadlock was broken: decide anew
    StoreUnavailable  no database, no connection, no lock or no answer in time: try again later
    StoreFault        anything else: a bug, named by its SQLSTATE and constraint

raised after the `except` block has ended, so that no context carries the original along.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import psycopg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import Conflict, XiezhiError

T = TypeVar("T")

_RACES = {"events_pkey", "streams_pkey"}
"""Constraints two writers of one stream meet at."""
_BROKEN_OFF = {"40001", "40P01"}
_AWAY = ("08", "53", "57")
"""SQLSTATE classes: connection, resources, operator intervention (shutdown, cancel, timeout)."""
_LOCK_TIMEOUT = "55P03"
_IDLE_TIMEOUTS = {"25P03", "25P04"}


class StoreUnavailable(XiezhiError):
    """The database is away or does not answer in time. Whether it recorded is unknown: repeat with the same key."""

    code = "store_unavailable"

    def __init__(self) -> None:
        super().__init__("数据库暂时不可用,请稍后重试")


class StoreFault(XiezhiError):
    """The database refused a statement. Carries the SQLSTATE and the constraint, never a value."""

    code = "store_fault"

    def __init__(self, sqlstate: str | None, constraint: str | None = None) -> None:
        at = f", constraint {constraint}" if constraint else ""
        super().__init__(f"the database refused a statement (SQLSTATE {sqlstate or 'none'}{at})")
        self.sqlstate, self.constraint = sqlstate, constraint


async def told(work: Awaitable[T]) -> T:
    """Await database work; its errors come out typed and without contents."""
    try:
        return await work
    except (DBAPIError, PoolTimeout, psycopg.Error, OSError) as error:
        fault = fault_of(error)
    raise fault


def fault_of(error: BaseException) -> XiezhiError:
    """The typed error for a driver's error."""
    if isinstance(error, PoolTimeout | OSError):
        return StoreUnavailable()
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg.Error):
        return StoreUnavailable() if invalidated else StoreFault(None)
    state, constraint = cause.sqlstate, cause.diag.constraint_name
    if constraint in _RACES or state in _BROKEN_OFF:
        return Conflict("其他人正在同时办理该案件,请稍后重试")
    without_state = state is None and isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    if invalidated or without_state or state == _LOCK_TIMEOUT or state in _IDLE_TIMEOUTS:
        return StoreUnavailable()
    if state is not None and state.startswith(_AWAY):
        return StoreUnavailable()
    return StoreFault(state, constraint)


def empty(context: ExceptionContext) -> None:
    """Engine listener: replace the text of a server's error by its SQLSTATE. An error without one is the driver's own
    (an address, a refused connection), holds no row, and is kept for the operator."""
    original = context.original_exception
    if isinstance(original, psycopg.Error) and original.sqlstate is not None:
        at = original.diag.constraint_name
        said = f"SQLSTATE {original.sqlstate}" + (f", constraint {at}" if at else "")
        original.args = (said,)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = (said,)
