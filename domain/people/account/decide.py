"""What a command makes of an account: new events, nothing (a repeat), or a refusal that names the rule."""

from __future__ import annotations

from datetime import date
from typing import assert_never

from domain.errors import Refused
from domain.people.account import commands as c
from domain.people.account import events as e
from domain.people.account.permissions import permit
from domain.people.account.state import Account, Disabled, Enabled, Held, Profile, Unopened
from domain.people.actors import ADMINISTRATORS, ROLE_NAMES, Actor, Role, within
from domain.record.decider import Facts, Needs
from domain.value import SHANGHAI

RESERVED = frozenset({"system", "installation", "operator"})
"""Names the service itself acts under."""

Decided = tuple[e.AccountEvent, ...] | Refused


def needs(command: c.AccountCommand) -> Needs:
    """The facts a command rests on."""
    match command:
        case c.Open():
            return Needs(departments=(command.department,))
        case c.Move():
            return Needs(departments=(command.department,), holders=ADMINISTRATORS)
        case c.NameSubstitute():
            return Needs(officers=(command.substitute,))
        case c.Disable() | c.Revoke():
            return Needs(holders=ADMINISTRATORS)
        case _:
            return Needs()


def decide(command: c.AccountCommand, account: Account, facts: Facts) -> Decided:
    """The events that follow, in order. Pure: everything relied on is in the arguments."""
    refused = permit(type(command), account, facts.actor)
    if refused is not None:
        return refused
    if isinstance(command, c.Open):
        return _open(command, facts)
    if isinstance(command, c.Instate):
        return _instate(command, facts) if isinstance(account, Unopened) else ()
    assert not isinstance(account, Unopened)  # noqa: S101 — `permit` let only opened accounts pass
    profile = account.profile
    match command:
        case c.Grant():
            return _grant(command, profile, facts)
        case c.Revoke():
            return _revoke(command, profile, facts)
        case c.NameSubstitute():
            return _name_substitute(command, profile, facts)
        case c.EndSubstitution():
            named = {known.substitute for known in profile.substitutions}
            return (e.AccountSubstitutionEnded(substitute=command.substitute),) if command.substitute in named else ()
        case c.Disable():
            return _disable(account, facts)
        case c.Enable():
            return (e.AccountEnabled(),) if isinstance(account, Disabled) else ()
        case c.Move():
            return _move(command, profile, facts)
        case c.ResetPassword():
            return (e.AccountPasswordSet(temporary=True),)
        case c.SetPassword():
            return (e.AccountPasswordSet(temporary=False),)
        case c.Unlock():
            return (e.AccountUnlocked(),)
        case _:
            assert_never(command)


def _open(command: c.Open, facts: Facts) -> Decided:
    if command.account in RESERVED:
        return Refused(code="account_exists", detail="该账号名由系统使用,请换用其他账号名")
    misplaced = _misplaced(command.department, command.region, facts)
    if misplaced is not None:
        return misplaced
    return (e.AccountOpened(**dict(command), demo=False),)


def _misplaced(department: str, region: str, facts: Facts) -> Refused | None:
    """An account reaches no further than its department, and a department lies in the administrator's region."""
    place = facts.departments.get(department)
    if place is None:
        return Refused(code="unknown_department", detail="没有这个部门,请核对部门代码")
    if not within(place, facts.actor.region):
        return Refused(code="department_out_of_region", detail="该部门不在您负责的行政区划内")
    if not within(region, place):
        return Refused(code="wider_than_department", detail="账号的行政区划不能大于其部门的行政区划")
    return None


def _instate(command: c.Instate, facts: Facts) -> Decided:
    today = _today(facts)
    return (
        e.AccountOpened(
            account=command.account,
            department=command.department,
            region=command.region,
            name=command.name,
            demo=command.demo,
        ),
        *(e.AccountRoleGranted(role=role, since=today, until=None) for role in command.roles),
        e.AccountPasswordSet(temporary=False),
        *(() if command.active else (e.AccountDisabled(),)),
    )


def _grant(command: c.Grant, profile: Profile, facts: Facts) -> Decided:
    today = _today(facts)
    wanted = Held(role=command.role, since=command.since or today, until=command.until)
    if command.role == Role.SYSTEM:
        return Refused(code="wrong_role", detail="该角色只属于系统本身,不能授予账号")
    refused = _bad_period(wanted.since, wanted.until, today) or _unfit(wanted, profile, today)
    if refused is not None:
        return refused
    held = profile.held(command.role)
    if held == wanted or (held and command.role in ADMINISTRATORS):
        return ()
    return (e.AccountRoleGranted(**dict(wanted)),)


