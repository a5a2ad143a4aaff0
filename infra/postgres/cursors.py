"""Opaque cursors of keyset pages: the last row's instant and id, so pages stay exact while rows come and go."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime

from domain.errors import XiezhiError


class BadCursor(XiezhiError):
    """The cursor is not one this list gave out."""

    code = "malformed"


def cursor_of(at: datetime, id: str) -> str:
    """The cursor that continues after a row."""
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), id]).encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, str]:
    """The row a cursor continues after. Raises `BadCursor`."""
    try:
        at, id_ = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = datetime.fromisoformat(at)
        sound = isinstance(id_, str) and place.tzinfo is not None and "\x00" not in id_
    except (ValueError, TypeError, binascii.Error, RecursionError):
        sound = False
    if not sound:
        raise BadCursor("翻页游标无效,请从第一页重新查询")
    return place, id_
