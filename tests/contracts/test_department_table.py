"""The table of departments against a brute force over the recorded events, over PostgreSQL and the real route.

The oracle reads the stored events as JSON and counts in plain Python; it shares nothing with
`domain.lists.responsibility` or SQL.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, pairwise
from math import ceil
from typing import Any

import pytest
import pytest_asyncio

from domain.people.actors import Actor, Role
from domain.record.envelope import StoredEvent
from domain.value import SHANGHAI
from infra.postgres.engine.engine import create_engine
from infra.postgres.proof.rebuild import rebuild
from infra.postgres.record.store import PostgresStore
from tests.contracts.test_visibility import BY_DEPARTMENT, World, may_see, people, served
from tests.support.database_clock import pin
from tests.support.record import demo, value_of
from tests.support.servers import plain_url
from tests.support.stock import CATEGORIES, CHANNELS, REGIONS, Stock

SEED = 20261122
NOW = datetime(2026, 6, 16, 10, 0, tzinfo=SHANGHAI)
"""A day on which the clocks of these lives are in every state."""
CLUES, PEOPLE, QUESTIONS = 60, 9, 4
CITY = Actor(account="city", department="370100.12345", region="370100", roles=(Role.SUPERVISOR,))
NOBODY = demo("system.370100")
DISTRICT = demo("supervisor.370102")
HEAD = demo("head.market.370102")
GROUNDS = ("appraisal", "other_authority", "party_unavailable")


class Lives(Stock):
    """Random lives that also take the side roads on which time does not count, or somebody else must act."""

    async def _step(self, stream: str) -> None:
        summary: Any = self.store.tables.cases[stream].entry
        place = f"{(summary.lead or 'x.market').partition('.')[2]}.{summary.region}"
        for slug, account, body in self._side_roads(summary.stage, place, summary.region):
            await self._command(demo(account), slug, stream, **body)
        await super()._step(stream)

    def _side_roads(self, stage: str, place: str, region: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        dice = self.dice
        if stage == "dispatched" and dice.random() < 0.15:
            yield "withdraw_dispatch", f"dispatcher.{region}", {}
        if stage in ("signed_for", "assigned", "taken_up", "verifying", "verified"):
            if dice.random() < 0.3:
                yield "suspend", f"head.{place}", {"ground": dice.choice(GROUNDS)}
            if dice.random() < 0.3:
                since = self.now - timedelta(hours=dice.randrange(2, 60))
                until = since + timedelta(hours=dice.randrange(1, 3))
                told = {"since": since.isoformat(), "until": until.isoformat(), "ground": "appraisal"}
                yield "exclude_time", f"head.{place}", told
            if dice.random() < 0.5:
                yield "resume", f"head.{place}", {}
        if stage == "completed" and dice.random() < 0.2:
            yield "undo_completion", f"dispatcher.{region}", {}
        if stage not in ("completed", "archived") and dice.random() < 0.03:
            yield "correct", f"dispatcher.{region}", {"category": dice.choice(CATEGORIES)}


@pytest_asyncio.fixture(scope="module")
async def world(postgres_server: Any, record_template: str, tmp_path_factory: Any) -> AsyncIterator[World]:
    """Random lives of the last weeks before a fixed day, put into the record in two stretches, and random people."""
    url = postgres_server.create_database(template=record_template)
    clock = pin(plain_url(url), NOW)
    engine = create_engine(url)
    stock = Lives(random.Random(SEED), now=NOW - timedelta(days=75))
    await stock.register(CLUES)
    await stock.go_on(6)
    await stock.put(PostgresStore(engine))
    await stock.go_on(12)
    await stock.put(PostgresStore(engine))
    users = {
        user.account: user for user in (*islice(people(random.Random(SEED)), PEOPLE), CITY, DISTRICT, HEAD, NOBODY)
    }
    async with served(url, engine, tmp_path_factory.mktemp("departments"), users, clock) as http:
        yield World(http, engine, stock, users, await value_of(engine, "SELECT clock_timestamp()"))
    await engine.dispose()
    postgres_server.drop_database(url)


# The oracle -------------------------------------------------------------------------------------------------------


@dataclass
class Stretch:
    """A department answered for the case from `since` on."""

    department: str
    since: datetime
    first: datetime | None
    until: datetime | None = None
    ground: str | None = None
    signed: datetime | None = None
    answered: datetime | None = None


@dataclass
class Told:
    """A case told from its events."""

    region: str = ""
    channel: str = ""
    category: str = ""
    stretches: list[Stretch] = field(default_factory=list)
    first: datetime | None = None
    gave_back: str | None = None
    clocks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def hear(self, kind: str, at: datetime, data: dict[str, Any]) -> None:
        office, now = f"{self.region}.12345", self.stretches[-1] if self.stretches else None
        match kind:
            case "clue.registered":
                self.region, self.channel, self.category = data["region"], data["channel"], data["category"]
                self.stretches.append(Stretch(f"{self.region}.12345", at, None))
            case "clue.corrected":
                self.category = data["category"] or self.category
            case "clue.dispatched":
                self.first = self.first or at
                self._pass(data["department"], at)
            case "clue.dispatch_withdrawn":
                self._pass(office, at)
            case "clue.returned":
                assert now is not None
                now.ground = data["ground"]
                self.gave_back = None if data["ground"] == "not_signed_for" else now.department
                self._pass(office, at)
            case "clue.signed_for":
                assert now is not None
                now.signed, self.gave_back = at, None
            case "clue.fed_back":
                assert now is not None
                now.answered = at
            case "clue.answered" | "clue.sent_back" | "clue.completed":
                assert now is not None
                now.until = at
            case "clue.completion_undone":
                assert now is not None
                now.until = None
            case "clue.reopened":
                self.first, self.gave_back = (at if data["department"] else None), None
                self.stretches.append(Stretch(data["department"] or office, at, self.first))
            case "clock.started":
                self.clocks[data["clock"]["id"]] = {**data["clock"], "paused": None, "stopped": False, "rested": []}
            case "clock.resumed":
                self._count_anew(data["clock"], paused=None)
            case "clock.recomputed" | "clock.extended":
                self._count_anew(data["clock"], paused=self.clocks[data["clock"]["id"]]["paused"])
            case "clock.paused":
                self.clocks[data["clock"]]["paused"] = (at, data["ground"])
            case "clock.stopped":
                clock = self.clocks[data["clock"]]
                clock["stopped"] = True
                if clock["paused"]:
                    clock["rested"].append((clock["paused"][0], at))
            case "clock.revived":
                self.clocks[data["clock"]]["stopped"] = False

    def _pass(self, department: str, at: datetime) -> None:
        self.stretches[-1].until = at
        self.stretches.append(Stretch(department, at, self.first))

    def _count_anew(self, clock: dict[str, Any], *, paused: Any) -> None:
        begun = instant(clock["started_at"])
        rested = [(max(instant(one["since"]), begun), instant(one["until"])) for one in clock["excluded"]]
        self.clocks[clock["id"]] = {**clock, "paused": paused, "stopped": False, "rested": rested}

    def rested(self, since: datetime, until: datetime) -> int:
        """Whole seconds of a stretch that did not count, second by second where stretches overlap."""
        of_the_stage = [
            clock for clock in self.clocks.values() if clock["kind"] in ("dispatch", "sign_for", "handling", "feedback")
        ]
        stretches = [one for clock in of_the_stage for one in clock["rested"]]
        stretches += [(clock["paused"][0], until) for clock in of_the_stage if clock["paused"] and not clock["stopped"]]
        edges = sorted({since, until, *(edge for one in stretches for edge in one if since < edge < until)})
        covered = timedelta()
        for left, right in pairwise(edges):
            if any(begun <= left and right <= ended for begun, ended in stretches):
                covered += right - left
        return covered // timedelta(seconds=1)

    def lasted(self, since: datetime, until: datetime) -> tuple[int, int]:
        """Gross and net seconds."""
        gross = (until - since) // timedelta(seconds=1)
        return gross, gross - self.rested(since, until)


def instant(told: str) -> datetime:
    return datetime.fromisoformat(told)


_TOLD: dict[str, Told] = {}


def told(stream: str, events: tuple[StoredEvent, ...]) -> Told:
    """A case from its stored events, told once."""
    if stream in _TOLD:
        return _TOLD[stream]
    case = _TOLD[stream] = Told()
    for row in events:
        body = json.loads(row.body)
        case.hear(body["type"], instant(body["occurred_at"]), body["data"])
    return case


def spread(values: list[tuple[int, int]]) -> dict[str, Any]:
    """Median and p90, gross and net, by position in the sorted values."""

    def at(share: float, place: int) -> int | None:
        ordered = sorted(value[place] for value in values)
        return ordered[ceil(share * len(ordered)) - 1] if ordered else None

    return {
        "count": len(values), "median": at(0.5, 0), "p90": at(0.9, 0), "net_median": at(0.5, 1), "net_p90": at(0.9, 1),
    }  # fmt: skip


def figures(cases: list[Told], since: datetime, until: datetime, as_of: datetime) -> dict[str, dict[str, Any]]:
    """Every department's line, the long way round."""
    count: dict[str, Counter[str]] = defaultdict(Counter)
    returned: dict[str, Counter[str]] = defaultdict(Counter)
    took: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        last = case.stretches[-1]
        if last.until is None:
            count[last.department]["open"] += 1
            resting = [clock["paused"][1] for clock in case.clocks.values() if clock["paused"] and not clock["stopped"]]
            for ground in {"appraisal", "other_authority"} & set(resting):
                count[last.department][ground] += 1
            if case.gave_back not in (None, last.department):
                count[str(case.gave_back)]["handed_back"] += 1
        for state, clocks in _ticking(case, as_of).items():
            for owner in clocks:
                count[owner][f"{state} clocks"] += 1
            for owner in set(clocks):
                count[owner][f"{state} cases"] += 1
        for one in case.stretches:
            if one.ground is not None and one.until is not None and since <= one.until < until:
                returned[one.department][one.ground] += 1
            if one.signed is not None and since <= one.signed < until:
                took[one.department]["signing"].append(case.lasted(one.since, one.signed))
            if one.answered is not None and since <= one.answered < until:
                assert one.signed is not None and one.first is not None
                took[one.department]["handling"].append(case.lasted(one.signed, one.answered))
                took[one.department]["real"].append(case.lasted(one.first, one.answered))
        for department in {one.department for one in case.stretches}:
            own = [(one.since, one.until) for one in case.stretches if one.department == department]
            ends = [end for _, end in own]
            if None not in ends and since <= (ends[-1] or as_of) < until:
                each = [case.lasted(begun, end) for begun, end in own if end is not None]
                took[department]["held"].append((sum(gross for gross, _ in each), sum(net for _, net in each)))
    return {
        department: _line(count[department], returned[department], took[department])
        for department in count.keys() | returned.keys() | took.keys()
    }


