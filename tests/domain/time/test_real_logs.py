"""Deadlines of two real logs, recomputed. The files are not part of the project; nothing of their content is kept here
beyond case numbers.

Both logs tell wall-clock times of their own place. They are read as a clock without a zone: every time as if it were
UTC, lengths as running hours, so that a day is the same time on the next day, also over the change of summer time.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest

from domain.time.calendar import national_calendar
from domain.time.clock import Clock, exclude, extend, start_clock
from domain.time.rules import Circumstances, Grade, Length, Rule, RulePack, load_pack
from domain.time.steps import Excluded, Extended
from tests.support.messages import shared_data

pytestmark = pytest.mark.proof

CALENDAR = national_calendar()
SECOND = timedelta(seconds=1)
HOURS = 24


def read(folder: str, file: str) -> Iterator[dict[str, str]]:
    with gzip.open(shared_data() / folder / file, "rt", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def row(number: int, days: int, *, category: str | None = None, more: int | None = None) -> Rule:
    """A row of so many days of running time, extended at most once."""
    return Rule(
        id=f"log.{number}",
        kind="result_report",
        category=category,
        title="试验",
        certainty="P",
        standing="internal",
        length=Length(amount=days * HOURS, day="hours"),
        extensions=(Grade(most=more * HOURS, approver="head"),) if more else (),
        starts=("clue.registered",),
        stops=("clue.completed",),
        owed_by="lead",
        effective_from=date(2004, 1, 1),
    )


def pack(*rows: Rule) -> RulePack:
    """The rows in place of the national ones of their kind."""
    others = (rule for rule in load_pack("national").rules if rule.kind != "result_report")
    return RulePack(name="log", version="1", rules=(*others, *rows))


def started(rules: RulePack, rule: Rule, at: datetime) -> Clock:
    return start_clock(
        id="result_report-1", rule=rule, pack=rules, calendar=CALENDAR, started_at=at, owed_by="370102.market"
    )


class Request:
    """A request of a city's hotline."""

    def __init__(self, given: dict[str, str]) -> None:
        self.id, self.type = given["request_id"], given["type"]
        self.created, self.due = wall(given["created"]), wall(given["due"])
        self.closed = wall(given["closed"]) if given["closed"] else None


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@lru_cache
def requests() -> tuple[Request, ...]:
    """Those that were given a due date, in the order they came in."""
    given = (Request(line) for line in read("311_baltimore2018", "requests.csv.gz") if line["due"])
    return tuple(sorted(given, key=lambda request: (request.created, request.id)))


@lru_cache
def types() -> RulePack:
    """One row for each type of request, learnt from the first request of the type."""
    first = {request.type: request for request in reversed(requests())}
    rows = (
        row(number, (request.due - request.created).days, category=name)
        for number, (name, request) in enumerate(sorted(first.items()), 1)
    )
    return pack(*rows)


def computed(request: Request) -> Clock:
    given = Circumstances(category=request.type)
    rule = types().rule_for("result_report", request.created.date(), "370102.market", given)
    assert rule is not None
    return started(types(), rule, request.created)


def test_given_one_row_per_type_of_request_when_computed_from_created_then_every_due_date_is_the_logs() -> None:
    """The regularity: the city promises a fixed number of whole days for each of the 191 types, running through nights,
    weekends and holidays, none at all for eleven. Each row is learnt from the first request of its type, so 5,762 due
    dates are predicted; the 37 types with a single request prove nothing."""
    due = {request.id: computed(request).due_at for request in requests()}
    counted = Counter(request.type for request in requests())
    assert (len(due), len(counted), sum(1 for count in counted.values() if count == 1)) == (5953, 191, 37)
    assert due == {request.id: request.due for request in requests()}


def test_given_those_due_dates_when_requests_were_closed_then_the_late_ones_are_the_logs() -> None:
    """The log counts in whole seconds, the second of due belongs to the time given and only what was closed after it is
    late. Here the time given ends as that second begins: by that, 93 more are late, all of them created, due and closed
    in one and the same second."""
    assert {request.id: computed(request).due_at for request in requests()} == {r.id: r.due for r in requests()}
    closed = [(request, request.closed) for request in requests() if request.closed is not None]
    in_the_log = {request.id for request, at in closed if at > request.due}
    assert len(in_the_log) == 952
    assert {request.id for request, at in closed if computed(request).overdue(at - SECOND)} == in_the_log
    stricter = {request.id for request, at in closed if computed(request).overdue(at)} - in_the_log
    assert stricter == {request.id for request, at in closed if request.created == request.due == at}
    assert len(stricter) == 93


AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TERM, LONGER = 56, 98
"""Eight weeks to decide on a permit, extended once by six."""

