"""What was in force when: an edition is recorded once, and another one when it comes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from domain.errors import Refused
from domain.people.actors import SYSTEM, Actor, Role
from domain.record.decider import Facts, Happened, fold
from domain.rulebook import RULEBOOK, Adopt, edition_of, stream_of
from domain.rulebook.events import RulebookAdopted
from domain.time.calendar import national_calendars
from domain.time.rules import load_pack

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NATIONAL, TRAINING = load_pack("national"), load_pack("training")


def when(made: tuple[Any, ...], source: Any, by: Actor = SYSTEM) -> Any:
    state = fold(RULEBOOK, [Happened(event, NOW) for event in made])
    facts = Facts(now=NOW, actor=by, stream="rulebook-x", pack=NATIONAL, calendars=national_calendars())
    return RULEBOOK.decide(Adopt.model_validate(edition_of(source)), state, facts)


def test_given_editions_then_each_is_recorded_when_it_takes_the_place_of_another() -> None:
    national = when((), NATIONAL)
    assert isinstance(national[0], RulebookAdopted)
    assert when(national, NATIONAL) == ()
    training = when(national, TRAINING)
    assert when((*national, *training), NATIONAL) == national, "the way back is an event too"


def test_given_the_same_name_and_version_with_other_rules_then_it_is_another_edition() -> None:
    changed = NATIONAL.model_copy(update={"rules": NATIONAL.rules[1:]})
    assert edition_of(changed)["digest"] != edition_of(NATIONAL)["digest"]
    assert when(when((), NATIONAL), changed)


def test_given_people_then_they_adopt_nothing() -> None:
    person = Actor(account="a", department="d", region="370100", roles=(Role.SYSTEM_ADMINISTRATOR,))
    assert isinstance(when((), NATIONAL, person), Refused)


def test_given_packs_and_calendars_then_packs_share_one_stream_and_calendars_have_one_each() -> None:
    assert stream_of("pack", "national") == stream_of("pack", "training")
    assert len({stream_of("pack", "national"), stream_of("calendar", "000000"), stream_of("calendar", "370000")}) == 3
