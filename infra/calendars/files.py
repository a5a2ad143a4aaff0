"""Files that arrangements of holidays come in: our TOML, and the CSV in which they are passed around.

    region = "CN"                    # or a GB/T 2260 code: that region's further holidays
    title = "2027 年部分节假日安排"    # the notice it was taken from
    years = [2027]                   # all of these years are spoken for: what is not listed follows its weekday

    [[rest]]                         # days off, weekends in between included
    name = "元旦"
    first = 2027-01-01
    last = 2027-01-03                # left out for a single day

    [[makeup]]                       # a weekend day that is worked (调休上班)
    name = "元旦"
    day = 2027-01-09

A CSV has the columns `date`, `name` and `is_off_day` (1: off, 0: make-up working day); it speaks for every year in
which it lists a day.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.time.calendar import DAY, NATIONAL, SpecialDay
from domain.time.holiday_notice import CalendarInvalid, Notice
from infra.reference import region_named

LONGEST_REST = 60
"""Days off in a row; more is a slip of the pen."""
COLUMNS = ("date", "name", "is_off_day")

Name = Annotated[str, Field(min_length=1, max_length=40)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Rest(_Strict):
    name: Name
    first: date
    last: date | None = None

    def days(self) -> Iterator[SpecialDay]:
        day, last = self.first, self.last or self.first
        if not 0 <= (last - day).days < LONGEST_REST:
            raise CalendarInvalid([f"{self.name}: 从 {self.first} 到 {last} 不是合理的放假时段"])
        while day <= last:
            yield SpecialDay(day=day, name=self.name, working=False)
            day += DAY


class _Makeup(_Strict):
    name: Name
    day: date


class _File(_Strict):
    region: str = NATIONAL
    title: str = ""
    years: Annotated[tuple[Annotated[int, Field(ge=1949, le=2200)], ...], Field(min_length=1)]
    rest: tuple[_Rest, ...] = ()
    makeup: tuple[_Makeup, ...] = ()


class _Line(_Strict):
    date: date
    name: Name
    is_off_day: bool


def read_notice(file: Path, region: str | None = None) -> Notice:
    """The arrangement in a file, `.toml` or `.csv`. `region` of the caller must not contradict the file's.

    Raises `CalendarInvalid` for what cannot be read and for a region that GB/T 2260 does not know.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        match file.suffix.lower():
            case ".toml":
                notice = _from_toml(tomllib.loads(text), file, region)
            case ".csv":
                notice = _from_csv(text, file, region)
            case other:
                raise CalendarInvalid([f"不认识的文件类型“{other}”,可用 .toml 或 .csv"])
    except UnicodeDecodeError:
        raise CalendarInvalid([f"{file.name} 不是 UTF-8 文件"]) from None
    except (tomllib.TOMLDecodeError, csv.Error) as error:
        raise CalendarInvalid([f"{file.name}: {error}"]) from None
    except ValidationError as error:
        found = (f"{'.'.join(map(str, given['loc']))}: {given['msg']}" for given in error.errors())
        raise CalendarInvalid(list(found)) from None
    if notice.region != NATIONAL and region_named(notice.region) is None:
        raise CalendarInvalid([f"没有行政区划“{notice.region}”(GB/T 2260);全国日历请写 {NATIONAL}"])
    return notice


def _from_toml(table: Mapping[str, Any], file: Path, region: str | None) -> Notice:
    given = _File.model_validate(table)
    if region is not None and table.get("region", region) != region:
        raise CalendarInvalid([f"文件写的是行政区划 {given.region},命令给的是 {region}"])
    makeup = (SpecialDay(day=worked.day, name=worked.name, working=True) for worked in given.makeup)
    days = (*(day for rest in given.rest for day in rest.days()), *makeup)
    return Notice(region=region or given.region, title=given.title or file.stem, years=given.years, days=days)


def _from_csv(text: str, file: Path, region: str | None) -> Notice:
    reader = csv.DictReader(text.splitlines(), strict=True)
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise CalendarInvalid([f"{file.name} 缺少列 {'、'.join(missing)}"])
    days = tuple(_day_of(number, row) for number, row in enumerate(reader, 2))
    if not days:
        raise CalendarInvalid([f"{file.name} 没有一天"])
    years = tuple(sorted({special.day.year for special in days}))
    return Notice(region=region or NATIONAL, title=file.stem, years=years, days=days)


def _day_of(number: int, row: Mapping[str, Any]) -> SpecialDay:
    try:
        line = _Line.model_validate({name: row[name] for name in COLUMNS})
    except ValidationError as error:
        places = "、".join(sorted({str(found["loc"][0]) for found in error.errors()}))
        raise CalendarInvalid([f"第 {number} 行的 {places} 无法读取"]) from None
    return SpecialDay(day=line.date, name=line.name, working=not line.is_off_day)
