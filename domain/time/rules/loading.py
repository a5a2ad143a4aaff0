"""Rule files: TOML beside this module, read once and checked whole. A pack may extend another by rows of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

from pydantic import ValidationError

from domain.errors import XiezhiError
from domain.time.rules.checks import pack_faults, row_faults
from domain.time.rules.pack import RulePack
from domain.time.rules.rows import Rule
from domain.time.rules.wording import said


class RulePackInvalid(XiezhiError):
    """A rule file cannot be used. Every fault names the file and, where it lies in one, the row, counted from 1."""

    code = "rule_pack_invalid"

    def __init__(self, file: str, faults: Sequence[str]) -> None:
        self.file, self.faults = file, tuple(f"{file} {fault}" for fault in faults)
        super().__init__("\n".join([f"规则文件 {file} 不能使用，共 {len(faults)} 处问题", *self.faults]))


Read = Callable[[str], str | None]
"""The text of a pack by its name; None when there is no such pack."""


@lru_cache
def load_pack(name: str) -> RulePack:
    """Read and check a packaged rule file by its name, such as `national`. Raises RulePackInvalid.

    The one read of the domain, done once at start-up by infra.
    """
    file, text = f"{name}.toml", packaged(name)
    if text is None:
        raise RulePackInvalid(file, [f"没有这个规则包；有：{'、'.join(pack_names())}"])
    pack = parse_pack(text, file)
    if pack.name != name:
        raise RulePackInvalid(file, [f"name: 写的是 {pack.name}，须与文件名 {name} 一致"])
    return pack


def pack_names() -> tuple[str, ...]:
    """The packaged rule files, without their ending."""
    names = (entry.name for entry in resources.files("domain.time.rules").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def packaged(name: str) -> str | None:
    """The text of a packaged rule file; None when there is none of that name."""
    if name not in pack_names():
        return None
    return (resources.files("domain.time.rules") / f"{name}.toml").read_text(encoding="utf-8")


def parse_pack(text: str, file: str, read: Read = packaged) -> RulePack:
    """The pack a TOML text describes; `file` is only named in errors. Raises RulePackInvalid with all faults found.

    `read` gives the text of the pack it extends.
    """
    return _parsed(text, file, read, ()).pack


class _Parsed(NamedTuple):
    """A pack with the ladders its rows, and those of packs that extend it, may name."""

    pack: RulePack
    ladders: Mapping[str, Any]


def _parsed(text: str, file: str, read: Read, above: tuple[str, ...]) -> _Parsed:
    """`above`: the packs that led here by extending one another."""
    table = _table(text, file)
    rows, extended, own = table.pop("rule", []), table.pop("extends", None), table.pop("ladder", {})
    if not isinstance(rows, list) or "rules" in table:
        raise RulePackInvalid(file, ["规则须写成 [[rule]]"])
    before = _extended(extended, file, read, (*above, str(table.get("name")))) if extended is not None else None
    ladders = {**(before.ladders if before else {}), **own}
    inherited = before.pack.rules if before else ()
    rules, faults = _rows(rows, ladders)
    if not faults:  # a row that could not be read would look like a gap
        both = (*inherited, *rules)
        faults = [f"{_place(index, len(inherited), both)}: {fault}" for index, fault in pack_faults(both)]
    if faults:
        raise RulePackInvalid(file, faults)
    try:
        return _Parsed(RulePack(**{**table, "rules": (*inherited, *rules)}), ladders)
    except ValidationError as error:
        raise RulePackInvalid(file, [f"整包: {fault}" for fault in said(error)]) from error


def _extended(name: Any, file: str, read: Read, above: tuple[str, ...]) -> _Parsed:
    """The pack another one extends."""
    if name in above:
        raise RulePackInvalid(file, [f"extends: 循环沿用：{' → '.join((*above, name))}"])
    text = read(name) if isinstance(name, str) else None
    if text is None:
        raise RulePackInvalid(file, [f"extends: 没有名为 {name} 的规则包"])
    return _parsed(text, f"{name}.toml", read, above)


def _table(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulePackInvalid(file, [f"不是 TOML: {error}"]) from error


def _rows(rows: list[Any], ladders: Mapping[str, Any]) -> tuple[list[Rule], list[str]]:
    """The rows that could be read, and what is wrong with the others."""
    rules: list[Rule] = []
    faults: list[str] = []
    for number, row in enumerate(rows, 1):
        name = row.get("ladder") if isinstance(row, dict) else None
        if isinstance(name, str) and name not in ladders:
            faults.append(f"{_row(number, row)}: ladder: 没有名为 {name} 的督促层级；有：{'、'.join(ladders) or '无'}")
            continue
        try:
            rule = Rule.model_validate({**row, "ladder": ladders[name]} if isinstance(name, str) else row)
        except ValidationError as error:
            faults += [f"{_row(number, row)}: {fault}" for fault in said(error)]
            continue
        faults += [f"{_row(number, row)}: {fault}" for fault in row_faults(rule)]
        rules.append(rule)
    return rules, faults


def _place(index: int | None, inherited: int, rules: Sequence[Rule]) -> str:
    if index is None:
        return "整包"
    if index < inherited:
        return f"沿用的第 {index + 1} 条 ({rules[index].id})"
    return f"第 {index - inherited + 1} 条 ({rules[index].id})"


def _row(number: int, row: Any) -> str:
    name = row.get("id") if isinstance(row, dict) else None
    return f"第 {number} 条 ({name or '无 id'})"
