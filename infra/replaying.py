"""`xiezhi replay CASE`: what happened to a case, in order, from the record alone. Texts appear only as references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.actors import ROLE_NAMES
from domain.cases import DECIDERS
from domain.envelope import Envelope, StoredEvent, check_chain, read
from domain.ids import kind_of
from domain.titles import STAGES
from domain.value import SHANGHAI

EVENT_NAMES = {
    "clue.registered": "登记",
    "clue.answered": "直接答复",
    "clue.sent_back": "退回来源",
    "clue.dispatched": "分办",
    "clue.signed_for": "签收",
    "clue.returned": "退回",
    "clue.assigned": "分派承办人",
    "clue.taken_up": "接办",
    "clue.verification_opened": "启动核查",
    "clue.findings_recorded": "记录核查情况",
    "clue.verification_concluded": "作出核查结论",
    "clue.disposition_proposed": "提出处置意见",
    "clue.disposition_approved": "批准处置",
    "clue.disposition_rejected": "驳回处置",
    "clue.fed_back": "反馈",
    "clue.completed": "办结",
    "clue.archived": "归档",
    "clue.reopened": "重新办理",
    "clue.text_erased": "删除个人信息文本",
    "clock.started": "期限起算",
    "clock.stopped": "期限终止",
    "clock.warned": "期限预警",
    "clock.expired": "期限届满",
    "clock.escalated": "逐级催办",
}


@dataclass(frozen=True)
class Moment:
    """One event and where it left the case."""

    version: int
    recorded_at: str
    occurred_at: str
    type: str
    title: str
    account: str
    roles: tuple[str, ...]
    department: str
    rule: str | None
    pack: str | None
    stage: str
    stage_title: str
    hash: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Replay:
    """The timeline of a case, its chain recomputed on the way."""

    stream: str
    at: str | None
    head: str
    moments: tuple[Moment, ...]


def replay(stream: str, rows: Sequence[StoredEvent], at: datetime | None = None) -> Replay:
    """Fold a history event by event. Raises `BrokenChain` when it does not hash to what it says."""
    known = tuple(row for row in rows if at is None or row.recorded_at <= at)
    head = check_chain(known)
    return Replay(stream, at.isoformat() if at else None, head, tuple(_moments(stream, known)))


def timeline(told: Replay) -> Iterator[str]:
    """The replay as lines for people."""
    yield f"案件 {told.stream}" + (f"(截至 {_local(told.at)} 所知)" if told.at else "")
    for moment in told.moments:
        by = f"{'、'.join(moment.roles)} {moment.account}@{moment.department}"
        rule = f" 依据 {moment.rule}({moment.pack})" if moment.rule else ""
        yield (
            f"{moment.version:>4}  {_local(moment.occurred_at)}  {moment.title}  〔{moment.stage_title}〕  "
            f"{by}{rule}  #{moment.hash[:12]}"
        )
        yield from (f"        {name}: {value}" for name, value in _shown(moment.data))
    yield f"链校验通过,共 {len(told.moments)} 条,链首 #{told.head[:12]}"


def _moments(stream: str, rows: Sequence[StoredEvent]) -> Iterator[Moment]:
    decider = DECIDERS[kind_of(stream)]
    state = decider.initial()
    for row in rows:
        envelope = read(row)
        state = decider.evolve(state, envelope.happened)
        yield _moment(row, envelope, decider.summary(state).stage)


def _moment(row: StoredEvent, envelope: Envelope, stage: str) -> Moment:
    actor, basis = envelope.actor, envelope.basis
    return Moment(
        version=row.version,
        recorded_at=envelope.recorded_at.isoformat(),
        occurred_at=envelope.occurred_at.isoformat(),
        type=row.type,
        title=EVENT_NAMES.get(row.type, row.type),
        account=actor.account,
        roles=tuple(ROLE_NAMES[role] for role in actor.roles),
        department=actor.department,
        rule=basis.rule if basis else None,
        pack=basis.pack if basis else None,
        stage=stage,
        stage_title=STAGES.get(stage, stage),
        hash=row.hash,
        data=envelope.event.model_dump(mode="json", exclude_none=True),
    )


def _shown(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields of an event in one line each: a text as its reference, a clock as its instants and explanation."""
    for name, value in data.items():
        if isinstance(value, dict) and value.keys() == {"ref", "commitment"}:
            yield name, f"文本 {value['ref']}"
        elif name == "clock" and isinstance(value, dict):
            yield "期限", f"{value['id']} 由 {value['owed_by']} 承担,{_local(value['due_at'])} 届满"
            yield from (("说明", step["text"]) for step in value["steps"])
        elif isinstance(value, list):
            yield name, f"{len(value)} 项"
        else:
            yield name, str(value)


def _local(instant: str | None) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if instant else ""
