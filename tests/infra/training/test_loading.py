"""The training set: every stage and road, lawful deadlines on any day, nothing real in it, nobody told, loaded once."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from stdnum.cn import uscc

from domain.clue import CLUE
from domain.clue.handover.events import ClueDispatched, ClueReturned
from domain.clue.life import Known, StageName, known, responsible_of
from domain.clue.values import CATEGORY_NAMES, CHANNEL_NAMES
from domain.clue.verification.events import ClueSuspended
from domain.lists.reporters import identifiers_in
from domain.record.decider import fold
from domain.record.envelope import Envelope, read
from domain.time.calendar import day_of, national_calendar
from domain.value import SHANGHAI
from infra.cli.installation import load_training_set, migrate_database
from infra.cli.record import verify_record
from infra.cli.record_access import read_watermark
from infra.files.evidence import EvidenceFolder
from infra.memory.store import MemoryStore
from infra.people.identity import hash_password
from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.session import session
from infra.postgres.people.accounts import AccountBook
from infra.postgres.record.store import PostgresStore
from infra.reference import demo_accounts, regions
from infra.reference.installation import instate
from infra.reference.seed import seed_departments
from infra.runtime.settings import Settings
from infra.training.loading import NotForTraining, TrainingReport, load
from infra.training.mark import WATERMARK, TrainingMark, is_training
from infra.training.office_hours import OfficeTime, minutes_of
from infra.training.stories import Tale, stories, tales
from tests.support.record import DEMO_PASSWORD, known_departments, known_officers, value_of, world_of
from tests.support.servers import PostgresServer, any_port

CALENDAR = national_calendar()
WEDNESDAY = datetime(2026, 11, 25, 14, 0, tzinfo=SHANGHAI)
DAYS = {
    "wednesday": WEDNESDAY,
    "sunday": datetime(2026, 11, 22, 8, 50, tzinfo=SHANGHAI),
    "new year": datetime(2026, 1, 1, 0, 10, tzinfo=SHANGHAI),
    "spring festival": datetime(2026, 2, 18, 10, 0, tzinfo=SHANGHAI),
    "first day after it": datetime(2026, 2, 24, 9, 5, tzinfo=SHANGHAI),
    "make-up saturday": datetime(2026, 10, 10, 23, 30, tzinfo=SHANGHAI),
    "beyond the calendar": datetime(2027, 6, 9, 3, 0, tzinfo=SHANGHAI),
}
ELEVEN_DIGITS = re.compile(r"(?<![0-9a-f-])\d{11}(?![0-9a-f])")
"""A phone number wherever it stands, but no part of a digest or ticket."""
OF_PEOPLE = set(CLUE.commands) - {"elapse", "erase_text", "recalculate"}


@cache
def told_on(now: datetime) -> tuple[Tale, ...]:
    return tales(now, CALENDAR)


async def kept_nowhere(chunks: AsyncIterator[bytes]) -> str:
    async for _ in chunks:
        pass
    return ""


async def taken_in(now: datetime) -> tuple[MemoryStore, list[tuple[Known, list[Envelope]]]]:
    """The set in a record of its own, loaded at `now`: every case with its history."""
    store = MemoryStore(lambda: now.astimezone(UTC), departments=known_departments(), officers=known_officers())
    report = await load(world_of(store), kept_nowhere, now)
    assert (report.loaded, report.already) == (len(stories()), 0)
    histories = [[read(row) for row in store.tables.events[tale.stream]] for tale in told_on(now)]
    return store, [(known(fold(CLUE, [one.happened for one in history])), history) for history in histories]


def texts_in(given: Any) -> Iterator[str]:
    """Every text in a body."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, Mapping):
        for value in given.values():
            yield from texts_in(value)
    elif isinstance(given, list | tuple):
        for value in given:
            yield from texts_in(value)


# What is told --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", DAYS.values(), ids=DAYS)
def test_on_any_day_all_times_are_past_in_order_and_officers_work_in_working_hours(now: datetime) -> None:
    assert len(told_on(now)) >= 60
    for tale in told_on(now):
        times = [step.occurred_at for step in tale.steps]
        assert times == sorted(times)
        assert times[-1] <= now
        received = datetime.fromisoformat(tale.steps[0].body["received_at"])
        assert now - timedelta(days=100) < received <= times[0]
        for step in tale.steps:
            if step.slug != "register" or tale.story.channel != "hotline_12345":
                wall = step.occurred_at.astimezone(SHANGHAI)
                assert CALENDAR.is_working_day(wall.date()), (tale.story.name, step)
                assert "09:00" <= f"{wall:%H:%M}" <= "12:00" or "13:30" <= f"{wall:%H:%M}" <= "17:30"


def test_given_one_day_then_the_set_is_told_alike_at_any_hour_but_for_what_just_came_in() -> None:
    later = tales(WEDNESDAY + timedelta(hours=5), CALENDAR)
    settled = {tale.story.name: tale for tale in later if tale.story.minutes_ago is None}
    assert {tale.story.name: tale for tale in told_on(WEDNESDAY) if tale.story.minutes_ago is None} == settled
    assert len(settled) == len(later) - 3


