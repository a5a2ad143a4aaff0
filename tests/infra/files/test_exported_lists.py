"""An exported list holds what its requester's own list shows at that moment, and no text the reader may not read."""

from __future__ import annotations

import csv
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.export import EXPORT
from domain.export.state import Order, Requested
from domain.people.actors import SYSTEM, Actor
from domain.record.decider import fold
from domain.record.envelope import read
from domain.record.handler import Request, handle
from infra.files.exported_lists import COLUMNS, ExportFolder, ListMaker, MadeFile, sweep
from infra.postgres.cases.reading import Record
from infra.postgres.engine.engine import create_maintenance_engine
from infra.postgres.exports import Exports
from infra.postgres.proof.checkpoint import load_or_make_key
from infra.postgres.proof.verify import verify
from infra.postgres.record.store import PostgresStore
from infra.processes.process_states import ProcessStates
from tests.support.record import ASSIGNER, SECURITY, Casebook, demo, tamper, world_of

SUPERVISOR, AUDITOR = demo("supervisor.370102"), demo("auditor.370100")


class Desk:
    """Exports asked for and made, without a process in between."""

    def __init__(self, engine: AsyncEngine, casebook: Casebook, folder: Path) -> None:
        self.engine, self.casebook = engine, casebook
        self.folder = ExportFolder(folder)
        self.path = folder

    async def order(self, by: Actor, **body: Any) -> tuple[str, Order]:
        """An export as it was asked for."""
        number = next(self.casebook.numbers)
        request = Request(by, f"export-{number}", "request", {"form": "csv", **body})
        stream = (await handle(self.casebook.world, EXPORT, request)).outcome.stream
        history = [read(row).happened for row in await Record(self.engine).history(stream)]
        requested = fold(EXPORT, history)
        assert isinstance(requested, Requested)
        return stream, requested.order

    async def made(self, by: Actor, *, limit: int = 1000, **body: Any) -> tuple[str, MadeFile | str]:
        """An export made at once."""
        stream, order = await self.order(by, **body)
        return stream, await ListMaker(self.engine, self.folder, limit).make(stream, order)

    async def rows(self, by: Actor, **body: Any) -> list[dict[str, str]]:
        """The data rows of an export."""
        stream, made = await self.made(by, **body)
        assert isinstance(made, MadeFile), made
        text = (self.path / f"{stream}.{made.digest}.csv").read_text("utf-8-sig")
        mark, header, *rows = list(csv.reader(text.splitlines()))
        assert mark[0].startswith(f"由 {by.account} 于 ")
        assert "演练环境" in mark[0], "the accounts are demo accounts"
        assert tuple(header) == COLUMNS
        assert made.rows == len(rows)
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


@pytest.fixture
def desk(engine: AsyncEngine, tmp_path: Path) -> Desk:
    return Desk(engine, Casebook(world_of(PostgresStore(engine))), tmp_path / "exports")


async def test_given_a_filter_then_the_file_holds_the_requesters_list_with_names_and_readable_titles(
    desk: Desk,
) -> None:
    waiting = [await desk.casebook.registered(title=f"标题{number}") for number in range(3)]
    led = await desk.casebook.driven("dispatch", title="=已分办")
    everything = await desk.rows(SUPERVISOR)
    assert [row["案件标识"] for row in everything] == [led, *reversed(waiting)]
    assert everything[0]["标题"] == "'=已分办"
    assert (everything[0]["环节"], everything[0]["牵头部门"]) == ("待签收", "历下区市场监督管理局")
    assert (everything[0]["期限"], everything[0]["是否逾期"]) == ("签收", "否")
    assert everything[1]["标题"] == "标题2"
    assert everything[1]["登记时间"][:2] == "20"
    narrowed = await desk.rows(SUPERVISOR, filters={"stages": ["dispatched"]})
    assert [row["案件标识"] for row in narrowed] == [led]
    assert [row["案件标识"] for row in await desk.rows(ASSIGNER)] == [led]
    assert await desk.rows(demo("dispatcher.370103")) == []
    blind = await desk.rows(AUDITOR)
    assert (len(blind), {row["标题"] for row in blind}) == (4, {""})


async def test_given_words_looked_for_then_only_those_cases_are_in_the_file(desk: Desk) -> None:
    found = await desk.casebook.registered(title="某烧烤店占道", body="油烟直排")
    await desk.casebook.registered(title="路灯不亮", body="整条街")
    assert [row["案件标识"] for row in await desk.rows(SUPERVISOR, search="烧烤")] == [found]


async def test_given_more_rows_than_allowed_or_a_closed_account_then_it_says_why_and_leaves_nothing(
    desk: Desk, engine: AsyncEngine
) -> None:
    for _ in range(3):
        await desk.casebook.registered()
    assert (await desk.made(SUPERVISOR, limit=2))[1] == "too_many_rows"
    assert (await desk.made(SUPERVISOR, limit=2, search="烧烤"))[1] == "too_many_rows"
    stream, order = await desk.order(SUPERVISOR)
    outdated = order.model_copy(update={"filters": {"colour": "red"}})
    maker = ListMaker(engine, desk.folder, 10)
    assert await maker.make(stream, outdated) == "query_outdated"
    await tamper(engine, "UPDATE accounts SET active = false WHERE account = :account", account=SUPERVISOR.account)
    assert await maker.make(stream, order) == "account_inactive"
    assert list(desk.path.iterdir()) == []


