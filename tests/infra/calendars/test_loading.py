"""Loading a calendar while the service runs: every process works by it at once, and every waiting clock moves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from domain.clue import CLUE
from domain.errors import PreconditionFailed
from domain.record.handler import HandlerPorts, Request, concluded, decided, numbers_of
from domain.record.ids import command_id
from domain.record.vault import Sealer
from domain.time.calendar import (
    DAY,
    NATIONAL,
    Calendar,
    CalendarMissing,
    Calendars,
    SpecialDay,
    day_of,
    edition_of_days,
    national_calendar,
)
from domain.time.holiday_notice import CalendarInvalid, KnownDaysChange, Notice
from infra.calendars import adopt, calendars_in_force, load, read_notice, recompute
from infra.calendars.loading import OPERATOR
from infra.cli.__main__ import app
from infra.postgres.clocks.calendars import CalendarShelf, ClocksToSettle
from infra.postgres.engine.engine import create_engine
from infra.postgres.proof.verify import verify
from infra.postgres.record.store import PostgresStore
from infra.reference.installation import adopt_editions, unrecorded_editions
from tests.api.desks import AUDITOR
from tests.api.real import running_service
from tests.support.record import ASSIGNER, Casebook, tamper, value_of, world_of
from tests.support.servers import running_temporal
from tests.support.stack import until

TODAY = day_of(datetime.now(UTC))
THIS, NEXT = TODAY.year, TODAY.year + 1


def working_day_in(days: int) -> date:
    """A Monday, Tuesday, Wednesday or Thursday some days from now: the next one can be worked, too."""
    day = TODAY + days * DAY
    while day.weekday() > 3:
        day += DAY
    return day


HOLIDAY = working_day_in(5)
KNOWN = [special for special in national_calendar().days if special.day.year < THIS]
OLD = edition_of_days(NATIONAL, 2004, THIS - 1, KNOWN)
"""Ends last year, so that whatever day these tests run every deadline in days is provisional."""


def notice(*days: date, region: str = NATIONAL, name: str = "试验假日") -> Notice:
    """This year and the next."""
    listed = tuple(SpecialDay(day=day, name=name, working=False) for day in days)
    return Notice(region=region, title="made up", years=(THIS, NEXT), days=listed)


def toml(path: Path, *days: date, region: str = NATIONAL, years: str = f"{THIS}, {NEXT}") -> Path:
    """The same as a file."""
    rest = "".join(f'[[rest]]\nname = "试验假日"\nfirst = {day}\n' for day in days)
    path.write_text(f'region = "{region}"\ntitle = "made up"\nyears = [{years}]\n{rest}', encoding="utf-8")
    return path


async def behind(engine: AsyncEngine) -> HandlerPorts:
    """A record whose calendar ends last year."""
    world = world_of(PostgresStore(engine))
    await put(world, engine, OLD)
    return world


async def put(world: HandlerPorts, engine: AsyncEngine, edition: Calendar) -> None:
    place = await CalendarShelf(engine).place(edition.region)
    await adopt(world, engine, edition, place, OPERATOR)


async def clocks_of(engine: AsyncEngine, stream: str) -> Mapping[str, Any]:
    """Its running handling clock's row."""
    row = "SELECT to_jsonb(clocks) FROM clocks WHERE stream = :stream AND kind = 'handling' AND stopped_at IS NULL"
    found: Mapping[str, Any] = await value_of(engine, row, stream=stream)
    return found


async def recorded(engine: AsyncEngine) -> tuple[int, int, int]:
    """How much is on record."""
    counts = [await value_of(engine, f"SELECT count(*) FROM {name}") for name in ("events", "commands", "calendars")]
    return counts[0], counts[1], counts[2]


async def clean(engine: AsyncEngine) -> list[Any]:
    return (await verify(engine, Ed25519PrivateKey.generate().public_key())).findings


