"""Structured logs: one JSON object a line on stderr, made of allowed fields only.

Personal data reaches logs through messages others format, through exception texts and the values in their tracebacks.
So our own events carry named fields from `FIELDS`; a foreign record is reduced to its unformatted first line, and that
only from loggers known to use constant templates; an exception is its type and where it was raised.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import structlog

FIELDS = frozenset(
    {
        "event", "level", "logger", "timestamp", "exception", "frames", "trace", "method", "route", "status",
        "milliseconds", "stream", "version", "first", "last", "kind", "code", "effect", "count", "seconds", "component",
        "queue", "revision", "attempt", "address", "port", "pid", "line", "registered", "already", "rejected",
        "database",
    }
)  # fmt: skip
"""What a line may hold. A new field is added here after asking whether it can ever hold a person's data."""

TEMPLATES_OF = ("uvicorn", "temporalio", "sqlalchemy", "alembic", "asyncio", "opentelemetry")
"""Loggers whose message is a constant template; of others only the name is kept."""

MAX_FRAMES = 12
_Event = MutableMapping[str, Any]


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send everything this process logs through the allow-list. May be called again."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Foreign())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[_stamp, _failure, _allowed, _line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_Named(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


class _Named:
    """Makes loggers that write lines to one stream; the name given to `get_logger` becomes a field."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, *names: str) -> Writer:
        return Writer(self._stream, names[0] if names else "xiezhi")


class Writer:
    """The end of a logger: writes a finished line, and never lets a full disk or closed pipe stop the work."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self.name = name

    def msg(self, line: str) -> None:
        """Write one line."""
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = error = critical = exception = log = msg


def _stamp(logger: Any, method: str, event: _Event) -> _Event:
    event["timestamp"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    event["level"] = "error" if method == "exception" else method
    event["logger"] = getattr(logger, "name", "xiezhi")
    return event


def _failure(_logger: Any, _method: str, event: _Event) -> _Event:
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()[1]
    if isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event.update(failure_of(given))
    return event


def _allowed(_logger: Any, _method: str, event: _Event) -> _Event:
    return {name: value for name, value in event.items() if name in FIELDS and value is not None}


def _line(_logger: Any, _method: str, event: _Event) -> str:
    return _dump(event)


def failure_of(error: BaseException) -> dict[str, Any]:
    """An exception without its text: the chain of types, and where the first of them was raised."""
    types: list[str] = []
    current: BaseException | None = error
    while current is not None and len(types) < MAX_FRAMES:
        types.append(f"{type(current).__module__}.{type(current).__qualname__}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return {"exception": types, "frames": _frames(error.__traceback__)}


def _frames(trace: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename.rsplit('/site-packages/', 1)[-1].rsplit('/', 3)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)[-MAX_FRAMES:]
    ]


def _dump(event: Mapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, default=lambda value: type(value).__name__)


class _Foreign(logging.Formatter):
    """Records of libraries, reduced to what cannot hold a value."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _template(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            event |= failure_of(record.exc_info[1])
        return _dump(event)


def _template(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] not in TEMPLATES_OF:
        return "(text withheld)"
    first = str(record.msg).partition("\n")[0]
    return first[:160]
