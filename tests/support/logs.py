"""What this process logs while a test looks on."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from infra.runtime.logging import configure_logging


def log_plainly() -> None:
    """Print failures as Python does. structlog would draw every frame with its variables, a third of a second each."""
    shown = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], shown])


@contextmanager
def captured(level: str) -> Iterator[io.StringIO]:
    """Everything logged from this level on, under the product's own configuration; afterwards all is as it was."""
    root, stream, ours = logging.getLogger(), io.StringIO(), structlog.get_config()
    before, was = root.handlers[:], root.level
    configure_logging(level, stream)
    try:
        yield stream
    finally:
        root.handlers[:] = before
        root.setLevel(was)
        structlog.configure(**ours)