def _ticking(case: Told, as_of: datetime) -> dict[str, list[str]]:
    """Who owes the clocks that are due soon, overdue and paused."""
    found: dict[str, list[str]] = {"due_soon": [], "overdue": [], "paused": []}
    for clock in case.clocks.values():
        if clock["stopped"]:
            continue
        breach = instant(clock["breach_at"])
        warn = min(map(instant, clock["warn_points"]), default=breach)
        if breach <= (clock["paused"][0] if clock["paused"] else as_of):
            found["overdue"].append(clock["owed_by"])
        if not clock["paused"] and warn <= as_of < breach:
            found["due_soon"].append(clock["owed_by"])
        if clock["paused"]:
            found["paused"].append(clock["owed_by"])
    return found


def _line(count: Counter[str], returned: Counter[str], took: dict[str, list[tuple[int, int]]]) -> dict[str, Any]:
    held = took["held"]
    total, net = sum(gross for gross, _ in held), sum(net for _, net in held)
    waiting = {name: count[name] for name in ("appraisal", "other_authority", "handed_back")}
    return {
        "open": count["open"],
        **{
            state: {"cases": count[f"{state} cases"], "clocks": count[f"{state} clocks"]}
            for state in ("due_soon", "overdue", "paused")
        },
        "waiting": {"cases": sum(waiting.values()), **waiting},
        "returned": dict(returned),
        "returns": sum(returned.values()),
        **{name: spread(took[name]) for name in ("signing", "handling", "real")},
        "held": {
            "cases": len(held),
            "total": total,
            "average": total // len(held) if held else None,
            "net_total": net,
            "net_average": net // len(held) if held else None,
        },
    }


