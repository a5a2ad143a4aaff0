"""A case told in sentences, from any vantage; no event without words, no place where it says more than it may."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clue import CLUE
from domain.errors import BrokenChain
from domain.nouns import DECIDERS
from domain.reading.timeline import Moment, Reading, Refusal, RefusedCommand, Vantage, lines, said, tell
from domain.record.decider import Decider, fold
from domain.record.envelope import read
from domain.record.registry import REGISTRY, EventRow
from tests.domain.clue import steps as c
from tests.domain.clue import stories as s
from tests.domain.record.test_registry import FILES, stored
from tests.domain.time.recorded import STREAM, lives, recorded

NAMES = {s.MARKET: "历下区市场监督管理局"}
_CODE = re.compile(r"\b[a-z]+_[a-z_]+\b")


@pytest.mark.parametrize("row", REGISTRY.rows, ids=lambda row: row.name)
def test_given_a_registered_event_then_it_has_a_title_and_a_sentence(row: EventRow) -> None:
    assert row.title
    assert REGISTRY.sentence_of(row.name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_given_an_event_ever_recorded_then_its_sentence_is_chinese_without_codes(file: Path) -> None:
    envelope = read(stored(file))
    row = REGISTRY.row_of(type(envelope.event))
    noun = DECIDERS.get(row.name.partition(".")[0])
    sentence = said(row.name, envelope.event, Reading(departments=NAMES), noun.fields if noun else {})
    assert not sentence.isascii()
    assert "None" not in sentence
    assert not _CODE.search(sentence), sentence


@pytest.mark.parametrize("decider", DECIDERS.values(), ids=lambda decider: decider.kind)
def test_given_a_command_then_a_refusal_of_it_has_a_title(decider: Decider[object]) -> None:
    assert all(decider.command_title(slug) != slug for slug in decider.commands)


def test_given_a_life_when_told_then_departments_have_names_and_texts_are_references() -> None:
    rows = recorded(s.verifying())
    told = tell(CLUE, STREAM, rows, reading=Reading(departments=NAMES))
    sentences = [entry.sentence for entry in told.entries if entry.kind == "step"]
    assert "分办给 历下区市场监督管理局" in sentences
    assert "分派给 handler 承办" in sentences
    registered = told.entries[0]
    assert isinstance(registered, Moment)
    assert [(line.title, line.text) for line in registered.texts][:2] == [("标题", None), ("内容", None)]
    assert registered.by.roles == ("登记员",)
    clock = next(entry for entry in told.entries if entry.kind == "clock")
    assert isinstance(clock, Moment)
    assert clock.sentence.startswith("分办期限,由 370102.12345 承担,2026-03-04 00:00:00 届满")
    assert clock.explanation[-1].endswith("届满")
    assert clock.rule is not None
    assert told.head == rows[-1].hash


def test_given_open_texts_when_told_then_they_stand_with_their_event_unless_erased() -> None:
    rows = recorded(s.registered())
    title, body = read(rows[0]).event.title.ref, read(rows[0]).event.body.ref
    reading = Reading(texts={title: "某烧烤店", body: "油烟"}, erased=frozenset({body}))
    registered = tell(CLUE, STREAM, rows, reading=reading).entries[0]
    assert isinstance(registered, Moment)
    assert [(line.text, line.erased) for line in registered.texts[:2]] == [("某烧烤店", False), (None, True)]
    assert "某烧烤店" not in "\n".join(lines(tell(CLUE, STREAM, rows)))


def test_given_refusals_when_told_then_they_stand_where_they_happened() -> None:
    story = s.registered().after(hours=1).when(s.DISPATCHER, c.Dispatch, department=s.MARKET)
    rows = recorded(story)
    between = rows[0].recorded_at + timedelta(minutes=5)
    refused = RefusedCommand(
        at=between, account="handler", command="sign_for", code="wrong_role", detail="该操作须由部门分派员办理"
    )
    told = tell(CLUE, STREAM, rows, [refused])
    place = next(index for index, entry in enumerate(told.entries) if isinstance(entry, Refusal))
    assert [entry.recorded_at for entry in told.entries] == sorted(entry.recorded_at for entry in told.entries)
    assert told.entries[place].sentence == "拒绝“签收”:该操作须由部门分派员办理"
    assert told.entries[place - 1].recorded_at < between < told.entries[place + 1].recorded_at
    before = tell(CLUE, STREAM, rows, [refused], Vantage(at=between - timedelta(seconds=1)))
    assert not any(isinstance(entry, Refusal) for entry in before.entries)


def test_given_what_was_recorded_later_than_it_happened_then_both_times_are_told() -> None:
    late = recorded(s.dispatched().after(days=9), delay=timedelta(minutes=3))
    warned = next(
        entry
        for entry in tell(CLUE, STREAM, late).entries
        if isinstance(entry, Moment) and entry.type == "clock.warned"
    )
    assert warned.late
    assert warned.occurred_at < warned.recorded_at
    assert f"记录于 {warned.recorded_at.astimezone(s.NOON.tzinfo) + timedelta(hours=8):%Y-%m-%d %H:%M}" in "\n".join(
        lines(tell(CLUE, STREAM, late))
    )


def test_given_a_changed_row_when_told_then_the_chain_says_no() -> None:
    rows = recorded(s.dispatched())
    changed = replace(rows[1], body=rows[1].body.replace("370102", "370103"))
    with pytest.raises(BrokenChain):
        tell(CLUE, STREAM, (rows[0], changed, *rows[2:]))


@given(life=lives(), data=st.data())
@settings(max_examples=30, deadline=None)
def test_given_any_life_and_instant_then_what_was_known_is_the_fold_of_a_beginning(
    life: s.Story, data: st.DataObject
) -> None:
    rows = recorded(life)
    cut = data.draw(st.integers(1, len(rows)))
    at = rows[cut - 1].recorded_at
    beginning = tuple(row for row in rows if row.recorded_at <= at)
    assert beginning == rows[: len(beginning)]
    known = fold(CLUE, [read(row).happened for row in Vantage(at=at).seen(rows)])
    assert known == fold(CLUE, life.made[: len(beginning)])
    moments = [entry for entry in tell(CLUE, STREAM, rows, vantage=Vantage(at=at)).entries if isinstance(entry, Moment)]
    assert moments[-1].stage == CLUE.summary(known).stage
    assert moments[-1].hash == rows[len(beginning) - 1].hash


@given(life=lives(), delay=st.sampled_from((0, 90)), data=st.data())
@settings(max_examples=30, deadline=None)
def test_given_any_business_time_then_the_state_holds_what_had_happened_and_nothing_else(
    life: s.Story, delay: int, data: st.DataObject
) -> None:
    rows = recorded(life, delay=timedelta(minutes=delay))
    instants = sorted({happened.occurred_at for happened in life.made})
    happened = data.draw(st.sampled_from(instants))
    at = data.draw(st.sampled_from([row.recorded_at for row in rows]))
    seen = Vantage(at, happened).seen(rows)
    expected = [
        entry
        for entry, row in zip(life.made, rows, strict=True)
        if entry.occurred_at <= happened and row.recorded_at <= at
    ]
    assert [read(row).event for row in seen] == [entry.event for entry in expected]
    if expected:
        state = fold(CLUE, expected)
        clocks = CLUE.clocks(state)
        assert all(timed.clock.started_at <= happened for timed in clocks)
        assert all(timed.stopped_at is None or timed.stopped_at <= happened for timed in clocks)
    assert fold(CLUE, [read(row).happened for row in Vantage(happened=instants[-1]).seen(rows)]) == life.state


def test_given_a_reference_nobody_knows_then_there_is_no_text() -> None:
    assert Reading().text(UUID(int=1)) is None
