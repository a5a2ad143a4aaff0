"""`GET /feed` at the real server: who hears what, resuming, and how a stream ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.actors import Subject
from infra.people.identity import Hs256Tokens
from infra.postgres.engine.engine import create_engine
from infra.postgres.engine.session import session
from infra.postgres.record.store import PostgresStore
from tests.support.api_process import ApiProcess, api_process
from tests.support.record import Casebook, demo, tamper, world_of

DISPATCHER, ASSIGNER, ELSEWHERE, SOURCE = (
    "dispatcher.370102",
    "assigner.market.370102",
    "dispatcher.370103",
    "source.hotline",
)
Message = dict[str, Any]


@pytest_asyncio.fixture
async def engine(record_url: str) -> AsyncIterator[AsyncEngine]:
    """The record behind the server's back."""
    made = create_engine(record_url)
    yield made
    await made.dispose()


@pytest.fixture
def casebook(engine: AsyncEngine) -> Casebook:
    """Clues, written past the server."""
    return Casebook(world_of(PostgresStore(engine)))


class Listener:
    """One who follows the feed over HTTP."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Message:
        """The next message, its data read; comments are passed over."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(30):
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    return {**json.loads(fields["data"]), "kind": fields["event"], "id": fields["id"]}
                else:
                    fields = {}
        raise AssertionError("the stream ended without a message")

    async def changes(self, count: int) -> list[Message]:
        """The next messages, all of them changes."""
        heard = [await self.next() for _ in range(count)]
        assert {message["kind"] for message in heard} <= {"change"}, heard
        return heard


async def listening(process: ApiProcess, account: str, **given: Any) -> AsyncIterator[Listener]:
    """Follow as an account."""
    headers = {"Authorization": f"Bearer {await process.token(account)}", **given.pop("headers", {})}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30.0) as http,
        http.stream("GET", f"{process.url}/api/v1/feed", headers=headers, **given) as response,
    ):
        yield Listener(response)


async def opened(process: ApiProcess, account: str, **given: Any) -> tuple[Any, Listener, Message]:
    """A listener that has been told where it starts."""
    stream = listening(process, account, **given)
    listener = await anext(stream)
    assert listener.response.status_code == 200, await listener.response.aread()
    return stream, listener, await listener.next()


async def recorded(engine: AsyncEngine) -> list[tuple[str, int]]:
    """Every event in the global order."""
    async with session(engine) as found:
        rows = await found.run(
            text("SELECT stream, version FROM events WHERE stream LIKE 'clue-%' ORDER BY xid, position")
        )
        return [(row.stream, row.version) for row in rows]


async def test_given_people_of_different_reach_then_each_hears_what_lists_show_and_resumes_without_loss(
    record_url: str, tmp_path: Path, engine: AsyncEngine, casebook: Casebook
) -> None:
    async with api_process(record_url, tmp_path) as process:
        wide, hears, start = await opened(process, DISPATCHER)
        assert start["kind"] == "start"
        assert hears.response.headers["Content-Type"].startswith("text/event-stream")
        narrow, department, _ = await opened(process, ASSIGNER)
        stream = await casebook.driven("sign_for")
        heard = await hears.changes(len(await recorded(engine)))
        assert [(message["case"], message["version"]) for message in heard] == await recorded(engine)
        assert heard[0].keys() == {
            "kind", "id", "event", "case", "version", "stage", "responsible", "recorded_at", "cursor",
        }  # fmt: skip
        assert (heard[0]["event"], heard[0]["stage"]) == ("clue.registered", "registered")
        assert (await department.next())["case"] == stream  # it has come into the department's reach

        await wide.aclose()
        more = await casebook.driven("dispatch")
        for given in ({"headers": {"Last-Event-ID": heard[2]["id"]}}, {"params": {"cursor": heard[2]["cursor"]}}):
            again, resumed, _ = await opened(process, DISPATCHER, **given)
            rest = (await recorded(engine))[3:]
            told = await resumed.changes(len(rest))
            assert [(message["case"], message["version"]) for message in told] == rest
            assert more in {message["case"] for message in told}
            await again.aclose()

        other, far, _ = await opened(process, ELSEWHERE, params={"from": "start"})
        clerk = demo("intake.370103")
        theirs = await casebook.command(clerk, "register", region="370103", external_id="far")
        assert {message["case"] for message in await far.changes(1)} == {theirs.outcome.stream}
        for one in (narrow, other):
            await one.aclose()


async def test_given_cursors_and_callers_that_do_not_fit_then_problems(record_url: str, tmp_path: Path) -> None:
    async with api_process(record_url, tmp_path) as process:
        token = {"Authorization": f"Bearer {await process.token(DISPATCHER)}"}
        async with httpx.AsyncClient(base_url=f"{process.url}/api/v1", trust_env=False) as http:
            for headers, params, status in (
                ({}, {}, 401),
                (token, {"cursor": "nonsense"}, 422),
                (token, {"cursor": "9" * 41}, 422),
                (token, {"from": "elsewhere"}, 422),
                ({**token, "Last-Event-ID": "88888888.1"}, {}, 422),
            ):
                answer = await http.get("/feed", headers=headers, params=params)
                assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


async def test_given_a_stream_that_has_to_end_then_it_says_why_and_where_to_go_on(
    record_url: str, tmp_path: Path, engine: AsyncEngine
) -> None:
    secret = "a secret of the tests, long enough for HS256"
    async with api_process(record_url, tmp_path, XIEZHI_TOKEN_SECRET=secret) as process:
        short = Hs256Tokens(secret, ttl_minutes=60, now=lambda: time.time() - 3600 + 4).issue(
            Subject(account=ELSEWHERE)
        )
        off, deactivated, started = await opened(process, ASSIGNER)
        out, expired, later = await opened(process, ELSEWHERE, headers={"Authorization": f"Bearer {short}"})
        on, stays, start = await opened(process, DISPATCHER)
        async with aclosing(off), aclosing(out), aclosing(on):
            await tamper(engine, "UPDATE accounts SET active = false WHERE account = :account", account=ASSIGNER)
            endings = ((deactivated, "account_deactivated", started), (expired, "token_expired", later))
            for listener, why, first in endings:
                ended = await listener.next()
                assert (ended["kind"], ended["code"], ended["cursor"]) == ("end", why, first["cursor"])
                with pytest.raises(AssertionError, match="ended"):
                    await listener.next()
            stopping = asyncio.create_task(process.child.stop())
            ended = await stays.next()
            assert (ended["kind"], ended["code"], ended["cursor"]) == ("end", "stopping", start["cursor"])
            assert await stopping == 0
