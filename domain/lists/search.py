"""What searching a text means: every term of the query stands in it, letter for letter, after both were folded.

Folding makes full-width and half-width forms and cases of letters alike; traditional characters stay as they are.
Punctuation and blanks end a word: no term reaches across them. The index holds grams: single characters and pairs,
so that a term of one or two characters is found as fast as a long one. They only propose, the folded text decides.
Beside them stand the periods of registration, so that the newest texts with a gram are found without the older ones.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

from domain.errors import XiezhiError
from domain.lists.reporters import is_identifier
from domain.people.visibility import Scope
from domain.value import Value

MAX_QUERY = 100
"""Longest query, in characters."""
MAX_TERMS = 8
UNSEARCHED_FIELDS = frozenset({"reporter"})
"""Texts that are found by the keyed blind index only, with a purpose on record."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{1,63}")
_PROBES = 8
"""How many grams of a term are asked for: enough to make a long one rare, and no more to look up."""

PERIODS = tuple(timedelta(days=days) for days in (10, 40, 160, 640))
"""Lengths of the periods a text belongs to, one of each length."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Unsearchable(XiezhiError):
    """A query with nothing to search for, or too much of it."""

    code = "unsearchable"


class UseLookup(XiezhiError):
    """A whole phone or identity number: it belongs into a recorded lookup, not into an address that is logged."""

    code = "use_lookup"


class Query(Value):
    """What is looked for. Every term must stand in some readable text of the case, or the case has the code.

    `code` is the query as the beginning of a case number or ticket, or as a credit code; None when it cannot be one.
    """

    terms: tuple[str, ...]
    code: str | None


@dataclass(frozen=True)
class Search:
    """A query and the cases whose texts may be looked into for it."""

    query: Query
    readable: Scope


class _Folding(dict[int, str]):
    """Folded forms by code point, worked out once each; what is no letter, mark or number becomes a blank."""

    def __missing__(self, point: int) -> str:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", chr(point)).casefold())
        self[point] = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in folded)
        return self[point]


_FOLDING = _Folding()


def parse_query(given: str) -> Query:
    """The query in what was typed. Raises `Unsearchable` or `UseLookup`."""
    if len(given) > MAX_QUERY:
        raise Unsearchable(f"查询内容最多 {MAX_QUERY} 字")
    if any(is_identifier(part) for part in (given, *given.split())):
        raise UseLookup("按电话或身份证号查找须说明用途,请使用来件人查询")
    terms = tuple(dict.fromkeys(fold(given).split()))
    if not 0 < len(terms) <= MAX_TERMS:
        raise Unsearchable(f"请输入要查找的文字,最多 {MAX_TERMS} 个词")
    typed = given.strip()
    return Query(terms=terms, code=typed if _CODE.fullmatch(typed) else None)


def fold(text: str) -> str:
    """The searchable form of a text: folded words with one blank between them."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_FOLDING).split())


def grams_of(folded: str) -> list[int]:
    """The grams of a folded text, each character and each pair within a word, as 32-bit signed numbers."""
    words = folded.split()
    grams = {word[place : place + size] for word in words for size in (1, 2) for place in range(len(word) - size + 1)}
    return [_number(gram) for gram in grams]


def probes_of(term: str) -> list[int]:
    """The grams a text that holds the term must have: its only character, or pairs spread over it."""
    pairs = list(dict.fromkeys(term[place : place + 2] for place in range(len(term) - 1))) or [term]
    return [_number(pair) for pair in pairs[:: -(-len(pairs) // _PROBES)]]


def periods_of(at: datetime) -> list[int]:
    """The numbers of the periods an instant lies in, kept with the grams."""
    return [period_of(at, length)[0] for length in PERIODS]


def period_of(at: datetime, length: timedelta) -> tuple[int, datetime]:
    """The period of one length that holds an instant: its number and its first instant."""
    place = (at - _EPOCH) // length
    return _number(f"{length.days} days {place}"), _EPOCH + place * length


def excerpt(text: str, terms: tuple[str, ...], around: int = 24) -> str | None:
    """A short stretch of the text around the first term that stands in it; None when none does."""
    shown = unicodedata.normalize("NFC", text)
    first = _first_place(shown, terms)
    if first is None:
        return None
    start, end = max(0, first - around), first + 2 * around
    stretch = " ".join(shown[start:end].split())
    return f"{'…' if start else ''}{stretch}{'…' if end < len(shown) else ''}"


def _first_place(shown: str, terms: tuple[str, ...]) -> int | None:
    """Where the first of the terms begins; looked for as written first, which is how most stand there."""
    written = [at for term in terms if (at := shown.find(term)) >= 0]
    if written:
        return min(written)
    folded, places = _folded_places(shown)
    found = [places[at] for term in terms if (at := folded.find(term)) >= 0]
    return min(found, default=None)


def _folded_places(shown: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters where it came from."""
    folded: list[str] = []
    places: list[int] = []
    for place, char in enumerate(shown):
        for part in _FOLDING[ord(char)]:
            if part != " " or (folded and folded[-1] != " "):
                folded.append(part)
                places.append(place)
    return "".join(folded), places


def _number(gram: str) -> int:
    return crc32(gram.encode()) - 2**31