# The comparisons --------------------------------------------------------------------------------------------------


async def table(world: World, user: Actor, **params: Any) -> dict[str, Any]:
    answer = await world.get(user, "/oversight/departments", **params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def lines(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The lines by department, without what the oracle does not know."""
    return {
        item["department"]: {name: value for name, value in item.items() if name not in ("department", "name", "links")}
        for item in body["items"]
    }


def expected(world: World, user: Actor, body: dict[str, Any], **params: Any) -> dict[str, dict[str, Any]]:
    """The same from the events: of whole regions every line, of a department's cases its own."""
    of_office = user.department == f"{user.region}.12345"
    overseeing = user if of_office else user.model_copy(update={"department": "none"})
    region = _figures(world, overseeing, body, **params)
    own = _figures(world, user, body, **params).get(user.department)
    departmental = any(str(role) in BY_DEPARTMENT for role in user.roles)
    return {**region, user.department: own} if departmental and own else region


def _figures(world: World, user: Actor, body: dict[str, Any], **params: Any) -> dict[str, dict[str, Any]]:
    cases = [told(stream, events) for stream, events in world.cases.items() if may_see(user, events)]
    prefix = params.get("region", "").removesuffix("00")
    fitting = [
        case
        for case in cases
        if case.region.startswith(prefix)
        and case.channel == params.get("channel", case.channel)
        and case.category == params.get("category", case.category)
    ]
    return figures(fitting, instant(body["from"]), instant(body["to"]), instant(body["as_of"]))


async def test_given_random_people_and_questions_then_the_table_is_what_the_events_say(world: World) -> None:
    dice = random.Random(SEED)
    seen: Counter[str] = Counter()
    for user in world.users.values():
        for _ in range(QUESTIONS):
            since = world.stock.now - timedelta(days=dice.randrange(5, 80))
            offered: dict[str, Any] = {
                "region": dice.choice((*REGIONS, "370100", "370200")),
                "channel": dice.choice(CHANNELS),
                "category": dice.choice(CATEGORIES),
            }
            params = {name: offered[name] for name in dice.sample(list(offered), dice.choice((0, 0, 1, 2)))}
            period = {"from": since.isoformat(), "to": (since + timedelta(days=dice.randrange(1, 90))).isoformat()}
            body = await table(world, user, **params, **period)
            found = lines(body)
            assert found == expected(world, user, body, **params), (user, params, period)
            seen += _met(found)
    assert all(seen[name] > 20 for name in SEEN), seen


SEEN = ("open", "due_soon", "overdue", "paused", "appraisal", "other_authority", "handed_back", "returned", "rested")


def _met(found: dict[str, dict[str, Any]]) -> Counter[str]:
    """What the comparison has met so far: a figure that is always nothing proves nothing."""
    met: Counter[str] = Counter()
    for line in found.values():
        met["open"] += line["open"]
        met["returned"] += line["returns"]
        met["rested"] += line["handling"]["median"] != line["handling"]["net_median"]
        for state in ("due_soon", "overdue", "paused"):
            met[state] += line[state]["cases"]
        for why in ("appraisal", "other_authority", "handed_back"):
            met[why] += line["waiting"][why]
    return met


async def test_given_a_city_a_district_and_a_department_then_each_is_told_of_what_it_oversees(world: World) -> None:
    city, district, head = [await table(world, user) for user in (CITY, DISTRICT, HEAD)]
    whole, part, own = ({item["department"]: item for item in body["items"]} for body in (city, district, head))
    assert {department.partition(".")[0] for department in whole} == set(REGIONS)
    assert {department.partition(".")[0] for department in part} == {"370102"}
    assert all(part[department]["open"] == whole[department]["open"] for department in part)
    assert own[HEAD.department]["open"] == part[HEAD.department]["open"]
    assert set(own) == {HEAD.department}


async def test_given_every_open_case_then_who_holds_it_is_who_answers_for_it(world: World) -> None:
    assert await value_of(world.engine, "SELECT count(*) FROM cases WHERE NOT completed") > 20
    assert await value_of(world.engine, _ASTRAY) == 0


_ASTRAY = (
    "SELECT count(*) FROM cases FULL JOIN (SELECT * FROM holdings WHERE held_to IS NULL) AS held USING (stream) "
    "WHERE (CASE WHEN NOT completed THEN responsible END) IS DISTINCT FROM held.department"
)


async def test_given_no_period_then_it_is_the_calendar_month_in_shanghai(world: World) -> None:
    body = await table(world, DISTRICT)
    assert instant(body["from"]) == datetime(2026, 6, 1, tzinfo=SHANGHAI)
    assert instant(body["to"]) == datetime(2026, 7, 1, tzinfo=SHANGHAI)
    assert body["notes"]


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2026-03-02", "to": "2026-03-02"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"from": "9999-12-31T23:59:59Z"},
        {"to": "0001-01-01T00:00:00Z"},
        {"score": "1"},
    ],
)
async def test_given_a_period_that_is_none_then_it_is_refused(world: World, params: dict[str, str]) -> None:
    answer = await world.get(CITY, "/oversight/departments", **params)
    assert answer.status_code == 422


async def test_given_a_line_then_its_links_lead_to_what_it_counts(world: World) -> None:
    checked: Counter[str] = Counter()
    for item in (await table(world, CITY, channel="media"))["items"]:
        for state in ("due_soon", "overdue", "paused"):
            assert len(await _behind(world, CITY, item["links"][state])) == item[state]["clocks"]
            checked[state] += item[state]["clocks"]
        assert len(await _behind(world, CITY, item["links"]["open"])) == item["open"]
        checked["open"] += item["open"]
    assert checked["open"]
    assert checked["overdue"]


async def _behind(world: World, user: Actor, link: str) -> list[Any]:
    path, _, query = link.removeprefix("/api/v1").partition("?")
    params: dict[str, Any] = defaultdict(list)
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        params[name].append(value)
    return await world.items(user, path, **params)


async def test_given_a_record_when_its_holdings_are_rebuilt_then_they_are_as_they_were(world: World) -> None:
    before = await value_of(world.engine, _EVERYTHING)
    assert before
    await rebuild(world.engine, "holdings")
    assert await value_of(world.engine, _EVERYTHING) == before


_EVERYTHING = "SELECT jsonb_agg(to_jsonb(holdings) ORDER BY stream, number) FROM holdings"
