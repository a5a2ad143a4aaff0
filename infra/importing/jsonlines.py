"""JSON lines: one object a line, in UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.importing.rows import Row, column_name
from infra.importing.text import UNDECODABLE, Line, TextFile


class JsonLinesFile:
    """A JSONL file. `by_column`: its keys are a foreign ledger's column names."""

    def __init__(self, path: Path, *, by_column: bool = False) -> None:
        self._text = TextFile(path, "utf-8")
        self._by_column = by_column

    @property
    def described(self) -> dict[str, Any]:
        """How the file is read."""
        return {"encoding": self._text.encoding}

    @property
    def share_read(self) -> float:
        """How much has been read."""
        return self._text.share_read

    def rows(self) -> Iterator[Row]:
        """Every line that is not blank."""
        filled = (line for line in self._text.lines() if line.text.strip())
        for number, line in enumerate(filled, 1):
            cells, problem = _parsed(line)
            if cells is not None and self._by_column:
                cells = {column_name(key): value for key, value in cells.items()}
            yield Row(number, line.number, line.text.strip(), cells, problem)


def _parsed(line: Line) -> tuple[dict[str, Any] | None, str]:
    if line.cut:
        return None, "line_too_long"
    if UNDECODABLE in line.text:
        return None, "undecodable"
    try:
        given = json.loads(line.text)
    except (ValueError, RecursionError):
        return None, "json_invalid"
    return (given, "") if isinstance(given, dict) else (None, "not_an_object")
