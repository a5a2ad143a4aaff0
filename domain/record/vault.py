"""Free text by or about persons. The record holds a reference and a commitment; the text itself lives in the vault.

The salt (128 bit and more) lives and dies with the vault row: once erased, the commitment says nothing about the text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from domain.value import Value

MAX_TEXT = 20_000
"""Longest text of one entry, in characters."""


class Sealed(Value):
    """What the record keeps of a personal text: where it lies and a salted SHA-256 commitment to it (hex)."""

    ref: UUID
    commitment: str


class VaultEntry(Value):
    """A text on its way into the vault. Never logged, never sent to Temporal."""

    ref: UUID
    field: str
    salt: bytes
    text: str

    def __repr__(self) -> str:
        return f"VaultEntry(ref={self.ref}, field={self.field})"

    __str__ = __repr__


def commitment(salt: bytes, text: str) -> str:
    """Salted SHA-256 of the text, hex."""
    return hashlib.sha256(salt + text.encode()).hexdigest()


class Sealer:
    """Turns the texts of one request into sealed references and collects the vault entries to store with it."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy
        self.entries: list[VaultEntry] = []

    def seal(self, field: str, text: str) -> Sealed:
        ref = UUID(bytes=self._entropy(16), version=4)
        salt = self._entropy(32)
        self.entries.append(VaultEntry(ref=ref, field=field, salt=salt, text=text))
        return Sealed(ref=ref, commitment=commitment(salt, text))


def _seal(given: Any, info: ValidationInfo) -> Any:
    if not isinstance(given, str):
        return given
    if not given.strip():
        raise ValueError("不能为空")
    if len(given) > MAX_TEXT:
        raise ValueError(f"最多 {MAX_TEXT} 字")
    if "\x00" in given:
        raise ValueError("含有不可保存的字符 NUL")
    sealer = (info.context or {}).get("sealer")
    if sealer is None:
        raise ValueError("text can be sealed only while a request is parsed")
    return sealer.seal(info.field_name or "text", given)


PersonalText = Annotated[
    Sealed,
    BeforeValidator(_seal),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_TEXT}),
]
"""A command's free-text field: a string from outside, sealed while parsed."""
