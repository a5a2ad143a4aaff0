"""Every notice the domain can send reads as a Chinese sentence, and nothing but codes gets into it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from domain.reading.notices import GROUP_TITLES, WORDINGS, Group, group_of, subjects_of, words_of

CLUE = Path(__file__).parents[3] / "domain" / "clue"
TELLING = ("tell", "_tell", "_remind", "Effect")
"""What calls that make an effect begin with."""

NO_NOTICES = {"erasure_ledger", "file_sealed", "texts_erased"}
"""Recipient and subjects of effects that tell nobody."""

PLANNED = (
    "oversight_ordered",
    "oversight_answered",
    "oversight_answer_rejected",
    "oversight_answer_accepted",
    "oversight_withdrawn",
    "oversight_listed",
    "extension_requested",
    "extension_approved",
    "extension_rejected",
    "clue_urged",
    "time_excluded",
)


def written() -> Iterator[str]:
    """Every code with an underscore that stands in a call which makes an effect of a clue: the subjects among them."""
    modules = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted(CLUE.rglob("*.py"))]
    for call in (node for module in modules for node in ast.walk(module)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id.startswith(TELLING):
            for given in (*call.args, *(keyword.value for keyword in call.keywords)):
                if isinstance(given, ast.Constant) and re.fullmatch(r"[a-z]+(_[a-z]+)+", str(given.value)):
                    yield str(given.value)


SUBJECTS = sorted({*written(), *PLANNED} - NO_NOTICES)


def test_given_the_consequences_then_their_subjects_were_found() -> None:
    assert {"clue_dispatched", "clock_warned", "clock_escalated", "disposition_rejected"} <= set(written())


@pytest.mark.parametrize("subject", SUBJECTS)
def test_given_a_subject_then_it_has_wording_of_its_own(subject: str) -> None:
    words = words_of(subject, {}, {})
    assert words != words_of("never heard of", {}, {})
    assert not words.title.isascii() and not words.sentence.isascii()
    assert "{" not in words.sentence and group_of(subject) in GROUP_TITLES


def test_given_params_then_the_sentence_names_clock_ground_rung_and_department() -> None:
    clock = {"clock": "sign_for-1", "kind": "sign_for", "rule": "TS-1", "rung": "2"}
    assert words_of("clock_warned", clock, {}).sentence == "签收期限临近届满,请抓紧办理"
    assert words_of("clock_escalated", clock, {}).sentence == "签收期限已逾期,第 2 级催办,请督促办理"
    assert words_of("extension_approved", {"clock": "handling-2"}, {}).sentence.startswith("延长核查处理期限的申请")
    returned = {"department": "370102.market", "ground": "not_our_remit"}
    assert words_of("clue_returned", returned, {"370102.market": "历下区市场监管局"}).sentence == (
        "历下区市场监管局将案件退回(不属于本部门职责),请重新分办"
    )
    assert words_of("clue_returned", returned, {}).sentence.startswith("370102.market将")


def test_given_a_text_in_a_param_then_it_is_not_repeated() -> None:
    planted = dict.fromkeys(("kind", "ground", "rung", "rule", "clock", "reason"), "陈先生 13800000000")
    for subject in WORDINGS:
        words = words_of(subject, planted, {})
        assert "陈" not in words.title + words.sentence and "138" not in words.sentence


def test_given_a_subject_of_a_newer_release_then_it_still_reads() -> None:
    words = words_of("clue_transferred", {}, {})
    assert words.title == "案件动态" and group_of("clue_transferred") == "steps"


def test_given_the_groups_then_each_subject_is_in_exactly_one() -> None:
    groups: tuple[Group, ...] = get_args(Group)
    assert sorted(subject for group in groups for subject in subjects_of((group,))) == sorted(WORDINGS)
    assert set(groups) == set(GROUP_TITLES)
