"""The mapping file: how the columns of somebody's ledger become the fields of a registration. Declarative TOML.

An annotated example lies in `infra/reference/mappings/`. Each field takes its value from one of three:

    columns    the first of these names that the file has
    join       several columns put together, the filled ones, with `separator` between
    constant   the same for every row

and may then say `values` (what a cell means), `otherwise` (what any other cell means), `default` (what an empty one
means), `number` (a number kept as text: `20261121000123.0`), `dates` (which shapes of dates), or `optional`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, ValidationError, model_validator

from domain.clue.intake.commands import Register
from domain.errors import Malformed
from domain.value import Value
from infra.importing.dates import SERIAL, USUAL, NotAnInstant, instant_of
from infra.importing.errors import MappingInvalid
from infra.importing.rows import Cell, Wanted, column_name
from infra.reference import departments, regions

INSTANTS = frozenset({"received_at", "registered_at", "at"})
"""Targets that hold an instant."""
EXACT_BELOW = 10**15
"""Spreadsheets keep 15 digits of a number: a longer one has lost its last ones."""

ColumnName = Annotated[str, AfterValidator(column_name), Field(min_length=1)]
Candidates = Annotated[tuple[ColumnName, ...], Field(min_length=1)]
Table = Literal["regions", "departments"]


class Unfit(ValueError):
    """A cell that cannot become the field; the text is a stable name of the problem."""


class FieldRule(Value):
    """How one field is made."""

    columns: Candidates | None = None
    join: Annotated[tuple[ColumnName | Candidates, ...], Field(min_length=1)] | None = None
    constant: str | None = None
    separator: str = " "
    values: dict[str, str] | Table | None = None
    otherwise: str | None = None
    default: str | None = None
    number: bool = False
    dates: Annotated[tuple[str, ...], Field(min_length=1)] = (USUAL,)
    optional: bool = False

    @model_validator(mode="after")
    def _one_origin(self) -> FieldRule:
        if sum(origin is not None for origin in (self.columns, self.join, self.constant)) != 1:
            raise ValueError("须且只能有 columns、join、constant 之一")
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise 只能与 values 同用")
        wrong = [shape for shape in self.dates if shape not in (USUAL, SERIAL) and "%" not in shape]
        if wrong:
            raise ValueError("dates 只能是 usual、serial 或 strptime 格式")
        return self

    @property
    def origins(self) -> tuple[tuple[str, ...], ...]:
        """The columns it reads: for each, the names any of which will do."""
        if self.columns is not None:
            return (self.columns,)
        return tuple((part,) if isinstance(part, str) else part for part in self.join or ())

    @cached_property
    def table(self) -> Mapping[str, str] | None:
        """What a cell means, by its text."""
        match self.values:
            case "regions":
                return {region.name: region.code for region in regions()} | {code.code: code.code for code in regions()}
            case "departments":
                return {known.name: known.code for known in departments()} | {
                    known.code: known.code for known in departments()
                }
            case table:
                return table


class FileRule(Value):
    """How the file itself is read, where that is not to be found out."""

    encoding: Literal["utf-8", "gb18030", "utf-16"] | None = None
    sheet: str | None = None
    timezone: Annotated[str, AfterValidator(lambda name: _zone_name(name))] = "Asia/Shanghai"


class StepsMapping(Value):
    """How a row of a steps file becomes one step of a case's history. `given`: for each command its fields."""

    ticket_number: Annotated[FieldRule, Field(alias="ticket")]
    at: FieldRule
    by: FieldRule
    do: FieldRule
    given: Annotated[dict[str, dict[str, FieldRule]], Field(alias="with", default_factory=dict)]
    timezone: Annotated[str, AfterValidator(lambda name: _zone_name(name))] = "Asia/Shanghai"

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The columns it reads."""
        inner = [rule for fields in self.given.values() for rule in fields.values()]
        return _wanted((self.ticket_number, self.at, self.by, self.do, *inner))

    def ticket(self, cells: Mapping[str, Cell]) -> str:
        """The number of the ticket a row belongs to. Raises `Malformed`."""
        return str(_filled({"ticket": self.ticket_number}, cells, ZoneInfo(self.timezone))["ticket"])

    def step(self, cells: Mapping[str, Cell]) -> dict[str, Any]:
        """A row as a step: `at`, `by`, `do`, `with`. Raises `Malformed` naming fields, never cells."""
        zone = ZoneInfo(self.timezone)
        made = _filled({"at": self.at, "by": self.by, "do": self.do}, cells, zone)
        return {**made, "with": _filled(self.given.get(made["do"], {}), cells, zone)}


class _Document(Value):
    file: FileRule = FileRule()
    fields: Annotated[dict[str, FieldRule | dict[str, FieldRule]], Field(min_length=1)]
    steps: StepsMapping | None = None


@dataclass(frozen=True)
class ColumnMapping:
    """A checked mapping."""

    file: FileRule
    fields: Mapping[str, FieldRule]
    """By target; a target within a target as `entity.name`."""
    digest: str
    """Names the content: an import that goes on after a change of its mapping starts anew."""
    steps: StepsMapping | None = None

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The columns it reads."""
        return _wanted(self.fields.values())

    def body(self, cells: Mapping[str, Cell]) -> dict[str, Any]:
        """A row as the body of a registration. Raises `Malformed` naming fields, never cells."""
        return _filled(self.fields, cells, ZoneInfo(self.file.timezone))


