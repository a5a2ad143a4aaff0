"""Two real process logs taken over as histories: every case at its own times, and both sides add up.

Their activities are laid onto this procedure's steps: hand-overs between organisations as dispatch, signing for and
return, the order of a permit's receipt as the order of the straight path. No row of them enters the project.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from infra.importing import Ledger, MigrationOptions, MigrationReport, import_histories, load_mapping
from infra.postgres.proof.checkpoint import load_or_make_key
from infra.postgres.proof.migrated import MigratedCases
from infra.postgres.proof.verify import verify
from infra.postgres.record.store import PostgresStore
from infra.reference import demo_accounts
from tests.support.messages import shared_data
from tests.support.pasts import write_pasts
from tests.support.record import STRAIGHT, demo, value_of, world_of

KINDS = ("market", "urban_management", "ecology", "emergency", "housing", "health", "education", "transport")
REGION = "370102"
RECEIPTS = """
[fields.region]
constant = "370102"
[fields.channel]
columns = ["channel"]
values = { "Internet" = "online_platform" }
otherwise = "department"
[fields.external_id]
columns = ["case_id"]
[fields.category]
constant = "help"
[fields.received_at]
columns = ["startdate"]
[fields.registered_at]
columns = ["timestamp"]
[fields.registered_by]
constant = "intake.370102"
[fields.title]
columns = ["task"]
[fields.body]
join = ["department", "responsible_group"]
[fields.expected.steps]
columns = ["events"]

