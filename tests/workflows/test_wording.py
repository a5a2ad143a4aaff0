"""What people read in Temporal's UI is what they read elsewhere."""

from __future__ import annotations

from typing import get_args

from activities.effects import EFFECTS
from domain.clue.life import StageName
from domain.clue.telling import EFFECT_KINDS
from domain.export import MAKE_EXPORT
from domain.nouns import DECIDERS
from domain.record.decider import ASK
from domain.time.clock_titles import CLOCKS
from domain.time.rules import ClockKind
from workflows import ClueWorkflow
from workflows.engine.stage_titles import STAGES
from workflows.messages import CaseInput


def test_given_the_stages_and_clocks_of_the_domain_then_each_has_a_title() -> None:
    followed = {name: title for noun in DECIDERS.values() if noun.process for name, title in noun.stages.items()}
    assert followed == STAGES
    assert sorted(CLOCKS) == sorted(get_args(ClockKind))


def test_given_every_kind_of_effect_then_it_has_a_name_and_an_activity() -> None:
    assert sorted(EFFECTS) == sorted({*EFFECT_KINDS, MAKE_EXPORT, ASK})
    assert all(kind.title for kind in EFFECTS.values())


def test_given_every_stage_then_the_process_says_what_is_awaited() -> None:
    stages = ClueWorkflow(CaseInput(stream="clue-0"))._stages
    assert sorted(stages) == sorted(set(get_args(StageName)) - {"unregistered"})
