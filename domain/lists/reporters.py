"""Who reported, as far as a text says so: phone numbers, identity numbers and names, each in one normal form.

They are never kept in clear beside the vault: an index holds keyed marks of them, and finding a case by one needs a
purpose that goes on record.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal, NamedTuple

Kind = Literal["phone", "id", "name"]
KIND_NAMES: dict[Kind, str] = {"phone": "电话", "id": "身份证号", "name": "姓名"}


class Identifier(NamedTuple):
    """Something a person can be found by, in its normal form."""

    kind: Kind
    value: str


Marker = Callable[[Identifier], str]
"""The keyed mark of an identifier: 64 hexadecimal digits that tell nothing without the key."""

NUMBERED_FIELDS = frozenset({"reporter", "title", "body"})
"""Texts of a registration that are read for phone and identity numbers; names are taken from `reporter` only."""

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))
_COUNTRY = r"(?:(?:\+|00)?86[- ]?)?"
_MOBILE = re.compile(rf"(?<!\d){_COUNTRY}(1[3-9]\d)[- ]?(\d{{4}})[- ]?(\d{{4}})(?!\d)")
_LANDLINE = re.compile(rf"(?<!\d){_COUNTRY}\(?(0\d{{2,3}})\)?[- ]?(\d{{7,8}})(?!\d)")
_ABROAD = re.compile(r"(?<!\d)(?:\+|00)86[- ]?([1-9]\d{1,2})[- ](\d{7,8})(?!\d)")
"""A landline written for callers from abroad, without the 0 of its area code."""
_ID = re.compile(r"(?<![0-9A-Za-z])(\d{17}[0-9Xx])(?![0-9A-Za-z])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"

_HAN = r"㐀-䶿一-鿿"
_NAME = rf"[{_HAN}]{{2,8}}(?:[·•][{_HAN}]{{1,8}})*"
_LABELLED = re.compile(
    rf"(?:姓名|来电人|来信人|来访人|联系人|举报人|投诉人|反映人|诉求人|申请人|报案人)\s*:?\s*({_NAME})"
)
_ONLY_NAME = re.compile(_NAME)
_NEXT_LABEL = re.compile(r"(?<=..)(?:电话|手机|联系|身份证|性别|住址|地址|年龄).*")
"""Where a name written without any mark before the next label ends."""
_NOTES = re.compile(r"\([^)]*\)")
_HONORIFICS = ("先生", "女士", "小姐", "同志", "老师", "师傅")


def identifiers_in(field: str, text: str) -> frozenset[Identifier]:
    """What a text of a registration says by whom it was reported; nothing for the texts of later steps."""
    if field not in NUMBERED_FIELDS:
        return frozenset()
    plain = _plain(text)
    found = {*_phones(plain), *_ids(plain)}
    if field == "reporter":
        found |= set(_names(plain))
    return frozenset(found)


def identifier(kind: Kind, given: str) -> Identifier | None:
    """The normal form of what somebody asks for; None when it is no whole phone, identity number or name."""
    plain = _plain(given).strip()
    match kind:
        case "phone":
            found = [known for pattern in (_MOBILE, _LANDLINE, _ABROAD) if (known := _whole_phone(pattern, plain))]
            return found[0] if found else None
        case "id":
            whole = _ID.fullmatch(plain)
            return Identifier("id", plain.upper()) if whole and _checks(plain.upper()) else None
        case "name":
            return Identifier("name", _joined(plain)) if _ONLY_NAME.fullmatch(plain) else None


def is_identifier(given: str) -> bool:
    """Whether this is, as a whole, a phone or identity number."""
    return identifier("phone", given) is not None or identifier("id", given) is not None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_DASHES)


def _phones(plain: str) -> Iterator[Identifier]:
    for pattern in (_MOBILE, _LANDLINE, _ABROAD):
        for match in pattern.finditer(plain):
            yield _phone(match)


def _whole_phone(pattern: re.Pattern[str], plain: str) -> Identifier | None:
    match = pattern.fullmatch(plain)
    return _phone(match) if match else None


def _phone(match: re.Match[str]) -> Identifier:
    """Mobile numbers as 11 digits, landlines with the 0 of their area code."""
    digits = "".join(match.groups())
    return Identifier("phone", digits if match.re is not _ABROAD else f"0{digits}")


def _ids(plain: str) -> Iterator[Identifier]:
    for match in _ID.finditer(plain):
        if _checks(number := match[1].upper()):
            yield Identifier("id", number)


def _checks(number: str) -> bool:
    """Whether an 18-character identity number holds a date and the check character of GB 11643."""
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return number[17] == _CHECKS[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11]


def _names(plain: str) -> Iterator[Identifier]:
    """Names behind a label, or the whole text when it is nothing but one; with and without a form of address."""
    bare = _NOTES.sub("", plain)
    whole = _ONLY_NAME.fullmatch(bare.strip())
    given = [match[1] for match in _LABELLED.finditer(bare)] or ([whole[0]] if whole else [])
    for name in (_joined(_NEXT_LABEL.sub("", found)) for found in given):
        yield Identifier("name", name)
        for honorific in _HONORIFICS:
            rest = name.removesuffix(honorific)
            if rest != name and len(rest) > 1:
                yield Identifier("name", rest)


def _joined(name: str) -> str:
    """A name with the one dot that parts the names of some peoples."""
    return name.replace("•", "·")
