"""Dates as found in real files: every usual shape is the same instant, and what could be two is none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.value import SHANGHAI
from infra.importing.dates import SERIAL, USUAL, NotAnInstant, instant_of

MORNING = datetime(2026, 11, 21, 1, 5, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 09:05",
        "2026-11-21 09:05:00",
        "2026/11/21 9:05",
        "2026.11.21 9:05:00",
        "2026-11-21T09:05:00",
        "2026-11-21T09:05:00+08:00",
        "2026-11-21T09:05:00.000+0800",
        "2026-11-21T01:05:00Z",
        "2026-11-20 20:05:00 -05:00",
        "2026年11月21日 09时05分",
        "2026年11月21日9时05分00秒",
        "2026年11月21日 9:05",
        "20261121090500",
        "20261121 0905",
        " 2026-11-21 09:05 ",
        "２０２６-11-21 09：05",
    ],
)
def test_given_any_usual_shape_then_it_is_that_instant(text: str) -> None:
    assert instant_of(text, (USUAL,), SHANGHAI) == MORNING


@pytest.mark.parametrize(
    "cell", ["2026-11-21", "2026/11/21", "2026年11月21日", "20261121", 20261121, date(2026, 11, 21)]
)
def test_given_a_day_alone_then_it_is_its_start(cell: object) -> None:
    assert instant_of(cell, (USUAL,), SHANGHAI) == MIDNIGHT


@pytest.mark.parametrize("cell", [46347.378472222, datetime.fromisoformat("2026-11-21T09:05")])
def test_given_a_cell_of_a_spreadsheet_then_it_is_what_the_spreadsheet_shows(cell: object) -> None:
    assert instant_of(cell, (USUAL,), SHANGHAI) == MORNING


@pytest.mark.parametrize(
    "text",
    [
        "11/21/2026",
        "21.11.2026",
        "26-11-21",
        "2026-13-01",
        "2026-02-30",
        "2026-11-21 25:00",
        "2026-11-21 9",
        "2026-11/21",
        "11212026",
        "46347",
        "下午三点",
        "0",
        "１",
        "2026-11-21 09:05 昨天",
        "1123-11-21",
    ],
)
def test_given_what_is_no_unambiguous_instant_then_nothing_is_guessed(text: str) -> None:
    with pytest.raises(NotAnInstant):
        instant_of(text, (USUAL,), SHANGHAI)


@pytest.mark.parametrize("cell", [0.378472222, 3, datetime.fromisoformat("1900-01-01T09:05"), True, None])
def test_given_a_cell_that_holds_only_a_time_or_a_small_number_then_nothing_is_guessed(cell: object) -> None:
    with pytest.raises(NotAnInstant):
        instant_of(cell, (USUAL,), SHANGHAI)


def test_given_a_mapping_that_names_the_shape_then_it_is_read_so() -> None:
    assert instant_of("11/21/2026", ("%m/%d/%Y",), SHANGHAI) == MIDNIGHT
    assert instant_of("46347.378472222", (SERIAL,), SHANGHAI) == MORNING
    assert instant_of("2026-11-21 09:05", (USUAL, "%m/%d/%Y"), SHANGHAI) == MORNING


def test_given_two_shapes_that_read_one_text_differently_then_it_is_refused() -> None:
    either = ("%m/%d/%Y", "%d/%m/%Y")
    assert instant_of("11/21/2026", either, SHANGHAI) == MIDNIGHT
    with pytest.raises(NotAnInstant):
        instant_of("11/10/2026", either, SHANGHAI)


def test_given_an_hour_the_clocks_showed_twice_or_never_then_it_is_refused() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for text in ("2026-10-25 02:30", "2026-03-29 02:30"):
        with pytest.raises(NotAnInstant):
            instant_of(text, (USUAL,), berlin)


FIRST, LAST = datetime.fromisoformat("1992-01-01"), datetime.fromisoformat("2149-12-31")


@given(st.datetimes(FIRST, LAST).map(lambda wall: wall.replace(microsecond=0)))
def test_given_any_wall_clock_time_then_every_shape_says_the_same(wall: datetime) -> None:
    at = wall.replace(tzinfo=SHANGHAI).astimezone(UTC)
    for shape in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒", "%Y%m%d%H%M%S"):
        assert instant_of(wall.strftime(shape), (USUAL,), SHANGHAI) == at
