"""Lookups: who may make one, who may see it, and that every answer is told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.errors import Refused
from domain.lookup import LOOKUP, lookup_scope_of
from domain.lookup import commands as c
from domain.lookup import events as e
from domain.people.actors import Actor, Role
from domain.people.visibility import Scope
from domain.record.decider import Facts, Happened, fold
from domain.record.vault import Sealed
from domain.time.calendar import national_calendars
from domain.time.rules import load_pack
from tests.support.record import CLERK, DISPATCHER, HANDLER, HEAD, SECURITY, demo

NOW = "2026-11-22T02:00:00Z"
REASON = Sealed(ref=UUID(int=1), commitment="ab" * 32)
ASKED = c.LookUp(sought="phone", mark="cd" * 32, purpose="contact", reason=REASON)
MADE = e.LookupMade(sought="phone", mark="cd" * 32, purpose="contact", reason=REASON)
CASE = "clue-" + "0" * 32
OTHER = "clue-" + "1" * 32


def facts(actor: Actor) -> Facts:
    return Facts(now=NOW, actor=actor, stream="lookup-x", pack=load_pack("national"), calendars=national_calendars())


def after(*events: Any, actor: Actor = DISPATCHER) -> Any:
    return fold(LOOKUP, [Happened(event, facts(actor).now, actor=actor) for event in events])


@pytest.mark.parametrize(
    "actor", [CLERK, DISPATCHER, HANDLER, demo("supervisor.370102")], ids=lambda actor: actor.account
)
def test_given_a_role_that_needs_it_when_looking_up_then_it_is_recorded_without_what_was_sought(actor: Actor) -> None:
    assert LOOKUP.decide(ASKED, LOOKUP.initial(), facts(actor)) == (MADE,)


@pytest.mark.parametrize(
    "actor", [HEAD, SECURITY, demo("auditor.370100"), demo("source.hotline")], ids=lambda actor: actor.account
)
def test_given_any_other_role_when_looking_up_then_it_is_refused(actor: Actor) -> None:
    refused = LOOKUP.decide(ASKED, LOOKUP.initial(), facts(actor))
    assert isinstance(refused, Refused)
    assert refused.code == "wrong_role"


def test_given_an_answer_then_every_case_ever_shown_is_counted_once() -> None:
    first, second = e.LookupAnswered(cases=(CASE,), more=False), e.LookupAnswered(cases=(CASE, OTHER), more=False)
    assert LOOKUP.summary(after(MADE)).model_dump()["hits"] is None
    assert LOOKUP.summary(after(MADE, first, second)).model_dump()["hits"] == 2


def test_given_a_lookup_of_somebody_else_when_answered_then_it_is_refused() -> None:
    refused = LOOKUP.decide(c.Answer(cases=(CASE,), more=False), after(MADE), facts(CLERK))
    assert isinstance(refused, Refused)
    assert refused.code == "wrong_account"


def test_given_a_lookup_then_its_maker_and_who_oversees_the_region_know_of_it() -> None:
    made = after(MADE)
    assert LOOKUP.admits(made, DISPATCHER)
    assert LOOKUP.admits(made, demo("auditor.370100"))
    assert not LOOKUP.admits(made, CLERK)
    assert not LOOKUP.admits(made, demo("auditor.370100").model_copy(update={"region": "370103"}))


def test_given_several_roles_then_only_cases_seen_by_a_role_that_needs_it_are_found() -> None:
    both = HANDLER.model_copy(update={"roles": (Role.HANDLER, Role.AUDITOR)})
    assert lookup_scope_of(both) == Scope(department=HANDLER.department)
    assert lookup_scope_of(demo("auditor.370100")) == Scope()
