"""Who acts. An actor comes from the token, never from a body."""

from __future__ import annotations

from enum import StrEnum

from domain.value import Value


class Role(StrEnum):
    """What somebody may be granted. The Chinese names are in `ROLE_NAMES`."""

    INTAKE_CLERK = "intake_clerk"
    DISPATCHER = "dispatcher"
    DEPARTMENT_ASSIGNER = "department_assigner"
    HANDLER = "handler"
    HEAD = "head"
    SUPERVISOR = "supervisor"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"
    SOURCE_SYSTEM = "source_system"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    AUDIT_ADMINISTRATOR = "audit_administrator"
    SYSTEM = "system"


ADMINISTRATORS = (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR)
"""The three who run the service, each separate from the others and from all business."""

ROLE_NAMES = {
    Role.INTAKE_CLERK: "登记员",
    Role.DISPATCHER: "分办员",
    Role.DEPARTMENT_ASSIGNER: "部门分派员",
    Role.HANDLER: "承办人",
    Role.HEAD: "负责人",
    Role.SUPERVISOR: "督办员",
    Role.COORDINATOR: "统筹协调机构",
    Role.AUDITOR: "审计员",
    Role.SOURCE_SYSTEM: "来源系统",
    Role.SYSTEM_ADMINISTRATOR: "系统管理员",
    Role.SECURITY_ADMINISTRATOR: "安全管理员",
    Role.AUDIT_ADMINISTRATOR: "审计管理员",
    Role.SYSTEM: "系统",
}


class Actor(Value):
    """A person or system acting for one department in one region.

    `region` is a GB/T 2260 code; its subtree is the actor's reach. `on_behalf_of` names the officer a substitute
    acts for.
    """

    account: str
    department: str
    region: str
    roles: tuple[Role, ...]
    on_behalf_of: str | None = None

    def has(self, role: Role) -> bool:
        return role in self.roles

    @property
    def persons(self) -> tuple[str, ...]:
        """Who acts, and whom it acts for: four eyes look at both."""
        return tuple(filter(None, (self.account, self.on_behalf_of)))


class Subject(Value):
    """Whom a token speaks for: an account, perhaps standing in for another.

    `passwords` says at the time of its how manieth password; None in tokens of releases that did not count them.
    """

    account: str
    on_behalf_of: str | None = None
    passwords: int | None = None


SYSTEM = Actor(account="system", department="system", region="000000", roles=(Role.SYSTEM,))
"""The process itself: elapsed time, never a judgement."""


def within(region: str, subtree: str) -> bool:
    """Whether `region` lies in the subtree of `subtree`; `000000` holds all, `370000` a province, `370100` a city."""
    return region.startswith(region_prefix(subtree))


def region_prefix(subtree: str) -> str:
    """The leading digits every region of the subtree shares."""
    prefix = subtree
    while prefix.endswith("00"):
        prefix = prefix[:-2]
    return prefix


def region_of(department: str) -> str:
    """The region in a department's code: `370102` in `370102.market`."""
    return department.partition(".")[0]


def dispatch_office(region: str) -> str:
    """The department code of the region's dispatching office (hotline body), which owes the dispatch clock."""
    return f"{region}.12345"
