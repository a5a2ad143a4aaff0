"""A document as .docx (A4), with the case in the header and the mark in the footer of every page."""

from __future__ import annotations

from io import BytesIO

from docx import Document as open_document
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from domain.reading.document import Document, Passage, Table
from infra.files.documents import printable

FONT = "宋体"
_WIDTH, _HEIGHT, _MARGIN = 210, 297, 20
_GREY = RGBColor(0x80, 0x80, 0x80)


def as_docx(document: Document) -> bytes:
    """The file."""
    made = open_document()
    _set_page(made)
    _set_fonts(made)
    section = made.sections[0]
    _small(section.header.paragraphs[0], document.header)
    _small(section.footer.paragraphs[0], document.mark.line)
    _number_pages(section.footer.paragraphs[0])
    made.core_properties.title = printable(document.header)
    made.core_properties.author = printable(document.mark.account)
    made.add_heading(printable(document.title), level=0)
    _small(made.add_paragraph(), document.mark.line)
    for part in document.parts:
        made.add_heading(printable(part.title), level=1)
        if isinstance(part, Table):
            _add_table(made, part)
        else:
            _add_passage(made, part)
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def _set_page(made: Docx) -> None:
    section = made.sections[0]
    section.page_width, section.page_height = Mm(_WIDTH), Mm(_HEIGHT)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(_MARGIN)


def _set_fonts(made: Docx) -> None:
    """Word takes Chinese characters from a font slot of their own."""
    for name, size in (("Normal", 10), ("Title", 18), ("Heading 1", 13)):
        style = made.styles[name]
        assert isinstance(style, ParagraphStyle)  # noqa: S101 — all three are
        style.font.name, style.font.size = FONT, Pt(size)
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FONT)


def _small(paragraph: Paragraph, text: str) -> None:
    run = paragraph.add_run(printable(text))
    run.font.size, run.font.color.rgb = Pt(8), _GREY
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _number_pages(paragraph: Paragraph) -> None:
    """`第 x 页 / 共 y 页`, counted by the program that opens the file."""
    for before, field in ((" 第 ", "PAGE"), (" 页 / 共 ", "NUMPAGES")):
        _small(paragraph, before)
        run = paragraph.add_run()
        run.font.size, run.font.color.rgb = Pt(8), _GREY
        for kind, text in (("begin", None), (None, field), ("end", None)):
            element = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                element.set(qn("w:fldCharType"), kind)
            else:
                element.text = text
            run._r.append(element)
    _small(paragraph, " 页")


def _add_table(made: Docx, part: Table) -> None:
    if not part.rows:
        made.add_paragraph("无")
        return
    table = made.add_table(rows=1 + len(part.rows), cols=len(part.columns), style="Table Grid")
    table.autofit = False
    unit = (_WIDTH - 2 * _MARGIN) / sum(part.widths)
    for row, texts in zip(table._tbl.tr_lst, (part.columns, *part.rows), strict=True):
        for cell, text, width in zip(row.tc_lst, texts, part.widths, strict=True):
            cell.width = Mm(unit * width)
            paragraph = Paragraph(cell.p_lst[0], made._body)
            paragraph.paragraph_format.space_after = Pt(0)
            run = paragraph.add_run(printable(text))
            run.font.size, run.font.bold = Pt(8), texts is part.columns
    repeated = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(repeated)


def _add_passage(made: Docx, part: Passage) -> None:
    for label, text in part.paragraphs:
        paragraph = made.add_paragraph()
        paragraph.add_run(f"{printable(label)}:").bold = True
        paragraph.add_run(printable(text))
    if not part.paragraphs:
        made.add_paragraph("无")