[steps.ticket]
columns = ["case_id"]
[steps.at]
columns = ["timestamp"]
[steps.by]
columns = ["role"]
[steps.by.values]
dispatcher = "dispatcher.370102"
assigner = "assigner.market.370102"
handler = "handler.market.370102"
head = "head.market.370102"
[steps.do]
columns = ["step"]
[steps.with.dispatch.department]
constant = "370102.market"
[steps.with.assign.handler]
constant = "handler.market.370102"
[steps.with.record_findings.findings]
columns = ["activity"]
[steps.with.conclude.conclusion]
constant = "substantiated"
[steps.with.conclude.summary]
columns = ["activity"]
[steps.with.propose_disposition.measure]
constant = "no_violation"
[steps.with.propose_disposition.reason]
columns = ["activity"]
[steps.with.feed_back.reply]
columns = ["activity"]
"""


async def known(account: str) -> Any:
    return demo(account) if any(one.account == account for one in demo_accounts()) else None


async def migrated(engine: AsyncEngine, ledger: Ledger, steps: Path | None, batch: str) -> MigrationReport:
    folder = ledger.path.parent
    options = MigrationOptions(ledger, steps, demo("source.hotline"), batch, folder / "rejects.jsonl", folder)
    return await import_histories(world_of(PostgresStore(engine)), CLUE, known, MigratedCases(engine), options)


def log_of(name: str) -> dict[str, list[dict[str, str]]]:
    """The events of each case, in order."""
    (file,) = (shared_data() / name).glob("*.csv.gz")
    cases = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        for event in csv.DictReader(text):
            cases[event["case_id"]].append(event)
    return cases


def passed_on(case: str, events: list[dict[str, str]]) -> dict[str, Any]:
    """A problem that organisations hand to each other, as a clue that departments return and sign for."""
    steps = list(_hand_overs(events))
    return {
        "region": REGION,
        "channel": "department",
        "external_id": case,
        "category": "help",
        "received_at": events[0]["timestamp"],
        "title": events[0]["product"],
        "body": events[0]["impact"],
        "registered_by": f"intake.{REGION}",
        "steps": steps,
        "expected": {"stage": "archived", "steps": 1 + len(steps)},
    }


def _hand_overs(events: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    held = ""

    def step(event: dict[str, str], role: str, slug: str, **given: Any) -> dict[str, Any]:
        who = f"dispatcher.{REGION}" if role == "dispatcher" else f"{role}.{held}.{REGION}"
        return {"at": event["timestamp"], "by": who, "do": slug, "with": given}

    for event in events:
        wanted = KINDS[sum(event["org_involved"].encode()) % len(KINDS)]
        if wanted == held:
            continue
        if held:
            yield step(event, "assigner", "return", ground="not_our_remit", reason=event["activity"])
        held = wanted
        yield step(event, "dispatcher", "dispatch", department=f"{REGION}.{held}")
        yield step(event, "assigner", "sign_for")
    last = events[-1]
    yield step(last, "assigner", "assign", handler=f"handler.{held}.{REGION}")
    for actor, slug in STRAIGHT[3:]:
        role = actor.account.partition(".")[0]
        yield step(last, role, slug, **CLUE.commands[slug].example)


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_given_problems_that_organisations_passed_on_then_every_hand_over_stands_at_its_time(
    engine: AsyncEngine, maintenance: AsyncEngine, tmp_path: Path
) -> None:
    cases = log_of("log_bpic2013_closed")
    pasts = [passed_on(case, events) for case, events in cases.items()]
    report = await migrated(engine, Ledger(write_pasts(tmp_path / "problems.jsonl", pasts)), None, "bpic2013")
    assert report.summary()["ok"], report.differences
    assert (report.migrated, report.record.cases) == (len(cases), 893)
    assert report.record.stages == {"archived": 893}
    assert report.record.steps == sum(1 + len(one["steps"]) for one in pasts)
    returned = sum(any(step["do"] == "return" for step in one["steps"]) for one in pasts)
    assert await value_of(engine, "SELECT count(*) FROM cases WHERE returns > 0") == returned > 100
    assert await value_of(engine, "SELECT count(*) FROM outbox") == 0
    await _holds(engine, maintenance, tmp_path)


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_given_permits_under_way_as_two_tables_then_they_are_open_and_late_and_nobody_is_told(
    engine: AsyncEngine, maintenance: AsyncEngine, tmp_path: Path
) -> None:
    cases = {case: events[: len(STRAIGHT) + 1] for case, events in log_of("log_wabo_receipt").items()}
    (tmp_path / "mapping.toml").write_text(RECEIPTS, encoding="utf-8")
    firsts = [{**events[0], "events": str(len(events))} for events in cases.values()]
    steps = [
        {**event, "role": actor.account.partition(".")[0], "step": slug}
        for events in cases.values()
        for event, (actor, slug) in zip(events[1:], STRAIGHT, strict=False)
    ]
    ledger = Ledger(_table(tmp_path / "cases.csv", firsts), load_mapping(tmp_path / "mapping.toml"))
    report = await migrated(engine, ledger, _table(tmp_path / "steps.csv", steps), "wabo")
    ahead = [case for case, (first, *_) in cases.items() if _instant(first["startdate"]) > _instant(first["timestamp"])]
    assert len(cases) == 875
    assert report.differences == ["line 363: received_in_future 第1步: 来件时间晚于当前时间,请核对"]
    assert (report.record.cases, report.rejected) == (len(cases) - len(ahead), len(ahead)) == (874, 1)
    assert report.record.steps == sum(len(events) for case, events in cases.items() if case not in ahead)
    overdue = "SELECT count(DISTINCT stream) FROM clocks WHERE stopped_at IS NULL AND breach_at < now()"
    still_open = await value_of(engine, "SELECT count(*) FROM cases WHERE NOT closed")
    assert await value_of(engine, overdue) == still_open == await value_of(engine, "SELECT count(*) FROM outbox")
    await _holds(engine, maintenance, tmp_path)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def _holds(engine: AsyncEngine, maintenance: AsyncEngine, folder: Path) -> None:
    for nothing in ("effects", "inbox"):
        assert await value_of(engine, f"SELECT count(*) FROM {nothing}") == 0
    found = await verify(maintenance, load_or_make_key(folder / "key").public_key())
    assert found.clean, found.findings[:5]


def _table(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