async def test_given_a_running_service_when_a_calendar_is_loaded_elsewhere_then_clocks_timers_and_readers_follow(
    record_url: str, engine: AsyncEngine, maintenance: AsyncEngine, tmp_path: Path
) -> None:
    await behind(engine)
    async with running_temporal() as temporal, running_service(record_url, temporal, tmp_path) as running:
        desks = running.desks
        case = await desks.given("sign_for")

        async def alarm() -> Any:
            process = (await desks.get(AUDITOR, f"/clues/{case}/process")).json()
            return process["process"] == "running" and not process["behind"] and process["alarm"]

        first = await until(alarm, "the process at the head of the case")
        before = await clocks_of(engine, case)
        assert (before["provisional"], before["unsettled"]) == (True, True)

        operator = create_engine(record_url)  # a process of its own, as `xiezhi calendar load` is one
        world = world_of(PostgresStore(operator))
        assert (await load(world, operator, read_notice(toml(tmp_path / "n.toml", HOLIDAY)))).another
        report = await recompute(world, ClocksToSettle(operator))
        await operator.dispose()
        assert (report.cases, report.recomputed, report.failed) == (1, 1, [])
        after = await clocks_of(engine, case)
        assert after["due_at"] > before["due_at"]
        assert (after["provisional"], after["calendar"].startswith(f"CN-2004-{NEXT}-")) == (False, True)

        async def moved() -> bool:
            await running.relay.turn()
            return bool((await alarm() or first)["at"] > first["at"])

        await until(moved, "the timer that follows the clock")
        entries = (await desks.get(AUDITOR, f"/clues/{case}/timeline")).text
        assert "期限重算" in entries
        assert f"{HOLIDAY} 试验假日放假" in entries

        later = await desks.given("sign_for")
        assert (await clocks_of(engine, later))["calendar"] == after["calendar"], "without a restart"
    assert await clean(maintenance) == []


async def test_given_a_calendar_loaded_twice_then_the_second_time_changes_nothing(engine: AsyncEngine) -> None:
    world = await behind(engine)
    casebook = Casebook(world)
    streams = [await casebook.driven("sign_for") for _ in range(3)]
    clocks = ClocksToSettle(engine)
    assert (await load(world, engine, notice(HOLIDAY))).another
    seen: list[tuple[int, float]] = []
    report = await recompute(world, clocks, lambda done, share: seen.append((done, share)), together=2)
    assert (report.cases, report.recomputed, seen[-1]) == (3, 3, (3, 1.0))
    kept = await recorded(engine)
    assert not (await load(world, engine, notice(HOLIDAY))).another
    assert (await recompute(world, clocks)).cases == 0
    assert await recorded(engine) == kept
    told = "SELECT count(*) FROM outbox WHERE lane = 'bulk' AND stream = ANY(:streams)"
    assert await value_of(engine, told, streams=streams) == 3, "every process hears of it, behind those of people"


async def test_given_a_recomputation_that_was_cut_off_then_the_next_one_goes_on(engine: AsyncEngine) -> None:
    world = await behind(engine)
    casebook = Casebook(world)
    streams = [await casebook.driven("sign_for") for _ in range(5)]
    await load(world, engine, notice(HOLIDAY))
    stopped = 0

    class Cut(Exception):
        pass

    def cut(done: int, _share: float) -> None:
        nonlocal stopped
        stopped = done
        raise Cut

    with pytest.raises(Cut):
        await recompute(world, ClocksToSettle(engine), cut, together=1)
    assert 0 < stopped < len(streams)
    await recompute(world, ClocksToSettle(engine))
    recomputed = "SELECT array_agg(stream ORDER BY stream) FROM events WHERE type = 'clock.recomputed'"
    assert await value_of(engine, recomputed) == sorted(streams), "each once"


async def test_given_a_command_that_decides_while_a_calendar_is_loaded_then_its_clock_is_recomputed_too(
    engine: AsyncEngine,
) -> None:
    world = await behind(engine)
    stream = await Casebook(world).driven("dispatch")
    deciding, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        asked = Request(ASSIGNER, key="slow", slug="sign_for", body={}, stream=stream)
        command, sealer = CLUE.commands["sign_for"](), Sealer(world.entropy)
        async with world.store.transaction() as tx:
            await tx.take_key(ASSIGNER.account, "slow", command_id(ASSIGNER.account, "slow"), "sign_for", "print")
            work, refusal, _ = await decided(world, tx, CLUE, asked, stream, command, numbers_of(tx))
            deciding.set()
            await go_on.wait()
            await concluded(tx, asked, sealer, work, refusal)

    running = asyncio.create_task(slowly())
    await deciding.wait()
    await load(world, engine, notice(HOLIDAY))
    recomputing = asyncio.create_task(recompute(world, ClocksToSettle(engine)))
    await asyncio.wait({recomputing}, timeout=0.2)
    assert not recomputing.done(), "it waits for whoever may have read the calendar before"
    go_on.set()
    await running
    assert (await recomputing).recomputed == 1
    assert (await clocks_of(engine, stream))["calendar"].startswith(f"CN-2004-{NEXT}-")


