"""账号: an account with its roles and substitutes, as one `Decider`. Who was given which power by whom is a record."""

from __future__ import annotations

from typing import Any

from domain.people.account import commands as c
from domain.people.account import decide as d
from domain.people.account import events as e
from domain.people.account import evolve as v
from domain.people.account import permissions as p
from domain.people.account.state import Account, AccountEntry, Disabled, Enabled, Known, Unopened
from domain.people.actors import Actor, Role
from domain.record.chapter import PROCESS_ONLY, Chapter, Step, beside, turns
from domain.record.decider import Decider
from domain.record.ids import stream_for
from domain.record.noun import noun


def known(account: Account) -> Known:
    """The account, once opened. Asking before is a programming error."""
    if not isinstance(account, Known):
        raise TypeError("not opened yet")
    return account


def stream_of(account: str) -> str:
    """The stream of the account of this name."""
    return stream_for("account", account)


def _name_stream(command: Any, _actor: Actor, _key: str) -> str:
    return stream_of(command.account)


def summary(account: Account) -> AccountEntry:
    """The row of an account."""
    account = known(account)
    profile = account.profile
    dumped = profile.model_dump(mode="json", include={"grants", "substitutions"})
    return AccountEntry(
        kind="account",
        stage=account.stage,
        responsible=profile.department,
        steps=profile.steps,
        closed=isinstance(account, Disabled),
        account=profile.account,
        department=profile.department,
        region=profile.region,
        roles=tuple(held.role.value for held in profile.grants),
        grants=tuple(dumped["grants"]),
        substitutions=tuple(dumped["substitutions"]),
        active=not isinstance(account, Disabled),
        demo=profile.demo,
        passwords=profile.passwords,
        must_change=profile.must_change,
        name_ref=profile.name.ref if profile.name else None,
        opened_at=profile.opened_at,
    )


_SYSTEM, _SECURITY = Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR

_CHAPTER = Chapter(
    steps=(
        Step(c.Open, "开户", Unopened, d.open_account, by=p.granted_to(c.Open, _SYSTEM), needs=d.need_department,
             opens=True, otherwise=d.NAME_TAKEN, refuses=(d.NAME_RESERVED, *d.MISPLACED)),
        Step(c.Grant, "授予角色", Known, d.grant, by=p.granted_to(c.Grant, _SECURITY), reach=p.somebody_elses,
             refuses=(p.WRONG_REGION, p.OWN_ACCOUNT, d.NOT_TO_BE_GRANTED, *d.BAD_PERIOD, d.ADMINISTRATOR_OPEN_ENDED,
                      d.ROLE_CONFLICT, d.SUBSTITUTE_FIRST)),
        Step(c.Revoke, "撤销角色", Known, d.revoke, by=p.granted_to(c.Revoke, _SECURITY), reach=p.somebody_elses,
             needs=d.need_holders, refuses=(p.WRONG_REGION, p.OWN_ACCOUNT, d.LAST_ADMINISTRATOR)),
        Step(c.NameSubstitute, "指定代理人", Enabled, d.name_substitute, by=p.granted_to_leaders_too(c.NameSubstitute),
             reach=p.within_region, needs=d.need_substitute,
             refuses=(p.WRONG_REGION, *d.BAD_PERIOD, *d.UNFIT_SUBSTITUTE)),
        Step(c.EndSubstitution, "结束代理", Known, d.end_substitution, by=p.granted_to_leaders_too(c.EndSubstitution),
             reach=p.within_region, refuses=(p.WRONG_REGION,)),
        Step(c.Disable, "停用账号", Known, d.disable, by=p.granted_to(c.Disable, _SYSTEM), reach=p.within_region,
             needs=d.need_holders, refuses=(p.WRONG_REGION, d.LAST_ADMINISTRATOR)),
        Step(c.Enable, "启用账号", Known, d.enable, by=p.granted_to(c.Enable, _SYSTEM), reach=p.within_region,
             refuses=(p.WRONG_REGION,)),
        Step(c.Move, "调动", Known, d.move, by=p.granted_to(c.Move, _SYSTEM), reach=p.within_region,
             needs=d.need_place_and_holders, refuses=(p.WRONG_REGION, *d.MISPLACED, d.LAST_ADMINISTRATOR)),
        Step(c.ResetPassword, "重置密码", Enabled, d.reset_password, by=p.granted_to(c.ResetPassword, _SECURITY),
             reach=p.somebody_elses, refuses=(p.WRONG_REGION, p.OWN_ACCOUNT)),
        Step(c.Unlock, "解除登录锁定", Enabled, d.unlock, by=p.granted_to(c.Unlock, _SECURITY), reach=p.within_region,
             refuses=(p.WRONG_REGION,)),
        Step(c.SetPassword, "修改密码", Enabled, d.set_password, by=p.themselves, refuses=(p.OWN_PASSWORD_ONLY,)),
        Step(c.Instate, "系统开户", Account, d.instate, by=p.the_service, opens=True, refuses=(PROCESS_ONLY,)),
    ),
    events=(
        turns("account.opened", 1, e.AccountOpened, Unopened, v.opened, title="开户",
              says="开立账号 {account},属 {department},行政区划 {region}"),
        turns("account.role_granted", 1, e.AccountRoleGranted, Known, v.role_granted, title="授予角色",
              says="授予角色{role},自 {since} 起"),
        turns("account.role_revoked", 1, e.AccountRoleRevoked, Known, v.role_revoked, title="撤销角色",
              says="撤销角色{role}"),
        turns("account.substitute_named", 1, e.AccountSubstituteNamed, Known, v.substitute_named, title="指定代理人",
              says="指定 {substitute} 代理,{since} 至 {until}({ground})"),
        turns("account.substitution_ended", 1, e.AccountSubstitutionEnded, Known, v.substitution_ended,
              title="结束代理", says="结束 {substitute} 的代理"),
        turns("account.disabled", 1, e.AccountDisabled, Enabled, v.disabled, title="停用账号"),
        turns("account.enabled", 1, e.AccountEnabled, Disabled, v.enabled, title="启用账号"),
        turns("account.moved", 1, e.AccountMoved, Known, v.moved, title="调动",
              says="调到 {department},行政区划 {region},原有角色和代理同时终止"),
        beside("account.password_set", 1, e.AccountPasswordSet, Known, v.password_set, title="设置密码",
               says="设置新密码"),
        beside("account.unlocked", 1, e.AccountUnlocked, Known, v.unlocked, title="解除登录锁定"),
    ),
    fields={"name": "姓名"},
)  # fmt: skip

ACCOUNT: Decider[Account] = noun(
    "account",
    "账号",
    (_CHAPTER,),
    Unopened,
    stages=(Unopened, Enabled, Disabled),
    misplaced=p.misplaced,
    name_stream=_name_stream,
    summary=summary,
    admits=p.admits,
    process=False,
)