def load_mapping(path: Path) -> ColumnMapping:
    """Read and check a mapping file. Raises `MappingInvalid`."""
    content = path.read_bytes()
    try:
        document = _Document.model_validate(tomllib.loads(content.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingInvalid(f"映射文件不是有效的 TOML: {error}") from None
    except ValidationError as error:
        raise MappingInvalid("映射文件有误: " + "; ".join(_problems_in(error))) from None
    fields = dict(_flat(document.fields))
    _check_targets(fields)
    return ColumnMapping(document.file, fields, hashlib.sha256(content).hexdigest(), document.steps)


def plain_mapping() -> ColumnMapping:
    """For a table whose columns carry the names of the fields already."""
    required = {"channel", "external_id"}
    rules = {
        target: FieldRule(columns=(target,), optional=target not in required, number=target == "external_id")
        for target in targets()
    }
    return ColumnMapping(FileRule(), rules, "plain")


COURSE = ("registered_at", "registered_by", "expected.stage", "expected.steps")
"""Further targets, for cases that come with their history."""


def targets() -> tuple[str, ...]:
    """The fields of a registration that a mapping may fill."""
    parts = {"entity": ("name", "uscc")}
    return tuple(
        f"{field}.{part}" if part else field for field in Register.model_fields for part in parts.get(field, ("",))
    )


def _wanted(rules: Iterable[FieldRule]) -> tuple[Wanted, ...]:
    return tuple(
        Wanted(names, required=not rule.optional and rule.default is None) for rule in rules for names in rule.origins
    )


def _filled(rules: Mapping[str, FieldRule], cells: Mapping[str, Cell], zone: ZoneInfo) -> dict[str, Any]:
    """Every target that has a value. Raises `Malformed` with all that do not fit."""
    made: dict[str, Any] = {}
    problems = []
    for target, rule in rules.items():
        try:
            value = _value(target, rule, cells, zone)
        except Unfit as unfit:
            problems.append({"at": target, "problem": str(unfit)})
            continue
        if value is not None:
            _put(made, target, value)
    if problems:
        raise Malformed(problems)
    return made


def _flat(fields: Mapping[str, FieldRule | dict[str, FieldRule]]) -> Iterator[tuple[str, FieldRule]]:
    for target, rule in fields.items():
        if isinstance(rule, FieldRule):
            yield target, rule
        else:
            yield from ((f"{target}.{part}", inner) for part, inner in rule.items())


def _check_targets(fields: Mapping[str, FieldRule]) -> None:
    known = (*targets(), *COURSE)
    unknown = [target for target in fields if target not in known]
    if unknown:
        raise MappingInvalid(f"映射中有未知字段: {'、'.join(unknown)}。可用的有: {'、'.join(known)}")
    missing = [target for target in ("channel", "external_id") if target not in fields or fields[target].optional]
    if missing:
        raise MappingInvalid(f"映射必须给出字段: {'、'.join(missing)}(没有它们,重复的行无法识别)")


def _problems_in(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        yield f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def _zone_name(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("没有这个时区")
    return name


def _value(target: str, rule: FieldRule, cells: Mapping[str, Cell], zone: ZoneInfo) -> str | None:
    """The value of a field in a row, or None. Raises `Unfit`."""
    if rule.constant is not None:
        return rule.constant
    found = [_cell(names, cells) for names in rule.origins]
    if all(_empty(cell) for cell in found):
        if rule.default is None and not rule.optional:
            raise Unfit("missing")
        return rule.default
    if target in INSTANTS:
        return _instant(found[0], rule, zone)
    text = rule.separator.join(_text(cell, number=rule.number) for cell in found if not _empty(cell))
    return text if rule.table is None else _meant(rule, text)


def _cell(names: tuple[str, ...], cells: Mapping[str, Cell]) -> Cell:
    return next((cells[name] for name in names if name in cells), None)


def _empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _instant(cell: Cell, rule: FieldRule, zone: ZoneInfo) -> str:
    try:
        return instant_of(cell, rule.dates, zone).isoformat()
    except NotAnInstant:
        raise Unfit("not_an_unambiguous_instant") from None


def _meant(rule: FieldRule, text: str) -> str:
    found = (rule.table or {}).get(text, rule.otherwise)
    if found is None:
        raise Unfit("not_in_values")
    return found


def _text(cell: Cell, *, number: bool) -> str:
    """A cell as text. A spreadsheet's number is its digits; one too long to be exact is refused."""
    match cell:
        case bool():
            return str(cell).upper()
        case int() | float():
            return _digits(cell)
        case datetime() | date() | time():
            return str(cell)
        case _:
            text = str(cell).strip()
            return _unpointed(text) if number else text


def _digits(cell: float) -> str:
    if abs(cell) >= EXACT_BELOW:
        raise Unfit("number_lost_digits")
    return str(int(cell)) if float(cell).is_integer() else repr(cell)


def _unpointed(text: str) -> str:
    """Digits as they were before a spreadsheet made a number of them; one written with an exponent has lost some."""
    whole, point, rest = text.partition(".")
    if whole.isdecimal() and point and not rest.strip("0"):
        return whole
    if not text.isdecimal() and _is_number(text):
        raise Unfit("number_lost_digits")
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _put(body: dict[str, Any], target: str, value: str) -> None:
    outer, _, inner = target.partition(".")
    if inner:
        body.setdefault(outer, {})[inner] = value
    else:
        body[outer] = value
