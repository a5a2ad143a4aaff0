"""Why a clock of a case ends when it ends and what became of it: as data, and as one sentence in Chinese. Pure.

Everything comes from the record: the clock as its events carry it, and the events themselves. Only the article behind
the rule is looked up in a rule pack, and the answer says in which.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.errors import UnknownClock
from domain.reading.timeline import Reading, clock_title, said
from domain.record.decider import Decider
from domain.record.envelope import Envelope, StoredEvent, read
from domain.record.registry import REGISTRY
from domain.time.case_clocks import TimedClock
from domain.time.citation import Citation, length_told
from domain.time.clock import Clock
from domain.time.clock_events import ClockStarted
from domain.time.clock_titles import CLOCK_VALUES
from domain.time.counting import NEVER
from domain.time.rules import Length, PauseGround, RulePack
from domain.time.steps import Excluded, Extended, Step, sentence
from domain.value import Instant, Value, local


class ClockMoment(Value):
    """Something that became of the clock, with its business time."""

    at: Instant
    version: int
    type: str
    title: str
    text: str


class Explanation(Value):
    """A clock explained. `id` is `<case>.<clock>`; instants are null where the rule gives no number.

    `due_at` is what the rule asks for, `breach_at` what is held against the department; `open_day_type`: they differ
    because the instrument does not say which days it means. `provisional` rests on days whose holidays were not
    published, `provisional_because` says which. `steps` explain the count day by day; `happened` is what time and
    people brought; `state` is judged at the instant of asking.
    """

    id: str
    stream: str
    clock: str
    kind: str
    title: str
    about: str | None
    owed_by: str
    owed_by_name: str
    started_at: Instant
    started_by: str
    rule: str
    pack: str
    citation: Citation | None
    """None: the pack in force now has no such row any more."""
    certainty: str
    standing: str
    length: str
    calendar: str
    steps: tuple[Step, ...]
    excluded: tuple[Excluded, ...]
    extended: tuple[Extended, ...]
    paused_since: Instant | None
    paused_ground: PauseGround | None
    warn_points: tuple[Instant, ...]
    due_at: Instant | None
    breach_at: Instant | None
    open_day_type: bool
    provisional: bool
    provisional_because: str | None
    happened: tuple[ClockMoment, ...]
    state: str
    state_title: str
    stopped_at: Instant | None
    outcome: str | None
    sentence: str


def explain(
    decider: Decider[Any],
    stream: str,
    name: str,
    rows: Sequence[StoredEvent],
    pack: RulePack,
    now: datetime,
    reading: Reading,
) -> Explanation:
    """Explain a clock of a case from its whole record. Raises `UnknownClock`."""
    envelopes, state = [read(row) for row in rows], decider.initial()
    for envelope in envelopes:
        state = decider.evolve(state, envelope.happened)
    timed = next((timed for timed in decider.clocks(state) if timed.clock.id == name), None)
    if timed is None:
        raise UnknownClock(f"案件 {stream} 没有期限 {name}")
    return _explained(stream, timed, rows, envelopes, pack, now, reading)


def _explained(
    stream: str,
    timed: TimedClock,
    rows: Sequence[StoredEvent],
    envelopes: Sequence[Envelope],
    pack: RulePack,
    now: datetime,
    reading: Reading,
) -> Explanation:
    clock, paused, state = timed.clock, timed.paused, _state(timed, now)
    row = next((rule for rule in pack.rules if rule.id == clock.rule), None)
    citation = Citation.of(row, pack) if row else None
    return Explanation(
        id=f"{stream}.{clock.id}",
        stream=stream,
        clock=clock.id,
        kind=clock.kind,
        title=clock_title(clock.id),
        about=clock.about,
        owed_by=clock.owed_by,
        owed_by_name=reading.department(clock.owed_by),
        started_at=clock.started_at,
        started_by=_started_by(clock, rows, envelopes),
        rule=clock.rule,
        pack=clock.pack,
        citation=citation,
        certainty=clock.certainty,
        standing=clock.standing,
        length=length_told(clock.terms.length),
        calendar=clock.calendar,
        steps=clock.steps,
        excluded=clock.excluded,
        extended=clock.extended,
        paused_since=paused.since if paused else None,
        paused_ground=paused.ground if paused else None,
        warn_points=clock.warn_points,
        due_at=_instant(clock.due_at),
        breach_at=_instant(clock.breach_at),
        open_day_type=isinstance(clock.terms.length, Length) and clock.terms.length.day == "unspecified_days",
        provisional=clock.provisional,
        provisional_because=_unsure(clock) if clock.provisional else None,
        happened=_happened(clock, rows, envelopes, reading),
        state=state,
        state_title=_STATES[state],
        stopped_at=timed.stopped_at,
        outcome=timed.outcome,
        sentence=_told(timed, citation, _STATES[state], reading),
    )


_STATES = {**CLOCK_VALUES["clock_state"], "settled": CLOCK_VALUES["outcome"]["settled"]}


def _state(timed: TimedClock, now: datetime) -> str:
    """How the clock stands; paused and overdue both hold at once, and overdue says more."""
    if timed.outcome is not None:
        return timed.outcome
    if timed.clock.overdue(timed.paused.since if timed.paused else now):
        return "overdue"
    if timed.paused:
        return "paused"
    return "due_soon" if any(at <= now for at in timed.clock.warn_points) else "running"


def _started_by(clock: Clock, rows: Sequence[StoredEvent], envelopes: Sequence[Envelope]) -> str:
    """The title of the step that started it: the last one before the clock's own first event."""
    step = ""
    for row, envelope in zip(rows, envelopes, strict=True):
        if isinstance(envelope.event, ClockStarted) and envelope.event.clock.id == clock.id:
            return step
        if not row.type.startswith("clock."):
            step = REGISTRY.title_of(row.type)
    return step


