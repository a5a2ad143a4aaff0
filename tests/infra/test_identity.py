"""Passwords, tokens and the directory."""

from __future__ import annotations

import time

import jwt
import pytest

from domain.actors import Actor, Role
from infra.identity import CachedDirectory, EmbeddedLogin, Hs256Tokens, KnownAccount, hash_password, password_fits

CLERK = Actor(account="intake.370102", department="370102.12345", region="370102", roles=(Role.INTAKE_CLERK,))
SECRET = "a secret of this test, long enough for HS256"
PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)


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
    login = EmbeddedLogin(Accounts(KnownAccount(CLERK, HASH, active=True)), tokens())
    issued = await login.login(CLERK.account, PASSWORD)
    assert issued is not None
    assert (tokens().verify(issued.token), issued.expires_in, issued.actor) == (CLERK.account, 3600, CLERK)


@pytest.mark.parametrize(
    ("account", "password", "active"),
    [(CLERK.account, "wrong", True), (CLERK.account, PASSWORD, False), ("nobody", PASSWORD, True)],
)
async def test_given_a_wrong_unknown_or_inactive_account_when_logging_in_then_there_is_no_token(
    account: str, password: str, active: bool
) -> None:
    login = EmbeddedLogin(Accounts(KnownAccount(CLERK, HASH, active=active)), tokens())
    assert await login.login(account, password) is None


async def test_given_an_unknown_account_when_logging_in_then_it_takes_as_long_as_a_known_one() -> None:
    login = EmbeddedLogin(Accounts(KnownAccount(CLERK, HASH, active=True)), tokens())

    async def fastest(account: str) -> float:
        taken = []
        for _ in range(3):
            began = time.perf_counter()
            await login.login(account, "wrong")
            taken.append(time.perf_counter() - began)
        return min(taken)

    assert await fastest("nobody") > await fastest(CLERK.account) / 3


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
    ],
    ids=["empty", "garbage", "forged", "expired", "foreign", "endless", "nameless", "unsigned"],
)
def test_given_a_token_that_is_not_ours_or_over_then_it_speaks_for_nobody(token: str) -> None:
    assert tokens().verify(token) is None


def test_given_a_token_when_its_time_is_over_then_it_speaks_for_nobody() -> None:
    token = tokens(1_000.0).issue(CLERK.account)
    assert tokens(1_000.0 + 3599).verify(token) == CLERK.account
    assert tokens(1_000.0 + 3600).verify(token) is None


async def test_given_an_account_switched_off_then_the_directory_forgets_it_within_its_seconds() -> None:
    accounts, clock = Accounts(KnownAccount(CLERK, HASH, active=True)), [0.0]
    directory = CachedDirectory(accounts, seconds=3.0, now=lambda: clock[0])
    assert await directory.actor(CLERK.account) == CLERK
    accounts.known[CLERK.account] = KnownAccount(CLERK, HASH, active=False)
    clock[0] = 2.9
    assert (await directory.actor(CLERK.account), accounts.asked) == (CLERK, 1)
    clock[0] = 3.1
    assert (await directory.actor(CLERK.account), accounts.asked) == (None, 2)


def test_given_something_that_is_no_hash_then_no_password_fits() -> None:
    assert password_fits(HASH, PASSWORD)
    assert not password_fits("not a hash", PASSWORD)
