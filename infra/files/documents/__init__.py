"""Documents in the formats people open: made in a thread of their own, so that nobody else waits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Literal

from domain.reading.document import Document, Mark
from domain.report.tables import Sheets

Format = Literal["docx", "pdf"]

_UNPRINTABLE = re.compile(r"[^\t\n\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def printable(text: str) -> str:
    """The text with one kind of line break, without characters that no document format can hold."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


class Documents:
    """`api.cases.document.Documents`: prints documents. At most two at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(2)

    async def printed(self, document: Document, form: Format) -> bytes:
        """The document in a format. Raises `DocumentTooLarge`."""
        document.check()
        async with self._turn:
            return await asyncio.to_thread(_printer(form), document)

    async def tabulated(self, sheets: Sheets, mark: Mark) -> bytes:
        """Tables with numbers as a workbook."""
        from infra.files.documents.workbook import as_workbook

        async with self._turn:
            return await asyncio.to_thread(as_workbook, sheets, mark)


def _printer(form: Format) -> Callable[[Document], bytes]:
    """Printing libraries are large, so they are imported when first asked for."""
    from infra.files.documents.docx import as_docx
    from infra.files.documents.pdf import as_pdf

    printers: Mapping[Format, Callable[[Document], bytes]] = {"docx": as_docx, "pdf": as_pdf}
    return printers[form]
