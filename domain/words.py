"""What coded values are called, said where their codes are declared: `Ground = Annotated[Literal[…], Words({…})]`.

Plain data. Stored shapes and schemas know nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel


@dataclass(frozen=True, eq=False)
class Words:
    """The title of each code."""

    by_code: Mapping[Any, str]


NONE: Mapping[str, str] = {}


def words_in(annotation: Any) -> Mapping[str, str]:
    """The titles a type carries, however deep inside it; empty when it carries none."""
    return next((part.by_code for part in _parts(annotation) if isinstance(part, Words)), NONE)


def codes_in(annotation: Any) -> tuple[str, ...]:
    """The codes of a type that carries titles."""
    return next((get_args(part) for part in _parts(annotation) if get_origin(part) is Literal), ())


@cache
def words_of(shape: type[BaseModel], field: str) -> Mapping[str, str]:
    """The titles of what a field of this shape may hold."""
    known = shape.model_fields.get(field)
    if known is None:
        return NONE
    return next((given.by_code for given in known.metadata if isinstance(given, Words)), words_in(known.annotation))


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)
