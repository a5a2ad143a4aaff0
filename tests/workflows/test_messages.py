"""Messages outlive releases: what an older or a newer one sends must still be read; and how a process takes them in."""

from __future__ import annotations

from uuid import UUID

from temporalio.contrib.pydantic import pydantic_data_converter

from activities.messages import EffectRef, Standing
from domain.record.envelope import GENESIS
from domain.record.ports import Advance
from workflows.messages import Carried, Recorded

OLDEST = {
    "stream": "clue-0",
    "first": 1,
    "last": 2,
    "previous_hash": GENESIS,
    "head_hash": "b",
    "stage": "registered",
    "department": "d",
}
"""A signal as the first release could send it."""


def _told(first: int, last: int, previous: str, head: str) -> Recorded:
    changes = {"first": first, "last": last, "previous_hash": previous, "head_hash": head}
    return Recorded.model_validate({**OLDEST, **changes})


def _standing(last: int, *heads: str, effects: tuple[EffectRef, ...] = ()) -> Standing:
    return Standing(
        stream="clue-0",
        last=last,
        head_hash=heads[-1],
        stage="registered",
        department="d",
        alarm=None,
        effects=effects,
        closed=False,
        heads=heads,
    )


def test_given_a_signal_of_the_first_release_or_of_one_to_come_then_it_is_read() -> None:
    assert Recorded.model_validate(OLDEST).effects == ()
    newer = {**OLDEST, "invented_later": 1, "alarm": {"clock": "c", "mark": "m", "at": "2026-01-01T00:00:00Z", "x": 1}}
    assert Recorded.model_validate(newer).alarm is not None


def test_given_an_advance_then_its_signal_has_a_place_for_each_of_its_fields() -> None:
    assert set(Advance.model_fields) <= set(Recorded.model_fields)


def test_given_what_is_carried_then_the_next_run_reads_the_same() -> None:
    carried = Carried().take(_told(1, 2, GENESIS, "b"))
    [payload] = pydantic_data_converter.payload_converter.to_payloads([carried])
    assert pydantic_data_converter.payload_converter.from_payloads([payload], [Carried]) == [carried]


def test_given_what_follows_then_it_is_told_from_repeats_gaps_and_other_histories() -> None:
    known = Carried().take(_told(1, 2, GENESIS, "b"))
    assert known.follows(_told(3, 3, "b", "c"))
    assert not known.follows(_told(4, 4, "c", "d")) and not known.follows(_told(3, 3, "x", "c"))
    assert known.repeats(_told(1, 2, GENESIS, "b"))
    assert not known.repeats(_told(1, 2, GENESIS, "x")) and not known.repeats(_told(2, 2, "a", "b2"))


def test_given_the_record_went_back_then_what_was_heard_after_is_forgotten() -> None:
    known = Carried().take(_told(1, 2, GENESIS, "b")).take(_told(3, 3, "b", "c"))
    back = known.adopt(_standing(2, "a", "b"), ())
    assert (back.version, back.heads) == (2, {1: "a", 2: "b"})
    assert not back.repeats(_told(3, 3, "b", "c"))


def test_given_an_effect_ended_while_the_record_was_asked_then_it_is_not_begun_again() -> None:
    ended, left = (EffectRef(id=UUID(int=number), kind="notify") for number in (1, 2))
    known = Carried().adopt(_standing(1, "a", effects=(ended, left)), (ended,))
    assert known.effects == (left,)


def test_given_a_long_life_then_only_recent_heads_are_remembered() -> None:
    known = Carried()
    for version in range(1, 200):
        known = known.take(_told(version, version, known.head_hash, f"h{version}"))
    assert len(known.heads) == 32 and known.heads[199] == "h199"