def test_then_there_is_every_command_channel_category_and_region_and_enough_departments() -> None:
    steps = [step for tale in told_on(WEDNESDAY) for step in tale.steps]
    assert {step.slug for step in steps} == OF_PEOPLE
    registered = [step.body for step in steps if step.slug == "register"]
    assert {body["channel"] for body in registered} == set(CHANNEL_NAMES)
    assert {body["category"] for body in registered} == set(CATEGORY_NAMES)
    assert {body["region"] for body in registered} == {region.code for region in regions() if not region.is_city}
    asked = {step.body["department"].partition(".")[2] for step in steps if step.slug == "dispatch"}
    assert len(asked) >= 12
    assert len({tale.ticket for tale in told_on(WEDNESDAY)}) == len(stories())


def test_then_nothing_in_it_is_anybodys() -> None:
    for tale in told_on(WEDNESDAY):
        for step in tale.steps:
            for said in texts_in(step.body):
                assert not {found for found in identifiers_in("reporter", said) if found.kind != "name"}, said
                assert all(number.startswith("120000001") for number in ELEVEN_DIGITS.findall(said))
                assert "{" not in said
                assert "None" not in said
        body = tale.steps[0].body
        assert "reporter" not in body or "化名" in body["reporter"] or "匿名" in body["reporter"]


def test_then_businesses_are_marked_and_their_codes_fit_but_belong_to_no_place() -> None:
    entities = [step.body["entity"] for tale in told_on(WEDNESDAY) for step in tale.steps if "entity" in step.body]
    assert all(entity["name"].endswith("(演练)") for entity in entities)
    codes = {entity["name"]: entity["uscc"] for entity in entities if "uscc" in entity}
    assert all(uscc.is_valid(code) and code[2:8] == "379900" for code in codes.values())
    assert len(set(codes.values())) == len(codes) > 40


# What becomes of it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [DAYS[name] for name in ("wednesday", "spring festival", "make-up saturday")])
async def test_then_every_stage_and_state_of_a_deadline_is_there_and_who_is_late_had_the_case(now: datetime) -> None:
    store, cases = await taken_in(now)
    assert {clue.stage for clue, _ in cases} == set(get_args(StageName)) - {"unregistered"}
    assert {2, 1} <= {clue.dossier.returns for clue, _ in cases}
    assert max(clue.dossier.reopenings for clue, _ in cases) == 1
    assert not store.tables.effects
    found = Counter[str]()
    for clue, history in cases:
        timed = next((timed for timed in clue.dossier.clocks if timed.running), None)
        if timed is None:
            continue
        clock = timed.clock
        late = timed.paused is None and clock.overdue(now)
        found["paused" if timed.paused else "late" if late else "soon" if clock.warn_at <= now else "in time"] += 1
        if late:
            assert clock.owed_by == responsible_of(clue)
            since = [one for one in history if one.occurred_at > clock.started_at]
            assert not any(isinstance(one.event, ClueDispatched | ClueReturned | ClueSuspended) for one in since)
            assert clock.started_at < clock.breach_at <= now
    assert found["late"] >= 8
    assert found["soon"] >= 5
    assert found["paused"] >= 1
    assert found["in time"] > found["late"]


@pytest_asyncio.fixture
async def trial(postgres_server: PostgresServer, tmp_path: Path) -> AsyncIterator[Settings]:
    """A database for trying out, seeded by an earlier release that knew no second handlers."""
    url = postgres_server.create_database()
    settings = Settings(
        data_dir=tmp_path,
        database_url=SecretStr(url),
        embedded_database=True,
        fingerprint_key=SecretStr("a key of the tests"),
    )
    await migrate_database(settings, after_restore=False)
    engine = create_engine(url)
    earlier = [given for given in demo_accounts() if not given.account.startswith("handler2")]
    names = [given.account for given in earlier]
    await seed_departments(engine)
    await instate(
        world_of(PostgresStore(engine)),
        [
            {
                "account": given.account,
                "department": given.department,
                "region": given.region,
                "roles": [given.role.value],
                "name": given.name,
                "demo": True,
            }
            for given in earlier
        ],
    )
    await AccountBook(engine).store_hash(names, hash_password(DEMO_PASSWORD))
    await engine.dispose()
    (tmp_path / "demo-accounts.json").write_text(json.dumps([{"account": names[0], "password": DEMO_PASSWORD}]))
    yield settings
    postgres_server.drop_database(url)


