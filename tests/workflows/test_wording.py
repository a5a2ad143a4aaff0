"""What people read in Temporal's UI is what they read elsewhere."""

from __future__ import annotations

from typing import get_args

from domain.clue.consequences import EFFECT_KINDS
from domain.clue.state import STAGE_NAMES
from domain.rules import ClockKind
from workflows import ClueWorkflow, wording
from workflows.case import PERFORMERS
from workflows.messages import CaseInput


def test_given_the_names_of_the_domain_then_the_processes_use_the_same() -> None:
    assert {"unregistered": "未登记", **wording.STAGES} == STAGE_NAMES
    assert sorted(wording.CLOCKS) == sorted(get_args(ClockKind))


def test_given_every_kind_of_effect_then_it_has_a_name_and_an_activity() -> None:
    assert sorted(wording.EFFECTS) == sorted(PERFORMERS) == sorted(EFFECT_KINDS)


def test_given_every_stage_then_the_process_says_what_is_awaited() -> None:
    assert sorted(ClueWorkflow(CaseInput(stream="clue-0"))._stages) == sorted(wording.STAGES)
