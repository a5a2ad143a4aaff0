"""Random histories of clocks, instant by instant against a naive second implementation. `make oracle` tells 100,000."""

from __future__ import annotations

import pytest

from domain.time import clock as clocks
from domain.time.counting import Days
from tests.domain.time.clock_histories import Disagreement, History
from tests.domain.time.oracle import live

HISTORIES = 1000


def test_given_random_histories_when_lived_by_both_implementations_then_they_agree_after_every_event() -> None:
    lived = live(range(HISTORIES))
    assert lived.faults == ()
    assert lived.comparisons > 10 * HISTORIES


def test_given_an_engine_that_forgets_the_end_of_a_last_day_then_the_second_implementation_notices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Days, "end", lambda _days, last: last)
    with pytest.raises(Disagreement):
        _until_found()


def test_given_an_engine_that_counts_overlapping_stretches_twice_then_the_second_implementation_notices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clocks, "merged", lambda stretches: tuple(sorted(stretches)))
    with pytest.raises(Disagreement):
        _until_found()


def _until_found() -> None:
    for seed in range(HISTORIES):
        History(seed).tell()
