"""What this process logs while a test looks on."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from infra.runtime.logging import configure_logging


@contextmanager
def captured(level: str) -> Iterator[io.StringIO]:
    """Everything logged from this level on, under the product's own configuration; afterwards all is as it was."""
    root, stream = logging.getLogger(), io.StringIO()
    before, was = root.handlers[:], root.level
    configure_logging(level, stream)
    try:
        yield stream
    finally:
        root.handlers[:] = before
        root.setLevel(was)
        structlog.reset_defaults()