def _happened(
    clock: Clock, rows: Sequence[StoredEvent], envelopes: Sequence[Envelope], reading: Reading
) -> tuple[ClockMoment, ...]:
    """Every event of the clock, in the order of the record."""
    return tuple(
        ClockMoment(
            at=envelope.occurred_at,
            version=row.version,
            type=row.type,
            title=REGISTRY.title_of(row.type),
            text=said(row.type, envelope.event, reading),
        )
        for row, envelope in zip(rows, envelopes, strict=True)
        if row.type.startswith("clock.") and _about(envelope.event) == clock.id
    )


def _about(event: Any) -> str:
    return event.clock if isinstance(event.clock, str) else str(event.clock.id)


def _instant(at: datetime) -> datetime | None:
    return None if at == NEVER else at


def _unsure(clock: Clock) -> str:
    """Why the instants are provisional; a last day that would roll on is unsure too, without a day being skipped."""
    unknown = [step.text for step in clock.steps if step.what == "unknown_calendar"]
    return "；".join(unknown) or "末日附近的放假安排不在日历内，结果为暂定"


def _told(timed: TimedClock, citation: Citation | None, state: str, reading: Reading) -> str:
    """Who owes what on which ground; the count; how it stands."""
    clock = timed.clock
    ground = f"，{citation.told}" if citation else f"，{CLOCK_VALUES['certainty'][clock.certainty]}"
    if citation and citation.pack != clock.pack:
        ground = f"{ground}，出处据现行 {citation.pack}"
    head = (
        f"{clock_title(clock.id)}由{reading.department(clock.owed_by)}承担，"
        f"依据规则 {clock.rule}（{clock.pack}{ground}），按工作日历 {clock.calendar} 计算"
    )
    counted = sentence(clock.steps).removesuffix("。")
    return f"{head}：{counted}；{_standing(timed, state)}。"


def _standing(timed: TimedClock, state: str) -> str:
    if timed.stopped_at is not None:
        return f"已于 {local(timed.stopped_at)} 终止：{state}"
    resting = (
        f"，自 {local(timed.paused.since)} 起因{CLOCK_VALUES['ground'][timed.paused.ground]}中止"
        if timed.paused
        else ""
    )
    climbed = f"，已催办至第{timed.level}级" if timed.level else ""
    return f"目前{state}{resting}{climbed}"
