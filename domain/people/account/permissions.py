"""Who may do what with accounts. Three administrators, separate: the system administrator opens, moves and disables;
the security administrator gives and takes power; the audit administrator only reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import Refused
from domain.people.account import commands as c
from domain.people.account.state import Account, Disabled, Enabled, Profile, Unopened
from domain.people.actors import ADMINISTRATORS, ROLE_NAMES, Actor, Role, region_prefix, within
from domain.record.decider import Command

LEADERS = (Role.HEAD, Role.DEPARTMENT_ASSIGNER)
"""Who may name substitutes inside their own department."""
OVERSEERS = (*ADMINISTRATORS, Role.AUDITOR)
"""Who may see all accounts of their region."""


@dataclass(frozen=True)
class Step:
    """When a command is open and to whom; `leaders`: also to those who lead the account's department."""

    stages: tuple[type[Account], ...]
    roles: tuple[Role, ...]
    leaders: bool = False


_OPENED: tuple[type[Account], ...] = (Enabled, Disabled)
_SYSTEM = (Role.SYSTEM_ADMINISTRATOR,)
_SECURITY = (Role.SECURITY_ADMINISTRATOR,)

STEPS: dict[type[Command], Step] = {
    c.Open: Step((Unopened,), _SYSTEM),
    c.Move: Step(_OPENED, _SYSTEM),
    c.Disable: Step(_OPENED, _SYSTEM),
    c.Enable: Step(_OPENED, _SYSTEM),
    c.Grant: Step(_OPENED, _SECURITY),
    c.Revoke: Step(_OPENED, _SECURITY),
    c.NameSubstitute: Step((Enabled,), _SECURITY, leaders=True),
    c.EndSubstitution: Step(_OPENED, _SECURITY, leaders=True),
    c.ResetPassword: Step((Enabled,), _SECURITY),
    c.Unlock: Step((Enabled,), _SECURITY),
    c.SetPassword: Step((Enabled,), ()),
    c.Instate: Step((Unopened, *_OPENED), (Role.SYSTEM,)),
}


def permit(command: type[Command], account: Account, actor: Actor) -> Refused | None:
    """Why this actor may not do this now, or None. The role comes before the stage: it is the firmer reason."""
    step = STEPS[command]
    refused = _wrong_role(command, step, account, actor)
    if refused is not None:
        return refused
    if command is c.Open and not isinstance(account, Unopened):
        return Refused(code="account_exists", detail="已有同名账号,请换用其他账号名")
    if not isinstance(account, step.stages):
        return Refused(
            code="wrong_stage",
            detail="该账号已停用,启用后方可进行该操作" if isinstance(account, Disabled) else "没有这个账号",
            params={"command": command.slug, "stage": account.stage},
        )
    return None if isinstance(account, Unopened) else _out_of_reach(command, account.profile, actor)


def admits(account: Account, actor: Actor) -> bool:
    """Who may know of an account: its owner, administrators of its region, and who leads its department."""
    if isinstance(account, Unopened):
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


def _wrong_role(command: type[Command], step: Step, account: Account, actor: Actor) -> Refused | None:
    if command is c.SetPassword:
        own = not isinstance(account, Unopened) and account.profile.account == actor.account
        allowed = actor.has(Role.SYSTEM) or (own and actor.on_behalf_of is None)
        return None if allowed else Refused(code="own_password_only", detail="只能修改本人的密码")
    if command is c.Instate and not actor.has(Role.SYSTEM):
        return Refused(code="process_only", detail="该操作只由系统进行")
    leading = step.leaders and not isinstance(account, Unopened) and leads(account.profile, actor)
    if leading or any(actor.has(role) for role in step.roles):
        return None
    roles = "、".join(ROLE_NAMES[role] for role in (*step.roles, *(LEADERS if step.leaders else ())))
    return Refused(code="wrong_role", detail=f"该操作须由{roles}办理", params={"command": command.slug})


def _out_of_reach(command: type[Command], profile: Profile, actor: Actor) -> Refused | None:
    if actor.has(Role.SYSTEM) or command is c.SetPassword:
        return None
    if not within(profile.region, actor.region):
        return Refused(code="wrong_region", detail="该账号不在您负责的行政区划内")
    if command in (c.Grant, c.Revoke, c.ResetPassword) and profile.account in (actor.account, actor.on_behalf_of):
        return Refused(code="own_account", detail="不能变更本人的角色或者重置本人的密码,请由其他安全管理员办理")
    return None
