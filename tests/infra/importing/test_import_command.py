"""`xiezhi import` as a process of its own: a ledger tried, killed in the middle, and finished by the same command."""

from __future__ import annotations

import asyncio
import csv
import json
from importlib import resources
from pathlib import Path

import psycopg

from tests.support.servers import plain_url
from tests.support.stack import PROGRAM, PrivateStack, private_stack, until

HEAD = ["工单编号", "诉求类型", "所属区县", "受理时间", "工单标题", "诉求内容", "来电人", "联系电话"]
ROWS = 400
BAD = ROWS // 100


def ledger(path: Path) -> Path:
    """A GB18030 export whose texts go over several lines; every hundredth row has a date that is none."""
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["11月工单明细"])
        writer.writerow(HEAD)
        for number in range(ROWS):
            at = "昨天" if number % 100 == 99 else "2026年11月21日 09时05分"
            text = "每天傍晚摆桌,\n油烟直排。"
            writer.writerow([f"2026{number:06d}", "举报", "历下区", at, f"占道 {number}", text, "陈先生", "无"])
    return path


def cases(url: str) -> int:
    with psycopg.connect(plain_url(url)) as connection:
        row = connection.execute("SELECT count(*) FROM cases").fetchone()
        return int(row[0]) if row else 0


async def test_given_a_ledger_and_a_mapping_when_tried_killed_and_run_again_then_every_good_row_is_one_clue(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text((resources.files("infra.reference") / "mappings" / "hotline_12345.toml").read_text("utf-8"))
    file = ledger(tmp_path / "工单.csv")
    async with private_stack(seeded_stack, durable=False, serve=False) as stack:
        arguments = ("import", str(file), "--mapping", str(mapping), "--json")
        code, printed = await stack.attempt(*arguments, "--check")
        tried = json.loads(printed)
        assert (code, tried["encoding"], tried["fit"], tried["unfit"]) == (1, "gb18030", ROWS - BAD, BAD)
        assert tried["first_problems"][0] == f"line {3 + 2 * 99}: received_at: not_an_unambiguous_instant"
        assert await asyncio.to_thread(cases, stack.database_url) == 0

        stack.run("import", *PROGRAM, *arguments)

        async def under_way() -> bool:
            return await asyncio.to_thread(cases, stack.database_url) > 80

        await until(under_way, "some rows registered", seconds=90, every=0.02)
        await stack.kill("import")
        before = await asyncio.to_thread(cases, stack.database_url)
        assert before < ROWS - BAD
        report = json.loads(await stack.xiezhi(*arguments))
        assert report["registered"] == ROWS - BAD - before
        assert sum(report[verdict] for verdict in ("registered", "already", "rejected", "skipped")) == ROWS
        assert await asyncio.to_thread(cases, stack.database_url) == ROWS - BAD
        rejected = [json.loads(line) for line in Path(report["rejects"]).read_text("utf-8").splitlines()]
        assert [entry["line"] for entry in rejected] == [3 + 2 * number for number in range(99, ROWS, 100)]

        (tmp_path / "other.toml").write_text("[fields.colour]\nconstant = 'x'\n", encoding="utf-8")
        code, printed = await stack.attempt("import", str(file), "--mapping", str(tmp_path / "other.toml"), "--json")
        assert (code, json.loads(printed)["code"]) == (1, "mapping_invalid")
