"""What may be asked of an account. Days are days in Asia/Shanghai; the first and the last are both included."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, ClassVar

from pydantic import StringConstraints

from domain.people.account.events import SubstitutionGround
from domain.people.actors import Role
from domain.record.decider import Command
from domain.record.vault import PersonalText

AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{2,62}$")]
"""Stable and no person's name by itself; it stands in the record for ever."""
KnownName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""Of an account that exists; older ones follow no pattern."""
DepartmentCode = Annotated[str, StringConstraints(pattern=r"^[0-9a-z._-]{1,64}$")]
RegionCode = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]


class Open(Command):
    """开户: an account without roles and without a password. `name` is what people read; it lies in the vault."""

    slug: ClassVar[str] = "open"
    example: ClassVar[Mapping[str, object]] = {
        "account": "wang.min",
        "department": "370102.market",
        "region": "370102",
        "name": "王敏",
    }
    account: AccountName
    department: DepartmentCode
    region: RegionCode
    name: PersonalText | None = None


class Grant(Command):
    """授予角色: from a day on, until a day or without end. A head's dated appointment (主持工作) is one too."""

    slug: ClassVar[str] = "grant"
    example: ClassVar[Mapping[str, object]] = {"role": "handler"}
    role: Role
    since: date | None = None
    """Default: today."""
    until: date | None = None


class Revoke(Command):
    """撤销角色, at once."""

    slug: ClassVar[str] = "revoke"
    example: ClassVar[Mapping[str, object]] = {"role": "handler"}
    role: Role


class NameSubstitute(Command):
    """指定代理人: somebody who acts for the account during the days given."""

    slug: ClassVar[str] = "name_substitute"
    example: ClassVar[Mapping[str, object]] = {
        "substitute": "handler.market.370102",
        "since": "2026-11-23",
        "until": "2026-11-27",
        "ground": "leave",
    }
    substitute: KnownName
    since: date
    until: date
    ground: SubstitutionGround


class EndSubstitution(Command):
    """结束代理, at once."""

    slug: ClassVar[str] = "end_substitution"
    example: ClassVar[Mapping[str, object]] = {"substitute": "handler.market.370102"}
    substitute: KnownName


class Disable(Command):
    """停用: the account can do nothing from now on."""

    slug: ClassVar[str] = "disable"
    example: ClassVar[Mapping[str, object]] = {}


class Enable(Command):
    """启用 again, with the roles it had."""

    slug: ClassVar[str] = "enable"
    example: ClassVar[Mapping[str, object]] = {}


class Move(Command):
    """调动: another department, another region. Roles and substitutes end: they were given for the old place."""

    slug: ClassVar[str] = "move"
    example: ClassVar[Mapping[str, object]] = {"department": "370102.health", "region": "370102"}
    department: DepartmentCode
    region: RegionCode


class ResetPassword(Command):
    """重置密码: a one-time password that must be changed at the next login."""

    slug: ClassVar[str] = "reset_password"
    example: ClassVar[Mapping[str, object]] = {}


class Unlock(Command):
    """解除登录锁定 after too many wrong passwords."""

    slug: ClassVar[str] = "unlock"
    example: ClassVar[Mapping[str, object]] = {}


class SetPassword(Command):
    """修改密码, one's own. The password itself is no part of the command."""

    slug: ClassVar[str] = "set_password"
    example: ClassVar[Mapping[str, object]] = {}


class Instate(Command):
    """The installation itself brings an account in: a demo account, a first administrator.

    Such an account comes with a password. One that exists already is left as it is.
    """

    slug: ClassVar[str] = "instate"
    example: ClassVar[Mapping[str, object]] = {
        "account": "admin.system",
        "department": "370100.12345",
        "region": "370100",
        "roles": ["system_administrator"],
        "name": "系统管理员",
    }
    account: KnownName
    department: KnownName
    region: KnownName
    roles: tuple[Role, ...]
    name: PersonalText | None = None
    demo: bool = False
    active: bool = True
