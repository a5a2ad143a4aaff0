"""A document as its parts, for whatever format it is printed in. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.errors import XiezhiError
from domain.export.events import Purpose
from domain.value import local
from domain.words import words_in

MAX_CHARACTERS = 300_000
MAX_ROWS = 3_000
"""Takes a few seconds to print, which is as long as anybody waits for."""


class DocumentTooLarge(XiezhiError):
    """More than anybody would print."""

    code = "document_too_large"


@dataclass(frozen=True)
class Mark:
    """Who took it out, when and what for: stands on every page."""

    account: str
    at: datetime
    purpose: str | None
    """A code of `domain.export.events.Purpose`."""
    training: bool = False
    """Made-up accounts and cases: nothing of it is evidence."""

    @property
    def line(self) -> str:
        """The watermark, with its time in Beijing."""
        purpose = f",用途:{words_in(Purpose).get(self.purpose, self.purpose)}" if self.purpose else ""
        training = "(演练环境,内容均为虚构)" if self.training else ""
        return f"由 {self.account} 于 {local(self.at)} 导出{training}{purpose}"


@dataclass(frozen=True)
class Table:
    """Rows under columns; `widths` are shares of the page."""

    title: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Passage:
    """Paragraphs under a heading, each with a label in front."""

    title: str
    paragraphs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Document:
    """What is printed. `header` stands at the top of each page, the mark at its foot."""

    title: str
    header: str
    mark: Mark
    parts: tuple[Table | Passage, ...]

    def check(self) -> None:
        """Raises `DocumentTooLarge` for more than can be made while somebody waits."""
        rows = sum(len(part.rows) for part in self.parts if isinstance(part, Table))
        if rows > MAX_ROWS or sum(map(len, self._texts())) > MAX_CHARACTERS:
            raise DocumentTooLarge("案件内容过多,不能导出为文档,请改用 JSON 格式")

    def _texts(self) -> Iterator[str]:
        for part in self.parts:
            lines = part.rows if isinstance(part, Table) else part.paragraphs
            for line in lines:
                yield from line
