"""账号: an account with its roles and substitutes, as one `Decider`. Who was given which power by whom is a record."""

from __future__ import annotations

from typing import Any

from domain.people.account import commands as c
from domain.people.account.decide import decide, needs
from domain.people.account.events import texts_of
from domain.people.account.evolve import evolve
from domain.people.account.permissions import admits, permit
from domain.people.account.state import Account, AccountEntry, Disabled, Known, Unopened
from domain.people.actors import Actor
from domain.record.decider import Command, Decider
from domain.record.ids import stream_for

COMMANDS: dict[str, type[Command]] = {
    command.slug: command
    for command in (
        c.Open,
        c.Grant,
        c.Revoke,
        c.NameSubstitute,
        c.EndSubstitution,
        c.Disable,
        c.Enable,
        c.Move,
        c.ResetPassword,
        c.Unlock,
        c.SetPassword,
        c.Instate,
    )
}


def known(account: Account) -> Known:
    """The account, once opened. Asking before is a programming error."""
    if isinstance(account, Unopened):
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


ACCOUNT: Decider[Account] = Decider(
    kind="account",
    commands=COMMANDS,
    initial=Unopened,
    name_stream=_name_stream,
    needs=needs,
    permit=permit,
    decide=decide,
    evolve=evolve,
    summary=summary,
    admits=admits,
    texts=texts_of,
    process=False,
)
