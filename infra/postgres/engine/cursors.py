"""Keyset pages: each begins behind the place where the one before ended, so they stay exact while rows come and go.

A cursor is opaque: the place as text, bound to the list that gave it out (its filters and order). Another list does not
take it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from domain.lists.page import Page
from infra.postgres.engine.session import session

R = TypeVar("R")
T = TypeVar("T")

Place = tuple[datetime, str]
"""Where a page of cases ended: the instant of its order, and what tells apart rows of the same instant."""

_MOST = 2**63 - 1


class BadCursor(XiezhiError):
    """The cursor is not one this list gave out."""

    code = "malformed"


async def newest_first(
    engine: AsyncEngine,
    found: Select[Any],
    by: Sequence[ColumnElement[Any]],
    line: Callable[[Row[Any]], R],
    *,
    of: str,
    cursor: str | None,
    limit: int,
) -> Page[R]:
    """One page of what a statement finds, in descending order of these of its columns, which tell all rows apart.

    `of` describes the list. Raises `BadCursor`.
    """
    if cursor is not None:
        place = place_of(cursor, of, [column.type.python_type for column in by])
        found = found.where(tuple_(*by) < tuple_(*place))
    async with session(engine) as opened:
        rows = (await opened.run(found.order_by(*(column.desc() for column in by)).limit(limit + 1))).all()
    return page_of(rows, limit, lambda row: cursor_of([row._mapping[column] for column in by], of)).mapped(line)


def page_of(found: Sequence[T], limit: int, cursor_after: Callable[[T], str]) -> Page[T]:
    """The first `limit` of what was found; one more than that means that there is a next page."""
    return Page(found[:limit], cursor_after(found[limit - 1]) if len(found) > limit else None)


def cursor_of(place: Sequence[Any], of: str = "") -> str:
    """The cursor that continues behind a place in the list that `of` describes."""
    parts = [part.isoformat() if isinstance(part, datetime) else str(part) for part in place]
    return base64.urlsafe_b64encode(json.dumps([*parts, _bound(of)]).encode()).decode().rstrip("=")


def place_of(cursor: str, of: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    """The place a cursor continues behind, a value of each kind. Raises `BadCursor`."""
    try:
        *parts, bound = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = tuple(_READ[kind](part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        raise BadCursor(_REFUSED) from None
    if bound != _bound(of):
        raise BadCursor(_REFUSED)
    return place


_REFUSED = "翻页游标无效,请从第一页重新查询"


def _text(part: Any) -> str:
    if not isinstance(part, str) or "\x00" in part:
        raise ValueError("not a text PostgreSQL can hold")
    return part


def _instant(part: Any) -> datetime:
    at = datetime.fromisoformat(part)
    if at.tzinfo is None:
        raise ValueError("no zone")
    return at


def _number(part: Any) -> int:
    if not 0 <= (number := int(_text(part))) <= _MOST:
        raise ValueError("no position")
    return number


_READ: dict[type, Callable[[Any], Any]] = {str: _text, datetime: _instant, int: _number, UUID: UUID}


def _bound(of: str) -> str:
    return blake2b(of.encode(), digest_size=6).hexdigest()
