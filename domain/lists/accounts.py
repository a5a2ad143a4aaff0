"""Accounts and departments as lists show them, and what was done to accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from domain.record.envelope import StoredEvent


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A role and its days (Asia/Shanghai, both included)."""

    role: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class SubstitutionLine:
    """Who stands in for the account, and on which days."""

    substitute: str
    since: date
    until: date
    ground: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account; `roles` are those of today, `name` is null once erased."""

    account: str
    name: str | None
    department: str
    region: str
    roles: Sequence[str]
    grants: Sequence[GrantLine]
    substitutions: Sequence[SubstitutionLine]
    active: bool
    demo: bool
    has_password: bool
    must_change: bool


@dataclass(frozen=True, slots=True)
class StandIn:
    """Whom the caller may stand in for today, and until when (dates in Asia/Shanghai)."""

    account: str
    department: str
    region: str
    roles: Sequence[str]
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Department:
    """A department and the region it works in."""

    code: str
    name: str
    region: str
    active: bool


@dataclass(frozen=True, slots=True)
class AdministrationAct:
    """An event of the administration, and the account it is about."""

    position: int
    event: StoredEvent
    account: str | None
