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

from domain.actors import Actor

ISSUER = "xiezhi"
ALGORITHM = "HS256"
DIRECTORY_SECONDS = 3.0
"""How long a deactivated account or a changed role may go unnoticed."""
DIRECTORY_SIZE = 10_000
PASSWORDS_AT_ONCE = 2
"""A check takes a core for some 25 ms: a flood of guesses must not starve everybody else."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""argon2id as OWASP recommends for servers that people log in to all day: 19 MiB, two passes, one lane."""


@dataclass(frozen=True)
class KnownAccount:
    """An account as the store keeps it."""

    actor: Actor
    password_hash: str
    active: bool


class Accounts(Protocol):
    """Where accounts are kept."""

    async def account(self, account: str) -> KnownAccount | None:
        """The account of this name."""
        ...


@dataclass(frozen=True)
class Issued:
    """A fresh bearer token."""

    token: str
    expires_in: int
    actor: Actor


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
    """Tokens this service signs itself. An OIDC verifier takes its place behind `api.ports.TokenVerifier`."""

    def __init__(self, secret: str, ttl_minutes: int, now: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._now = now
        self.ttl_seconds = ttl_minutes * 60

    def issue(self, account: str) -> str:
        """A token for an account whose password was checked."""
        issued = int(self._now())
        claims = {"iss": ISSUER, "sub": account, "iat": issued, "exp": issued + self.ttl_seconds}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def verify(self, token: str) -> str | None:
        """The account a token was issued to; None when it is forged, expired or not ours."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "sub", "iss"], "verify_exp": False, "verify_iat": False},
            )
            account, expires = claims["sub"], float(claims["exp"])
        except (jwt.InvalidTokenError, TypeError, ValueError):
            return None
        return account if expires > self._now() and isinstance(account, str) else None


class EmbeddedLogin:
    """A password for a token. An unknown or inactive account costs the same check, against nobody's hash."""

    def __init__(self, accounts: Accounts, tokens: Hs256Tokens) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._nobody = hash_password("nobody's password")
        self._turn = asyncio.Semaphore(PASSWORDS_AT_ONCE)

    async def login(self, account: str, password: str) -> Issued | None:
        """A token, or None."""
        known = await self._accounts.account(account)
        usable = known if known is not None and known.active else None
        async with self._turn:
            fits = await asyncio.to_thread(password_fits, usable.password_hash if usable else self._nobody, password)
        if usable is None or not fits:
            return None
        return Issued(self._tokens.issue(usable.actor.account), self._tokens.ttl_seconds, usable.actor)


class CachedDirectory:
    """The actor behind an account, read again after a few seconds."""

    def __init__(
        self, accounts: Accounts, *, seconds: float = DIRECTORY_SECONDS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = accounts
        self._seconds = seconds
        self._now = now
        self._known: dict[str, tuple[float, Actor | None]] = {}

    async def actor(self, account: str) -> Actor | None:
        """The actor behind an active account."""
        known = self._known.get(account)
        if known is not None and self._now() < known[0]:
            return known[1]
        found = await self._accounts.account(account)
        actor = found.actor if found is not None and found.active else None
        if len(self._known) >= DIRECTORY_SIZE:
            self._known.clear()
        self._known[account] = (self._now() + self._seconds, actor)
        return actor
