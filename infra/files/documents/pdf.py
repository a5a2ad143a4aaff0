"""A document as PDF (A4), with the case at the top and mark and page number at the foot of every page.

The font is one of those every reader of PDF has for Chinese (Adobe-GB1), so none needs to be shipped or embedded.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import grey, lightgrey, whitesmoke
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, TableStyle

from domain.reading.document import Document, Passage, Table
from infra.files.documents import printable

FONT = "STSong-Light"
_MARGIN = 20 * mm
_GRID = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.4, lightgrey),
        ("BACKGROUND", (0, 0), (-1, 0), whitesmoke),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
)


def as_pdf(document: Document) -> bytes:
    """The file."""
    registerFont(UnicodeCIDFont(FONT))
    file = BytesIO()
    made = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=printable(document.header),
        author=printable(document.mark.account),
    )
    made.build(list(_flow(document)), canvasmaker=_pages_of(document))
    return file.getvalue()


def _flow(document: Document) -> Iterator[Flowable]:
    yield _paragraph(document.title, _style(18, before=0))
    for part in document.parts:
        yield _paragraph(part.title, _style(13, before=10))
        if isinstance(part, Table):
            yield _table(part) if part.rows else _paragraph("无", _style(9))
        else:
            yield from _passage(part)


def _table(part: Table) -> Flowable:
    unit = (A4[0] - 2 * _MARGIN) / sum(part.widths)
    cells = [[_paragraph(text, _style(8)) for text in row] for row in (part.columns, *part.rows)]
    return LongTable(cells, colWidths=[unit * width for width in part.widths], repeatRows=1, style=_GRID, splitInRow=1)


def _passage(part: Passage) -> Iterator[Flowable]:
    for label, text in part.paragraphs:
        yield _paragraph(f"{label}:{text}", _style(9, before=3))
    if not part.paragraphs:
        yield _paragraph("无", _style(9))


def _style(size: int, *, before: int = 0) -> ParagraphStyle:
    return ParagraphStyle(
        f"{size}-{before}", fontName=FONT, fontSize=size, leading=size * 1.4, spaceBefore=before, wordWrap="CJK"
    )


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(printable(text)).replace("\n", "<br/>"), style)


def _pages_of(document: Document) -> type[Canvas]:
    """A canvas that knows how many pages there are before it writes the foot of the first."""

    class Pages(Canvas):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self._drawn: list[dict[str, object]] = []

        def showPage(self) -> None:
            self._drawn.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]  # as `showPage` does, without writing the page yet

        def save(self) -> None:
            for number, page in enumerate(self._drawn, 1):
                self.__dict__.update(page)
                _frame(self, document, f"第 {number} 页 / 共 {len(self._drawn)} 页")
                Canvas.showPage(self)
            Canvas.save(self)

    return Pages


def _frame(canvas: Canvas, document: Document, place: str) -> None:
    """Head, foot, and the mark across the page."""
    width, height = A4
    canvas.saveState()
    canvas.setFillColor(grey)
    canvas.setFont(FONT, 8)
    canvas.drawString(_MARGIN, height - 12 * mm, printable(document.header))
    canvas.drawRightString(width - _MARGIN, height - 12 * mm, place)
    canvas.drawCentredString(width / 2, 10 * mm, printable(document.mark.line))
    canvas.setFillAlpha(0.12)
    canvas.setFont(FONT, 26)
    canvas.translate(width / 2, height / 2)
    canvas.rotate(40)
    canvas.drawCentredString(0, 0, printable(f"{document.mark.account} 导出"))
    canvas.restoreState()
