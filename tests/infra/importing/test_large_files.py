"""A million rows are read, mapped and tried in bounded memory, whatever the format."""

from __future__ import annotations

import csv
import multiprocessing
import os
import random
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import ParamSpec, TypeVar

import psutil
import pytest
from openpyxl import Workbook

from domain.clue import CLUE
from domain.people.actors import Actor, Role
from infra.importing import Ledger, check_file, load_mapping

P = ParamSpec("P")
T = TypeVar("T")

MIB = 1 << 20
HEAD = ["工单编号", "诉求类型", "所属区县", "受理时间", "工单标题", "诉求内容", "来电人", "联系电话"]
SOURCE = Actor(account="source.hotline", department="370100.12345", region="370100", roles=(Role.SOURCE_SYSTEM,))


def rows(count: int) -> Iterator[list[str]]:
    """Rows of a hotline's export; every thousandth has a date that is none."""
    dice, begun = random.Random(1), datetime.fromisoformat("2020-01-01T08:00")
    for number in range(count):
        at = "昨天" if number % 1000 == 999 else f"{begun + timedelta(minutes=3 * number):%Y/%m/%d %H:%M}"
        text = "每天傍晚起在人行道摆桌,油烟直排,\n居民无法开窗。" * dice.randint(1, 12)
        yield [f"2026{number:010d}", "举报", "历下区", at, f"占道经营 {number}", text, "陈先生", f"138{number:08d}"]


def written_csv(path: Path, count: int) -> Path:
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows(rows(count))
    return path


def written_workbook(path: Path, count: int) -> Path:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("工单明细")
    sheet.append(HEAD)
    for row in rows(count):
        sheet.append(row)
    book.save(path)
    return path


def tried(path: Path) -> tuple[int, int, int]:
    """In a process of its own: rows that fit, rows that do not, and by how many bytes its peak memory grew."""
    with resources.as_file(resources.files("infra.reference") / "mappings" / "hotline_12345.toml") as mapping:
        ledger = Ledger(path, load_mapping(mapping))
    before = psutil.Process().memory_info().rss
    report = check_file(CLUE, ledger, SOURCE, os.urandom)
    return report.fit, report.unfit, peak_bytes() - before


def peak_bytes() -> int:
    """The most memory this process has held; see `apart`."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def apart(measure: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Call it in a process of its own, whose peak memory is its own.

    A spawned process will not do: Linux counts the memory of the one that started it, here the whole test run, into
    its `ru_maxrss`. One that the small fork server forks begins anew.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        return pool.submit(measure, *given, **named).result()


def peak_after_holding(size: int) -> int:
    """The peak of a process that has held so many bytes, and let go of them."""
    len(b"x" * size)
    return peak_bytes()


def test_given_a_run_that_holds_much_then_what_is_measured_apart_is_what_was_held_there() -> None:
    held = bytearray(b"x" * (300 * MIB))
    assert apart(peak_bytes) < 150 * MIB < len(held) < peak_bytes()
    assert 200 * MIB < apart(peak_after_holding, 200 * MIB) < 350 * MIB


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_given_a_csv_of_a_million_rows_when_tried_then_memory_does_not_grow_with_it(tmp_path: Path) -> None:
    fit, unfit, grown = apart(tried, written_csv(tmp_path / "million.csv", 1_000_000))
    print(f"peak memory grew by {grown / MIB:.0f} MiB")
    assert (fit, unfit) == (999_000, 1_000)
    assert grown < 150 * MIB


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_given_a_workbook_of_two_hundred_thousand_rows_when_tried_then_memory_does_not_grow_with_it(
    tmp_path: Path,
) -> None:
    fit, unfit, grown = apart(tried, written_workbook(tmp_path / "large.xlsx", 200_000))
    print(f"peak memory grew by {grown / MIB:.0f} MiB")
    assert (fit, unfit) == (199_800, 200)
    assert grown < 150 * MIB
