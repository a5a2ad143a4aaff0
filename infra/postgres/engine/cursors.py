"""Opaque cursors of keyset pages: the last row's instant and id, so pages stay exact while rows come and go.

A cursor is bound to the list that gave it out (its filters and order): another list does not take it.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from hashlib import blake2b

from domain.errors import XiezhiError

Place = tuple[datetime, str]
"""Where a page ended: the instant of its order, and what tells apart rows of the same instant."""


class BadCursor(XiezhiError):
    """The cursor is not one this list gave out."""

    code = "malformed"


def cursor_of(at: datetime, id: str, of: str = "") -> str:
    """The cursor that continues after a row of the list that `of` describes."""
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), id, _bound(of)]).encode()).decode().rstrip("=")


def place_of(cursor: str, of: str = "") -> Place:
    """The row a cursor continues after. Raises `BadCursor`."""
    try:
        at, id_, bound = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = datetime.fromisoformat(at)
        sound = isinstance(id_, str) and place.tzinfo is not None and "\x00" not in id_ and bound == _bound(of)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        sound = False
    if not sound:
        raise BadCursor("翻页游标无效,请从第一页重新查询")
    return place, id_


def _bound(of: str) -> str:
    return blake2b(of.encode(), digest_size=6).hexdigest()
