"""Who sees what is one rule: detail, list, count, search, clocks and exports against a brute force over the record.

The oracle reads the recorded events and says in plain Python who may see a case; it shares nothing with `Scope` or SQL.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import create_app
from api.cases.telling import BackgroundTelling
from api.deps import Service
from api.edge.limits import Limits
from api.edge.metrics import Metrics
from api.lists.queries import ListQuery
from domain.clue import CLUE
from domain.clue.entry import ClueEntry
from domain.lists.worklists import LIVES
from domain.people.actors import Actor, Role, Subject
from domain.record.decider import fold
from domain.record.envelope import StoredEvent, read
from domain.record.ports import Advance
from infra.postgres.cases.listing import Cases
from infra.postgres.engine.engine import create_engine
from infra.postgres.record.store import PostgresStore
from infra.processes.client import connect
from infra.runtime.settings import Settings
from infra.wiring.bootstrap import build_service
from tests.api.desks import client_of
from tests.support.record import value_of
from tests.support.stock import CATEGORIES, CHANNELS, ENTITIES, KINDS, REGIONS, WORDS, Stock

SEED = 20261122
CLUES, USERS, QUERIES = 60, 12, 3


# The world --------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """The service over a random stock, and everything the oracle looks at."""

    http: httpx.AsyncClient
    engine: AsyncEngine
    stock: Stock
    users: dict[str, Actor]
    now: datetime

    @property
    def cases(self) -> dict[str, tuple[StoredEvent, ...]]:
        return self.stock.store.tables.events

    async def get(self, user: Actor, path: str, **params: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {user.account}"}
        return await self.http.get(f"/api/v1{path}", params=params, headers=headers)

    async def items(self, user: Actor, path: str, **params: Any) -> list[dict[str, Any]]:
        """Every page of a list."""
        found, cursor = list[dict[str, Any]](), None
        while True:
            answer = await self.get(user, path, **params, limit=37, **({"cursor": cursor} if cursor else {}))
            assert answer.status_code == 200, (params, answer.text)
            found += answer.json()["items"]
            if (cursor := answer.json()["next"]) is None:
                return found


@dataclass(frozen=True)
class AnybodyNamed:
    """Takes an account's name for its token."""

    users: dict[str, Actor]

    def verify(self, token: str) -> Subject | None:
        return Subject(account=token) if token in self.users else None

    async def actor(self, subject: Subject) -> Actor | None:
        return self.users.get(subject.account)


@pytest_asyncio.fixture(scope="module")
async def world(postgres_server: Any, record_template: str, tmp_path_factory: Any) -> AsyncIterator[World]:
    """A random stock, put into the record in two stretches, and random people."""
    url = postgres_server.create_database(template=record_template)
    engine = create_engine(url)
    stock = Stock(random.Random(SEED))
    await stock.register(CLUES)
    await stock.go_on(5)
    await stock.put(PostgresStore(engine))
    await stock.go_on(12)
    await stock.put(PostgresStore(engine))
    users = {user.account: user for user in people(random.Random(SEED))}
    now = await value_of(engine, "SELECT clock_timestamp()")
    async with served(url, engine, tmp_path_factory.mktemp("visibility"), users) as http:
        yield World(http, engine, stock, users, now)
    await engine.dispose()
    postgres_server.drop_database(url)


