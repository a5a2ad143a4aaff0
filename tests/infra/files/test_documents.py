"""What people open: the pages say what the parts say, on every page by whom they were taken out."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document as open_docx
from openpyxl import load_workbook
from pypdf import PdfReader

from domain.reading.document import MAX_CHARACTERS, MAX_ROWS, Document, DocumentTooLarge, Mark, Passage, Table
from infra.files.documents import Documents
from infra.files.documents.sheets import CsvSheet, XlsxSheet

MARK = Mark("supervisor.370102", datetime(2026, 11, 23, 2, 0, tzinfo=UTC), "reconsideration")
LINE = "由 supervisor.370102 于 2026-11-23 10:00:00 导出,用途:行政复议"
ODD = "标签 <b>&amp; 控制\x01 表情😀 生僻字𠮷"
DISPATCHED = "分办给 历下区市场监督管理局"
SHOWN = "标签 <b>&amp; 控制� 表情😀 生僻字𠮷"


def document(rows: int = 120) -> Document:
    """Tables that run over several pages, long texts, and an empty part."""
    moments = tuple(
        (str(number), "2026-11-23 10:00:00", f"第{number}项 分办给 历下区市场监督管理局") for number in range(rows)
    )
    return Document(
        title="问题线索案件材料",
        header="案件 370102-12345-2026-000001",
        mark=MARK,
        parts=(
            Table("基本情况", ("项目", "内容"), (1, 3), (("环节", "已归档"), ("说明", ODD))),
            Passage("文本", (("登记 · 内容", "油烟直排。\n" * 400),)),
            Table("办理经过", ("序号", "时间", "事项"), (1, 3, 6), moments),
            Table("证据", ("文件名",), (1,), ()),
        ),
    )


async def test_given_a_document_then_the_pdf_says_it_all_with_mark_and_number_on_every_page() -> None:
    pages = [page.extract_text() for page in PdfReader(BytesIO(await Documents().printed(document(), "pdf"))).pages]
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert "案件 370102-12345-2026-000001" in page
        assert LINE in page
        assert f"第 {number} 页 / 共 {len(pages)} 页" in page
    whole = "".join(pages)
    assert SHOWN in whole
    assert all(f"第{number}项 {DISPATCHED}" in whole for number in range(120))
    assert whole.count("油烟直排") == 400
    first = PdfReader(BytesIO(await Documents().printed(document(), "pdf"))).pages[0]
    assert (round(first.mediabox.width), round(first.mediabox.height)) == (595, 842)


async def test_given_a_document_then_the_docx_says_it_all_with_case_and_mark_on_every_page() -> None:
    opened = open_docx(BytesIO(await Documents().printed(document(), "docx")))
    (section,) = opened.sections
    assert section.header.paragraphs[0].text == "案件 370102-12345-2026-000001"
    assert section.footer.paragraphs[0].text.startswith(LINE)
    fields = section.footer._element.xpath(".//w:instrText")
    assert [field.text for field in fields] == ["PAGE", "NUMPAGES"]
    facts, moments = opened.tables
    assert [cell.text for cell in facts.rows[2].cells] == ["说明", SHOWN]
    assert [row.cells[0].text for row in moments.rows] == ["序号", *map(str, range(120))]
    assert round(section.page_width.mm) == 210  # type: ignore[union-attr]
    texts = [paragraph.text for paragraph in opened.paragraphs]
    assert texts[-1] == "无"
    assert any(text.count("油烟直排") == 400 for text in texts)


async def test_given_more_than_anybody_prints_then_it_is_refused_before_it_is_made() -> None:
    for large in (document(MAX_ROWS), Document("", "", MARK, (Passage("", (("", "字" * (MAX_CHARACTERS + 1)),)),))):
        with pytest.raises(DocumentTooLarge):
            await Documents().printed(large, "pdf")


FORMULAS = ("=1+1", "+86", "-2", "@SUM(A1)", "\t=1", "\r=1", "正文=1")


def test_given_cells_that_look_like_formulas_then_a_spreadsheet_takes_them_for_text(tmp_path: Path) -> None:
    for kind, path in ((XlsxSheet, tmp_path / "list.xlsx"), (CsvSheet, tmp_path / "list.csv")):
        sheet = kind(path, LINE, ("一", "二"))
        sheet.add([(cell, "13800001111") for cell in FORMULAS])
        sheet.add([("x" * 40_000, "https://example.test")])
        sheet.close()
    page = load_workbook(tmp_path / "list.xlsx")["导出"]
    cells = list(page.iter_rows())
    assert cells[0][0].value == LINE
    assert [cell.value for cell in cells[1]] == ["一", "二"]
    assert all(cell.data_type in ("s", "inlineStr", "n") and cell.hyperlink is None for row in cells for cell in row)
    assert [row[0].value for row in cells[2:9]] == [*FORMULAS[:5], "\n=1", FORMULAS[6]]
    assert all(row[0].data_type == "s" and row[1].value == "13800001111" for row in cells[2:9])
    header = page.oddHeader
    assert header is not None
    assert header.center is not None
    assert header.center.text == LINE

    raw = (tmp_path / "list.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(raw.decode("utf-8-sig").splitlines(keepends=True)))
    assert read[:2] == [[LINE], ["一", "二"]]
    assert [row[0] for row in read[2:9]] == [*(f"'{cell}" for cell in FORMULAS[:5]), "'\n=1", "正文=1"]
