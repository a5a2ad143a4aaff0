"""Which reader a file needs, and what its rows become: the one place that knows every format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import Malformed
from infra.importing.delimited import DelimitedFile
from infra.importing.errors import UnknownFormat
from infra.importing.jsonlines import JsonLinesFile
from infra.importing.mapping import ColumnMapping, FileRule, plain_mapping
from infra.importing.rows import Row, Source, Wanted
from infra.importing.workbook import WorkbookFile

JSON_LINES = (".jsonl", ".ndjson")
DELIMITED = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xlsm")


@dataclass(frozen=True)
class Ledger:
    """A file to import and what says how to read it. `defaults` fill fields that a row leaves out."""

    path: Path
    mapping: ColumnMapping | None = None
    defaults: Mapping[str, str] | None = None
    encoding: str | None = None
    sheet: str | None = None

    @property
    def reading(self) -> dict[str, str | None]:
        """What decides how rows are numbered and read: an import goes on only under the same."""
        mapping = self.mapping.digest if self.mapping else None
        return {"mapping": mapping, "encoding": self.encoding, "sheet": self.sheet}

    def opened(self) -> tuple[Source, Callable[[Row], dict[str, Any]]]:
        """The rows, and how a row becomes the body of a registration (raising `Malformed`).

        Raises what `open_source` does.
        """
        mapping = self.mapping if self.mapping or _kind(self.path) in JSON_LINES else plain_mapping()
        wanted = mapping.wanted if mapping else ()
        file = mapping.file if mapping else FileRule()
        source = open_source(self.path, wanted, self.encoding or file.encoding, self.sheet or file.sheet)
        return source, self._body_by(mapping)

    def _body_by(self, mapping: ColumnMapping | None) -> Callable[[Row], dict[str, Any]]:
        defaults = dict(self.defaults or {})

        def body(row: Row) -> dict[str, Any]:
            if row.cells is None:
                raise Malformed([{"at": "row", "problem": row.problem}])
            return _identified({**defaults, **(mapping.body(row.cells) if mapping else row.cells)})

        return body


def open_source(path: Path, wanted: Sequence[Wanted], encoding: str | None, sheet: str | None) -> Source:
    """The reader for a file; without wanted columns the keys of JSON lines stay as they are.

    Raises `UnknownFormat`, `HeaderMissing`, `SheetUnclear`, `EncodingUnclear` or `FileBroken`.
    """
    kind = _kind(path)
    if kind in JSON_LINES:
        return JsonLinesFile(path, by_column=bool(wanted))
    if kind in DELIMITED:
        return DelimitedFile(path, wanted, encoding)
    if kind in WORKBOOKS and path.suffix.lower() == kind:
        return WorkbookFile(path, wanted, sheet)
    known = "、".join((*JSON_LINES, *DELIMITED, *WORKBOOKS))
    raise UnknownFormat(f"不认识的文件类型“{path.suffix}”,可导入: {known}(除 XLSX 外可再压缩为 .gz)")


def _kind(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _identified(body: dict[str, Any]) -> dict[str, Any]:
    """A body that names its source ticket: without, a repeat could not be recognised."""
    missing = [name for name in ("channel", "external_id") if not isinstance(body.get(name), str) or not body[name]]
    if missing:
        raise Malformed([{"at": name, "problem": "missing"} for name in missing])
    return body
