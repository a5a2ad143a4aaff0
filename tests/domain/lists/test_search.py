"""Folding, grams and queries: the index proposes every text the naive reading of a query would find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.lists.search import (
    PERIODS,
    Unsearchable,
    UseLookup,
    excerpt,
    fold,
    grams_of,
    parse_query,
    period_of,
    periods_of,
    probes_of,
)

LETTERS = "油烟直排占道的了Aaßé1２,。 \n·-鲁Ⅳ"
texts = st.text(LETTERS, max_size=40) | st.text(max_size=40)


@pytest.mark.parametrize(
    ("said", "folded"),
    [
        ("油烟直排,占道!经营", "油烟直排 占道 经营"),
        ("鲁Ａ·12345 车", "鲁a 12345 车"),
        ("WIFI密码\n１２３", "wifi密码 123"),
        ("後面的麵館", "後面的麵館"),
        ("e\u0301té", "été"),
        ("……", ""),
    ],
)
def test_given_a_text_then_it_is_folded(said: str, folded: str) -> None:
    assert fold(said) == folded


@given(texts)
def test_given_a_folded_text_then_folding_it_again_changes_nothing(said: str) -> None:
    assert fold(fold(said)) == fold(said)


@given(texts, texts)
def test_given_a_term_that_stands_in_a_text_then_its_probes_are_among_the_grams(said: str, asked: str) -> None:
    folded = fold(said)
    grams = set(grams_of(folded))
    for term in fold(asked).split():
        if term in folded:
            assert set(probes_of(term)) <= grams


@given(st.text("油烟直排占道", min_size=1, max_size=30), st.integers(0, 30), st.integers(1, 10))
def test_given_any_stretch_of_a_text_then_it_is_proposed_and_shown(said: str, start: int, length: int) -> None:
    term = said[start : start + length]
    if term:
        assert set(probes_of(term)) <= set(grams_of(fold(said)))
        assert term in (excerpt(said, (term,)) or "")


def test_given_a_long_text_then_the_excerpt_is_short_and_shows_the_term_as_it_was_written() -> None:
    said = "开" * 200 + "。ＷＩＦＩ" + "密码" * 100
    shown = excerpt(said, fold("wifi").split())  # type: ignore[arg-type]
    assert shown is not None
    assert "ＷＩＦＩ" in shown
    assert len(shown) < 80
    assert excerpt(said, ("油烟",)) is None


def test_given_a_query_then_its_words_are_its_terms_once_each() -> None:
    query = parse_query(" 烧烤,占道 烧烤 ")
    assert query.terms == ("烧烤", "占道")
    assert query.code is None


def test_given_what_may_be_a_number_then_it_is_looked_for_as_one_too() -> None:
    assert parse_query("370102-12345-2026-000001").code == "370102-12345-2026-000001"
    assert parse_query("WEB-20261117-0007").code == "WEB-20261117-0007"
    assert parse_query("1").code is None


@pytest.mark.parametrize("asked", ["", "  ", "。,!", "油" * 101, " ".join("一二三四五六七八九")])
def test_given_nothing_or_too_much_to_look_for_then_it_is_refused(asked: str) -> None:
    with pytest.raises(Unsearchable):
        parse_query(asked)


@pytest.mark.parametrize("asked", ["13800000000", "陈先生 138-0000-0000", "11010519491231002X", "+86 138 0000 0000"])
def test_given_a_whole_phone_or_identity_number_then_a_lookup_is_asked_for(asked: str) -> None:
    with pytest.raises(UseLookup):
        parse_query(asked)


@given(st.datetimes(datetime(1999, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)), st.sampled_from(PERIODS))  # noqa: DTZ001
def test_given_an_instant_then_it_lies_in_its_period(at: datetime, length: timedelta) -> None:
    number, start = period_of(at, length)
    assert start <= at < start + length
    assert number in periods_of(at)
    assert period_of(start, length) == (number, start)
    assert period_of(start - timedelta(microseconds=1), length)[1] == start - length
