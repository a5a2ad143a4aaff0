"""Failures of activities as codes. Temporal keeps failure texts readable for weeks, so none may quote data.

    ApplicationError        type = code, message = a fixed sentence
    ├── <XiezhiError.code>  the record said why (`conflict`, `unknown_event`, …)
    ├── exchange_away       a folder or file of the outside could not be written
    ├── record_away         the database could not be reached or refused
    └── unexpected          anything else, with the name of the exception's class

All may be tried again: the process outlasts an outage, and effects end with a recorded dead letter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from temporalio.exceptions import ActivityError, ApplicationError

from domain.errors import XiezhiError

EXCHANGE_AWAY = "exchange_away"
RECORD_AWAY = "record_away"
TIMED_OUT = "timed_out"
UNEXPECTED = "unexpected"

Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])


class RecordAway(XiezhiError):
    """The record cannot be reached now. Adapters raise it instead of a driver's error, whose text may quote rows."""

    code = RECORD_AWAY


def coded(method: Method) -> Method:
    """Let a method fail only with a code. The original is not chained: its text may hold what it stumbled over."""

    @wraps(method)
    async def guarded(*args: Any) -> Any:
        try:
            return await method(*args)
        except ApplicationError:
            raise
        except XiezhiError as error:
            raise ApplicationError("记录未能处理该请求", type=error.code) from None
        except OSError as error:
            raise ApplicationError(f"外部目录不可用 (errno {error.errno})", type=EXCHANGE_AWAY) from None
        except Exception as error:
            code = RECORD_AWAY if _of_the_database(error) else UNEXPECTED
            raise ApplicationError(type(error).__name__, type=code) from None

    return guarded  # type: ignore[return-value]


def code_of(failure: ActivityError) -> str:
    """The code behind a failed activity, as the process sees it."""
    cause = failure.cause
    if isinstance(cause, ApplicationError) and cause.type:
        return cause.type
    earlier = getattr(cause, "cause", None)  # a timeout keeps what the last attempt failed with
    return earlier.type if isinstance(earlier, ApplicationError) and earlier.type else TIMED_OUT


def _of_the_database(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in ("sqlalchemy", "psycopg", "psycopg_pool")
