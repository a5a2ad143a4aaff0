"""What people read in Temporal's UI is what they read elsewhere."""

from __future__ import annotations

from typing import get_args

from activities.effects import EFFECTS
from domain.clue.consequences import EFFECT_KINDS
from domain.clue.state import StageName
from domain.export import MAKE_EXPORT
from domain.export.state import Stage as ExportStage
from domain.reading.titles import CLOCKS, STAGES
from domain.record.decider import ASK
from domain.time.rules import ClockKind
from workflows import ClueWorkflow
from workflows.messages import CaseInput


def test_given_the_stages_and_clocks_of_the_domain_then_each_has_a_title() -> None:
    assert {*get_args(StageName), *get_args(ExportStage)} - {"unrequested"} <= set(STAGES)
    assert sorted(CLOCKS) == sorted(get_args(ClockKind))


def test_given_every_kind_of_effect_then_it_has_a_name_and_an_activity() -> None:
    assert sorted(EFFECTS) == sorted({*EFFECT_KINDS, MAKE_EXPORT, ASK})
    assert all(kind.title for kind in EFFECTS.values())


def test_given_every_stage_then_the_process_says_what_is_awaited() -> None:
    stages = ClueWorkflow(CaseInput(stream="clue-0"))._stages
    assert sorted(stages) == sorted(set(get_args(StageName)) - {"unregistered"})
