"""Who sees which case, and whose texts."""

from __future__ import annotations

import pytest

from domain.clue.case import summary
from domain.people.actors import Actor, Role, region_prefix, within
from domain.people.visibility import scope_of, text_scope_of
from tests.domain.clue.stories import ASSIGNER, dispatched
from tests.domain.clue.stories import actor as acting

CASE = summary(dispatched().state)


@pytest.mark.parametrize(
    ("actor", "sees", "reads"),
    [
        (acting("a", Role.DISPATCHER, "370102.12345"), True, True),
        (acting("a", Role.SUPERVISOR, "370100.12345", "370100"), True, True),
        (acting("a", Role.SUPERVISOR, "370200.12345", "370200"), False, False),
        (acting("a", Role.AUDITOR, "370100.audit", "370100"), True, False),
        (acting("a", Role.SECURITY_ADMINISTRATOR, "370100.security", "370100"), True, False),
        (ASSIGNER, True, True),
        (acting("a", Role.HANDLER, "370102.urban"), False, False),
        (acting("a", Role.SOURCE_SYSTEM, "370100.12345", "370100"), False, False),
        (acting("a", Role.SYSTEM_ADMINISTRATOR, "370100.it", "370100"), False, False),
    ],
)
def test_given_a_dispatched_clue_then_each_role_sees_and_reads_what_its_work_needs(
    actor: Actor, sees: bool, reads: bool
) -> None:
    assert scope_of(actor).admits(CASE) is sees
    assert text_scope_of(actor).admits(CASE) is reads


@pytest.mark.parametrize(
    ("region", "subtree", "inside"),
    [
        ("370102", "370102", True),
        ("370102", "370100", True),
        ("370102", "370000", True),
        ("370102", "000000", True),
        ("370102", "370103", False),
        ("370202", "370100", False),
    ],
)
def test_given_region_codes_then_the_subtree_is_what_they_share(region: str, subtree: str, inside: bool) -> None:
    assert within(region, subtree) is inside


def test_given_the_whole_country_then_its_prefix_is_empty() -> None:
    assert region_prefix("000000") == ""
