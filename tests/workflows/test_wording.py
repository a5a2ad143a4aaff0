"""What people read in Temporal's UI is what they read elsewhere."""

from __future__ import annotations

from typing import get_args

from domain.clue.consequences import EFFECT_KINDS
from domain.clue.state import StageName
from domain.rules import ClockKind
from domain.titles import CLOCKS, STAGES
from workflows import ClueWorkflow, wording
from workflows.case import PERFORMERS
from workflows.messages import CaseInput


def test_given_the_stages_and_clocks_of_the_domain_then_each_has_a_title() -> None:
    assert sorted(STAGES) == sorted(get_args(StageName))
    assert sorted(CLOCKS) == sorted(get_args(ClockKind))


def test_given_every_kind_of_effect_then_it_has_a_name_and_an_activity() -> None:
    assert sorted(wording.EFFECTS) == sorted(PERFORMERS) == sorted(EFFECT_KINDS)


def test_given_every_stage_then_the_process_says_what_is_awaited() -> None:
    assert sorted(ClueWorkflow(CaseInput(stream="clue-0"))._stages) == sorted(set(STAGES) - {"unregistered"})
