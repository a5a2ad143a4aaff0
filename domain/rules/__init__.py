"""Deadline rules as dated data: what a row says, what a pack of rows guarantees, and the loader that checks both.

Rows are TOML files beside this module. Ids such as SAM-01 in `source` point into `statutory-rules.md`, where the
instrument was read and how sure that reading is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, StringConstraints, ValidationError, model_validator

from domain.errors import XiezhiError
from domain.value import Value

ClockKind = Literal["dispatch", "sign_for", "handling", "feedback", "archive"]
"""What a clock waits for: 分办, 签收, 核查处理, 反馈, 归档."""

DayType = Literal["seconds", "minutes", "hours", "working_days", "calendar_days", "calendar_days_rolling"]
"""How a length is counted. The first three run through nights and holidays. The last rolls an end on a day off to the
next working day (CAL-01)."""

Certainty = Literal["S", "S2", "M", "X", "P"]
"""S: text read. S2: second hand. M: from memory. X: sources conflict. P: product default without a legal source."""

Standing = Literal["statutory", "promised", "internal"]
"""Whether the law, a public promise or only the house asks for it."""

Act = Literal["escalate", "return_to_dispatcher"]
"""What a rung does: tell somebody higher up, or give the case back to whoever dispatched it."""

Recipient = Literal["department_supervisor", "coordinator", "head", "dispatcher"]
"""Whom a rung reaches."""

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Day = Annotated[date, Field(strict=True)]

RUNNING = {"seconds": timedelta(seconds=1), "minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}


class RuleMissing(XiezhiError):
    """The pack has no rule of that kind for that day."""

    code = "rule_missing"

    def __init__(self, pack: str, kind: str, on: date) -> None:
        super().__init__(f"规则包 {pack} 没有 {on} 生效的 {kind} 规则")
        self.pack, self.kind, self.on = pack, kind, on


class RulePackInvalid(XiezhiError):
    """A rule file cannot be used. The text names the file and every faulty row, counted from 1."""

    code = "rule_pack_invalid"

    def __init__(self, file: str, faults: Sequence[str]) -> None:
        super().__init__("\n".join([f"{file}: {len(faults)} fault(s)", *(f"  {fault}" for fault in faults)]))
        self.file, self.faults = file, tuple(faults)


class Length(Value):
    """A stretch of time: an amount, at least 1, of one day type."""

    amount: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
    day: DayType

    @property
    def running(self) -> timedelta | None:
        """The exact duration of running time; None when days are counted."""
        unit = RUNNING.get(self.day)
        return None if unit is None else self.amount * unit


class Rung(Value):
    """One step of the escalation ladder: what happens to whom, how long after the breach."""

    after: Length
    act: Act
    to: Recipient


class Rule(Value):
    """One dated row: how long a clock of one kind runs, on what ground, and what happens around its end.

    `trade` names the kind of department the row binds (`market` in `370102.market`); without it the row is for
    everyone else. `warn_before` is measured back from the due instant. `effective_from` and `effective_to` are both
    included; a clock takes the row in force on the day it starts. The ladder is always a product default (certainty
    P), also under a statutory length: `ladder_note` says so in words.
    """

    id: Text
    kind: ClockKind
    trade: Text | None = None
    title: Text
    source: Text | None = None
    instrument: Text | None = None
    article: Text | None = None
    certainty: Certainty
    standing: Standing
    length: Length
    warn_before: Length
    ladder: tuple[Rung, ...] = ()
    ladder_note: str = ""
    note: str = ""
    effective_from: Day
    effective_to: Day | None = None

    @property
    def unconfirmed(self) -> bool:
        """Whether a view must say that the number was not read in the legal text itself."""
        return self.certainty != "S"

    def binds(self, department: str) -> bool:
        """Whether the row is made for this department (code `region.trade`), rather than for everyone."""
        return self.trade is not None and department.partition(".")[2] == self.trade

    def in_force(self, on: date) -> bool:
        """Whether the row is in force on that date in Asia/Shanghai."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    def __hash__(self) -> int:
        return hash(self.id)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for fault in _row_faults(self):
            raise ValueError(fault)
        return self


class RulePack(Value):
    """A named, versioned set of rules: for everyone, one row for every kind on every day from its first day on.

    A trade may have rows of its own beside them, at most one a day; where it has none, the row for everyone holds.
    """

    name: Text
    version: Text
    rules: tuple[Rule, ...]

    @property
    def ref(self) -> str:
        """`name@version`, as clocks remember it."""
        return f"{self.name}@{self.version}"

    def rule_for(self, kind: ClockKind, on: date, department: str) -> Rule:
        """The row in force for a department on a date in Asia/Shanghai. Raises RuleMissing before the first row."""
        dated = [rule for rule in self.rules if rule.kind == kind and rule.in_force(on)]
        for rule in dated:
            if rule.binds(department):
                return rule
        for rule in dated:
            if rule.trade is None:
                return rule
        raise RuleMissing(self.ref, kind, on)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for _, fault in _pack_faults(self.rules):
            raise ValueError(fault)
        return self