async def test_given_a_case_that_cannot_be_read_then_the_others_are_recomputed_and_it_is_named(
    engine: AsyncEngine, maintenance: AsyncEngine
) -> None:
    world = await behind(engine)
    casebook = Casebook(world)
    streams = [await casebook.driven("sign_for") for _ in range(3)]
    unknown = "UPDATE events SET body = replace(body, '\"clue.signed_for\"', '\"clue.of_another_release\"')"
    await tamper(maintenance, f"{unknown} WHERE stream = :stream", stream=streams[1])
    await load(world, engine, notice(HOLIDAY))
    report = await recompute(world, ClocksToSettle(engine))
    assert (report.recomputed, report.failed) == (2, [f"{streams[1]}: unknown_event"])
    assert report.summary()["ok"] is False


async def test_given_a_broken_notice_then_nothing_at_all_is_written(engine: AsyncEngine) -> None:
    world = await behind(engine)
    kept = await recorded(engine)
    with pytest.raises(CalendarInvalid, match="重复列出"):
        await load(world, engine, notice(HOLIDAY, HOLIDAY))
    weekday = next(
        OLD.known_until - number * DAY for number in range(9) if (OLD.known_until - number * DAY).weekday() < 5
    )
    known = [special.day for special in KNOWN if special.day.year == THIS - 1 and not special.working]
    changed = replace_years(notice(*sorted({*known, weekday})), THIS - 1)
    with pytest.raises(KnownDaysChange):
        await load(world, engine, changed)
    assert (await load(world, engine, notice(HOLIDAY), check=True)).another
    assert await recorded(engine) == kept


def replace_years(given: Notice, *years: int) -> Notice:
    return given.model_copy(update={"years": years})


async def test_given_a_longer_calendar_in_force_then_a_build_that_knows_less_leaves_it_and_one_that_knows_more_follows(
    engine: AsyncEngine,
) -> None:
    world = await behind(engine)
    built = replace(world, calendars=Calendars(regions=(OLD,)))
    await load(world, engine, notice(HOLIDAY))
    loaded = (await calendars_in_force(world)).national
    await adopt_editions(built, engine)
    assert (await calendars_in_force(built)).national == loaded
    assert await unrecorded_editions(built, engine) == []
    longer = edition_of_days(NATIONAL, 2004, NEXT + 1, loaded.days)
    adopted = await adopt_editions(replace(world, calendars=Calendars(regions=(longer,))), engine)
    assert adopted == [f"calendar CN@{longer.version}"]
    otherwise = edition_of_days(NATIONAL, 2004, NEXT + 2, KNOWN)
    assert await adopt_editions(replace(world, calendars=Calendars(regions=(otherwise,))), engine) == []
    assert (await calendars_in_force(world)).national == longer


async def test_given_two_who_load_at_once_then_the_second_is_told_to_look_again(engine: AsyncEngine) -> None:
    world = await behind(engine)
    place = await CalendarShelf(engine).place(NATIONAL)
    await load(world, engine, notice(HOLIDAY))
    with pytest.raises(PreconditionFailed):
        await adopt(world, engine, edition_of_days(NATIONAL, 2004, NEXT, KNOWN), place, OPERATOR)


