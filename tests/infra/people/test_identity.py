"""Passwords, tokens and the directory."""

from __future__ import annotations

import time
from dataclasses import replace

import jwt
import pytest

from domain.people.actors import Actor, Role, Subject
from infra.people.identity import (
    CachedDirectory,
    DemoRefused,
    EmbeddedLogin,
    Hs256Tokens,
    KnownAccount,
    NoSubstitution,
    PasswordChangeRequired,
    acting_for,
    hash_password,
    password_fits,
)

CLERK = Actor(account="intake.370102", department="370102.12345", region="370102", roles=(Role.INTAKE_CLERK,))
HEAD = Actor(account="head", department="370102.market", region="370102", roles=(Role.HEAD, Role.HANDLER))
SECRET = "a secret of this test, long enough for HS256"
PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)
KNOWN = KnownAccount(CLERK, HASH, active=True, passwords=1)
ABSENT = KnownAccount(HEAD, HASH, active=True, substitutes=(CLERK.account,))


class Accounts:
    """Accounts in a dictionary that counts how often it is asked."""

    def __init__(self, *accounts: KnownAccount) -> None:
        self.known = {account.actor.account: account for account in accounts}
        self.asked = 0

    async def account(self, account: str) -> KnownAccount | None:
        self.asked += 1
        return self.known.get(account)


def tokens(at: float = 1_000.0) -> Hs256Tokens:
    return Hs256Tokens(SECRET, ttl_minutes=60, now=lambda: at)


async def test_given_the_right_password_when_logging_in_then_the_token_names_the_account() -> None:
    login = EmbeddedLogin(Accounts(KNOWN), tokens())
    issued = await login.login(CLERK.account, PASSWORD)
    assert issued is not None
    assert tokens().verify(issued.token) == Subject(account=CLERK.account, passwords=1)
    assert (issued.expires_in, issued.actor) == (3600, CLERK)
    assert await login.owner(CLERK.account, PASSWORD) == CLERK


@pytest.mark.parametrize(
    ("account", "password", "active"),
    [(CLERK.account, "wrong", True), (CLERK.account, PASSWORD, False), ("nobody", PASSWORD, True)],
)
async def test_given_a_wrong_unknown_or_inactive_account_when_logging_in_then_there_is_no_token(
    account: str, password: str, active: bool
) -> None:
    login = EmbeddedLogin(Accounts(replace(KNOWN, active=active)), tokens())
    assert await login.login(account, password) is None


async def test_given_an_account_without_a_password_then_nothing_fits() -> None:
    login = EmbeddedLogin(Accounts(replace(KNOWN, password_hash="")), tokens())
    assert await login.login(CLERK.account, "") is None


async def test_given_an_unknown_account_when_logging_in_then_it_takes_as_long_as_a_known_one() -> None:
    login = EmbeddedLogin(Accounts(KNOWN), tokens())

    async def fastest(account: str) -> float:
        taken = []
        for _ in range(3):
            began = time.perf_counter()
            await login.login(account, "wrong")
            taken.append(time.perf_counter() - began)
        return min(taken)

    assert await fastest("nobody") > await fastest(CLERK.account) / 3


async def test_given_a_demo_account_then_it_acts_only_where_things_are_tried_out() -> None:
    accounts, subject = Accounts(replace(KNOWN, demo=True)), Subject(account=CLERK.account)
    with pytest.raises(DemoRefused):
        await EmbeddedLogin(accounts, tokens()).login(CLERK.account, PASSWORD)
    assert await EmbeddedLogin(accounts, tokens()).login(CLERK.account, "wrong") is None
    assert await CachedDirectory(accounts).actor(subject) is None
    assert await EmbeddedLogin(accounts, tokens(), demo=True).login(CLERK.account, PASSWORD) is not None
    assert await CachedDirectory(accounts, demo=True).actor(subject) == CLERK


async def test_given_a_one_time_password_when_logging_in_then_another_one_is_asked_for() -> None:
    login = EmbeddedLogin(Accounts(replace(KNOWN, must_change=True)), tokens())
    with pytest.raises(PasswordChangeRequired):
        await login.login(CLERK.account, PASSWORD)
    assert await login.owner(CLERK.account, PASSWORD) == CLERK


@pytest.mark.parametrize(
    "token",
    [
        "",
        "not.a.token",
        jwt.encode({"iss": "xiezhi", "sub": "a", "exp": 9e9}, "another secret, also long enough for it", "HS256"),
        jwt.encode({"iss": "xiezhi", "sub": "a", "exp": 999}, SECRET, "HS256"),
        jwt.encode({"iss": "elsewhere", "sub": "a", "exp": 9e9}, SECRET, "HS256"),
        jwt.encode({"iss": "xiezhi", "sub": "a"}, SECRET, "HS256"),
        jwt.encode({"iss": "xiezhi", "exp": 9e9}, SECRET, "HS256"),
        jwt.encode({"iss": "xiezhi", "sub": "a", "exp": 9e9}, "", "none"),
        jwt.encode({"iss": "xiezhi", "sub": "a", "exp": 9e9, "obo": ["b"]}, SECRET, "HS256"),
    ],
    ids=["empty", "garbage", "forged", "expired", "foreign", "endless", "nameless", "unsigned", "misshapen"],
)
def test_given_a_token_that_is_not_ours_or_over_then_it_speaks_for_nobody(token: str) -> None:
    assert tokens().verify(token) is None