def _bad_period(since: date, until: date | None, today: date) -> Refused | None:
    if until is not None and until < since:
        return Refused(code="period_reversed", detail="截止日期早于起始日期,请核对")
    if until is not None and until < today:
        return Refused(code="period_over", detail="截止日期已过,请核对")
    return None


def _unfit(wanted: Held, profile: Profile, today: date) -> Refused | None:
    """Power is separate: one of the three administrators, or business, never both."""
    administers = wanted.role in ADMINISTRATORS
    if administers and wanted.until is not None:
        return Refused(code="administrator_open_ended", detail="管理员角色不设截止日期,需要时请另行撤销")
    others = [held.role for held in profile.grants if held.role != wanted.role and not held.over(today)]
    conflicting = others if administers else [role for role in others if role in ADMINISTRATORS]
    if conflicting:
        held = "、".join(ROLE_NAMES[role] for role in conflicting)
        return Refused(
            code="role_conflict",
            detail=f"该账号已是{held}:系统、安全、审计管理员须各由专人担任,也不得兼任业务角色",
        )
    if administers and profile.substitutions:
        return Refused(code="role_conflict", detail="该账号指定了代理人,请先结束代理,再授予管理员角色")
    return None


def _revoke(command: c.Revoke, profile: Profile, facts: Facts) -> Decided:
    if profile.held(command.role) is None:
        return ()
    return _last(profile.account, (command.role,), facts) or (e.AccountRoleRevoked(role=command.role),)


def _disable(account: Account, facts: Facts) -> Decided:
    if not isinstance(account, Enabled):
        return ()
    roles = tuple(held.role for held in account.profile.grants)
    return _last(account.profile.account, roles, facts) or (e.AccountDisabled(),)


def _move(command: c.Move, profile: Profile, facts: Facts) -> Decided:
    if (command.department, command.region) == (profile.department, profile.region):
        return ()
    refused = _misplaced(command.department, command.region, facts) or _last(
        profile.account, tuple(held.role for held in profile.grants), facts
    )
    return refused or (e.AccountMoved(department=command.department, region=command.region),)


def _last(account: str, roles: tuple[Role, ...], facts: Facts) -> Refused | None:
    """Somebody must remain for each administrator's role."""
    for role in roles:
        if role in ADMINISTRATORS and not set(facts.holders.get(role, ())) - {account}:
            return Refused(
                code="last_administrator", detail=f"至少须保留一名可登录的{ROLE_NAMES[role]},请先授予其他账号"
            )
    return None


def _name_substitute(command: c.NameSubstitute, profile: Profile, facts: Facts) -> Decided:
    refused = _bad_period(command.since, command.until, _today(facts)) or _unfit_substitute(command, profile, facts)
    if refused is not None:
        return refused
    named = e.AccountSubstituteNamed(**dict(command))
    known = {(sub.substitute, sub.since, sub.until, sub.ground) for sub in profile.substitutions}
    return () if tuple(dict(named).values()) in known else (named,)


def _unfit_substitute(command: c.NameSubstitute, profile: Profile, facts: Facts) -> Refused | None:
    officer = facts.officers.get(command.substitute)
    if officer is None or not officer.active:
        return Refused(code="unknown_substitute", detail="没有这名代理人或其账号已停用")
    if command.substitute in (profile.account, *_acting(facts.actor)):
        return Refused(code="own_substitute", detail="不能指定本人代理,也不能把代理权交给自己")
    if any(role in ADMINISTRATORS for role in officer.roles):
        return Refused(code="administrator_as_substitute", detail="管理员不得代理业务人员")
    if not any(_business(held.role) and not held.over(_today(facts)) for held in profile.grants):
        return Refused(code="nothing_to_substitute", detail="该账号没有可由他人代理的业务角色;管理员角色不得代理")
    if officer.department != profile.department and not facts.actor.has(Role.SECURITY_ADMINISTRATOR):
        return Refused(code="substitute_of_other_department", detail="只能指定本部门人员代理,跨部门的由安全管理员办理")
    if not within(officer.region, facts.actor.region):
        return Refused(code="wrong_region", detail="代理人不在您负责的行政区划内")
    return None


def _business(role: Role) -> bool:
    return role not in ADMINISTRATORS


def _acting(actor: Actor) -> tuple[str, ...]:
    return tuple(filter(None, (actor.account, actor.on_behalf_of)))


def _today(facts: Facts) -> date:
    return facts.now.astimezone(SHANGHAI).date()
