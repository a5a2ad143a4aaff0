"""Embedded accounts: argon2 passwords, HS256 tokens with an expiry, and the directory as it stands within seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from domain.errors import XiezhiError
from domain.people.actors import ADMINISTRATORS, Actor, Subject
from domain.people.login import Issued

ISSUER = "xiezhi"
ALGORITHM = "HS256"
DIRECTORY_SECONDS = 3.0
"""How long a deactivated account or a changed role may go unnoticed."""
DIRECTORY_SIZE = 10_000
PASSWORDS_AT_ONCE = 2
"""A check takes a core for some 25 ms: a flood of guesses must not starve everybody else."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""argon2id as OWASP recommends for servers that people log in to all day: 19 MiB, two passes, one lane."""


class DemoRefused(XiezhiError):
    """A demo account wants to act where real work is done."""

    code = "demo_refused"


class PasswordChangeRequired(XiezhiError):
    """The password was given for one login only."""

    code = "password_change_required"


class NoSubstitution(XiezhiError):
    """The account does not stand in for that officer today."""

    code = "no_substitution"


@dataclass(frozen=True)
class KnownAccount:
    """An account as the store keeps it; roles and substitutes are those of today."""

    actor: Actor
    password_hash: str
    active: bool
    demo: bool = False
    passwords: int = 0
    """How many passwords it has had."""
    must_change: bool = False
    substitutes: tuple[str, ...] = ()
    """Who stands in for it."""


class Accounts(Protocol):
    """Where accounts are kept."""

    async def account(self, account: str) -> KnownAccount | None:
        """The account of this name."""
        ...


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _HASHER.hash(password)


def password_fits(password_hash: str, password: str) -> bool:
    """Whether the password belongs to the hash. Slow on purpose."""
    try:
        return _HASHER.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False


class Hs256Tokens:
    """Tokens this service signs itself. An OIDC verifier takes its place behind `api.deps.TokenVerifier`."""

    def __init__(self, secret: str, ttl_minutes: int, now: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._now = now
        self.ttl_seconds = ttl_minutes * 60

    def issue(self, subject: Subject) -> str:
        """A token for an account whose password was checked."""
        issued = int(self._now())
        claims = {"iss": ISSUER, "sub": subject.account, "iat": issued, "exp": issued + self.ttl_seconds}
        more = {"pwd": subject.passwords, "obo": subject.on_behalf_of}
        claims |= {name: value for name, value in more.items() if value is not None}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def verify(self, token: str) -> Subject | None:
        """Whom a token was issued to; None when it is forged, expired or not ours."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "sub", "iss"], "verify_exp": False, "verify_iat": False},
            )
            subject = Subject(account=claims["sub"], on_behalf_of=claims.get("obo"), passwords=claims.get("pwd"))
            expires = float(claims["exp"])
        except (jwt.InvalidTokenError, TypeError, ValueError):
            return None
        return subject if expires > self._now() else None


class EmbeddedLogin:
    """A password for a token. An unknown or inactive account costs the same check, against nobody's hash.

    `demo`: whether demo accounts may act here.
    """

    def __init__(self, accounts: Accounts, tokens: Hs256Tokens, *, demo: bool = False) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._demo = demo
        self._nobody = hash_password("nobody's password")
        self._turn = asyncio.Semaphore(PASSWORDS_AT_ONCE)

    async def owner(self, account: str, password: str) -> Actor | None:
        """The actor behind an account and its password, or None. Raises `DemoRefused`."""
        known = await self._check_password(account, password)
        return known.actor if known else None

    async def login(self, account: str, password: str, on_behalf_of: str | None = None) -> Issued | None:
        """A token, or None. Raises `DemoRefused`, `PasswordChangeRequired`, `NoSubstitution`."""
        known = await self._check_password(account, password)
        if known is None:
            return None
        if known.must_change:
            raise PasswordChangeRequired("一次性密码须在登录时改为自己的密码")
        subject = Subject(account=account, on_behalf_of=on_behalf_of, passwords=known.passwords)
        actor = known.actor
        if on_behalf_of is not None:
            absent = await self._accounts.account(on_behalf_of)
            acting = acting_for(known, absent) if absent is not None and (self._demo or not absent.demo) else None
            if acting is None:
                raise NoSubstitution("您今日没有代理该账号")
            actor = acting
        return Issued(self._tokens.issue(subject), self._tokens.ttl_seconds, actor)

    async def _check_password(self, account: str, password: str) -> KnownAccount | None:
        known = await self._accounts.account(account)
        usable = known if known is not None and known.active else None
        async with self._turn:
            fits = await asyncio.to_thread(password_fits, usable.password_hash if usable else self._nobody, password)
        if usable is None or not fits:
            return None
        if usable.demo and not self._demo:
            raise DemoRefused("演示账号只能在试用环境中使用")
        return usable


def acting_for(substitute: KnownAccount, absent: KnownAccount) -> Actor | None:
    """The substitute in the absent officer's place, with business roles only; None when it does not stand in today.

    Nobody who administers stands in for anybody, and no administrator's power passes to a substitute.
    """
    if not absent.active or substitute.actor.account not in absent.substitutes:
        return None
    if any(role in ADMINISTRATORS for role in substitute.actor.roles):
        return None
    roles = tuple(role for role in absent.actor.roles if role not in ADMINISTRATORS)
    if not roles:
        return None
    return absent.actor.model_copy(
        update={"account": substitute.actor.account, "on_behalf_of": absent.actor.account, "roles": roles}
    )


class CachedDirectory:
    """The actor a token speaks for, read again after a few seconds. `demo`: whether demo accounts may act here."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        demo: bool = False,
        seconds: float = DIRECTORY_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._demo = demo
        self._seconds = seconds
        self._now = now
        self._known: dict[Subject, tuple[float, Actor | None]] = {}

    async def actor(self, subject: Subject) -> Actor | None:
        """The actor, while its accounts are active, the password is still that one and the substitution runs."""
        known = self._known.get(subject)
        if known is not None and self._now() < known[0]:
            return known[1]
        actor = await self._find_actor(subject)
        if len(self._known) >= DIRECTORY_SIZE:
            self._known.clear()
        self._known[subject] = (self._now() + self._seconds, actor)
        return actor

    async def _find_actor(self, subject: Subject) -> Actor | None:
        known = await self._find_usable(subject.account)
        if known is None or subject.passwords not in (None, known.passwords):
            return None
        if subject.on_behalf_of is None:
            return known.actor
        absent = await self._find_usable(subject.on_behalf_of)
        return acting_for(known, absent) if absent is not None else None

    async def _find_usable(self, account: str) -> KnownAccount | None:
        found = await self._accounts.account(account)
        return found if found is not None and found.active and (self._demo or not found.demo) else None