def test_given_a_token_when_its_time_is_over_then_it_speaks_for_nobody() -> None:
    subject = Subject(account=CLERK.account, on_behalf_of="head", passwords=3)
    token = tokens(1_000.0).issue(subject)
    assert tokens(1_000.0 + 3599).verify(token) == subject
    assert tokens(1_000.0 + 3600).verify(token) is None


async def test_given_an_account_switched_off_then_the_directory_forgets_it_within_its_seconds() -> None:
    accounts, clock, subject = Accounts(KNOWN), [0.0], Subject(account=CLERK.account)
    directory = CachedDirectory(accounts, seconds=3.0, now=lambda: clock[0])
    assert await directory.actor(subject) == CLERK
    accounts.known[CLERK.account] = replace(KNOWN, active=False)
    clock[0] = 2.9
    assert (await directory.actor(subject), accounts.asked) == (CLERK, 1)
    clock[0] = 3.1
    assert (await directory.actor(subject), accounts.asked) == (None, 2)


async def test_given_another_password_then_tokens_of_the_earlier_one_speak_for_nobody() -> None:
    directory = CachedDirectory(Accounts(replace(KNOWN, passwords=2)))
    assert await directory.actor(Subject(account=CLERK.account, passwords=1)) is None
    assert await directory.actor(Subject(account=CLERK.account, passwords=2)) == CLERK
    assert await directory.actor(Subject(account=CLERK.account)) == CLERK, "of a release that did not count them"


# Standing in -----------------------------------------------------------------------------------------------------


async def test_given_a_substitution_then_the_token_has_the_absent_officers_roles_and_both_names() -> None:
    accounts = Accounts(KNOWN, ABSENT)
    issued = await EmbeddedLogin(accounts, tokens()).login(CLERK.account, PASSWORD, HEAD.account)
    assert issued is not None
    acting = HEAD.model_copy(update={"account": CLERK.account, "on_behalf_of": HEAD.account})
    assert issued.actor == acting
    subject = tokens().verify(issued.token)
    assert subject is not None
    assert await CachedDirectory(accounts).actor(subject) == acting


@pytest.mark.parametrize(
    ("substitute", "absent"),
    [
        (replace(KNOWN, active=False), ABSENT),
        (KNOWN, replace(ABSENT, active=False)),
        (KNOWN, replace(ABSENT, substitutes=())),
        (KNOWN, replace(ABSENT, substitutes=("somebody else",))),
        (KNOWN, replace(ABSENT, demo=True)),
        (replace(KNOWN, passwords=2), ABSENT),
    ],
    ids=["substitute disabled", "absent disabled", "over", "another", "demo", "password changed"],
)
async def test_given_a_substitution_that_ended_then_its_token_speaks_for_nobody(
    substitute: KnownAccount, absent: KnownAccount
) -> None:
    subject = Subject(account=CLERK.account, on_behalf_of=HEAD.account, passwords=1)
    assert await CachedDirectory(Accounts(substitute, absent)).actor(subject) is None


@pytest.mark.parametrize("absent", [replace(ABSENT, substitutes=()), replace(ABSENT, demo=True)])
async def test_given_no_substitution_when_asked_for_a_token_then_it_is_refused(absent: KnownAccount) -> None:
    login = EmbeddedLogin(Accounts(KNOWN, absent), tokens())
    for name in (HEAD.account, "nobody"):
        with pytest.raises(NoSubstitution):
            await login.login(CLERK.account, PASSWORD, name)


def test_given_administrators_then_none_stands_in_and_none_is_stood_in_for() -> None:
    administrator = replace(KNOWN, actor=CLERK.model_copy(update={"roles": (Role.SYSTEM_ADMINISTRATOR,)}))
    assert acting_for(administrator, ABSENT) is None
    mixed = HEAD.model_copy(update={"roles": (Role.SECURITY_ADMINISTRATOR, Role.HEAD)})
    acting = acting_for(KNOWN, replace(ABSENT, actor=mixed))
    assert acting is not None
    assert acting.roles == (Role.HEAD,)
    alone = HEAD.model_copy(update={"roles": (Role.SECURITY_ADMINISTRATOR,)})
    assert acting_for(KNOWN, replace(ABSENT, actor=alone)) is None


def test_given_something_that_is_no_hash_then_no_password_fits() -> None:
    assert password_fits(HASH, PASSWORD)
    assert not password_fits("not a hash", PASSWORD)
