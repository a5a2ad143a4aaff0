"""How an account changes by its events. Total over the recorded ones; anything else is a programming error."""

from __future__ import annotations

from typing import Any

from domain.people.account import events as e
from domain.people.account.state import Account, Disabled, Enabled, Held, Known, Profile, Substitution, Unopened
from domain.record.decider import Happened


def evolve(account: Account, happened: Happened) -> Account:
    """The account after the event."""
    event = happened.event
    match event, account:
        case e.AccountOpened(), Unopened():
            return Enabled(profile=Profile(**dict(event), opened_at=happened.occurred_at))
        case e.AccountDisabled(), Enabled(profile=profile):
            return Disabled(profile=_step(profile))
        case e.AccountEnabled(), Disabled(profile=profile):
            return Enabled(profile=_step(profile))
        case _, Enabled() | Disabled():
            return _changed(account, event)
        case _:
            raise TypeError(f"{type(event).__name__} while {account.stage}")


def _changed(account: Known, event: Any) -> Known:
    profile = account.profile
    match event:
        case e.AccountRoleGranted(role=role):
            kept = tuple(grant for grant in profile.grants if grant.role != role)
            changed = _step(profile, grants=(*kept, Held(**dict(event))))
        case e.AccountRoleRevoked(role=role):
            changed = _step(profile, grants=tuple(grant for grant in profile.grants if grant.role != role))
        case e.AccountSubstituteNamed(substitute=substitute):
            named = (*_without(profile, substitute), Substitution(**dict(event)))
            changed = _step(profile, substitutions=named)
        case e.AccountSubstitutionEnded(substitute=substitute):
            changed = _step(profile, substitutions=_without(profile, substitute))
        case e.AccountMoved(department=department, region=region):
            changed = _step(profile, department=department, region=region, grants=(), substitutions=())
        case e.AccountPasswordSet(temporary=temporary):
            changed = profile.model_copy(update={"passwords": profile.passwords + 1, "must_change": temporary})
        case e.AccountUnlocked():
            changed = profile
        case _:
            raise TypeError(f"{type(event).__name__} while {account.stage}")
    return account.model_copy(update={"profile": changed})


def _without(profile: Profile, substitute: str) -> tuple[Substitution, ...]:
    return tuple(known for known in profile.substitutions if known.substitute != substitute)


def _step(profile: Profile, **changes: Any) -> Profile:
    """A change the next command rests on; a password is none."""
    return profile.model_copy(update={**changes, "steps": profile.steps + 1})
