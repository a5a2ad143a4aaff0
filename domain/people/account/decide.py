"""What a command makes of an account: new events, nothing (a repeat), or a refusal that names the rule."""

from __future__ import annotations

from datetime import date

from domain.errors import Refused
from domain.people.account import commands as c
from domain.people.account import events as e
from domain.people.account.state import Account, Disabled, Enabled, Held, Known, Profile, Unopened
from domain.people.actors import ADMINISTRATORS, ROLE_NAMES, Role, within
from domain.record.chapter import NOT_YOU, Decided, Refusal
from domain.record.decider import Facts, Needs
from domain.value import SHANGHAI

RESERVED = frozenset({"system", "installation", "operator"})
"""Names the service itself acts under."""

NAME_TAKEN = Refusal("account_exists", "账号名已被使用", "已有同名账号,请换用其他账号名")
NAME_RESERVED = Refusal("account_exists", "账号名已被使用", "该账号名由系统使用,请换用其他账号名")
UNKNOWN_DEPARTMENT = Refusal("unknown_department", "没有这个部门", "没有这个部门,请核对部门代码")
DEPARTMENT_OUT_OF_REGION = Refusal("department_out_of_region", "部门不在本行政区划", "该部门不在您负责的行政区划内")
WIDER_THAN_DEPARTMENT = Refusal("wider_than_department", "超出部门行政区划", "账号的行政区划不能大于其部门的行政区划")
MISPLACED = (UNKNOWN_DEPARTMENT, DEPARTMENT_OUT_OF_REGION, WIDER_THAN_DEPARTMENT)
NOT_TO_BE_GRANTED = Refusal("wrong_role", "角色不符", "该角色只属于系统本身,不能授予账号", NOT_YOU)
PERIOD_REVERSED = Refusal("period_reversed", "日期有误", "截止日期早于起始日期,请核对")
PERIOD_OVER = Refusal("period_over", "日期已过", "截止日期已过,请核对")
BAD_PERIOD = (PERIOD_REVERSED, PERIOD_OVER)
ADMINISTRATOR_OPEN_ENDED = Refusal(
    "administrator_open_ended", "管理员不设期限", "管理员角色不设截止日期,需要时请另行撤销"
)
ROLE_CONFLICT = Refusal(
    "role_conflict", "角色不得兼任", "该账号已是{held}:系统、安全、审计管理员须各由专人担任,也不得兼任业务角色"
)
SUBSTITUTE_FIRST = Refusal("role_conflict", "角色不得兼任", "该账号指定了代理人,请先结束代理,再授予管理员角色")
LAST_ADMINISTRATOR = Refusal("last_administrator", "不能没有管理员", "至少须保留一名可登录的{role},请先授予其他账号")
UNKNOWN_SUBSTITUTE = Refusal("unknown_substitute", "没有这名代理人", "没有这名代理人或其账号已停用")
OWN_SUBSTITUTE = Refusal("own_substitute", "不能代理本人", "不能指定本人代理,也不能把代理权交给自己", NOT_YOU)
ADMINISTRATOR_AS_SUBSTITUTE = Refusal("administrator_as_substitute", "管理员不得代理", "管理员不得代理业务人员")
NOTHING_TO_SUBSTITUTE = Refusal(
    "nothing_to_substitute", "没有可代理的角色", "该账号没有可由他人代理的业务角色;管理员角色不得代理"
)
OTHER_DEPARTMENT = Refusal(
    "substitute_of_other_department", "代理人属于其他部门", "只能指定本部门人员代理,跨部门的由安全管理员办理"
)
SUBSTITUTE_OUT_OF_REGION = Refusal("wrong_region", "行政区划不符", "代理人不在您负责的行政区划内", NOT_YOU)
UNFIT_SUBSTITUTE = (
    UNKNOWN_SUBSTITUTE,
    OWN_SUBSTITUTE,
    ADMINISTRATOR_AS_SUBSTITUTE,
    NOTHING_TO_SUBSTITUTE,
    OTHER_DEPARTMENT,
    SUBSTITUTE_OUT_OF_REGION,
)


def need_department(command: c.Open) -> Needs:
    return Needs(departments=(command.department,))


def need_place_and_holders(command: c.Move) -> Needs:
    return Needs(departments=(command.department,), holders=ADMINISTRATORS)


def need_substitute(command: c.NameSubstitute) -> Needs:
    return Needs(officers=(command.substitute,))


def need_holders(_command: c.Disable | c.Revoke) -> Needs:
    return Needs(holders=ADMINISTRATORS)


def end_substitution(command: c.EndSubstitution, account: Known, _facts: Facts) -> Decided:
    named = {known.substitute for known in account.profile.substitutions}
    return (e.AccountSubstitutionEnded(substitute=command.substitute),) if command.substitute in named else ()


def enable(_command: c.Enable, account: Known, _facts: Facts) -> Decided:
    return (e.AccountEnabled(),) if isinstance(account, Disabled) else ()


def reset_password(_command: c.ResetPassword, _account: Enabled, _facts: Facts) -> Decided:
    return (e.AccountPasswordSet(temporary=True),)


