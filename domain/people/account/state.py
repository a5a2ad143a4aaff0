"""An account as types: unopened, enabled or disabled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal, Self
from uuid import UUID

from domain.people.account.events import SubstitutionGround
from domain.people.actors import Role
from domain.record.entry import Entry
from domain.record.vault import Sealed
from domain.value import Instant, Value

Stage = Literal["unopened", "enabled", "disabled"]


class Held(Value):
    """A role the account was given; days in Asia/Shanghai, both included."""

    role: Role
    since: date
    until: date | None

    def over(self, today: date) -> bool:
        """Whether its last day lies in the past."""
        return self.until is not None and self.until < today


class Substitution(Value):
    """Somebody who acts for the account; days as above."""

    substitute: str
    since: date
    until: date
    ground: SubstitutionGround


class Profile(Value):
    """What is known of an opened account."""

    account: str
    department: str
    region: str
    name: Sealed | None
    demo: bool
    opened_at: Instant
    grants: tuple[Held, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    passwords: int = 0
    """How many passwords it has had: tokens of an earlier one no longer count."""
    must_change: bool = False
    steps: int = 1

    def held(self, role: Role) -> Held | None:
        """The grant of a role."""
        return next((grant for grant in self.grants if grant.role == role), None)


class Account(Value):
    """An account at some stage."""

    stage: ClassVar[Stage]
    title: ClassVar[str]


class Unopened(Account):
    """Nothing is known yet."""

    stage: ClassVar[Stage] = "unopened"
    title: ClassVar[str] = "未开户"


class Known(Account):
    """Opened."""

    profile: Profile

    def step(self, **changes: Any) -> Self:
        """A change the next command rests on."""
        return self.keep(**changes, steps=self.profile.steps + 1)

    def keep(self, **changes: Any) -> Self:
        """A change it does not rest on, such as a password."""
        return self.model_copy(update={"profile": self.profile.model_copy(update=changes)})


class Enabled(Known):
    """It can act."""

    stage: ClassVar[Stage] = "enabled"
    title: ClassVar[str] = "启用"


class Disabled(Known):
    """It can do nothing."""

    stage: ClassVar[Stage] = "disabled"
    title: ClassVar[str] = "停用"


class AccountEntry(Entry):
    """The row of an account. `roles` holds all that were given, whatever their days; `grants` says the days."""

    account: str
    department: str
    region: str
    roles: tuple[str, ...]
    grants: tuple[Mapping[str, str | None], ...]
    substitutions: tuple[Mapping[str, str], ...]
    active: bool
    demo: bool
    passwords: int
    must_change: bool
    name_ref: UUID | None
    """Where in the vault the person's name lies."""
    opened_at: Instant
