"""`xiezhi explain CLOCK` over a real record: a pause and an extension in words, and as data."""

from __future__ import annotations

import asyncio
import json

from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from infra.cli.__main__ import app
from infra.postgres.record.store import PostgresStore
from tests.support.record import HANDLER, HEAD, Casebook, world_of


async def explain(url: str, *arguments: str) -> Result:
    """The command, in a thread because it runs a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["explain", *arguments], env={"DATABASE_URL": url})


async def test_given_a_recorded_case_then_its_clock_is_explained_in_words_and_as_data(
    engine: AsyncEngine, record_url: str
) -> None:
    casebook = Casebook(world_of(PostgresStore(engine)))
    case = await casebook.driven("take_up")
    for actor, slug, body in (
        (HEAD, "suspend", {"ground": "appraisal"}),
        (HEAD, "resume", {}),
        (HANDLER, "request_extension", {"clock": "handling-3", "amount": 5}),
        (HEAD, "approve_extension", {"clock": "handling-3"}),
    ):
        done = await casebook.command(actor, slug, case, **body)
        assert done.outcome.status == "recorded", (slug, done.outcome)

    printed = await explain(record_url, f"{case}.handling-3")
    assert printed.exit_code == 0, printed.output
    for words in (
        "由历下区市场监督管理局承担",
        "第十八条",
        "已核对原文",
        "计算:",
        "经过:",
        "其中经批准第1次延长5个工作日",
    ):
        assert words in printed.output
    told = json.loads((await explain(record_url, f"{case}.handling-3", "--json")).output)
    assert [found["type"] for found in told["happened"]] == [
        "clock.started",
        "clock.paused",
        "clock.resumed",
        "clock.extended",
    ]
    assert told["sentence"] in printed.output
    for clock, code in (
        (f"{case}.handling-99", "unknown_clock_id"),
        (case, "unknown_clock_id"),
        ("x.y", "unknown_case"),
    ):
        refused = await explain(record_url, clock, "--json")
        assert (refused.exit_code, json.loads(refused.output)["code"]) == (1, code)