@lru_cache
def load_pack(name: str) -> RulePack:
    """Read and check a packaged rule file by its name, such as `national`. Raises RulePackInvalid.

    The one read of the domain, done once at start-up by infra.
    """
    file = f"{name}.toml"
    if name not in pack_names():
        raise RulePackInvalid(file, [f"no such pack; there are: {', '.join(pack_names())}"])
    pack = parse_pack((resources.files(__name__) / file).read_text(encoding="utf-8"), file)
    if pack.name != name:
        raise RulePackInvalid(file, [f"name: is {pack.name!r}, must be the file's name {name!r}"])
    return pack


def pack_names() -> tuple[str, ...]:
    """The packaged rule files, without their ending."""
    names = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def parse_pack(text: str, file: str) -> RulePack:
    """The pack a TOML text describes; `file` is only named in errors. Raises RulePackInvalid with all faults found."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulePackInvalid(file, [f"not TOML: {error}"]) from error
    rows = table.pop("rule", [])
    if not isinstance(rows, list):
        raise RulePackInvalid(file, ["rule: rows are written as [[rule]]"])
    if "rules" in table:
        raise RulePackInvalid(file, ["rules: unknown; rows are written as [[rule]]"])
    rules: list[Rule] = []
    faults: list[str] = []
    for number, row in enumerate(rows, 1):
        try:
            rules.append(Rule.model_validate(row))
        except ValidationError as error:
            faults += [f"{_row(number, row)}: {fault}" for fault in _explain(error)]
    if not faults:  # a row that could not be read would look like a gap
        faults = [
            f"{'pack' if index is None else _row(index + 1, rows[index])}: {fault}"
            for index, fault in _pack_faults(rules)
        ]
    if faults:
        raise RulePackInvalid(file, faults)
    try:
        return RulePack(**{**table, "rules": tuple(rules)})
    except ValidationError as error:
        raise RulePackInvalid(file, [f"pack: {fault}" for fault in _explain(error)]) from error


def _row_faults(rule: Rule) -> Iterator[str]:
    if rule.effective_to is not None and rule.effective_to < rule.effective_from:
        yield f"effective_to {rule.effective_to} lies before effective_from {rule.effective_from}"
    if rule.certainty != "P" and not (rule.source and rule.instrument):
        yield f"certainty {rule.certainty} needs source and instrument; only P stands without"
    if rule.certainty == "S" and not rule.article:
        yield "certainty S needs the article that was read"
    if rule.certainty == "P" and rule.standing == "statutory":
        yield "certainty P has no legal source and cannot be statutory"
    if rule.warn_before.day == "calendar_days_rolling":
        yield "warn_before is measured back and cannot roll"
    if rule.length.running and not rule.warn_before.running:
        yield "a running length is warned in running time"
    yield from _ladder_faults(rule.ladder)


def _ladder_faults(ladder: Sequence[Rung]) -> Iterator[str]:
    for number, rung in enumerate(ladder, 1):
        if rung.after.day == "calendar_days_rolling":
            yield f"rung {number}: two rolling rungs may fall on one day; use working_days or calendar_days"
        if (rung.act == "return_to_dispatcher") != (rung.to == "dispatcher"):
            yield f"rung {number}: the dispatcher gets the case back, all others are told"
        if rung.act == "return_to_dispatcher" and number < len(ladder):
            yield f"rung {number}: after the return nothing is left to climb"
    for number, (lower, upper) in enumerate(pairwise(ladder), 2):
        if not _earlier(lower.after, upper.after):
            yield f"rung {number}: must come later than rung {number - 1}, counted in the same day type"


def _earlier(one: Length, other: Length) -> bool:
    if one.running and other.running:
        return one.running < other.running
    return one.day == other.day and one.amount < other.amount


def _pack_faults(rules: Sequence[Rule]) -> Iterator[tuple[int | None, str]]:
    """Faults between rows, with the index of the later row."""
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.id in seen:
            yield index, "id: used twice"
        seen.add(rule.id)
    for kind in get_args(ClockKind):
        for trade in sorted({rule.trade or "" for rule in rules if rule.kind == kind} | {""}):
            dated = sorted(
                (rule.effective_from, index)
                for index, rule in enumerate(rules)
                if rule.kind == kind and (rule.trade or "") == trade
            )
            yield from _overlaps(rules, dated)
            if not trade:  # a trade's own rows may leave days to the row for everyone
                yield from _gaps(rules, kind, dated)


def _overlaps(rules: Sequence[Rule], dated: Sequence[tuple[date, int]]) -> Iterator[tuple[int, str]]:
    for (_, index), (start, later) in pairwise(dated):
        end = rules[index].effective_to
        if end is None or start <= end:
            yield later, f"overlap: {rules[index].id} is in force until {end or 'further notice'}"


def _gaps(rules: Sequence[Rule], kind: str, dated: Sequence[tuple[date, int]]) -> Iterator[tuple[int | None, str]]:
    if not dated:
        yield None, f"gap: no row of kind {kind}"
        return
    for (_, index), (start, later) in pairwise(dated):
        end = rules[index].effective_to
        if end is not None and start > end + timedelta(days=1):
            yield later, f"gap: {kind} has no row between {end} and {start}"
    last = rules[dated[-1][1]]
    if last.effective_to is not None:
        yield dated[-1][1], f"gap: {kind} has no row after {last.effective_to}"


def _row(number: int, row: Any) -> str:
    name = row.get("id") if isinstance(row, dict) else None
    return f"row {number} ({name or 'without id'})"


def _explain(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        reason = fault["msg"].removeprefix("Value error, ")
        yield f"{place}: {reason}" if place else reason
