"""Text files line by line, whatever is in them: in bounded memory, with undecodable bytes marked and not guessed.

Which encoding it is, is decided by reading: UTF-16 shows itself by its zero bytes, and of UTF-8 and GB18030 the one in
which nearly every line is valid. A line in the other one is then an undecodable row, not a reason to misread the rest.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

from infra.importing.errors import EncodingUnclear, FileBroken

Encoding = Literal["utf-8", "gb18030", "utf-16"]
"""What may be asked for by name. UTF-8 and UTF-16 with a byte order mark or without."""

LONGEST_LINE = 1 << 20
"""Characters of a line that are looked at; a longer one is a broken row."""
UNDECODABLE = "\udc00"
"""Stands for bytes that mean nothing in the file's encoding; a lone surrogate is never decoded from any."""

Readable = BufferedReader | gzip.GzipFile

_MARKING = "xiezhi-mark"
_TELLING_LINES = 2_000
"""Lines with more than ASCII that decide between UTF-8 and GB18030."""
_CLEAR_SHARE = 0.8
_SAMPLE = 1 << 16
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)

codecs.register_error(_MARKING, lambda error: (UNDECODABLE, getattr(error, "end", 0)))


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line with its ending, counted from 1. `cut`: it was longer than is looked at."""

    number: int
    text: str
    cut: bool = False


class TextFile:
    """A plain or gzipped text file."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        """Raises `EncodingUnclear` or `FileBroken`."""
        self.path = path
        self.encoding = encoding or detect(path)
        self.share_read = 0.0
        """How much of the file has been read, 0 to 1."""
        self._size = max(path.stat().st_size, 1)

    def lines(self) -> Iterator[Line]:
        """Every line. Raises `FileBroken` where the file cannot be read on."""
        with _open_content(self.path) as (plain, opened):
            text = io.TextIOWrapper(opened, self._codec(), errors=_MARKING, newline="")
            for number, line in enumerate(_bounded(text), 1):
                if number % 256 == 1:
                    self.share_read = plain.tell() / self._size
                yield Line(number, line, cut=len(line) > LONGEST_LINE)
        self.share_read = 1.0

    def _codec(self) -> str:
        return "utf-8-sig" if self.encoding == "utf-8" else self.encoding


def detect(path: Path) -> str:
    """The name of a text file's encoding. Raises `EncodingUnclear`."""
    with _open_content(path) as (_, opened):
        start = opened.read1(_SAMPLE)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8"
    if (wide := _wide(start)) is not None:
        return wide
    with _open_content(path) as (_, opened):
        return _recognise_encoding(islice(_not_ascii(opened), _TELLING_LINES))


def _wide(start: bytes) -> str | None:
    """UTF-16 without a mark: there, and only there, nearly every line end has its zero byte."""
    ends = start.count(b"\n")
    for name, end in (("utf-16-le", b"\n\0"), ("utf-16-be", b"\0\n")):
        if ends and start.count(end) >= _CLEAR_SHARE * ends:
            return name
    return None


def _not_ascii(opened: Readable) -> Iterator[bytes]:
    """Whole lines that hold more than ASCII; of a very long one the parts say nothing."""
    begins = True
    while line := _readable(opened):
        ends = line.endswith(b"\n") or len(line) < LONGEST_LINE
        if begins and ends and not line.isascii():
            yield line
        begins = ends


def _readable(opened: Readable) -> bytes:
    """The next line, or nothing where a damaged file ends: what can be read is enough to judge by."""
    try:
        return opened.readline(LONGEST_LINE)
    except _DAMAGE:
        return b""


def _recognise_encoding(lines: Iterator[bytes]) -> str:
    telling, utf8, gb18030 = 0, 0, 0
    for line in lines:
        telling += 1
        utf8 += _fits(line, "utf-8")
        gb18030 += _fits(line, "gb18030")
    if utf8 >= _CLEAR_SHARE * telling:
        return "utf-8"
    # almost any bytes happen to be some GB18030, so it needs UTF-8 to be rare as well
    if gb18030 >= _CLEAR_SHARE * telling and utf8 <= (1 - _CLEAR_SHARE) * telling:
        return "gb18030"
    raise EncodingUnclear(f"无法确定文件编码,请用 --encoding 指定({'、'.join(get_args(Encoding))})")


def _fits(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines, of which no more than a bounded part is ever held: what exceeds it is read and forgotten."""
    while line := text.readline(LONGEST_LINE + 1):
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(("\n", "\r")):
            rest = text.readline(LONGEST_LINE + 1)
        yield line


@contextmanager
def _open_content(path: Path) -> Iterator[tuple[BufferedReader, Readable]]:
    """The file itself, to see how far it was read, and its content."""
    with path.open("rb") as plain:
        try:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=plain) as unpacked:
                    yield plain, unpacked
            else:
                yield plain, plain
        except _DAMAGE:
            raise FileBroken("压缩文件不完整或已损坏,之前的行已处理;请换完整的文件后重新运行") from None