@asynccontextmanager
async def served(
    url: str,
    engine: AsyncEngine,
    folder: Path,
    users: dict[str, Actor],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[httpx.AsyncClient]:
    """The whole API over PostgreSQL; Temporal is away, and people are who they say."""
    settings = Settings(
        data_dir=folder,
        database_url=SecretStr(url),
        temporal_address="127.0.0.1:1",
        token_secret=SecretStr("a secret of the tests, long enough for HS256"),
        fingerprint_key=SecretStr("another secret of the tests"),
    )
    client = await connect(settings, lazy=True)

    @asynccontextmanager
    async def opened(metrics: Metrics) -> AsyncIterator[Service]:
        telling = BackgroundTelling(_nobody, _nothing, metrics.deliveries)
        named: Any = AnybodyNamed(users)
        service = build_service(settings, engine, client, telling)
        people = replace(service.people, verifier=named, directory=named)
        yield replace(service, people=people, now=clock, limits=Limits())
        await telling.close()

    app = create_app(opened)
    async with app.router.lifespan_context(app), client_of(app) as http:
        yield http


async def _nobody(_advance: Advance) -> None:
    return


async def _nothing(_rows: Any) -> None:
    return


def people(dice: random.Random) -> Iterator[Actor]:
    """Random people: several roles, any department and region, some standing in for a handler; and the odd ones."""
    roles = [role for role in Role if role is not Role.SYSTEM]
    for number in range(USERS):
        region = dice.choice((*REGIONS, "370100", "370000", "000000", "370200"))
        home = dice.choice(REGIONS) if region.endswith("00") else region
        department = f"{home}.{dice.choice((*KINDS, '12345'))}"
        held = dice.sample(roles, dice.choice((1, 1, 2, 3)))
        kind = department.partition(".")[2]
        behalf = f"handler.{kind}.{home}" if dice.random() < 0.5 else None
        yield Actor(
            account=f"somebody.{number}", department=department, region=region, roles=tuple(held), on_behalf_of=behalf
        )
    for role in roles:
        yield Actor(account=f"one.{role}", department="370102.market", region="370102", roles=(role,))
    yield Actor(account="handler.market.370102", department="370102.market", region="370102", roles=(Role.HANDLER,))


# The oracle -------------------------------------------------------------------------------------------------------

BY_REGION = {"intake_clerk", "dispatcher", "supervisor", "coordinator", "auditor", "security_administrator"}
BY_DEPARTMENT = {"department_assigner", "handler", "head"}
WITHOUT_TEXTS = {"auditor", "security_administrator"}


def may_see(user: Actor, events: tuple[StoredEvent, ...], *, reading: bool = False) -> bool:
    """Whether a person may see a case (or read its texts), from its recorded events."""
    roles = {str(role) for role in user.roles} - (WITHOUT_TEXTS if reading else set())
    told = [json.loads(row.body) for row in events]
    region = told[0]["data"]["region"]
    departments = {event["data"]["department"] for event in told if event["type"] == "clue.dispatched"}
    reach = user.region
    while reach[-2:] == "00":
        reach = reach[:-2]
    office = user.department == f"{user.region}.12345" and any(role in BY_DEPARTMENT for role in roles)
    near = (office or any(role in BY_REGION for role in roles)) and region[: len(reach)] == reach
    own = any(role in BY_DEPARTMENT for role in roles) and user.department in departments
    return near or own


def summary_at(events: tuple[StoredEvent, ...], axis: str, at: datetime) -> ClueEntry | None:
    """The case as it was: what had been recorded, or had happened, up to an instant."""
    known = [read(row) for row in events]
    seen = [one.happened for one in known if (one.recorded_at if axis == "at" else one.occurred_at) <= at]
    found = CLUE.summary(fold(CLUE, seen)) if seen else None
    return found if isinstance(found, ClueEntry) else None


def awaits(user: Actor, case: ClueEntry) -> bool:
    """Whether a case waits for this person."""
    roles = {str(role) for role in user.roles}
    desk = case.responsible == user.department
    reach = user.region
    while reach[-2:] == "00":
        reach = reach[:-2]
    return (
        ("dispatcher" in roles and case.stage == "registered" and case.region.startswith(reach))
        or ("dispatcher" in roles and case.stage == "completed" and desk)
        or ("department_assigner" in roles and case.stage in ("dispatched", "signed_for", "completed") and desk)
        or ("head" in roles and case.stage == "disposition_proposed" and desk)
        or (
            "handler" in roles
            and case.handler is not None
            and case.handler in (user.account, user.on_behalf_of)
            and desk
            and case.stage not in ("completed", "archived")
        )
    )


def fits(user: Actor, case: ClueEntry, query: dict[str, Any]) -> bool:
    """Whether a case fits what was asked, clocks and texts aside."""
    reach = query.get("region", "000000")
    while reach[-2:] == "00":
        reach = reach[:-2]
    worklist = {
        "stock": True,
        "mine": awaits(user, case),
        "department": case.responsible == user.department and not case.completed,
        "completed": case.completed,
    }[query.get("worklist", "stock")]
    return (
        worklist
        and case.stage in query.get("stage", [case.stage])
        and case.responsible == query.get("department", case.responsible)
        and query.get("involved") in (None, *case.departments)
        and case.handler == query.get("handler", case.handler)
        and case.region.startswith(reach)
        and case.channel == query.get("channel", case.channel)
        and case.category == query.get("category", case.category)
        and case.entity == query.get("entity", case.entity)
        and case.number == query.get("number", case.number)
        and case.external_id == query.get("external_id", case.external_id)
        and case.registered_at >= datetime.fromisoformat(query.get("registered_from", "2000-01-01T00:00:00+00:00"))
        and case.registered_at < datetime.fromisoformat(query.get("registered_to", "2100-01-01T00:00:00+00:00"))
    )


def ticking(world: World, stream: str, query: dict[str, Any]) -> list[Any]:
    """The clocks of a case that are as asked."""
    found = []
    for (owner, _), timed in world.stock.store.tables.clocks.items():
        if owner != stream or timed.stopped_at is not None or query.get("clock_kind") not in (None, timed.clock.kind):
            continue
        state = {
            "overdue": timed.clock.breach_at <= (timed.paused.since if timed.paused else world.now),
            "due_soon": not timed.paused and timed.clock.warn_at <= world.now < timed.clock.breach_at,
            "running": not timed.paused,
            "paused": timed.paused is not None,
            None: True,
        }
        if state[query.get("clock")]:
            found.append(timed.clock)
    return found


# Random questions -------------------------------------------------------------------------------------------------


def questions(dice: random.Random, world: World) -> Iterator[dict[str, Any]]:
    """Random conditions a list takes, mostly few at once."""
    cases: list[Any] = [case.entry for case in world.stock.store.tables.cases.values()]
    stages = LIVES["clue"].stages
    while True:
        some = dice.choice(cases)
        department = f"{dice.choice(REGIONS)}.{dice.choice((*KINDS, '12345'))}"
        early = some.registered_at
        offered: dict[str, Any] = {
            "worklist": dice.choice(("mine", "department", "completed", "stock")),
            "stage": dice.sample(stages, dice.randrange(1, 4)),
            "department": department,
            "involved": department,
            "handler": f"handler.{dice.choice(KINDS)}.{dice.choice(REGIONS)}",
            "region": dice.choice((*REGIONS, "370100", "370000", "370200")),
            "channel": dice.choice(CHANNELS),
            "category": dice.choice(CATEGORIES),
            "entity": dice.choice(ENTITIES),
            "number": some.number,
            "external_id": some.external_id,
            "registered_from": early.isoformat(),
            "registered_to": (early + timedelta(days=5)).isoformat(),
        }
        chosen = dice.sample(list(offered), dice.choice((0, 1, 1, 2, 2, 3)))
        yield {name: offered[name] for name in chosen}


def newest_first(cases: dict[str, ClueEntry]) -> list[str]:
    return sorted(cases, key=lambda stream: (cases[stream].registered_at, stream), reverse=True)


# The comparisons --------------------------------------------------------------------------------------------------


def visible(world: World, user: Actor) -> dict[str, ClueEntry]:
    """The cases a person sees, with what the record says of them."""
    return {
        stream: CLUE.summary(fold(CLUE, [read(row).happened for row in events]))  # type: ignore[misc]
        for stream, events in world.cases.items()
        if may_see(user, events)
    }


async def test_given_random_people_then_lists_counts_and_exports_hold_what_they_may_see(world: World) -> None:
    dice = random.Random(SEED)
    asked = questions(dice, world)
    found = 0
    for user in world.users.values():
        seen = visible(world, user)
        for query in [{}, *(next(asked) for _ in range(QUERIES))]:
            expected = newest_first({stream: case for stream, case in seen.items() if fits(user, case, query)})
            listed = await world.items(user, "/clues", **query)
            assert [line["id"] for line in listed] == expected, (user, query)
            counted = (await world.get(user, "/clues/count", **query)).json()
            assert counted == {"count": len(expected), "more": False}, (user, query)
            found += len(expected)
        query = next(asked)
        selection = ListQuery.model_validate(query).selection(user)
        exported = [line.stream async for page in Cases(world.engine).each(selection, size=11) for line in page]
        assert exported == newest_first({stream: case for stream, case in seen.items() if fits(user, case, query)})
    assert found > 300


async def test_given_random_people_then_start_pages_count_what_their_lists_hold(world: World) -> None:
    for user in world.users.values():
        seen = visible(world, user)
        told = (await world.get(user, "/clues/counts")).json()
        for name, counted in told["worklists"].items():
            assert counted["count"] == sum(fits(user, case, {"worklist": name}) for case in seen.values()), (user, name)
        for stage, counted in told["stages"].items():
            assert counted["count"] == sum(case.stage == stage for case in seen.values()), (user, stage)


async def test_given_random_people_then_a_case_exists_for_them_or_not_as_in_lists(world: World) -> None:
    dice = random.Random(SEED)
    for user in world.users.values():
        for stream in dice.sample(list(world.cases), 5):
            answer = await world.get(user, f"/clues/{stream}")
            assert answer.status_code == (200 if may_see(user, world.cases[stream]) else 404), (user, stream)


async def test_given_random_people_then_clocks_are_those_of_cases_they_may_see(world: World) -> None:
    dice = random.Random(SEED)
    for user in world.users.values():
        seen = visible(world, user)
        ended = dice.choice(("met", "missed"))
        expected = sorted(
            (timed.stopped_at, stream, name)
            for (stream, name), timed in world.stock.store.tables.clocks.items()
            if stream in seen and timed.outcome == ended
        )
        listed = await world.items(user, "/clocks", state=ended)
        assert [(line["stream"], line["id"]) for line in listed] == [place[1:] for place in expected[::-1]], (
            user,
            ended,
        )
        numbers = (await world.get(user, "/clocks/counts", by="state", state=ended)).json()["items"]
        assert [(number["value"], number["count"]) for number in numbers] == [(ended, len(expected))]
        state = dice.choice(("overdue", "due_soon", "running", "paused"))
        query: dict[str, Any] = {"clock": state}
        clocks = {stream: due for stream in seen if (due := ticking(world, stream, query))}
        expected = sorted((clock.breach_at, stream, clock.id) for stream, due in clocks.items() for clock in due)
        listed = await world.items(user, "/clocks", state=state)
        assert [(line["stream"], line["id"]) for line in listed] == [place[1:] for place in expected], (user, state)
        by = dice.choice(("department", "rule", "kind", "level"))
        numbers = (await world.get(user, "/clocks/counts", by=by, state=state)).json()["items"]
        counted = Counter(line["owed_by" if by == "department" else by] for line in listed)
        assert {number["value"]: number["count"] for number in numbers} == counted, (user, by, state)
        assert all(number["title"] for number in numbers if by in ("department", "kind"))
        query |= {"worklist": dice.choice(("mine", "department", "stock", "completed"))}
        query |= {"clock_kind": dice.choice(("handling", "sign_for", "dispatch"))} if dice.random() < 0.5 else {}
        urgent = sorted(
            (min((clock.breach_at, stream, clock.id) for clock in due))
            for stream, case in seen.items()
            if fits(user, case, query) and (due := ticking(world, stream, query))
        )
        listed = await world.items(user, "/clues", **query)
        assert [line["id"] for line in listed] == [stream for _, stream, _ in urgent], (user, query)
        assert (await world.get(user, "/clues/count", **query)).json()["count"] == len(urgent)


async def test_given_random_people_then_a_search_finds_by_what_they_may_read(world: World) -> None:
    texts: dict[str, list[str]] = {}
    for stream, events in world.cases.items():
        refs = [sealed.ref for row in events for sealed in CLUE.texts(read(row).event)]
        kept = [world.stock.store.tables.vault[ref] for ref in refs]
        texts[stream] = [entry.text for entry in kept if entry.field != "reporter"]
    dice = random.Random(SEED)
    found = 0
    for user in world.users.values():
        word, query = dice.choice(WORDS), {"category": dice.choice(CATEGORIES)}
        expected = newest_first(
            {
                stream: case
                for stream, case in visible(world, user).items()
                if fits(user, case, query)
                and may_see(user, world.cases[stream], reading=True)
                and any(word in text for text in texts[stream])
            }
        )
        listed = await world.items(user, "/clues", q=word, **query)
        assert [line["id"] for line in listed] == expected, (user, word, query)
        found += len(expected)
    assert found > 10


async def test_given_an_instant_then_lists_are_those_of_then_for_who_sees_them_now(world: World) -> None:
    dice = random.Random(SEED)
    asked = questions(dice, world)
    begun, span = world.stock.now - timedelta(days=1), None
    first = min(events[0].recorded_at for events in world.cases.values())
    span = begun - first
    found = 0
    for user in world.users.values():
        at, axis = first + span * dice.random(), dice.choice(("at", "happened"))
        was = {stream: summary_at(world.cases[stream], axis, at) for stream in visible(world, user)}
        query = next(asked)
        expected = newest_first({stream: case for stream, case in was.items() if case and fits(user, case, query)})
        listed = await world.items(user, "/clues", **query, **{axis: at.isoformat()})
        assert [(line["id"], line["stage"]) for line in listed] == [
            (stream, case.stage) for stream in expected if (case := was[stream])
        ], (user, query, axis, at)
        found += len(expected)
    assert found > 25
