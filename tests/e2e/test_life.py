"""Made-up messages, shaped like the real ones, go in as clues and come out archived; then everything is checked."""

import dataclasses
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.e2e.lives import Lived, check_mix, live, written
from tests.support.auditor import audit
from tests.support.messages import synthetic
from tests.support.snapshot import Process, Snapshot
from tests.support.stack import PrivateStack, private_stack


@pytest_asyncio.fixture(scope="module")
async def lived(seeded_stack: PrivateStack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    folder = tmp_path_factory.mktemp("life")
    async with private_stack(seeded_stack, durable=False) as stack:
        yield await live(stack, list(synthetic(120)), folder, driven=40, seed=7, source="synthetic")


def test_given_imported_messages_when_forty_are_driven_to_the_archive_then_every_invariant_holds(lived: Lived) -> None:
    print(written(lived))
    check_mix(lived)
    assert len(lived.snapshot.cases) == 120
    assert lived.findings.clean, str(lived.findings)


def _lost_event(snapshot: Snapshot) -> Snapshot:
    stream = next(iter(snapshot.cases))
    return dataclasses.replace(snapshot, events={**snapshot.events, stream: snapshot.events[stream][:-1]})


def _changed_body(snapshot: Snapshot) -> Snapshot:
    stream, rows = next((stream, rows) for stream, rows in snapshot.events.items() if stream in snapshot.cases)
    forged = dataclasses.replace(rows[0], body=rows[0].body.replace("online_platform", "media_platform_"))
    return dataclasses.replace(snapshot, events={**snapshot.events, stream: [forged, *rows[1:]]})


def _lost_stream(snapshot: Snapshot) -> Snapshot:
    archived = next(stream for stream, case in snapshot.cases.items() if case["closed"])
    events = {stream: rows for stream, rows in snapshot.events.items() if stream != archived}
    heads = {stream: head for stream, head in snapshot.heads.items() if stream != archived}
    return dataclasses.replace(snapshot, events=events, heads=heads)


def _undone_effect(snapshot: Snapshot) -> Snapshot:
    identity, row = next(iter(snapshot.effects.items()))
    return dataclasses.replace(
        snapshot, effects={**snapshot.effects, identity: dataclasses.replace(row, done_at=None, outcome=None)}
    )


def _told_twice(snapshot: Snapshot) -> Snapshot:
    return dataclasses.replace(snapshot, inbox=[*snapshot.inbox, snapshot.inbox[0]])


def _stale_row(snapshot: Snapshot) -> Snapshot:
    stream, row = next(iter(snapshot.cases.items()))
    return dataclasses.replace(snapshot, cases={**snapshot.cases, stream: {**row, "returns": row["returns"] + 1}})


@pytest.mark.parametrize("fault", [_lost_event, _changed_body, _lost_stream, _undone_effect, _told_twice, _stale_row])
def test_given_a_planted_fault_when_audited_then_it_is_found(
    lived: Lived, fault: Callable[[Snapshot], Snapshot]
) -> None:
    assert not audit(fault(lived.snapshot), lived.log).clean


def test_given_answers_the_record_lacks_when_audited_then_they_are_found(lived: Lived) -> None:
    invented = {**lived.log[0], "key": "never-sent"}
    assert not audit(lived.snapshot, [*lived.log, invented]).clean


def test_given_a_process_behind_its_stream_when_audited_then_it_is_found(lived: Lived) -> None:
    behind = {
        stream: Process("completed", None) if case["closed"] else Process("running", case["version"] - 1)
        for stream, case in lived.snapshot.cases.items()
    }
    assert not audit(lived.snapshot, lived.log, behind).clean
