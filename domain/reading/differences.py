"""How a case stood at two points of its record, side by side: what differs, with both values in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import Malformed, XiezhiError
from domain.reading.timeline import Reading, clock_title, shown, texts_in
from domain.record.decider import Decider, fold
from domain.record.envelope import StoredEvent, read
from domain.record.vault import Sealed
from domain.time.case_clocks import TimedClock
from domain.value import Value, local
from domain.words import words_of

_NOT_STATE = frozenset({"clocks", "texts", "erased", "reporters", "corrections", "seen"})
"""Parts of a dossier that are compared by name instead of by place, or only repeat others."""
_CLOCK_FIELDS = ("owed_by", "rule", "started_at", "warn_at", "due_at", "breach_at")
_TIMED_FIELDS = ("reached", "paused", "stopped_at", "outcome")
_VERSION = re.compile(r"v(\d{1,9})")


class NotYetKnown(XiezhiError):
    """Nothing was recorded by that point."""

    code = "not_yet_known"


class Difference(Value):
    """One place where two states differ. `before` and `after` are JSON, None for what was not there."""

    at: str
    title: str
    before: Any
    after: Any
    before_title: str
    after_title: str


@dataclass(frozen=True)
class Point:
    """A point of a record: a version, or what was recorded by an instant."""

    version: int | None = None
    at: datetime | None = None

    @classmethod
    def of(cls, text: str, name: str) -> Point:
        """`v12`, or an instant with a zone (RFC 3339). Raises `Malformed` that names the parameter."""
        if found := _VERSION.fullmatch(text):
            return cls(version=int(found[1]))
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise Malformed([{"at": name, "problem": "not_a_point"}])
        return cls(at=at)

    def known(self, rows: tuple[StoredEvent, ...]) -> tuple[StoredEvent, ...]:
        """The beginning of the stream up to here. Raises `NotYetKnown` when there is none."""
        upto = tuple(
            row
            for row in rows
            if (self.version is None or row.version <= self.version) and (self.at is None or row.recorded_at <= self.at)
        )
        if not upto:
            raise NotYetKnown("所查时刻该案件尚未登记")
        return upto


def differences(
    decider: Decider[Any], before: tuple[StoredEvent, ...], after: tuple[StoredEvent, ...], reading: Reading
) -> tuple[Difference, ...]:
    """What differs between two beginnings of one stream, state first, then deadlines, then texts."""
    words = _Words(decider, reading)
    return tuple(_compare((), _picture(decider, before), _picture(decider, after), words))


Picture = dict[str, Any]
Path = tuple[str, ...]


def _picture(decider: Decider[Any], rows: tuple[StoredEvent, ...]) -> Picture:
    """A state as nested dictionaries of plain values: clocks and texts under their names, the rest under its fields."""
    envelopes = [read(row) for row in rows]
    state = fold(decider, [envelope.happened for envelope in envelopes])
    plain = _plain(state)
    dossier = plain.pop("dossier", {})
    gone = {sealed.ref for envelope in envelopes for sealed in decider.erased(envelope.event)}
    texts = {
        str(sealed.ref): {"text": sealed, "name": name, "erased": sealed.ref in gone}
        for envelope in envelopes
        for name, sealed in texts_in(envelope.event)
        if name != "texts"
    }
    return {
        "stage": decider.summary(state).stage,
        **{name: value for name, value in dossier.items() if name not in _NOT_STATE},
        **plain,
        "clocks": {timed.clock.id: _clock(timed) for timed in decider.clocks(state)},
        "texts": texts,
    }


def _plain(value: Any) -> Any:
    """Values as dictionaries, sequences as dictionaries by number; instants and texts stay what they are."""
    if isinstance(value, Sealed):
        return value
    if isinstance(value, Value):
        shape = type(value)
        return {name: _coded(_plain(getattr(value, name)), words_of(shape, name)) for name in shape.model_fields}
    if isinstance(value, tuple) and any(isinstance(entry, Value) for entry in value):
        return {str(number): _plain(entry) for number, entry in enumerate(value, 1)}
    return list(value) if isinstance(value, tuple) else value


def _clock(timed: TimedClock) -> Picture:
    return {
        "kind": timed.clock.kind,
        **{name: getattr(timed.clock, name) for name in _CLOCK_FIELDS},
        **{name: _plain(getattr(timed, name, None)) for name in _TIMED_FIELDS},
    }


_ABSENT: Any = None


def _compare(path: Path, before: Any, after: Any, words: _Words) -> Iterator[Difference]:
    """Down both sides; what stands on one side only is told whole, where people would say it in one breath."""
    if before == after:
        return
    one_sided = before is _ABSENT or after is _ABSENT
    if _is_whole(path) and one_sided:
        yield words.difference(path, before, after)
    elif isinstance(before, dict) or isinstance(after, dict):
        left, right = _sides(before), _sides(after)
        for name in dict.fromkeys((*right, *left)):
            yield from _compare((*path, name), left.get(name), right.get(name), words)
    else:
        yield words.difference(path, before, after)


def _sides(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_whole(path: Path) -> bool:
    return len(path) == 2 and path[0] in ("clocks", "texts")


@dataclass(frozen=True)
class _Words:
    """How a noun says what differs."""

    decider: Decider[Any]
    reading: Reading

    def difference(self, path: Path, before: Any, after: Any) -> Difference:
        """One place with both values."""
        return Difference(
            at=".".join(path),
            title=self._title(path, before or after),
            before=_json(before, self.reading),
            after=_json(after, self.reading),
            before_title=self._value(path, before),
            after_title=self._value(path, after),
        )

    def _title(self, path: Path, value: Any) -> str:
        """`承办人`, `核查处理期限 handling-3 · 结果`, `核查情况 2 · 证据 1 · 证据摘要`, `答复`."""
        named = self.decider.field_title
        match path:
            case ("clocks", name, *rest):
                return " · ".join((f"{clock_title(name)} {name}", *map(named, rest)))
            case ("texts", _) if isinstance(value, dict):
                return named(value["name"])
            case ("texts", _, *rest):
                return " · ".join(("文本", *(_TEXT_FIELDS.get(part, part) for part in rest)))
        told: list[str] = []
        for part in path:
            if part.isdigit() and told:
                told[-1] = f"{told[-1]} {part}"
            else:
                told.append(named(part))
        return " · ".join(told)

    def _value(self, path: Path, value: Any) -> str:
        if isinstance(value, dict) and path[0] == "clocks":
            state = shown("outcome", value["outcome"]) if value["stopped_at"] else "进行中"
            return f"{shown('owed_by', value['owed_by'], self.reading)} 承担,{local(value['due_at'])} 届满,{state}"
        if isinstance(value, dict):
            return "已删除" if value["erased"] else shown("text", value["text"], self.reading)
        if path == ("stage",):
            return self.decider.stage_title(value)
        if isinstance(value, _Coded):
            return value.word
        return shown(next(part for part in reversed(path) if not part.isdigit()), value, self.reading)


class _Coded(str):
    """A code that knows what it is called."""

    word: str


def _coded(value: Any, words: Mapping[str, str]) -> Any:
    if not isinstance(value, str) or value not in words:
        return value
    code = _Coded(value)
    code.word = words[value]
    return code


_TEXT_FIELDS = {"erased": "已删除"}


def _json(value: Any, reading: Reading) -> Any:
    """The value for programs, texts opened as far as the reader may look."""
    match value:
        case Sealed(ref=ref):
            return {"ref": str(ref), "erased": ref in reading.erased, "text": reading.text(ref)}
        case datetime():
            return value.isoformat()
        case dict():
            return {name: _json(entry, reading) for name, entry in value.items()}
        case list():
            return [_json(entry, reading) for entry in value]
        case _:
            return value
