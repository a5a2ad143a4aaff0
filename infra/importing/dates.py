"""Dates as found in real files. What could mean two instants is refused, never guessed.

The usual shapes put the year first, with four digits. Anything else (`11/21/2026`) is read only when a mapping names
its pattern. A date without a time is the start of that day; a time without a zone is in the given one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

USUAL = "usual"
SERIAL = "serial"
"""Words a mapping may use beside patterns: the year-first shapes; the day numbers of spreadsheets."""

_TIME = r"(?P<hour>\d{1,2})(?::|时|点)(?P<minute>\d{1,2})(?:分|(?::|分)(?P<second>\d{1,2})(?:\.(?P<part>\d{1,9}))?秒?)?"
_ZONE = r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
_SHAPES = tuple(
    re.compile(shape, re.ASCII)
    for shape in (
        rf"(?P<year>\d{{4}})(?P<between>[-/.])(?P<month>\d{{1,2}})(?P=between)(?P<day>\d{{1,2}})"
        rf"(?:[ T]+{_TIME} ?{_ZONE})?",
        rf"(?P<year>\d{{4}})年(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})日(?: *{_TIME})?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?: ?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)?",
    )
)
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 — a wall-clock day: the zone is given later
_SERIALS = (20_000, 80_000)
"""Day numbers of 1954 to 2119. None of them looks like a date written in digits."""
_YEARS = range(1950, 2150)
"""A year outside these comes from misread digits or a cell that holds only a time."""


class NotAnInstant(ValueError):
    """No shape fits, or several with different meanings."""


def instant_of(cell: Any, shapes: Sequence[str], zone: ZoneInfo) -> datetime:
    """The instant in a cell, in UTC. Raises `NotAnInstant`."""
    if isinstance(cell, datetime):
        return _placed(cell, zone)
    if isinstance(cell, date):
        return _placed(datetime(cell.year, cell.month, cell.day), zone)  # noqa: DTZ001 — placed in its zone at once
    if isinstance(cell, int | float) and not isinstance(cell, bool) and _SERIALS[0] <= cell < _SERIALS[1]:
        return _placed(_of_serial(cell), zone)
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else _plain(str(cell))
    read = {_placed(found, zone) for shape in shapes if (found := _read(text, shape)) is not None}
    if len(read) != 1:
        raise NotAnInstant
    return read.pop()


def _plain(text: str) -> str:
    """With full-width digits and colons as plain ones."""
    return unicodedata.normalize("NFKC", text).strip()


def _read(text: str, shape: str) -> datetime | None:
    try:
        if shape == USUAL:
            return _usual(text)
        if shape == SERIAL:
            return _of_serial(float(text)) if _SERIALS[0] <= float(text) < _SERIALS[1] else None
        return datetime.strptime(text, shape)  # noqa: DTZ007 — a pattern without a zone is placed in the given one
    except ValueError:
        return None


def _usual(text: str) -> datetime | None:
    found = next((match for shape in _SHAPES if (match := shape.fullmatch(text))), None)
    if found is None:
        return None
    parts = found.groupdict()
    year, month, day, hour, minute, second = (
        int(parts.get(name) or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    part = int((parts.get("part") or "0").ljust(6, "0")[:6])
    wall = datetime(year, month, day, hour, minute, second, part)  # noqa: DTZ001 — the zone is placed later
    zone = parts.get("zone")
    return wall.replace(tzinfo=datetime.strptime(zone, "%z").tzinfo) if zone else wall


def _of_serial(number: float) -> datetime:
    """A day number to the nearest second: what a spreadsheet shows."""
    moment = _SERIAL_ZERO + timedelta(days=number)
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def _placed(wall: datetime, zone: ZoneInfo) -> datetime:
    """A wall-clock time in its zone; one that the zone's clocks showed twice or never is no instant."""
    if wall.year not in _YEARS:
        raise NotAnInstant
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise NotAnInstant
    return first.astimezone(UTC)