async def test_given_days_changed_behind_the_record_then_verify_finds_it_and_no_deadline_rests_on_them(
    engine: AsyncEngine, maintenance: AsyncEngine
) -> None:
    world = await behind(engine)
    assert await clean(maintenance) == []
    await tamper(maintenance, "UPDATE calendars SET content = replace(content, 'true', 'false')")
    (found,) = await clean(maintenance)
    assert (found.check, found.problem) == ("calendar", "content does not hash to its digest")
    with pytest.raises(CalendarMissing):
        await calendars_in_force(world_of(PostgresStore(engine)))
    await CalendarShelf(engine).keep(OLD)
    assert await clean(maintenance) == []
    await tamper(maintenance, "DELETE FROM calendars")
    (lost,) = await clean(maintenance)
    assert lost.where == "calendar CN"
    assert await calendars_in_force(world) == world.calendars, "until it is kept again the build's stands in"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.toml", "years = [2027", "a.toml"),
        ("a.toml", 'years = []\nregion = "CN"', "years"),
        ("a.toml", "years = [2027]\nfeast = 1", "feast"),
        ("a.toml", 'years = [2027]\nregion = "999999"', "没有行政区划“999999”"),
        ("a.toml", 'years = [2027]\nregion = "370000"', "文件写的是行政区划 370000"),
        (
            "a.toml",
            'years = [2027]\n[[rest]]\nname = "节"\nfirst = 2027-02-09\nlast = 2027-02-01',
            "不是合理的放假时段",
        ),
        ("a.csv", "date,name\n2027-01-01,元旦\n", "缺少列 is_off_day"),
        ("a.csv", "date,name,is_off_day\n2027-13-01,元旦,1\n", "第 2 行的 date"),
        ("a.csv", "date,name,is_off_day\n", "没有一天"),
        ("a.ics", "BEGIN:VCALENDAR", "不认识的文件类型"),
    ],
)
def test_given_a_file_that_cannot_be_read_then_it_is_refused_with_the_place(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CalendarInvalid) as refused:
        read_notice(file, "640000" if "370000" in content else None)
    assert said in str(refused.value)


def test_given_the_two_formats_then_they_say_the_same(tmp_path: Path) -> None:
    csv = tmp_path / "days.csv"
    csv.write_text("date,name,is_off_day\n2027-01-01,元旦,1\n2027-01-09,元旦,0\n", encoding="utf-8")
    table = tmp_path / "days.toml"
    makeup = '[[makeup]]\nname = "元旦"\nday = 2027-01-09\n'
    table.write_text(f'years = [2027]\n[[rest]]\nname = "元旦"\nfirst = 2027-01-01\n{makeup}', encoding="utf-8")
    assert read_notice(csv) == read_notice(table)
    assert read_notice(csv, "640000").region == "640000"


@pytest.fixture
def xiezhi(record_url: str, tmp_path: Path) -> Iterator[Any]:
    """The command line in this process; exit code and answer."""
    environment = {
        "DATABASE_URL": record_url,
        "XIEZHI_DATA_DIR": str(tmp_path),
        "XIEZHI_FINGERPRINT_KEY": "f" * 32,
        "XIEZHI_TOKEN_SECRET": "t" * 32,
    }

    def run(*arguments: str) -> tuple[int, Any]:
        answer = CliRunner().invoke(app, [*arguments, "--json"], env=environment)
        return answer.exit_code, json.loads(answer.stdout)

    yield run


def test_given_the_command_line_then_it_checks_loads_shows_and_tells_by_its_exit_code(
    xiezhi: Any, tmp_path: Path
) -> None:
    year = national_calendar().known_until.year + 1
    day = next(date(year, 3, number) for number in range(1, 8) if date(year, 3, number).weekday() == 0)
    file = toml(tmp_path / "next.toml", day, years=str(year))
    code, told = xiezhi("calendar", "check", str(file))
    assert (code, told["in_force"], told["years"][-1]) == (0, "another", f"{year}: 放假 1 天,调休上班 0 天")
    assert xiezhi("calendar", "show", "--year", str(year))[1]["days"] == []
    code, told = xiezhi("calendar", "load", str(file))
    assert (code, told["ok"], told["cases"]) == (0, True, 0)
    assert xiezhi("calendar", "show", "--year", str(year))[1]["days"] == [f"{day} 试验假日 放假"]
    assert xiezhi("calendar", "load", str(file))[1]["in_force"] == "unchanged"
    other = toml(tmp_path / "other.toml", day + timedelta(days=1), years=str(year))
    code, told = xiezhi("calendar", "load", str(other))
    assert (code, told["code"]) == (1, "known_days_change")
    assert str(day) in told["detail"]
    code, told = xiezhi("calendar", "load", str(other), "--replace")
    assert (code, len(told["changed"])) == (0, 2)
    own = toml(tmp_path / "own.toml", day, region="640000", years=str(year))
    assert xiezhi("calendar", "load", str(own))[0] == 0
    shown = xiezhi("calendar", "show", "--region", "640100", "--year", str(year))[1]
    assert (shown["name"], len(shown["days"])) == ("银川市", 2)
    assert xiezhi("calendar", "recompute")[1]["cases"] == 0
    assert xiezhi("calendar", "show", "--region", "123456")[0] == 1
