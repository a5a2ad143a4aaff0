"""Regions, departments and demo accounts of the default installation, from the files beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from stdnum import numdb

from domain.people.actors import ROLE_NAMES, Role, dispatch_office


@dataclass(frozen=True)
class Region:
    """A region by its GB/T 2260 code."""

    code: str
    name: str

    @property
    def is_city(self) -> bool:
        return self.code.endswith("00")


@dataclass(frozen=True)
class Department:
    """A department of a region. `kind` is what follows the dot in its code."""

    code: str
    kind: str
    name: str
    region: str
    handlers: int = 1
    """How many demo accounts handle cases there."""


@dataclass(frozen=True)
class DemoAccount:
    """An account everybody may try; its name says its role and place."""

    account: str
    name: str
    department: str
    region: str
    role: Role


@lru_cache
def regions() -> tuple[Region, ...]:
    """All regions, the city first."""
    return tuple(Region(**row) for row in _table("regions.toml")["region"])


def region_named(code: str) -> str | None:
    """The name of any region of the country by its GB/T 2260 code; None where the standard knows none."""
    parts = dict(numdb.get("cn/loc").info(code))
    place = parts.get(code[2:], {}).get("county")
    return place.rpartition("]")[2] if len(code) == 6 and place else None


@lru_cache
def departments() -> tuple[Department, ...]:
    """The dispatching office of every region and each kind of department of every district."""
    table = _table("departments.toml")
    office = table["office"]
    return tuple(_departments(office["name"], table["kind"]))


@lru_cache
def demo_accounts() -> tuple[DemoAccount, ...]:
    """One account a role and place: `dispatcher.370102`, `handler.market.370102`, `auditor.370100`, …"""
    return tuple(_accounts())


def sample_messages() -> Traversable:
    """A small JSONL file of made-up messages, each line a body of `register`."""
    return resources.files(__name__) / "sample_messages.jsonl"


_OFFICE_ROLES = {
    "intake": Role.INTAKE_CLERK,
    "dispatcher": Role.DISPATCHER,
    "supervisor": Role.SUPERVISOR,
    "coordinator": Role.COORDINATOR,
    "head": Role.HEAD,
}
_DEPARTMENT_ROLES = {"assigner": Role.DEPARTMENT_ASSIGNER, "handler": Role.HANDLER, "head": Role.HEAD}
_CITY_ROLES = {
    "auditor": Role.AUDITOR,
    "system": Role.SYSTEM_ADMINISTRATOR,
    "security": Role.SECURITY_ADMINISTRATOR,
    "audit": Role.AUDIT_ADMINISTRATOR,
}


def _departments(office: str, kinds: list[dict[str, Any]]) -> Iterator[Department]:
    for region in regions():
        code = dispatch_office(region.code)
        yield Department(code, code.partition(".")[2], f"{region.name}{office}", region.code)
        if not region.is_city:
            for row in kinds:
                code, name = f"{region.code}.{row['kind']}", f"{region.name}{row['name']}"
                yield Department(code, row["kind"], name, region.code, row.get("handlers", 1))


def _accounts() -> Iterator[DemoAccount]:
    for department in departments():
        region = department.region
        if department.code != dispatch_office(region):
            for prefix, role in _DEPARTMENT_ROLES.items():
                yield _account(f"{prefix}.{department.kind}.{region}", role, department)
            for number in range(2, department.handlers + 1):
                yield _account(f"handler{number}.{department.kind}.{region}", Role.HANDLER, department, f"({number})")
        elif region.endswith("00"):
            for prefix, role in _CITY_ROLES.items():
                yield _account(f"{prefix}.{region}", role, department)
            yield _account("source.hotline", Role.SOURCE_SYSTEM, department)
        else:
            for prefix, role in _OFFICE_ROLES.items():
                yield _account(f"{prefix}.{region}", role, department)


def _account(account: str, role: Role, department: Department, which: str = "") -> DemoAccount:
    name = f"{department.name}{ROLE_NAMES[role]}{which}"
    return DemoAccount(account, name, department.code, department.region, role)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__name__) / name).read_text(encoding="utf-8"))
