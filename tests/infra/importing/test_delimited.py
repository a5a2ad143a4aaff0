"""CSV as found in the wild. Whatever stands between good rows, each of them is read once and has its right line."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra.importing.delimited import DelimitedFile
from infra.importing.errors import EncodingUnclear, FileBroken, HeaderMissing
from infra.importing.rows import Wanted
from infra.importing.text import LONGEST_LINE

COLUMNS = ("工单编号", "受理时间", "标题", "内容")
WANTED = tuple(Wanted((name,)) for name in COLUMNS)
GOOD = ("T-1", "2026-11-21 09:05", "占道经营", '他说"不走",\n第二天又来,\r\n还在')


def quoted(rows: Sequence[Sequence[str]], separator: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()


def opened(path: Path, content: bytes, encoding: str | None = None) -> DelimitedFile:
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return DelimitedFile(path, WANTED, encoding)


def good(file: DelimitedFile) -> list[tuple[str, ...]]:
    return [tuple(row.cells.values()) for row in file.rows() if row.cells is not None]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_given_any_usual_encoding_and_separator_then_the_rows_are_the_same(
    tmp_path: Path, codec: str, separator: str, name: str
) -> None:
    rows = [(f"T-{number}", *GOOD[1:]) for number in range(50)]
    file = opened(tmp_path / name, quoted([COLUMNS, *rows], separator).encode(codec))
    assert good(file) == rows


def test_given_text_that_is_neither_then_it_asks_for_the_encoding_and_takes_the_one_given(tmp_path: Path) -> None:
    rows = [quoted([(f"T-{number}", *GOOD[1:])]) for number in range(100)]
    mixed = "".join([quoted([COLUMNS]), *rows]).encode("utf-8") + "".join(rows).encode("gb18030")
    with pytest.raises(EncodingUnclear):
        opened(tmp_path / "rows.csv", mixed)
    file = opened(tmp_path / "rows.csv", mixed, "utf-8")
    assert len(good(file)) == 100
    assert {row.problem for row in file.rows() if row.cells is None} >= {"undecodable"}


def test_given_a_title_above_and_blanks_below_then_only_the_rows_are_rows(tmp_path: Path) -> None:
    text = "2026年11月工单明细表,,,,\n\n" + ",".join(COLUMNS) + ",,\nT-1,a,b,c,,\n\n,,,,,\nT-2,a,b,c,,\n,,,\n"
    rows = list(opened(tmp_path / "rows.csv", text.encode()).rows())
    assert [(row.number, row.line, row.cells and row.cells["工单编号"]) for row in rows] == [
        (1, 4, "T-1"),
        (2, 7, "T-2"),
    ]


def test_given_line_ends_within_quotes_then_every_row_still_has_its_line(tmp_path: Path) -> None:
    text = quoted([COLUMNS, GOOD, GOOD]) + "broken\n" + quoted([GOOD])
    rows = list(opened(tmp_path / "rows.csv", text.encode()).rows())
    assert [(row.number, row.line, row.problem) for row in rows] == [
        (1, 2, ""),
        (2, 5, ""),
        (3, 8, "wrong_number_of_cells"),
        (4, 9, ""),
    ]


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ("T-9,a,b", "wrong_number_of_cells"),
        ("T-9,a,b,c,d", "wrong_number_of_cells"),
        ('T-9,a,b,"c', "broken_quotes"),
        ('T-9,a,b,"c" d', "broken_quotes"),
        ("T-9,a,b\x00,c", "nul_character"),
        ("T-9,a,b," + "长" * (LONGEST_LINE + 5), "line_too_long"),
    ],
)
def test_given_a_broken_row_then_it_is_named_and_its_neighbours_are_read(
    tmp_path: Path, broken: str, problem: str
) -> None:
    text = ",".join(COLUMNS) + f"\nT-1,a,b,c\n{broken}\nT-2,a,b,c\nT-3,a,b,c\n"
    rows = list(opened(tmp_path / "rows.csv", text.encode()).rows())
    assert [row.problem for row in rows] == ["", problem, "", ""]
    assert [row.line for row in rows] == [2, 3, 4, 5]


def test_given_bytes_of_another_encoding_in_one_row_then_only_that_row_is_undecodable(tmp_path: Path) -> None:
    rows = [quoted([(f"T-{number}", *GOOD[1:3], "每天傍晚")]).encode() for number in range(9)]
    rows.insert(4, "T-9,a,b,每天傍晚摆摊\n".encode("gb18030"))
    found = list(opened(tmp_path / "rows.csv", b"".join([quoted([COLUMNS]).encode(), *rows])).rows())
    assert [row.problem for row in found] == [""] * 4 + ["undecodable"] + [""] * 5


def test_given_columns_that_are_not_there_then_it_says_which_and_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(HeaderMissing, match="缺少列: 受理时间、内容。文件中有: 工单编号、标题"):
        opened(tmp_path / "rows.csv", "工单编号,标题\nT-1,占道\n".encode())
    with pytest.raises(HeaderMissing, match=r"重复.*标题"):
        opened(tmp_path / "rows.csv", (",".join(COLUMNS) + ",标题\n").encode())
    with pytest.raises(HeaderMissing) as missing:
        opened(tmp_path / "rows.csv", "陈先生,13800001111\n李女士,13900002222\n".encode())
    assert "13800001111" not in str(missing.value)  # without a header the first row is somebody's data


def test_given_a_file_that_was_cut_off_then_what_came_before_is_read_and_the_end_is_told(tmp_path: Path) -> None:
    rows = quoted([COLUMNS, *((f"T-{number}", *GOOD[1:]) for number in range(3000))])
    file = opened(tmp_path / "rows.csv.gz", rows.encode())
    whole = file._text.path.read_bytes()
    file._text.path.write_bytes(whole[: len(whole) // 2])
    read: list[int] = []
    with pytest.raises(FileBroken):
        read.extend(row.number for row in file.rows())
    assert read
    assert read == list(range(1, len(read) + 1))


def sense(text: str) -> str:
    """A text without what a blank row consists of."""
    return "".join(text.split()).replace(",", "").replace('""', "")


garbage = st.one_of(
    st.binary(max_size=60),
    st.text(alphabet="\",;\n\r\x00\t a1\\'", max_size=40).map(str.encode),
    st.sampled_from([b'"', b'"""', b',,,"', b'a,b,c,"d', b'x,y,"z" q,w', b"\xff\xfe", b"\x81", b"\x81\x30", b"1,2,3"]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(garbage, max_size=12), st.sampled_from(["utf-8", "gb18030"]), st.data())
@example([b'"', b'"'], "utf-8", None)
def test_given_any_bytes_between_good_rows_then_every_good_row_is_read_once_and_nothing_is_unaccounted(
    tmp_path: Path, junk: list[bytes], codec: str, data: st.DataObject | None
) -> None:
    rows = [(f"T-{number}", *GOOD[1:]) for number in range(6)]
    blocks = [quoted([row]).encode(codec) for row in rows]
    for each in junk:
        blocks.insert(data.draw(st.integers(0, len(blocks))) if data else 1, each + b"\n")
    content = b"".join([quoted([COLUMNS]).encode(codec), *blocks])
    file = opened(tmp_path / "rows.csv", content, codec)
    read = list(file.rows())
    assert [row for row in good(file) if row in rows] == rows
    assert [row.number for row in read] == list(range(1, len(read) + 1))
    assert all(row.problem for row in read if row.cells is None)
    told = "".join(row.raw for row in read)
    assert sense(told) == sense(io.TextIOWrapper(io.BytesIO(b"".join(blocks)), codec, errors="xiezhi-mark").read())
