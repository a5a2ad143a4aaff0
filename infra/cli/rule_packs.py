"""What `xiezhi rules` finds in rule packs. A pack is named, or is a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from domain.errors import XiezhiError
from domain.time.citation import Citation, event_told, period_told, scope_told
from domain.time.clock_titles import CLOCKS
from domain.time.rules import (
    Circumstances,
    ClockKind,
    Rule,
    RulePack,
    RulePackInvalid,
    pack_names,
)
from domain.time.rules.choosing import Considered, consider
from infra.reference.packs import find_pack


class UnknownKind(XiezhiError):
    """There is no clock of that kind."""

    code = "unknown_kind"


@dataclass(frozen=True)
class Checked:
    """What the checks found. `packs` are those that can be used."""

    packs: tuple[RulePack, ...]
    faults: tuple[str, ...]

    def as_json(self) -> Mapping[str, Any]:
        """As JSON; `ok` is False when anything was found."""
        packs = [{"name": pack.name, "version": pack.version, "rows": len(pack.rules)} for pack in self.packs]
        return {"ok": not self.faults, "packs": packs, "faults": list(self.faults)}

    def lines(self) -> Iterator[str]:
        """For people."""
        for pack in self.packs:
            yield f"{pack.ref}：{len(pack.rules)} 条，没有问题"
        yield from self.faults


@dataclass(frozen=True)
class RowFilter:
    """Which rows are wanted: of a kind, in force on a day, or the row that a department's case gets."""

    kind: ClockKind | None
    on: date | None
    department: str | None
    given: Circumstances

    @classmethod
    def of(cls, kind: str | None, on: date | None, department: str | None, given: Circumstances) -> RowFilter:
        """Raises `UnknownKind`."""
        for known in get_args(ClockKind):
            if known == kind:
                return cls(known, on, department, given)
        if kind is not None:
            raise UnknownKind(f"没有 {kind} 这种期限；有：{'、'.join(get_args(ClockKind))}")
        return cls(None, on, department, given)


@dataclass(frozen=True)
class Shown:
    """Rows of a pack; `why` by the row's id where a case was asked about."""

    pack: RulePack
    rows: tuple[Rule, ...]
    considered: Mapping[str, Considered]

    def as_json(self) -> Mapping[str, Any]:
        """As JSON."""
        return {"pack": self.pack.ref, "rows": [self._row(rule) for rule in self.rows]}

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"规则包 {self.pack.ref}，列出 {len(self.rows)} 条，共 {len(self.pack.rules)} 条"
        for rule in self.rows:
            cited, verdict = Citation.of(rule, self.pack), self.considered.get(rule.id)
            yield f"{rule.id}  {CLOCKS[rule.kind]}：{rule.title}，{cited.length}"
            yield f"    {cited.told}"
            yield f"    {period_told(rule)}；适用于{scope_told(rule)}"
            yield f"    自{_either(rule.starts, rule)}，至{_either(rule.stops, rule)}"
            if rule.effect:
                yield f"    期满后果: {rule.effect}"
            if verdict:
                yield f"    {verdict.why}"
            if rule.note:
                yield f"    {rule.note}"

    def _row(self, rule: Rule) -> Mapping[str, Any]:
        verdict = self.considered.get(rule.id)
        choice = {"taken": verdict.taken, "why": verdict.why} if verdict else {}
        return {**rule.model_dump(mode="json"), "confirmed": not rule.unconfirmed, **choice}


@dataclass(frozen=True)
class Difference:
    """A row that one of two packs does not have, or has otherwise: both values of each field that differs."""

    rule: str
    change: Literal["added", "removed", "changed"]
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Compared:
    """Two packs, row by row."""

    before: str
    after: str
    differences: tuple[Difference, ...]

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"规则包 {self.before} → {self.after}"
        for found in self.differences:
            yield f"{_CHANGES[found.change]} {found.rule}"
            for name, (before, after) in found.fields.items():
                yield f"    {name}: {before} → {after}"
        yield f"共 {len(self.differences)} 条不同"


_CHANGES = {"added": "新增", "removed": "删去", "changed": "改动"}


def check_packs(file: Path | None) -> Checked:
    """Check a file, or every packaged pack."""
    if file is not None:
        return _check_named([str(file)])
    return _check_named(pack_names())


def filter_rows(pack: RulePack, wanted: RowFilter, today: date) -> Shown:
    """Rows of a pack. For a case: of the kind asked for all with why they are taken or not, else those taken."""
    of_kind = tuple(rule for rule in pack.rules if wanted.kind in (None, rule.kind))
    if wanted.department is None:
        return Shown(pack, tuple(rule for rule in of_kind if wanted.on is None or rule.in_force(wanted.on)), {})
    kinds = dict.fromkeys(rule.kind for rule in of_kind)
    considered = [
        found
        for kind in kinds
        for found in consider(pack, kind, wanted.on or today, wanted.department, wanted.given)
        if found.taken or wanted.kind is not None
    ]
    return Shown(pack, tuple(found.rule for found in considered), {found.rule.id: found for found in considered})


def compare_packs(before: RulePack, after: RulePack) -> Compared:
    """Two packs, row by row and field by field, in the order of the second; what is gone comes last."""
    older, newer = _by_id(before), _by_id(after)
    changed = (_difference(id, older.get(id), newer.get(id)) for id in dict.fromkeys([*newer, *older]))
    return Compared(before.ref, after.ref, tuple(found for found in changed if found is not None))


def _difference(id: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Difference | None:
    if before is None:
        return Difference(id, "added", {})
    if after is None:
        return Difference(id, "removed", {})
    fields = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    return Difference(id, "changed", fields) if fields else None


def _by_id(pack: RulePack) -> Mapping[str, Mapping[str, Any]]:
    return {rule.id: rule.model_dump(mode="json") for rule in pack.rules}


def _check_named(named: Sequence[str]) -> Checked:
    packs: list[RulePack] = []
    faults: list[str] = []
    for name in named:
        try:
            packs.append(find_pack(name))
        except RulePackInvalid as error:
            faults += error.faults
    return Checked(tuple(packs), tuple(faults))


def _either(names: Sequence[str], rule: Rule) -> str:
    return "或者".join(event_told(name, rule) for name in names)
