"""Given an account, when something is asked of it, then events or the rule that says no."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.errors import Refused
from domain.people.account import ACCOUNT
from domain.people.account import events as e
from domain.people.account.passwords import weakness
from domain.people.account.permissions import admits, reach_of
from domain.people.account.state import Account, Disabled, Enabled
from domain.people.actors import ADMINISTRATORS, SYSTEM, Actor, Role
from domain.record.decider import Facts, Happened, OfficerFact, fold
from domain.record.vault import Sealer
from domain.time.calendar import national_calendars
from domain.time.rules import load_pack

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
"""The day in Asia/Shanghai at `NOW`."""
MARKET, HEALTH = "370102.market", "370102.health"


def actor(account: str, *roles: Role, department: str = "370100.12345", region: str = "370100", **more: Any) -> Actor:
    return Actor(account=account, department=department, region=region, roles=roles, **more)


SYSTEM_ADMIN = actor("sys", Role.SYSTEM_ADMINISTRATOR)
SECURITY_ADMIN = actor("sec", Role.SECURITY_ADMINISTRATOR)
AUDIT_ADMIN = actor("aud", Role.AUDIT_ADMINISTRATOR)
HEAD = actor("head", Role.HEAD, department=MARKET, region="370102")
ASSIGNER = actor("assigner", Role.DEPARTMENT_ASSIGNER, department=MARKET, region="370102")
HANDLER = actor("wang", Role.HANDLER, department=MARKET, region="370102")


def opened(account: str = "wang", **more: Any) -> e.AccountOpened:
    told = {"account": account, "department": MARKET, "region": "370102", "name": None, "demo": False}
    return e.AccountOpened(**{**told, **more})


def granted(role: Role, since: date = TODAY, until: date | None = None) -> e.AccountRoleGranted:
    return e.AccountRoleGranted(role=role, since=since, until=until)


def named(substitute: str = "li") -> e.AccountSubstituteNamed:
    return e.AccountSubstituteNamed(substitute=substitute, since=TODAY, until=TODAY, ground="leave")


def given(*events: Any) -> Account:
    return fold(ACCOUNT, [Happened(event, NOW) for event in events])


def officer(account: str, *roles: Role, department: str = MARKET, active: bool = True) -> OfficerFact:
    return OfficerFact(account=account, department=department, region="370102", roles=roles, active=active)


def when(state: Account, by: Actor, slug: str, /, *officers: OfficerFact, **body: Any) -> Any:
    """What is decided; `holders` in the body names who holds the three offices."""
    holders = body.pop("holders", dict.fromkeys(ADMINISTRATORS, ("somebody else",)))
    command = ACCOUNT.commands[slug].model_validate(
        body, context={"sealer": Sealer(lambda size: uuid4().bytes * (size // 16))}
    )
    facts = Facts(
        now=NOW,
        actor=by,
        stream="account-x",
        pack=load_pack("national"),
        calendars=national_calendars(),
        departments={MARKET: "370102", HEALTH: "370102", "370200.market": "370200"},
        officers={known.account: known for known in officers},
        holders=holders,
    )
    return ACCOUNT.decide(command, state, facts)


def code(decided: Any) -> str:
    assert isinstance(decided, Refused), decided
    return decided.code


def test_given_nothing_when_opened_then_it_is_there_without_roles_and_the_name_is_sealed() -> None:
    (event,) = when(given(), SYSTEM_ADMIN, "open", account="zhao.li", department=MARKET, region="370102", name="赵丽")
    assert "赵丽" not in event.model_dump_json()
    assert ACCOUNT.texts(event) == (event.name,)
    entry = ACCOUNT.summary(given(event))
    assert (entry.stage, entry.responsible, entry.closed) == ("enabled", MARKET, False)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"account": "system"}, "account_exists"),
        ({"department": "370102.nothing"}, "unknown_department"),
        ({"department": "370200.market", "region": "370200"}, "department_out_of_region"),
        ({"region": "370100"}, "wider_than_department"),
    ],
)
def test_given_nothing_when_opened_out_of_bounds_then_it_is_refused(body: dict[str, str], why: str) -> None:
    right = {"account": "zhao.li", "department": MARKET, "region": "370102"}
    assert code(when(given(), SYSTEM_ADMIN, "open", **{**right, **body})) == why


def test_given_an_account_when_opened_again_then_it_exists() -> None:
    refused = when(given(opened()), SYSTEM_ADMIN, "open", account="wang", department=MARKET, region="370102")
    assert code(refused) == "account_exists"


BODIES: dict[str, dict[str, Any]] = {
    "open": {"account": "zhao.li", "department": MARKET, "region": "370102"},
    "grant": {"role": "handler"},
    "revoke": {"role": "handler"},
    "name_substitute": {"substitute": "li", "since": "2026-11-23", "until": "2026-11-24", "ground": "leave"},
    "end_substitution": {"substitute": "li"},
    "disable": {},
    "enable": {},
    "move": {"department": HEALTH, "region": "370102"},
    "reset_password": {},
    "unlock": {},
}
OFFICES = {
    SYSTEM_ADMIN: {"open", "move", "disable", "enable"},
    SECURITY_ADMIN: {"grant", "revoke", "name_substitute", "end_substitution", "reset_password", "unlock"},
    AUDIT_ADMIN: set(),
    HEAD: {"name_substitute", "end_substitution"},
    ASSIGNER: {"name_substitute", "end_substitution"},
    HANDLER: set(),
}


@pytest.mark.parametrize("slug", BODIES)
@pytest.mark.parametrize("by", OFFICES, ids=lambda by: by.account)
def test_given_an_office_then_it_may_do_what_is_its_own_and_nothing_else(by: Actor, slug: str) -> None:
    state = given() if slug == "open" else given(opened("zhou"), granted(Role.HANDLER))
    decided = when(state, by, slug, officer("li", Role.HANDLER), **BODIES[slug])
    refused = isinstance(decided, Refused) and decided.code == "wrong_role"
    assert refused == (slug not in OFFICES[by]), decided


def test_given_the_steps_then_each_command_has_one_and_the_audit_administrator_has_none() -> None:
    assert set(ACCOUNT.steps) == set(ACCOUNT.commands.values())
    for state in (given(), given(opened("zhou")), given(opened("zhou"), e.AccountDisabled())):
        refused = [ACCOUNT.permit(command, state, AUDIT_ADMIN) for command in ACCOUNT.steps]
        assert {refusal.code if refusal else None for refusal in refused} <= {
            "wrong_role",
            "own_password_only",
            "process_only",
        }


@pytest.mark.parametrize("slug", ["grant", "revoke", "reset_password"])
def test_given_a_security_administrator_then_not_for_the_own_account_nor_behind_a_substitution(slug: str) -> None:
    own = given(opened("sec", department="370100.12345", region="370100"), granted(Role.SECURITY_ADMINISTRATOR))
    assert code(when(own, SECURITY_ADMIN, slug, **BODIES[slug])) == "own_account"
    behind = SECURITY_ADMIN.model_copy(update={"account": "other", "on_behalf_of": "sec"})
    assert code(when(own, behind, slug, **BODIES[slug])) == "own_account"


def test_given_an_account_of_another_region_then_it_is_out_of_reach() -> None:
    elsewhere = given(opened(department="370200.market", region="370200"))
    assert code(when(elsewhere, SECURITY_ADMIN, "grant", role="handler")) == "wrong_region"
    assert not admits(elsewhere, SECURITY_ADMIN)
    assert admits(elsewhere, SYSTEM)


# Roles -----------------------------------------------------------------------------------------------------------


def test_given_an_account_when_a_role_is_granted_then_from_today_in_shanghai_or_for_the_days_given() -> None:
    assert when(given(opened()), SECURITY_ADMIN, "grant", role="handler") == (granted(Role.HANDLER),)
    dated = when(given(opened()), SECURITY_ADMIN, "grant", role="head", since="2026-12-01", until="2027-05-31")
    assert dated == (granted(Role.HEAD, date(2026, 12, 1), date(2027, 5, 31)),)
    again = given(opened(), granted(Role.HANDLER))
    assert when(again, SECURITY_ADMIN, "grant", role="handler") == ()
    assert code(when(again, SECURITY_ADMIN, "grant", role="head", until="2026-11-22")) == "period_reversed"
    past = {"since": "2026-11-01", "until": "2026-11-22"}
    assert code(when(again, SECURITY_ADMIN, "grant", role="head", **past)) == "period_over"
    assert code(when(again, SECURITY_ADMIN, "grant", role="system")) == "wrong_role"


@pytest.mark.parametrize("administrator", ADMINISTRATORS)
@pytest.mark.parametrize("other", [role for role in Role if role != Role.SYSTEM])
def test_given_a_role_then_no_administrators_beside_it_and_none_beside_an_administrators(
    administrator: Role, other: Role
) -> None:
    if other == administrator:
        return
    assert code(when(given(opened(), granted(other)), SECURITY_ADMIN, "grant", role=administrator)) == "role_conflict"
    assert code(when(given(opened(), granted(administrator)), SECURITY_ADMIN, "grant", role=other)) == "role_conflict"


def test_given_a_business_role_that_is_over_then_it_bars_nothing() -> None:
    over = given(opened(), granted(Role.HEAD, date(2026, 1, 1), date(2026, 11, 22)))
    assert when(over, SECURITY_ADMIN, "grant", role="audit_administrator") == (granted(Role.AUDIT_ADMINISTRATOR),)
    until = {"role": "audit_administrator", "until": "2027-01-01"}
    assert code(when(over, SECURITY_ADMIN, "grant", **until)) == "administrator_open_ended"
    substituted = given(opened(), named())
    assert code(when(substituted, SECURITY_ADMIN, "grant", role="audit_administrator")) == "role_conflict"


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_given_the_last_administrator_then_the_office_cannot_be_emptied(role: Role) -> None:
    last = given(opened("boss", department="370102.market"), granted(role))
    alone = dict.fromkeys(ADMINISTRATORS, ("boss",))
    assert code(when(last, SECURITY_ADMIN, "revoke", role=role, holders=alone)) == "last_administrator"
    assert code(when(last, SYSTEM_ADMIN, "disable", holders=alone)) == "last_administrator"
    moved = {"department": HEALTH, "region": "370102", "holders": alone}
    assert code(when(last, SYSTEM_ADMIN, "move", **moved)) == "last_administrator"
    two = dict.fromkeys(ADMINISTRATORS, ("boss", "second"))
    assert when(last, SECURITY_ADMIN, "revoke", role=role, holders=two) == (e.AccountRoleRevoked(role=role),)
    assert when(last, SYSTEM_ADMIN, "disable", holders=two) == (e.AccountDisabled(),)


def test_given_a_move_then_roles_and_substitutes_end_with_the_old_place() -> None:
    state = given(opened(), granted(Role.HANDLER), named())
    events = when(state, SYSTEM_ADMIN, "move", department=HEALTH, region="370102")
    assert events == (e.AccountMoved(department=HEALTH, region="370102"),)
    entry = ACCOUNT.summary(ACCOUNT.evolve(state, Happened(events[0], NOW)))
    assert (entry.responsible, entry.model_dump()["roles"], entry.model_dump()["substitutions"]) == (HEALTH, (), ())
    assert when(state, SYSTEM_ADMIN, "move", department=MARKET, region="370102") == ()


# Substitutes -----------------------------------------------------------------------------------------------------

SUBSTITUTE = BODIES["name_substitute"]
WANG = given(opened(), granted(Role.HANDLER))


def test_given_a_head_or_assigner_when_a_substitute_of_the_department_is_named_then_it_is() -> None:
    for by in (HEAD, ASSIGNER, SECURITY_ADMIN):
        (event,) = when(WANG, by, "name_substitute", officer("li", Role.HANDLER), **SUBSTITUTE)
        assert isinstance(event, e.AccountSubstituteNamed)
    known = ACCOUNT.evolve(WANG, Happened(event, NOW))
    assert when(known, HEAD, "name_substitute", officer("li", Role.HANDLER), **SUBSTITUTE) == ()
    ended = when(known, HEAD, "end_substitution", substitute="li")
    assert ended == (e.AccountSubstitutionEnded(substitute="li"),)
    assert when(WANG, HEAD, "end_substitution", substitute="li") == ()


@pytest.mark.parametrize(
    ("substitute", "why"),
    [
        (officer("li", Role.HANDLER, active=False), "unknown_substitute"),
        (officer("somebody", Role.HANDLER), "unknown_substitute"),
        (officer("li", Role.HANDLER, department=HEALTH), "substitute_of_other_department"),
        (officer("li", Role.AUDIT_ADMINISTRATOR), "administrator_as_substitute"),
    ],
)
def test_given_somebody_unfit_when_named_as_substitute_then_it_is_refused(substitute: OfficerFact, why: str) -> None:
    assert code(when(WANG, HEAD, "name_substitute", substitute, **SUBSTITUTE)) == why


def test_given_power_over_substitutes_then_nobody_takes_it_himself() -> None:
    own = {**SUBSTITUTE, "substitute": "assigner"}
    assert code(when(WANG, ASSIGNER, "name_substitute", officer("assigner"), **own)) == "own_substitute"
    behind = HEAD.model_copy(update={"account": "li", "on_behalf_of": "head"})
    assert code(when(WANG, behind, "name_substitute", officer("li"), **SUBSTITUTE)) == "own_substitute"
    himself = {**SUBSTITUTE, "substitute": "wang"}
    assert code(when(WANG, HEAD, "name_substitute", officer("wang"), **himself)) == "own_substitute"


def test_given_no_business_role_then_there_is_nothing_to_stand_in_for() -> None:
    administrator = given(opened(), granted(Role.SYSTEM_ADMINISTRATOR))
    refused = when(administrator, SECURITY_ADMIN, "name_substitute", officer("li"), **SUBSTITUTE)
    assert code(refused) == "nothing_to_substitute"


def test_given_another_department_then_only_the_security_administrator_names_across() -> None:
    other = officer("li", Role.HANDLER, department=HEALTH)
    assert when(WANG, SECURITY_ADMIN, "name_substitute", other, **SUBSTITUTE)
    health = given(opened(department=HEALTH), granted(Role.HANDLER))
    assert code(when(health, HEAD, "name_substitute", officer("li"), **SUBSTITUTE)) == "wrong_role"


# Passwords, and the life of an account ---------------------------------------------------------------------------


def test_given_an_account_then_only_its_owner_in_person_sets_the_password() -> None:
    assert when(WANG, HANDLER, "set_password") == (e.AccountPasswordSet(temporary=False),)
    assert code(when(WANG, SECURITY_ADMIN, "set_password")) == "own_password_only"
    assert code(when(WANG, HANDLER.model_copy(update={"on_behalf_of": "li"}), "set_password")) == "own_password_only"


def test_given_a_reset_then_the_password_is_for_once_until_its_owner_sets_another() -> None:
    (reset,) = when(WANG, SECURITY_ADMIN, "reset_password")
    state = ACCOUNT.evolve(WANG, Happened(reset, NOW))
    entry = ACCOUNT.summary(state).model_dump()
    assert (entry["must_change"], entry["passwords"]) == (True, 1)
    (own,) = when(state, HANDLER, "set_password")
    entry = ACCOUNT.summary(ACCOUNT.evolve(state, Happened(own, NOW))).model_dump()
    assert (entry["must_change"], entry["passwords"]) == (False, 2)


def test_given_a_disabled_account_then_it_is_asked_for_nothing_but_to_be_enabled() -> None:
    disabled = given(opened(), granted(Role.HANDLER), e.AccountDisabled())
    assert isinstance(disabled, Disabled)
    assert when(disabled, SYSTEM_ADMIN, "disable") == ()
    assert code(when(disabled, SECURITY_ADMIN, "reset_password")) == "wrong_stage"
    assert code(when(disabled, HEAD, "name_substitute", officer("li"), **SUBSTITUTE)) == "wrong_stage"
    (enabled,) = when(disabled, SYSTEM_ADMIN, "enable")
    again = ACCOUNT.evolve(disabled, Happened(enabled, NOW))
    assert isinstance(again, Enabled)
    assert [held.role for held in again.profile.grants] == [Role.HANDLER]


def test_given_the_installation_then_it_brings_in_an_account_once_and_nobody_else_can() -> None:
    body = {"account": "a", "department": "370100.12345", "region": "370100", "roles": ["handler"], "active": False}
    events = when(given(), SYSTEM, "instate", **body)
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["AccountOpened", "AccountRoleGranted", "AccountPasswordSet", "AccountDisabled"]
    assert when(given(*events), SYSTEM, "instate", **body) == ()
    assert code(when(given(), SYSTEM_ADMIN, "instate", **body)) == "process_only"


def test_given_people_then_they_see_the_accounts_they_answer_for() -> None:
    for by, sees in ((SYSTEM_ADMIN, True), (AUDIT_ADMIN, True), (HEAD, True), (HANDLER, True)):
        assert admits(WANG, by) is sees
    assert not admits(WANG, HANDLER.model_copy(update={"account": "li"}))
    assert not admits(WANG, HEAD.model_copy(update={"department": HEALTH}))
    assert reach_of(HANDLER) is None


@pytest.mark.parametrize(
    ("password", "weak"),
    [("short", True), ("x" * 201, True), ("my-WANG-password", True), ("correct horse battery", False)],
)
def test_given_a_password_then_it_is_long_and_not_the_account(password: str, weak: bool) -> None:
    assert (weakness("wang", password) is not None) is weak