async def test_given_a_seeded_database_then_the_set_is_loaded_once_whole_and_proved(
    trial: Settings, tmp_path: Path
) -> None:
    settings, engine = trial, create_engine(trial.secret("database_url"))
    assert await _interrupted(engine, tmp_path) == 9
    first = await load_training_set(settings, quiet=True)
    assert first["loaded"] + first["already"] == first["cases"] == len(stories())
    assert 9 <= first["already"] < 15
    assert set(first["stages"]) == set(get_args(StageName)) - {"unregistered"}
    everything = "SELECT md5(string_agg(stream || hash, '|' ORDER BY stream, version)) FROM events"
    before = await value_of(engine, everything)
    again = await load_training_set(settings, quiet=True)
    assert (again["loaded"], again["already"]) == (0, len(stories()))
    assert (await _later(engine, tmp_path)).loaded == 0
    assert await value_of(engine, everything) == before

    assert await value_of(engine, "SELECT count(*) FROM effects") == 0
    assert await value_of(engine, "SELECT count(*) FROM inbox") == 0
    async with session(engine) as opened:
        numbers = (await opened.run(text("SELECT number FROM cases ORDER BY number"))).scalars().all()
    counted = Counter(number[:-7] for number in numbers)
    assert numbers == [
        f"{series}-{serial:06d}" for series in sorted(counted) for serial in range(1, counted[series] + 1)
    ]
    open_cases = await value_of(engine, "SELECT count(*) FROM cases WHERE NOT closed")
    assert await value_of(engine, "SELECT count(*) FROM outbox") == open_cases, "a process will follow every open case"
    proved = await verify_record(settings, None)
    assert (proved["ok"], proved["findings"]) == (True, [])
    assert await read_watermark(settings) == WATERMARK
    assert await value_of(engine, "SELECT count(*) FROM accounts WHERE demo AND password_hash = ''") == 0
    await engine.dispose()


async def _interrupted(engine: AsyncEngine, folder: Path) -> int:
    """A first attempt that breaks off; how many cases it took in."""
    files, taken = EvidenceFolder(folder / "evidence"), 0

    def told(rows: int, _share: float) -> None:
        nonlocal taken
        taken = rows
        if rows == 9:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await load(replace(world_of(PostgresStore(engine)), evidence=files), files.put, datetime.now(UTC), told)
    return taken


async def _later(engine: AsyncEngine, folder: Path) -> TrainingReport:
    """Loaded once more on another day, whose times are others."""
    files = EvidenceFolder(folder / "evidence")
    world = replace(world_of(PostgresStore(engine)), evidence=files)
    return await load(world, files.put, datetime.now(UTC) + timedelta(days=3))


async def test_given_a_database_for_real_work_then_the_set_is_refused_and_there_is_no_mark(
    engine: AsyncEngine, record_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(record_url), fingerprint_key=SecretStr("a key"))
    with pytest.raises(NotForTraining):
        await load_training_set(settings, quiet=True)
    assert await TrainingMark(engine)()
    async with session(engine) as opened:
        await opened.run(text("UPDATE accounts SET demo = false"))
    assert not await is_training(engine)
    assert not await TrainingMark(engine)()
    assert await read_watermark(settings) is None
    with pytest.raises(NotForTraining):
        await load_training_set(settings.model_copy(update={"embedded_database": True}), quiet=True)
    assert await value_of(engine, "SELECT count(*) FROM cases") == 0


async def test_given_a_database_that_is_away_then_nobody_is_stopped_by_the_question() -> None:
    engine = create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{any_port()}/none")
    assert not await TrainingMark(engine)()
    await engine.dispose()


# Working time --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "span", "expected"),
    [
        ("2026-11-25 09:00", "1:30", "2026-11-25 10:30"),
        ("2026-11-25 11:30", "1:00", "2026-11-25 14:00"),
        ("2026-11-25 12:20", "0:10", "2026-11-25 13:40"),
        ("2026-11-25 17:00", "1d", "2026-11-26 17:00"),
        ("2026-11-27 16:30", "1:30", "2026-11-30 09:30"),
        ("2026-02-13 17:30", "0:01", "2026-02-14 09:01"),
        ("2026-02-14 17:00", "1:00", "2026-02-24 09:30"),
        ("2026-11-28 22:00", "1d0:15", "2026-12-01 09:15"),
    ],
    ids=["within", "over noon", "from noon", "a day", "weekend", "make-up day", "spring festival", "from a day off"],
)
def test_working_time_passes_only_while_offices_are_open(begun: str, span: str, expected: str) -> None:
    office = OfficeTime(CALENDAR, WEDNESDAY)
    later = office.after(_wall(begun), minutes_of(span))
    assert f"{later:%Y-%m-%d %H:%M}" == expected


def test_working_days_back_are_counted_from_the_day_that_is_or_comes() -> None:
    sunday = OfficeTime(CALENDAR, DAYS["sunday"])
    assert [str(sunday.day(back)) for back in (0, 1, 2)] == ["2026-11-23", "2026-11-20", "2026-11-19"]
    assert str(sunday.day_off_before(day_of(WEDNESDAY))) == "2026-11-22"
    for wrong in ("", "90", "1 d", "d"):
        with pytest.raises(ValueError, match="no span"):
            minutes_of(wrong)


def _wall(given: str) -> datetime:
    return datetime.strptime(given, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
