"""Counting logins, in the database, so that all API processes count together.

An attempt is counted before its password is checked and forgotten when it fits: guesses sent at the same time are
counted like guesses sent in turn. From the allowed number on, each failure blocks the account for a pause that doubles.
An address is blocked the same way after many more failures, whoever they named. Names that no account has are counted
like all others, so a block says nothing about who exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.postgres.engine.session import session


@dataclass(frozen=True)
class LoginPolicy:
    """How many failures are free, and how long the pauses after them are."""

    per_account: int = 5
    per_address: int = 100
    first_pause_seconds: float = 15.0
    longest_pause_seconds: float = 900.0
    remembered_seconds: float = 3600.0
    """After so long without a failure the count starts over."""


class LoginAttempts:
    """`api.people.identity.LoginAttempts` over PostgreSQL. `fingerprint` keyed, so that rows name nobody."""

    def __init__(self, engine: AsyncEngine, fingerprint: Callable[[bytes], str], policy: LoginPolicy) -> None:
        self._engine = engine
        self._fingerprint = fingerprint
        self._policy = policy

    async def begin(self, account: str, address: str) -> float:
        """Count an attempt that is about to be checked; the seconds to wait instead, 0 when it may be."""
        async with session(self._engine) as opened:
            known = [self._account(account), self._address(address)]
            wait = float((await opened.run(_WAIT, subjects=known)).scalar_one())
            if wait > 0:
                return wait
            counted = await opened.run(_COUNT, **self._counted(known[0], self._policy.per_account))
            return 0.0 if counted.first() is not None else self._policy.first_pause_seconds

    async def fitted(self, account: str) -> None:
        """The password was right: forget the account's failures."""
        async with session(self._engine) as opened:
            await opened.run(_FORGET, subject=self._account(account))

    async def failed(self, address: str) -> None:
        """The password was wrong: the address is counted too, and what is long past is forgotten."""
        async with session(self._engine) as opened:
            await opened.run(_COUNT, **self._counted(self._address(address), self._policy.per_address))
            await opened.run(_TIDY, remembered=self._policy.remembered_seconds)

    def _counted(self, subject: str, free: int) -> dict[str, object]:
        policy = self._policy
        return {
            "subject": subject,
            "free": free,
            "first": policy.first_pause_seconds,
            "longest": policy.longest_pause_seconds,
            "remembered": policy.remembered_seconds,
        }

    def _account(self, account: str) -> str:
        return self._fingerprint(b"login account " + account.encode())

    def _address(self, address: str) -> str:
        return self._fingerprint(b"login address " + address.encode())


_WAIT = text(
    "SELECT coalesce(extract(epoch FROM max(blocked_until) - clock_timestamp()), 0)::float8 FROM login_attempts "
    "WHERE subject = ANY(:subjects) AND blocked_until > clock_timestamp()"
)

_PAUSE = (
    "clock_timestamp() + make_interval(secs => CASE WHEN {n} < :free THEN 0 "
    "ELSE least(:longest, :first * power(2, least({n} - :free, 30))) END)"
)

_COUNT = text(
    f"""
INSERT INTO login_attempts (subject, failures, blocked_until) VALUES (:subject, 1, {_PAUSE.format(n="1")})
ON CONFLICT (subject) DO UPDATE SET (failures, last_at, blocked_until) = (
  SELECT n, clock_timestamp(), {_PAUSE.format(n="n")}
  FROM (SELECT CASE WHEN login_attempts.last_at < clock_timestamp() - make_interval(secs => :remembered)
                    THEN 1 ELSE login_attempts.failures + 1 END) AS counted(n))
WHERE login_attempts.blocked_until <= clock_timestamp()
RETURNING failures
"""  # noqa: S608 — constants of this module
)
"""Counts unless somebody else's attempt has blocked the subject meanwhile; then answers nothing."""

_FORGET = text("DELETE FROM login_attempts WHERE subject = :subject")
_TIDY = text(
    "DELETE FROM login_attempts WHERE subject IN (SELECT subject FROM login_attempts "
    "WHERE last_at < clock_timestamp() - make_interval(secs => :remembered) LIMIT 100 FOR UPDATE SKIP LOCKED)"
)
