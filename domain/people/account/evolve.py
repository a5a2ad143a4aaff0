"""How an account changes by its events."""

from __future__ import annotations

from domain.people.account import events as e
from domain.people.account.state import Disabled, Enabled, Held, Known, Profile, Substitution, Unopened
from domain.record.decider import Happened


def opened(_account: Unopened, event: e.AccountOpened, happened: Happened) -> Enabled:
    return Enabled(profile=Profile(**dict(event), opened_at=happened.occurred_at))


def disabled(account: Enabled, _event: e.AccountDisabled, _at: Happened) -> Disabled:
    return Disabled(profile=account.step().profile)


def enabled(account: Disabled, _event: e.AccountEnabled, _at: Happened) -> Enabled:
    return Enabled(profile=account.step().profile)


def role_granted(account: Known, event: e.AccountRoleGranted, _at: Happened) -> Known:
    kept = tuple(grant for grant in account.profile.grants if grant.role != event.role)
    return account.step(grants=(*kept, Held(**dict(event))))


def role_revoked(account: Known, event: e.AccountRoleRevoked, _at: Happened) -> Known:
    return account.step(grants=tuple(grant for grant in account.profile.grants if grant.role != event.role))


def substitute_named(account: Known, event: e.AccountSubstituteNamed, _at: Happened) -> Known:
    return account.step(substitutions=(*_without(account, event.substitute), Substitution(**dict(event))))


def substitution_ended(account: Known, event: e.AccountSubstitutionEnded, _at: Happened) -> Known:
    return account.step(substitutions=_without(account, event.substitute))


def moved(account: Known, event: e.AccountMoved, _at: Happened) -> Known:
    return account.step(department=event.department, region=event.region, grants=(), substitutions=())


def password_set(account: Known, event: e.AccountPasswordSet, _at: Happened) -> Known:
    return account.keep(passwords=account.profile.passwords + 1, must_change=event.temporary)


def unlocked(account: Known, _event: e.AccountUnlocked, _at: Happened) -> Known:
    """Failed logins lie beside the record."""
    return account


def _without(account: Known, substitute: str) -> tuple[Substitution, ...]:
    return tuple(known for known in account.profile.substitutions if known.substitute != substitute)