STOPPED = {
    60: (7750,),
    61: (4084, 4085),
    63: (5036, 6379),
    68: (8922,),
    70: (4188, 4955, 4969),
    72: (4763, 7045),
    73: (4071,),
    76: (4027,),
    77: (4058, 4063, 4986, 6631, 10196),
    78: (9919,),
    79: (10202,),
    82: (4251,),
    83: (5243, 10069),
    84: (5021, 5294, 5941, 6719, 7192, 7761),
    87: (5398, 5748),
    91: (7497,),
    97: (8771, 9228),
    106: (9033,),
    107: (8381, 8456, 8459, 8460, 8462),
    111: (6366,),
    112: (5000, 5382, 6128),
    114: (6378,),
    115: (7182,),
    119: (8184, 8954),
    123: (6177,),
    126: (4807, 4920, 5011, 5137, 7264),
    127: (5552,),
    133: (7523,),
    135: (6682,),
    139: (4975,),
    145: (8419,),
    146: (7926,),
    149: (7847,),
    175: (5044,),
    182: (4771,),
    280: (5372,),
}
"""Cases in time for the log and late by the bare term, by the days from start to the log's deadline. The one reason for
all of them: the deadline was moved by days that are neither the term nor its extension, as it is when a term stands
still until the applicant has handed in what was missing. The log ends with the receipt, so the stop itself is not in
it."""


class Permit:
    """A case of a municipality that decides on permits."""

    def __init__(self, given: dict[str, str]) -> None:
        self.number = int(given["case_id"].removeprefix("case-"))
        self.started = local(given["startdate"]).replace(microsecond=0)  # a start by day carries some odd milliseconds
        self.deadline = local(given["deadline"])
        self.ended = local(given["enddate"]) if given["enddate"] else None

    @property
    def days(self) -> int:
        """Days from the start to the log's deadline."""
        return (self.deadline.date() - self.started.date()).days

    @property
    def extended(self) -> bool:
        """The grant itself is not in the log; a deadline beyond the longer term shows it."""
        return self.days >= LONGER

    @property
    def late(self) -> bool:
        """As the log has it."""
        return self.ended is not None and self.ended > self.deadline


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(AMSTERDAM).replace(tzinfo=UTC)


@lru_cache
def permits() -> tuple[Permit, ...]:
    """One for each case; all its events carry the same dates."""
    return tuple({line["case_id"]: Permit(line) for line in read("log_wabo_receipt", "receipt.csv.gz")}.values())


def term(permit: Permit) -> Clock:
    """The term, extended where it was."""
    rule = row(1, TERM, more=LONGER - TERM)
    clock = started(pack(rule), rule, permit.started)
    if not permit.extended:
        return clock
    granted = Extended(grade=1, amount=(LONGER - TERM) * HOURS)
    return extend(clock, granted, (), CALENDAR, permit.started)


def with_its_stop(permit: Permit) -> Clock:
    """The same with the days by which the log's deadline lies later as a stretch that does not count."""
    clock = term(permit)
    stop = timedelta(days=permit.days - (LONGER if permit.extended else TERM))
    if stop <= timedelta():
        return clock
    still = Excluded(since=permit.started, until=permit.started + stop, ground="party_unavailable")
    return exclude(clock, still, (), CALENDAR, permit.started)


def late(permit: Permit, clock: Clock) -> bool:
    return permit.ended is not None and clock.overdue(permit.ended)


def test_given_the_term_and_its_extension_then_all_late_permits_are_found_and_each_other_one_is_explained() -> None:
    """Eight weeks, or fourteen when extended, are the deadline of 700 of the 875 cases. By them alone every one of the
    230 late cases is late, and 64 more: those of `STOPPED`."""
    in_the_log = {permit.number for permit in permits() if permit.late}
    by_the_term = {permit.number for permit in permits() if late(permit, term(permit))}
    assert (len(permits()), len(in_the_log)) == (875, 230)
    assert Counter(permit.days in (TERM, LONGER) for permit in permits())[True] == 700
    assert in_the_log <= by_the_term
    days = {permit.number: permit.days for permit in permits()}
    explained = {number: moved for moved, numbers in STOPPED.items() for number in numbers}
    assert {number: days[number] for number in by_the_term - in_the_log} == explained


def test_given_the_stop_too_then_exactly_the_late_permits_of_the_log_are_late() -> None:
    """Sixteen deadlines are shorter than the term, which no stop explains. They change nothing: of these cases three
    were late, and are so by the whole term."""
    in_the_log = {permit.number for permit in permits() if permit.late}
    assert {permit.number for permit in permits() if late(permit, with_its_stop(permit))} == in_the_log
    shorter = [permit for permit in permits() if permit.days < TERM]
    assert (len(shorter), sum(permit.late for permit in shorter)) == (16, 3)
