"""Two points of a case side by side: nothing that differs is left out, nothing equal is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clue import CLUE
from domain.clue.life import known
from domain.errors import Malformed
from domain.reading.differences import Difference, NotYetKnown, Point, differences
from domain.reading.timeline import Reading
from domain.record.decider import fold
from domain.record.envelope import StoredEvent, read
from tests.domain.clue import steps as c
from tests.domain.clue import stories as s
from tests.domain.time.recorded import lives, recorded

_CODES_ONLY = Reading()


def found(story: s.Story, first: int, last: int, reading: Reading = _CODES_ONLY) -> dict[str, Difference]:
    """The differences by place."""
    rows = recorded(story)
    told = differences(CLUE, Point(version=first).known(rows), Point(version=last).known(rows), reading)
    return {one.at: one for one in told}


def test_given_a_dispatch_then_stage_department_and_deadlines_differ_in_words() -> None:
    told = found(s.dispatched(), 2, 5, Reading(departments={s.MARKET: "历下区市场监督管理局"}))
    assert (told["stage"].title, told["stage"].before_title, told["stage"].after_title) == ("环节", "待分办", "待签收")
    assert (told["department"].before_title, told["department"].after_title) == ("无", "历下区市场监督管理局")
    (started,) = [one for at, one in told.items() if at.startswith("clocks.sign_for")]
    assert started.before is None
    assert started.after_title.startswith("历下区市场监督管理局 承担,")
    (outcome,) = [one for at, one in told.items() if at.endswith(".outcome")]
    assert (outcome.before_title, outcome.after_title) == ("无", "按期完成")


def test_given_a_correction_then_both_values_are_shown() -> None:
    story = s.registered()
    version = len(story.made)
    story.when(s.CLERK, c.Correct, category="complaint", title="某饭店", reason="来电人说明")
    assert story.refused is None, story.refused
    told = found(story, version, len(story.made))
    assert (told["category"].before_title, told["category"].after_title) == ("举报", "投诉")
    before, after = (value["ref"] for value in (told["title"].before, told["title"].after))
    assert before != after
    texts = Reading(texts={read(row).event.title.ref: name for row, name in _titled(story)})
    opened = found(story, version, len(story.made), texts)
    assert (opened["title"].before_title, opened["title"].after_title) == ("原标题", "新标题")


def test_given_an_erasure_then_the_text_is_told_as_gone() -> None:
    story = s.registered()
    version = len(story.made)
    ref = known(story.state).dossier.title.ref
    story.when(s.SECURITY, c.EraseText, texts=[str(ref)])
    told = found(story, version, len(story.made))
    (gone,) = told.values()
    assert (gone.at, gone.before, gone.after) == (f"texts.{ref}.erased", False, True)


@given(life=lives(), data=st.data())
@settings(max_examples=30, deadline=None)
def test_given_two_points_then_there_are_differences_exactly_when_the_states_differ(
    life: s.Story, data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, len(life.made)))
    last = data.draw(st.integers(1, len(life.made)))
    rows = recorded(life)
    before, after = rows[:first], rows[:last]
    states = [fold(CLUE, [read(row).happened for row in part]) for part in (before, after)]
    told = differences(CLUE, before, after, Reading())
    assert bool(told) == (states[0] != states[1])
    assert all(one.before != one.after for one in told)
    back = differences(CLUE, after, before, Reading())
    assert {(one.at, str(one.before), str(one.after)) for one in told} == {
        (one.at, str(one.after), str(one.before)) for one in back
    }


def test_given_a_point_then_it_is_a_version_or_an_instant_with_a_zone() -> None:
    rows = recorded(s.dispatched())
    assert len(Point.of("v3", "from").known(rows)) == 3
    assert Point.of("2026-03-02T12:00:00+08:00", "from").known(rows) == rows
    for wrong in ("3", "yesterday", "2026-03-02T12:00:00", "v"):
        with pytest.raises(Malformed) as error:
            Point.of(wrong, "from")
        assert error.value.problems[0]["at"] == "from"
    for early in ("v0", "2026-03-02T11:59:59+08:00"):
        with pytest.raises(NotYetKnown):
            Point.of(early, "from").known(rows)


def _titled(story: s.Story) -> list[tuple[StoredEvent, str]]:
    rows = recorded(story)
    corrected = next(row for row in rows if row.type == "clue.corrected")
    return [(rows[0], "原标题"), (corrected, "新标题")]
