"""Every stored shape an event ever had can still be read. The files are written once and never edited."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from domain.errors import UnknownEvent
from domain.record.envelope import GENESIS, StoredEvent, read, write
from domain.record.registry import REGISTRY, EventRow, Registry
from domain.time.clock_events import ClockWarned
from domain.value import Value

ROWS = [row for row in REGISTRY.rows if row.cls.__module__.startswith("domain.")]
"""The event types of the house; nouns of the tests enlist theirs in the same table."""
GOLDEN = Path(__file__).parents[2] / "golden" / "events"
FILES = sorted(GOLDEN.glob("*.json"))
VERSIONS = [(row, version) for row in ROWS for version in range(1, row.version + 1)]


def stored(file: Path) -> StoredEvent:
    """The row a golden file was."""
    text = file.read_text(encoding="utf-8").rstrip("\n")
    body = json.loads(text)
    return StoredEvent(
        body["stream"], body["version"], body["type"], datetime.fromisoformat(body["recorded_at"]), text, GENESIS
    )


@pytest.mark.parametrize(("row", "version"), VERSIONS, ids=lambda value: getattr(value, "name", value))
def test_given_a_registered_version_then_it_has_a_golden_file(row: EventRow, version: int) -> None:
    assert (GOLDEN / f"{row.name}.v{version}.json").exists(), "write the event once, keep its body as this file"
    optional = any(_optional(row.cls, name) for name in row.cls.model_fields)
    if optional and version == row.version:
        assert (GOLDEN / f"{row.name}.v{version}.minimal.json").exists(), "one more file without the optional fields"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_given_a_golden_file_when_read_then_it_is_the_event_it_was(file: Path) -> None:
    envelope = read(stored(file))
    row = REGISTRY.row_of(type(envelope.event))
    body = json.loads(stored(file).body)
    assert file.name.startswith(f"{row.name}.v{body['type_version']}.")
    if body["type_version"] == row.version:
        assert write(envelope, GENESIS).body == stored(file).body


def test_given_a_golden_file_then_it_is_of_a_registered_event() -> None:
    known = {f"{row.name}.v{version}" for row, version in VERSIONS}
    assert {file.stem.removesuffix(".minimal") for file in FILES} <= known


class Kept(Value):
    """The newest shape of an event in these tests."""

    label: str
    weight: int


def test_given_an_old_version_when_decoded_then_each_step_is_taken_in_order() -> None:
    registry = Registry(
        (
            EventRow(
                "thing.kept",
                3,
                Kept,
                (lambda one: {**one, "weight": 0}, lambda two: {"label": two["name"], "weight": two["weight"] + 1}),
            ),
        )
    )
    assert registry.decode("thing.kept", 1, {"name": "a"}) == Kept(label="a", weight=1)
    assert registry.decode("thing.kept", 2, {"name": "a", "weight": 4}) == Kept(label="a", weight=5)
    assert registry.decode("thing.kept", 3, {"label": "a", "weight": 4}) == Kept(label="a", weight=4)


def test_given_a_version_this_build_does_not_know_when_decoded_then_it_says_so() -> None:
    with pytest.raises(UnknownEvent):
        REGISTRY.decode("clock.warned", 99, {"clock": "x"})
    with pytest.raises(UnknownEvent):
        REGISTRY.decode("clock.melted", 1, {})


def test_given_a_gap_in_the_steps_or_a_name_listed_twice_then_the_table_is_not_built() -> None:
    with pytest.raises(ValueError, match="upcasters expected"):
        Registry((EventRow("thing.kept", 2, Kept),))
    with pytest.raises(ValueError, match="listed twice"):
        Registry((EventRow("thing.kept", 1, Kept), EventRow("thing.kept", 1, ClockWarned)))


def test_given_a_retired_event_then_it_is_read_and_no_longer_written() -> None:
    registry = Registry((EventRow("thing.kept", 1, Kept, retired=True),))
    assert registry.decode("thing.kept", 1, {"label": "a", "weight": 1}) == Kept(label="a", weight=1)
    with pytest.raises(UnknownEvent):
        registry.row_of(Kept)


def _optional(shape: type[BaseModel], name: str) -> bool:
    """Whether a field may be missing: None, or an empty collection."""
    annotation = str(shape.model_fields[name].annotation)
    return "None" in annotation or name == "evidence"
