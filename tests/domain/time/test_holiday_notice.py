"""A notice of holidays is checked before it is believed, and never changes what is known unless it is asked to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from domain.time.calendar import DAY, NATIONAL, Calendars, SpecialDay, national_calendars
from domain.time.holiday_notice import CalendarInvalid, KnownDaysChange, Notice, revised

BUILT = national_calendars()
NEXT = BUILT.national.known_until.year + 1
MONDAY = next(date(NEXT, 3, day) for day in range(1, 8) if date(NEXT, 3, day).weekday() == 0)
SATURDAY = date(NEXT, 3, MONDAY.day + 5)


def off(*days: date, name: str = "试验假日") -> tuple[SpecialDay, ...]:
    return tuple(SpecialDay(day=day, name=name, working=False) for day in days)


def made_up(*days: date) -> tuple[SpecialDay, ...]:
    return tuple(SpecialDay(day=day, name="试验假日", working=True) for day in days)


def notice(days: Iterable[SpecialDay] = (), *, years: tuple[int, ...] = (NEXT,), region: str = NATIONAL) -> Notice:
    return Notice(region=region, title="made up", years=years, days=tuple(days))


def taken(given: Notice, *, of: Calendars = BUILT, replace: bool = False) -> Calendars:
    return of.with_edition(revised(of, given, replace=replace).edition)


def test_given_the_next_year_when_taken_in_then_its_days_are_known_and_earlier_ones_stay() -> None:
    known = taken(notice((*off(MONDAY), *made_up(SATURDAY)))).national
    assert (known.is_working_day(MONDAY), known.is_working_day(SATURDAY)) == (False, True)
    assert known.known_until == date(NEXT, 12, 31)
    assert known.extends(BUILT.national)
    assert not BUILT.national.extends(known)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (notice((*off(MONDAY), *made_up(MONDAY))), f"{MONDAY} 重复列出(试验假日放假、试验假日调休上班)"),
        (notice(off(MONDAY, MONDAY)), f"{MONDAY} 重复列出"),
        (notice(made_up(MONDAY)), f"{MONDAY} 是星期一,本就上班"),
        (notice(off(MONDAY.replace(year=NEXT + 1))), f"不在所列年份({NEXT})内"),
        (notice(off(SATURDAY)), f"{SATURDAY} 只是普通周末"),
        (notice(years=(NEXT + 1,)), f"{NEXT + 1} 年与已有年份不相接"),
        (notice(years=(NEXT, NEXT + 2)), f"缺 {NEXT + 1} 年"),
        (notice(years=(1990,)), "1990 年与已有年份不相接"),
    ],
)
def test_given_a_broken_notice_then_it_is_refused_with_the_day_that_is_wrong(given: Notice, said: str) -> None:
    with pytest.raises(CalendarInvalid) as refused:
        revised(BUILT, given)
    assert said in str(refused.value)


def test_given_known_days_judged_otherwise_then_they_change_only_when_asked_to_and_are_named() -> None:
    labour_day = date(NEXT - 1, 5, 1)
    others = [special for special in BUILT.national.days if special.day.year == NEXT - 1 and special.day != labour_day]
    given = notice(others, years=(NEXT - 1,))
    with pytest.raises(KnownDaysChange, match=f"{labour_day} 休息改为上班") as refused:
        revised(BUILT, given)
    assert [change.day for change in refused.value.changes] == [labour_day]
    assert not BUILT.national.is_working_day(labour_day)
    assert taken(given, replace=True).national.is_working_day(labour_day)


def test_given_what_is_known_already_then_nothing_changes_whatever_its_names() -> None:
    days = [special for special in BUILT.national.days if special.day.year == NEXT - 1]
    renamed = [special.model_copy(update={"name": "另一名称"}) for special in days]
    assert taken(notice(renamed, years=(NEXT - 1,))) == BUILT
    repeated = SpecialDay(day=date(NEXT - 1, 2, 3), name="春节", working=True)  # as lists say that work begins again
    assert BUILT.national.is_working_day(repeated.day)
    assert taken(notice([*days, repeated], years=(NEXT - 1,))) == BUILT


def test_given_a_region_then_it_rests_on_national_holidays_and_its_own_and_others_do_not() -> None:
    both = taken(notice(off(MONDAY)))
    tuesday = MONDAY.replace(day=MONDAY.day + 1)
    both = taken(notice(off(tuesday, name="地方假日"), region="640000"), of=both)
    for region, working in (("640000", False), ("640100", False), ("370102", True)):
        assert not both.of(region).is_working_day(MONDAY)
        assert both.of(region).is_working_day(tuesday) is working
    assert both.of("640100") is both.of("640199"), "made once, for every department of the region"
    wednesday = MONDAY.replace(day=MONDAY.day + 2)
    city = taken(notice(off(wednesday), region="640100"), of=both).of("640103")
    assert [city.is_working_day(day) for day in (MONDAY, tuesday, wednesday)] == [False, False, False]


def test_given_a_region_whose_next_year_is_not_published_then_its_days_are_unknown_there_alone() -> None:
    year = NEXT - 1
    holiday = next(day for day in (date(year, 11, 9), date(year, 11, 10), date(year, 11, 11)) if day.weekday() < 5)
    own = taken(notice(off(holiday), region="640000", years=(year,)))
    later = taken(notice(off(MONDAY)), of=own)
    assert later.national.knows(MONDAY)
    assert not later.of("640000").knows(MONDAY)
    assert not later.of("640000").is_working_day(MONDAY), "what is known nationally is the best guess"
    assert later.of("640000").nth_working_day_after(MONDAY - DAY, 1) == MONDAY + DAY
    assert later.of("640000").nth_working_day_back(MONDAY, 1) == MONDAY - 3 * DAY
    assert later.of("640000").knows(date(year - 3, 1, 1))