async def test_given_a_file_made_twice_then_both_are_whole_and_known_by_their_digest(desk: Desk) -> None:
    await desk.casebook.registered()
    stream, order = await desk.order(SUPERVISOR, form="xlsx")
    maker = ListMaker(desk.engine, desk.folder, 10)
    for _ in range(2):
        made = await maker.make(stream, order)
        assert isinstance(made, MadeFile)
        content = b"".join([chunk async for chunk in desk.folder.content(stream, made.digest, "xlsx")])
        assert len(content) == made.size
        place = desk.path / f"{stream}.{made.digest}.xlsx"
        assert len(list(load_workbook(place)["导出"].iter_rows())) == 2 + made.rows
    line = await Exports(desk.engine).one(stream)
    assert line is not None
    assert (line.progress, line.total) == (1, 1)


async def test_given_files_that_expired_or_hold_an_erased_text_then_they_are_swept(
    desk: Desk, engine: AsyncEngine
) -> None:
    case, old = await desk.casebook.registered(), time.time() - 3600

    async def kept(by: Actor, days: int) -> Path:
        stream, made = await desk.made(by)
        assert isinstance(made, MadeFile)
        body = {name: getattr(made, name) for name in ("rows", "size", "digest", "with_texts")}
        request = Request(
            SYSTEM, f"{stream}:complete", "complete",
            {**body, "expires_at": (made.at + timedelta(days=days)).isoformat()}, stream,
        )  # fmt: skip
        assert (await handle(desk.casebook.world, EXPORT, request)).outcome.status == "recorded"
        path = desk.path / f"{stream}.{made.digest}.csv"
        os.utime(path, (old, old))
        return path

    with_titles, codes_only, expired = await kept(SUPERVISOR, 7), await kept(AUDITOR, 7), await kept(AUDITOR, -1)
    fresh = desk.path / f"export-{'0' * 32}.{'0' * 64}.csv"
    fresh.write_text("just made")
    os.utime(fresh, (old + 3600, old + 3600))
    abandoned = desk.folder.scratch()
    os.utime(abandoned, (0, 0))
    assert await sweep(engine, desk.folder) == 2
    assert (with_titles.exists(), codes_only.exists(), expired.exists()) == (True, True, False)
    assert fresh.exists()
    assert not abandoned.exists()

    title = read((await Record(engine).history(case))[0]).event.title.ref
    erased = await desk.casebook.command(SECURITY, "erase_text", case, texts=[str(title)])
    assert erased.outcome.status == "recorded"
    line = await Exports(engine).one(with_titles.name.partition(".")[0])
    assert line is not None
    assert line.withdrawn
    assert await sweep(engine, desk.folder) == 1
    assert (with_titles.exists(), codes_only.exists()) == (False, True)


async def test_given_a_list_asked_for_then_its_process_can_be_started_from_the_record(desk: Desk) -> None:
    case = await desk.casebook.registered()
    stream, _ = await desk.order(SUPERVISOR)
    process_states = ProcessStates(desk.engine)
    assert {advance.stream for advance in await process_states.open_cases("", 10)} == {case, stream}
    assert await process_states.count_open() == 2
    now = await process_states.standing(stream)
    assert now is not None
    assert (now.stage, now.last, [effect.kind for effect in now.effects]) == ("requested", 1, ["make_export"])
    assert await Exports(desk.engine).under_way(SUPERVISOR.account) == 1
    await handle(desk.casebook.world, EXPORT, Request(SUPERVISOR, "no", "cancel", {}, stream))
    assert await Exports(desk.engine).under_way(SUPERVISOR.account) == 0
    after = await process_states.standing(stream)
    assert after is not None
    assert after.closed


async def test_given_exports_then_the_register_follows_from_the_events(
    desk: Desk, record_url: str, tmp_path: Path
) -> None:
    maintenance = create_maintenance_engine(record_url)
    await desk.casebook.registered()
    stream, _ = await desk.order(SUPERVISOR, filters={"stages": ["dispatched"], "punctual": True}, purpose="audit")
    page = await Exports(desk.engine).page(account=None, region_prefix="3701", limit=1)
    assert [line.stream for line in page.items] == [stream]
    assert (await Exports(desk.engine).page(account="nobody", region_prefix=None, limit=1)).items == []
    report = await verify(maintenance, load_or_make_key(tmp_path / "key").public_key())
    assert list(report.findings) == []
    await tamper(maintenance, "UPDATE exports SET purpose = 'handling'")
    report = await verify(maintenance, load_or_make_key(tmp_path / "key").public_key())
    assert [(found.check, found.where) for found in report.findings] == [("register", stream)]
    await maintenance.dispose()
