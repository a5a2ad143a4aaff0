"""What happens to an account. Past tense, noun first; stored names and versions stand in the rows.

No person's name and no password is in any of them: a name is sealed in the vault, a password's hash lies beside the
record.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from domain.people.actors import Role
from domain.record.vault import Sealed
from domain.value import Value
from domain.words import Words

SubstitutionGround = Annotated[
    Literal["leave", "business_trip", "training", "secondment", "vacancy", "other"],
    Words(
        {
            "leave": "休假",
            "business_trip": "出差",
            "training": "学习培训",
            "secondment": "借调",
            "vacancy": "职位空缺",
            "other": "其他",
        }
    ),
]


class AccountOpened(Value):
    """The account exists. A demo account may only act in an installation for trying out."""

    account: str
    department: str
    region: str
    name: Sealed | None
    demo: bool


class AccountRoleGranted(Value):
    """It has a role from one day to another, both included; an earlier grant of the role is replaced."""

    role: Role
    since: date
    until: date | None


class AccountRoleRevoked(Value):
    """It no longer has the role."""

    role: Role


class AccountSubstituteNamed(Value):
    """Somebody acts for it during these days, both included."""

    substitute: str
    since: date
    until: date
    ground: SubstitutionGround


class AccountSubstitutionEnded(Value):
    """The substitute acts for it no longer."""

    substitute: str


class AccountDisabled(Value):
    """It can do nothing."""


class AccountEnabled(Value):
    """It can act again."""


class AccountMoved(Value):
    """It belongs to another department or region."""

    department: str
    region: str


class AccountPasswordSet(Value):
    """It got another password; a temporary one must be changed at the next login."""

    temporary: bool


class AccountUnlocked(Value):
    """Its failed logins were forgotten."""
