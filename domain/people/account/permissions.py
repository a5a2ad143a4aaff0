"""Who may do what with accounts. Three administrators, separate: the system administrator opens, moves and disables;
the security administrator gives and takes power; the audit administrator only reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import Refused
from domain.people.account.state import Account, Disabled, Known, Profile
from domain.people.actors import ADMINISTRATORS, Actor, Role, region_prefix, within
from domain.record.chapter import NOT_YOU, PROCESS_ONLY, Guard, Refusal
from domain.record.decider import Command
from domain.record.noun import wrong_role

LEADERS = (Role.HEAD, Role.DEPARTMENT_ASSIGNER)
"""Who may name substitutes inside their own department."""
OVERSEERS = (*ADMINISTRATORS, Role.AUDITOR)
"""Who may see all accounts of their region."""


WRONG_REGION = Refusal("wrong_region", "行政区划不符", "该账号不在您负责的行政区划内", NOT_YOU)
OWN_ACCOUNT = Refusal(
    "own_account", "不能变更本人", "不能变更本人的角色或者重置本人的密码,请由其他安全管理员办理", NOT_YOU
)
OWN_PASSWORD_ONLY = Refusal("own_password_only", "不是本人", "只能修改本人的密码", NOT_YOU)
ACCOUNT_DISABLED = Refusal("wrong_stage", "环节不符", "该账号已停用,启用后方可进行该操作")
NO_ACCOUNT = Refusal("wrong_stage", "环节不符", "没有这个账号")


def granted_to(command: type[Command], *roles: Role) -> Guard:
    """Only these administrators."""

    def guard(_account: Account, actor: Actor) -> Refused | None:
        return None if any(actor.has(role) for role in roles) else wrong_role(command, roles)

    return guard


def granted_to_leaders_too(command: type[Command]) -> Guard:
    """The security administrator, and those who lead the account's department."""

    def guard(account: Account, actor: Actor) -> Refused | None:
        leading = isinstance(account, Known) and leads(account.profile, actor)
        if leading or actor.has(Role.SECURITY_ADMINISTRATOR):
            return None
        return wrong_role(command, (Role.SECURITY_ADMINISTRATOR, *LEADERS))

    return guard


def themselves(account: Account, actor: Actor) -> Refused | None:
    """The account's own person, never a substitute; or the service."""
    own = isinstance(account, Known) and account.profile.account == actor.account
    return None if actor.has(Role.SYSTEM) or (own and actor.on_behalf_of is None) else OWN_PASSWORD_ONLY()


def the_service(_account: Account, actor: Actor) -> Refused | None:
    """The installation itself."""
    return None if actor.has(Role.SYSTEM) else PROCESS_ONLY()


def within_region(account: Account, actor: Actor) -> Refused | None:
    """An administrator reaches the accounts of its region."""
    if not isinstance(account, Known) or actor.has(Role.SYSTEM):
        return None
    return None if within(account.profile.region, actor.region) else WRONG_REGION()


def somebody_elses(account: Account, actor: Actor) -> Refused | None:
    """Nobody gives power to themselves."""
    own = isinstance(account, Known) and account.profile.account in actor.persons
    outside = within_region(account, actor)
    return outside or (OWN_ACCOUNT() if own and not actor.has(Role.SYSTEM) else None)


def misplaced(command: type[Command], account: Account) -> Refused:
    """What a step is answered that the account is not in a state for."""
    refusal = ACCOUNT_DISABLED if isinstance(account, Disabled) else NO_ACCOUNT
    return refusal(params={"command": command.slug, "stage": account.stage})


def admits(account: Account, actor: Actor) -> bool:
    """Who may know of an account: its owner, administrators of its region, and who leads its department."""
    if not isinstance(account, Known):
        return False
    profile = account.profile
    overseen = any(actor.has(role) for role in OVERSEERS) and within(profile.region, actor.region)
    return actor.has(Role.SYSTEM) or profile.account == actor.account or overseen or leads(profile, actor)


@dataclass(frozen=True)
class Reach:
    """Which accounts an actor may list: those of a region subtree, or those of one department."""

    region_prefix: str | None = None
    department: str | None = None


def reach_of(actor: Actor) -> Reach | None:
    """The accounts the actor may list; None for somebody who has no business with them. `admits` for many."""
    if any(actor.has(role) for role in OVERSEERS):
        return Reach(region_prefix=region_prefix(actor.region))
    if any(actor.has(role) for role in LEADERS):
        return Reach(department=actor.department)
    return None


def leads(profile: Profile, actor: Actor) -> bool:
    """Whether the actor leads the account's department."""
    return actor.department == profile.department and any(actor.has(role) for role in LEADERS)