def set_password(_command: c.SetPassword, _account: Enabled, _facts: Facts) -> Decided:
    return (e.AccountPasswordSet(temporary=False),)


def unlock(_command: c.Unlock, _account: Enabled, _facts: Facts) -> Decided:
    return (e.AccountUnlocked(),)


def open_account(command: c.Open, _account: Unopened, facts: Facts) -> Decided:
    if command.account in RESERVED:
        return NAME_RESERVED()
    misplaced = _misplaced(command.department, command.region, facts)
    if misplaced is not None:
        return misplaced
    return (e.AccountOpened(**dict(command), demo=False),)


def _misplaced(department: str, region: str, facts: Facts) -> Refused | None:
    """An account reaches no further than its department, and a department lies in the administrator's region."""
    place = facts.departments.get(department)
    if place is None:
        return UNKNOWN_DEPARTMENT()
    if not within(place, facts.actor.region):
        return DEPARTMENT_OUT_OF_REGION()
    if not within(region, place):
        return WIDER_THAN_DEPARTMENT()
    return None


def instate(command: c.Instate, account: Account, facts: Facts) -> Decided:
    if not isinstance(account, Unopened):
        return ()
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


def grant(command: c.Grant, account: Known, facts: Facts) -> Decided:
    profile = account.profile
    today = _today(facts)
    wanted = Held(role=command.role, since=command.since or today, until=command.until)
    if command.role == Role.SYSTEM:
        return NOT_TO_BE_GRANTED()
    refused = _bad_period(wanted.since, wanted.until, today) or _unfit(wanted, profile, today)
    if refused is not None:
        return refused
    held = profile.held(command.role)
    if held == wanted or (held and command.role in ADMINISTRATORS):
        return ()
    return (e.AccountRoleGranted(**dict(wanted)),)


def _bad_period(since: date, until: date | None, today: date) -> Refused | None:
    if until is not None and until < since:
        return PERIOD_REVERSED()
    if until is not None and until < today:
        return PERIOD_OVER()
    return None


def _unfit(wanted: Held, profile: Profile, today: date) -> Refused | None:
    """Power is separate: one of the three administrators, or business, never both."""
    administers = wanted.role in ADMINISTRATORS
    if administers and wanted.until is not None:
        return ADMINISTRATOR_OPEN_ENDED()
    others = [held.role for held in profile.grants if held.role != wanted.role and not held.over(today)]
    conflicting = others if administers else [role for role in others if role in ADMINISTRATORS]
    if conflicting:
        held = "、".join(ROLE_NAMES[role] for role in conflicting)
        return ROLE_CONFLICT(held=held)
    if administers and profile.substitutions:
        return SUBSTITUTE_FIRST()
    return None


def revoke(command: c.Revoke, account: Known, facts: Facts) -> Decided:
    profile = account.profile
    if profile.held(command.role) is None:
        return ()
    return _last(profile.account, (command.role,), facts) or (e.AccountRoleRevoked(role=command.role),)


def disable(_command: c.Disable, account: Known, facts: Facts) -> Decided:
    if not isinstance(account, Enabled):
        return ()
    roles = tuple(held.role for held in account.profile.grants)
    return _last(account.profile.account, roles, facts) or (e.AccountDisabled(),)


def move(command: c.Move, account: Known, facts: Facts) -> Decided:
    profile = account.profile
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
            return LAST_ADMINISTRATOR(role=ROLE_NAMES[role])
    return None


def name_substitute(command: c.NameSubstitute, account: Enabled, facts: Facts) -> Decided:
    profile = account.profile
    refused = _bad_period(command.since, command.until, _today(facts)) or _unfit_substitute(command, profile, facts)
    if refused is not None:
        return refused
    named = e.AccountSubstituteNamed(**dict(command))
    known = {(sub.substitute, sub.since, sub.until, sub.ground) for sub in profile.substitutions}
    return () if tuple(dict(named).values()) in known else (named,)


def _unfit_substitute(command: c.NameSubstitute, profile: Profile, facts: Facts) -> Refused | None:
    officer = facts.officers.get(command.substitute)
    if officer is None or not officer.active:
        return UNKNOWN_SUBSTITUTE()
    if command.substitute in (profile.account, *facts.actor.persons):
        return OWN_SUBSTITUTE()
    if any(role in ADMINISTRATORS for role in officer.roles):
        return ADMINISTRATOR_AS_SUBSTITUTE()
    if not any(_business(held.role) and not held.over(_today(facts)) for held in profile.grants):
        return NOTHING_TO_SUBSTITUTE()
    if officer.department != profile.department and not facts.actor.has(Role.SECURITY_ADMINISTRATOR):
        return OTHER_DEPARTMENT()
    if not within(officer.region, facts.actor.region):
        return SUBSTITUTE_OUT_OF_REGION()
    return None


def _business(role: Role) -> bool:
    return role not in ADMINISTRATORS


def _today(facts: Facts) -> date:
    return facts.now.astimezone(SHANGHAI).date()
