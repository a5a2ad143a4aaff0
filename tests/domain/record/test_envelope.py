"""Canonical bytes and the chain: any change anywhere is seen and named."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BrokenChain, UnknownEvent
from domain.record.envelope import GENESIS, Envelope, StoredEvent, check_chain, read, write
from domain.record.ids import command_id, event_id
from tests.domain.clue.stories import CLERK, archived

STREAM = "clue-" + "0" * 32
RECORDED = datetime(2026, 3, 2, 4, 0, 0, 1, tzinfo=UTC)


def stored() -> tuple[StoredEvent, ...]:
    """A whole life as it stands in the record."""
    previous, rows = GENESIS, []
    command = command_id("intake", "key")
    for version, entry in enumerate(archived().made, 1):
        envelope = Envelope(
            event_id=event_id(command, STREAM, version),
            stream=STREAM,
            version=version,
            occurred_at=entry.occurred_at,
            recorded_at=RECORDED,
            actor=CLERK,
            command_id=command,
            correlation_id=command,
            causation_id=UUID(int=7) if version > 1 else None,
            basis=entry.basis,
            trace_id="ab" * 16,
            event=entry.event,
        )
        rows.append(write(envelope, previous))
        assert read(rows[-1]) == envelope
        previous = rows[-1].hash
    return tuple(rows)


ROWS = stored()


def test_given_an_untouched_stream_then_its_chain_ends_at_the_head() -> None:
    assert check_chain(ROWS) == ROWS[-1].hash


def test_given_a_later_part_when_checked_from_its_predecessor_then_it_holds() -> None:
    assert check_chain(ROWS[5:], after=ROWS[4].hash, version=5) == ROWS[-1].hash


@settings(max_examples=200, deadline=None)
@given(index=st.integers(0, len(ROWS) - 1), place=st.floats(0, 0.999), field=st.sampled_from(("body", "hash")))
def test_given_one_character_changed_anywhere_then_the_version_is_named(index: int, place: float, field: str) -> None:
    text = getattr(ROWS[index], field)
    at = int(place * len(text))
    changed = text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]
    rows = (*ROWS[:index], dataclasses.replace(ROWS[index], **{field: changed}), *ROWS[index + 1 :])
    with pytest.raises(BrokenChain, match=f"version {ROWS[index].version}"):
        check_chain(rows)


@pytest.mark.parametrize("change", [{"type": "clue.archived"}, {"recorded_at": datetime(2020, 1, 1, tzinfo=UTC)}])
def test_given_a_column_that_differs_from_the_text_then_it_is_seen(change: dict[str, object]) -> None:
    with pytest.raises(BrokenChain, match="version 3: columns"):
        check_chain((*ROWS[:2], dataclasses.replace(ROWS[2], **change), *ROWS[3:]))  # type: ignore[arg-type]


def test_given_a_missing_row_then_the_gap_is_seen() -> None:
    with pytest.raises(BrokenChain, match="version 4: hash"):
        check_chain((*ROWS[:2], *ROWS[3:]))


def test_given_a_type_of_a_newer_build_when_read_then_it_says_so() -> None:
    with pytest.raises(UnknownEvent, match="newer version"):
        read(dataclasses.replace(ROWS[0], body=ROWS[0].body.replace('"type_version":2', '"type_version":9')))
