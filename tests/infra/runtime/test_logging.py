"""Logs are an allow-list: what nobody named cannot come out."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.support.logs import captured

SECRET = "陈建国13800001111"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What was logged while the product's configuration stood."""
    with captured("INFO") as stream:
        yield stream


def lines(logged: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logged.getvalue().splitlines()]


def test_given_a_field_nobody_allowed_then_it_is_left_out(logged: io.StringIO) -> None:
    structlog.get_logger("api").info("request", route="/clues", status=200, body=SECRET, account=SECRET)
    (line,) = lines(logged)
    assert line | {"timestamp": ""} == {
        "event": "request", "route": "/clues", "status": 200, "level": "info", "logger": "api", "timestamp": "",
    }  # fmt: skip


def test_given_an_exception_with_a_text_then_only_its_types_and_places_are_told(logged: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError(f"bad row {SECRET}") from KeyError(SECRET)

    try:
        fail()
    except ValueError:
        structlog.get_logger("api").exception("unforeseen")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n %s", SECRET)
    assert SECRET not in logged.getvalue()
    ours, foreign = lines(logged)
    assert ours["exception"] == foreign["exception"] == ["builtins.ValueError", "builtins.KeyError"]
    assert "test_logging.py" in ours["frames"][0]
    assert foreign["event"] == "Exception in ASGI application"


def test_given_a_library_that_formats_values_then_its_text_is_withheld(logged: io.StringIO) -> None:
    logging.getLogger("some.library").warning(f"could not store {SECRET}")
    logging.getLogger("temporalio.worker").warning("Completing activity as failed: %s", SECRET)
    assert SECRET not in logged.getvalue()
    assert [line["event"] for line in lines(logged)] == ["(text withheld)", "Completing activity as failed: %s"]


def test_given_a_level_then_what_lies_below_is_not_written(logged: io.StringIO) -> None:
    structlog.get_logger("api").debug("request")
    logging.getLogger("uvicorn.access").info("%s - GET %s", "1.2.3.4", f"/?q={SECRET}")
    assert logged.getvalue() == ""
