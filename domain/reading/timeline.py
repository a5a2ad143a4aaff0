"""What happened to a case, as people read it: every event in a sentence, and between them what was refused. Pure.

The record is looked at from a `Vantage`: what was recorded by one instant, about what had happened by another. The same
events and the same words serve the API, the command line and the documents made of a case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from typing import Any, Literal
from uuid import UUID

from domain.people.actors import ROLE_NAMES, Actor
from domain.record.decider import Decider
from domain.record.envelope import Envelope, StoredEvent, check_chain, read
from domain.record.registry import REGISTRY
from domain.record.vault import Sealed
from domain.time.clock import Clock
from domain.time.clock_titles import CLOCK_VALUES, CLOCKS
from domain.value import Instant, Value, local
from domain.words import NONE, words_of

NOTICEABLE = timedelta(seconds=1)
"""From which delay on people are shown both times: a timer always rings a little after its instant."""

EntryKind = Literal["step", "clock", "refusal"]
"""What people or systems did; what became of a deadline; what a rule forbade."""


class RefusedCommand(Value):
    """A command a rule said no to, as the record of commands keeps it."""

    at: Instant
    account: str
    command: str
    code: str
    detail: str


class By(Value):
    """Who acted: the account, its roles and department in words, and for whom a substitute stood in."""

    account: str
    roles: tuple[str, ...]
    department: str
    department_name: str
    on_behalf_of: str | None


class TextLine(Value):
    """A personal text an event brought in. `text` only for readers who may read it and while it was not erased."""

    field: str
    title: str
    ref: UUID
    erased: bool
    text: str | None


class Moment(Value):
    """One event and where it left the case. `late`: it was recorded a second or more after it happened."""

    kind: Literal["step", "clock"]
    version: int
    recorded_at: Instant
    occurred_at: Instant
    late: bool
    migrated: str | None
    """The batch in which it came from another system, with its original time."""
    type: str
    title: str
    sentence: str
    by: By
    rule: str | None
    pack: str | None
    stage: str
    stage_title: str
    explanation: tuple[str, ...]
    """Why a deadline ends exactly then, line by line."""
    texts: tuple[TextLine, ...]
    hash: str
    data: dict[str, Any]


class Refusal(Value):
    """A command that changed nothing because a rule forbade it."""

    kind: Literal["refusal"] = "refusal"
    recorded_at: Instant
    account: str
    command: str
    title: str
    code: str
    sentence: str


Entry = Moment | Refusal


class Timeline(Value):
    """The history of a case from one vantage: `versions` events seen, `head` the hash the chain was recomputed to."""

    stream: str
    at: Instant | None
    happened: Instant | None
    versions: int
    head: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Vantage:
    """From where the record is looked at: as known at `at` (recording time), about what had happened by `happened`."""

    at: datetime | None = None
    happened: datetime | None = None

    @property
    def present(self) -> bool:
        """Everything that is known now."""
        return self.at is None and self.happened is None

    @property
    def instant(self) -> datetime | None:
        """The earlier of the two: what deadlines are judged by."""
        return min((until for until in (self.at, self.happened) if until is not None), default=None)

    def known(self, rows: Sequence[StoredEvent]) -> tuple[StoredEvent, ...]:
        """The rows recorded by then: always a whole beginning of the stream."""
        return tuple(row for row in rows if self.at is None or row.recorded_at <= self.at)

    def seen(self, rows: Sequence[StoredEvent]) -> tuple[StoredEvent, ...]:
        """The rows known from here, in recorded order, without what had not yet happened."""
        known = self.known(rows)
        if self.happened is None:
            return known
        return tuple(row for row in known if read(row).occurred_at <= self.happened)

    def admits(self, refused: RefusedCommand) -> bool:
        """Whether a refusal lies before both instants."""
        return all(until is None or refused.at <= until for until in (self.at, self.happened))


@dataclass(frozen=True)
class Reading:
    """What a reader gets besides codes: names of departments, texts open to the reader, and which are gone by now."""

    departments: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[UUID, str | None] = field(default_factory=dict)
    erased: frozenset[UUID] = frozenset()

    def text(self, ref: UUID) -> str | None:
        """The text behind a reference, as far as the reader may look."""
        return None if ref in self.erased else self.texts.get(ref)

    def department(self, code: str) -> str:
        """The name of a department; its code when it has none here."""
        return self.departments.get(code, code)


def tell(
    decider: Decider[Any],
    stream: str,
    rows: Sequence[StoredEvent],
    refusals: Sequence[RefusedCommand] = (),
    vantage: Vantage = Vantage(),
    reading: Reading = Reading(),
) -> Timeline:
    """Fold a history event by event. Raises `BrokenChain` when it does not hash to what it says."""
    head = check_chain(vantage.known(rows))
    seen = vantage.seen(rows)
    refused = (_refusal(decider, command) for command in refusals if vantage.admits(command))
    moments = _moments(decider, seen, reading)
    entries: tuple[Entry, ...] = tuple(merge(moments, refused, key=_recorded_at))
    return Timeline(
        stream=stream, at=vantage.at, happened=vantage.happened, versions=len(seen), head=head, entries=entries
    )


def lines(told: Timeline) -> Iterator[str]:
    """The timeline as lines for people, without any personal text."""
    yield f"案件 {told.stream}" + _vantage_line(told)
    for entry in told.entries:
        if isinstance(entry, Refusal):
            yield f"   ×  {local(entry.recorded_at)}  {entry.sentence}  {entry.account}  [{entry.code}]"
            continue
        yield (
            f"{entry.version:>4}  {local(entry.occurred_at)}  {entry.title}  〔{entry.stage_title}〕  "
            f"{by_line(entry.by)}{basis_line(entry)}  #{entry.hash[:12]}"
        )
        yield from (f"        {line}" for line in _below(entry))
    yield f"链校验通过,共 {told.versions} 条,链首 #{told.head[:12]}"


def by_line(by: By) -> str:
    """`部门分派员 assigner.market.370102@历下区市场监督管理局`, with whom a substitute stands in for."""
    substitute = f"(代 {by.on_behalf_of})" if by.on_behalf_of else ""
    return f"{'、'.join(by.roles)} {by.account}@{by.department_name}{substitute}"


def basis_line(moment: Moment) -> str:
    """` 依据 rule(pack)`, or nothing."""
    return f" 依据 {moment.rule}({moment.pack})" if moment.rule else ""


def texts_in(value: Any, name: str = "text") -> Iterator[tuple[str, Sealed]]:
    """Every sealed text inside an event or a state, with the field that holds it."""
    if isinstance(value, Sealed):
        yield name, value
    elif isinstance(value, Value):
        for inner in type(value).model_fields:
            yield from texts_in(getattr(value, inner), inner)
    elif isinstance(value, tuple):
        for entry in value:
            yield from texts_in(entry, name)


def shown(name: str, value: Any, reading: Reading = Reading(), words: Mapping[str, str] = NONE) -> str:
    """A value of a field as people read it: titles for codes, names for departments, Beijing time.

    `words` are those of the field (`domain.words.words_of`); clocks have theirs by name.
    """
    match value:
        case None:
            return "无"
        case bool():
            return "是" if value else "否"
        case datetime():
            return local(value)
        case Sealed(ref=ref):
            return reading.text(ref) or f"文本 {ref}"
        case Clock(id=id_):
            return clock_title(id_)
        case str() if name == "clock":
            return clock_title(value)
        case tuple() | list():
            return "、".join(shown(name, entry, reading, words) for entry in value) or "无"
        case str():
            return _coded(name, value, reading, words)
        case _:
            return str(value)


def clock_title(id_: str) -> str:
    """`签收期限`, of the clock `sign_for-2`."""
    kind = id_.rpartition("-")[0]
    return f"{CLOCKS.get(kind, kind)}期限"


def _coded(name: str, value: str, reading: Reading, words: Mapping[str, str]) -> str:
    if name in _DEPARTMENT_FIELDS:
        return reading.department(value)
    return (words or _VALUES.get(name, NONE)).get(value, value)


_DEPARTMENT_FIELDS = frozenset({"department", "departments", "lead", "owed_by", "responsible"})
_VALUES: dict[str, Mapping[Any, str]] = {
    **CLOCK_VALUES,
    "kind": CLOCKS,
    "marks": CLOCK_VALUES["mark"],
    "reached": CLOCK_VALUES["mark"],
    "role": ROLE_NAMES,
}
_COUNTED = frozenset({"cases", "evidence", "texts"})
"""Fields of which a sentence says only how many there are."""


def _moments(decider: Decider[Any], rows: Sequence[StoredEvent], reading: Reading) -> Iterator[Moment]:
    state = decider.initial()
    for row in rows:
        envelope = read(row)
        state = decider.evolve(state, envelope.happened)
        yield _moment(decider, row, envelope, decider.summary(state).stage, reading)


def _moment(decider: Decider[Any], row: StoredEvent, envelope: Envelope, stage: str, reading: Reading) -> Moment:
    event, basis = envelope.event, envelope.basis
    return Moment(
        kind="clock" if row.type.startswith("clock.") else "step",
        version=row.version,
        recorded_at=envelope.recorded_at,
        occurred_at=envelope.occurred_at,
        late=envelope.recorded_at - envelope.occurred_at >= NOTICEABLE,
        migrated=envelope.migrated,
        type=row.type,
        title=REGISTRY.title_of(row.type),
        sentence=said(row.type, event, reading, decider.fields),
        by=_by(envelope.actor, reading),
        rule=basis.rule if basis else None,
        pack=basis.pack if basis else None,
        stage=stage,
        stage_title=decider.stage_title(stage),
        explanation=tuple(step.text for step in event.clock.steps) if _carries_clock(event) else (),
        texts=tuple(_text_line(decider, name, sealed, reading) for name, sealed in texts_in(event) if name != "texts"),
        hash=row.hash,
        data=event.model_dump(mode="json", exclude_none=True),
    )


def said(type_: str, event: Value, reading: Reading, fields: Mapping[str, str] = NONE) -> str:
    """What an event says, in a sentence."""
    return REGISTRY.sentence_of(type_).format_map(_Said(event, reading, fields))


class _Said(dict[str, str]):
    """The fields of an event in words, as far as a sentence asks for them."""

    def __init__(self, event: Value, reading: Reading, fields: Mapping[str, str]) -> None:
        super().__init__()
        self._event, self._reading, self._fields = event, reading, fields

    def __missing__(self, name: str) -> str:
        if name == "changed":
            return "、".join(self._changed())
        clock = getattr(self._event, "clock", None)
        if isinstance(clock, Clock) and name != "clock":
            return shown(name, getattr(clock, name), self._reading)
        value = getattr(self._event, name)
        if name in _COUNTED:
            return f"{len(value)} 件"
        if value is None and name in _DEPARTMENT_FIELDS:
            return "分办机构"
        return shown(name, value, self._reading, words_of(type(self._event), name))

    def _changed(self) -> Iterator[str]:
        """The facts a correction gives anew."""
        for name in type(self._event).model_fields:
            if name != "reason" and getattr(self._event, name) is not None:
                yield self._fields.get(name, name)


def _carries_clock(event: Value) -> bool:
    return isinstance(getattr(event, "clock", None), Clock)


def _by(actor: Actor, reading: Reading) -> By:
    return By(
        account=actor.account,
        roles=tuple(ROLE_NAMES[role] for role in actor.roles),
        department=actor.department,
        department_name=reading.department(actor.department),
        on_behalf_of=actor.on_behalf_of,
    )


def _text_line(decider: Decider[Any], name: str, sealed: Sealed, reading: Reading) -> TextLine:
    erased = sealed.ref in reading.erased
    return TextLine(
        field=name, title=decider.field_title(name), ref=sealed.ref, erased=erased, text=reading.text(sealed.ref)
    )


def _recorded_at(entry: Entry) -> datetime:
    return entry.recorded_at


def _refusal(decider: Decider[Any], command: RefusedCommand) -> Refusal:
    title = decider.command_title(command.command)
    return Refusal(
        recorded_at=command.at,
        account=command.account,
        command=command.command,
        title=title,
        code=command.code,
        sentence=f"拒绝“{title}”:{command.detail}",
    )


def _below(moment: Moment) -> Iterator[str]:
    """What stands under the line of an event."""
    if moment.sentence != moment.title:
        yield moment.sentence
    if moment.migrated:
        yield f"由原系统迁入,批次 {moment.migrated}"
    if moment.late:
        yield f"记录于 {local(moment.recorded_at)}"
    yield from (f"说明: {line}" for line in moment.explanation)
    yield from (f"{line.title}: {'已删除' if line.erased else '文本'} {line.ref}" for line in moment.texts)


def _vantage_line(told: Timeline) -> str:
    known = f"截至 {local(told.at)} 所知" if told.at else ""
    happened = f"{local(told.happened)} 前发生的事项" if told.happened else ""
    both = "、".join(filter(None, (known, happened)))
    return f"({both})" if both else ""
