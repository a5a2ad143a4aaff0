"""Holds the record, the client's log and the processes to what is promised: the record leads (ADR 3), ids follow the
command (ADR 5), nothing is lost and nothing happens twice.

A separate reader: it sees only what `tests.support.snapshot` read from PostgreSQL and Temporal, and the log the client
wrote. Hashes are recomputed here, not by the code under test. Each check returns sentences; none means all is well.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import rfc8785

from domain.clue import CLUE
from domain.record.decider import next_alarm
from domain.record.envelope import Envelope, read
from domain.record.ids import NAMESPACE, kind_of
from domain.time.case_clocks import TimedClock
from domain.time.clock import marks
from domain.time.clock_events import (
    ClockEscalated,
    ClockExpired,
    ClockPassedOver,
    ClockRevived,
    ClockStopped,
    ClockWarned,
)
from tests.support.snapshot import EffectRow, Process, Snapshot

SYSTEM_ACCOUNT = "system"
_SHOWN = 5
_CLOCK_COLUMNS = (
    "kind", "rule", "pack", "certainty", "standing", "owed_by",
    "started_at", "warn_at", "due_at", "breach_at", "provisional",
)  # fmt: skip


@dataclass
class Findings:
    """What the auditor found, by invariant."""

    by_check: dict[str, list[str]] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not any(self.by_check.values())

    def without(self, excused: Callable[[str], bool]) -> "Findings":
        """The same, less the sentences a test expects because of what it did itself."""
        left = {check: [text for text in found if not excused(text)] for check, found in self.by_check.items()}
        return Findings(left, self.counted)

    def __str__(self) -> str:
        lines = [f"{name}: {count}" for name, count in self.counted.items()]
        for check, found in self.by_check.items():
            lines.append(f"{check}: {'holds' if not found else f'{len(found)} violations'}")
            lines += [f"    {sentence}" for sentence in found[:_SHOWN]]
        return "\n".join(lines)


@dataclass(frozen=True)
class Stream:
    """One case as the record tells it."""

    name: str
    envelopes: tuple[Envelope, ...]
    state: Any
    clocks: tuple[TimedClock, ...]
    effects: frozenset[UUID]


def audit(
    snapshot: Snapshot,
    log: Sequence[dict[str, Any]] = (),
    processes: dict[str, Process] | None = None,
    *,
    lateness: timedelta = timedelta(seconds=30),
) -> Findings:
    """Every invariant. `lateness`: how late a mark of a running clock may be; processes None: not looked at."""
    broken = chains(snapshot)
    findings = Findings(by_check={"versions gapless, chains and heads verify": broken})
    if broken:
        return findings  # what does not hash cannot be folded
    streams = [_retold(snapshot, name) for name in snapshot.events if kind_of(name) == CLUE.kind]
    findings.by_check |= {
        "every answered command in the record exactly once": acknowledged(snapshot, log),
        "case rows and clocks equal a rebuild": rows(snapshot, streams),
        "effects done exactly once": effects(snapshot, streams),
        "no mark of a clock early, doubled or lost": timing(snapshot, streams, lateness),
    }
    if processes is not None:
        findings.by_check["every process at its stream's head"] = followed(snapshot, streams, processes)
    findings.counted = {
        "streams": len(streams),
        "events": sum(len(stream.envelopes) for stream in streams),
        "answered commands": len(log),
        "effects": len(snapshot.effects),
        "marks": sum(len(timed.reached) for stream in streams for timed in stream.clocks),
    }
    return findings


def chains(snapshot: Snapshot) -> list[str]:
    """Versions 1..n, canonical text, hash over the previous hash and the text, times never back, columns as in it."""
    wrong = []
    for name, stored in snapshot.events.items():
        previous, before = "0" * 64, None
        for number, row in enumerate(stored, 1):
            body = json.loads(row.body)
            previous = hashlib.sha256(f"{previous}\n{row.body}".encode()).hexdigest()
            told = datetime.fromisoformat(body["recorded_at"])
            problems = {
                "version": row.version != number or body["version"] != number,
                "stream": body["stream"] != name,
                "hash": row.hash != previous,
                "canonical text": rfc8785.dumps(body).decode() != row.body,
                "columns": body["type"] != row.type or told != row.recorded_at,
                "time": before is not None and told < before,
            }
            wrong += [f"{name} version {number}: {problem}" for problem, is_so in problems.items() if is_so]
            before = told
        if snapshot.heads.get(name) != (len(stored), previous):
            wrong.append(f"{name}: head says {snapshot.heads.get(name)}, events end at {len(stored)}")
    wrong += [f"{name}: a head without events" for name in snapshot.heads.keys() - snapshot.events.keys()]
    ids = Counter(json.loads(row.body)["id"] for stored in snapshot.events.values() for row in stored)
    return wrong + [f"event id {name} {count} times" for name, count in ids.items() if count > 1]


def acknowledged(snapshot: Snapshot, log: Sequence[dict[str, Any]]) -> list[str]:
    """Recorded ones with exactly the versions that were answered, others with nothing of their own, no key twice."""
    made: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for name, stored in snapshot.events.items():
        for row in stored:
            body = json.loads(row.body)
            made[body["command"]].append((name, row.version, body["actor"]["account"]))
    wrong = []
    for (account, key), lines in _grouped(log).items():
        line, command = lines[-1], str(uuid5(NAMESPACE, f"command\n{account}\n{key}"))
        events = sorted(made[command])
        own = [entry for entry in events if entry[2] != SYSTEM_ACCOUNT]
        if len(lines) > 1:
            wrong.append(f"{account} {line['slug']} was answered {len(lines)} times under one key")
        match line["status"]:
            case "recorded":
                told = [(line["stream"], version) for version in range(line["first"], line["last"] + 1)]
                if [entry[:2] for entry in events] != told or not own:
                    wrong.append(f"{account} {line['slug']} answered {told}, the record has {events}")
            case "unchanged" | "refused":
                if own:
                    wrong.append(f"{account} {line['slug']} was {line['status']}, yet the record has {own}")
        if line["status"] != "unknown" and (account, key) not in snapshot.commands:
            wrong.append(f"{account} {line['slug']}: its key is not in the record of commands")
    return wrong


def rows(snapshot: Snapshot, streams: Iterable[Stream]) -> list[str]:
    """Case rows and clock rows against a fold of the events."""
    wrong, known_clocks = [], set()
    for stream in streams:
        alarm = next_alarm(CLUE, stream.state)
        entry = CLUE.summary(stream.state).model_dump()
        case = entry | {"version": len(stream.envelopes)}
        wrong += _differences(stream.name, "case row", snapshot.cases.get(stream.name), case)
        expected = {name: entry[name] for name in ("kind", "stage", "responsible", "closed")} | {
            "version": len(stream.envelopes),
            "head_hash": snapshot.heads[stream.name][1],
            "alarm_clock": alarm and alarm.clock,
            "alarm_mark": alarm and alarm.mark,
            "alarm_at": alarm and alarm.at,
        }
        wrong += _differences(stream.name, "row of what is followed", snapshot.followed.get(stream.name), expected)
        for timed in stream.clocks:
            key = (stream.name, timed.clock.id)
            known_clocks.add(key)
            shown = timed.clock.model_dump(include=set(_CLOCK_COLUMNS)) | {
                "reached": [str(mark) for mark in timed.reached],
                "stopped_at": timed.stopped_at,
                "outcome": timed.outcome,
                "paused_at": timed.paused.since if timed.paused else None,
            }
            wrong += _differences(stream.name, f"clock {timed.clock.id}", snapshot.clocks.get(key), shown)
    wrong += [f"{name}: a case row without events" for name in snapshot.cases.keys() - snapshot.events.keys()]
    return wrong + [f"{key}: a clock row without its event" for key in snapshot.clocks.keys() - known_clocks]


def _differences(stream: str, what: str, row: Mapping[str, Any] | None, expected: Mapping[str, Any]) -> list[str]:
    if row is None:
        return [f"{stream}: no {what}"]
    return [
        f"{stream}: {what} has {column} {row.get(column)!r}, the record says {value!r}"
        for column, value in expected.items()
        if row.get(column) != (list(value) if isinstance(value, tuple) else value)
    ]


def effects(snapshot: Snapshot, streams: Iterable[Stream]) -> list[str]:
    """One row for each effect the record yields, done, with one inbox row or one feedback file."""
    expected = {identity: stream.name for stream in streams for identity in stream.effects}
    wrong = [f"{expected[one]}: effect {one} has no row" for one in expected.keys() - snapshot.effects.keys()]
    wrong += [f"effect {one} follows from no event" for one in snapshot.effects.keys() - expected.keys()]
    told = Counter(snapshot.inbox)
    sent = Counter(snapshot.feedback)
    for identity, row in snapshot.effects.items():
        wrong += [f"{row.stream}: {problem}" for problem in _effect_problems(identity, row, told, sent, snapshot)]
    kinds = {"notify": told, "send_feedback": sent}
    for kind, seen in kinds.items():
        stray = [one for one in seen if one not in snapshot.effects or snapshot.effects[one].kind != kind]
        wrong += [f"{kind} {one} was done for no effect" for one in stray]
    return wrong


def _effect_problems(
    identity: UUID, row: EffectRow, told: Counter[UUID], sent: Counter[UUID], snapshot: Snapshot
) -> list[str]:
    if row.done_at is None:
        return [f"{row.kind} {identity} is not done"]
    if row.outcome not in (None, "done"):
        return [f"{row.kind} {identity} ended as {row.outcome}"]
    if row.kind == "notify" and told[identity] != 1:
        return [f"notify {identity} stands {told[identity]} times in inboxes"]
    if row.kind == "send_feedback" and snapshot.feedback_read and sent[identity] != 1:
        return [f"send_feedback {identity} was handed over {sent[identity]} times"]
    return []


def timing(snapshot: Snapshot, streams: Iterable[Stream], lateness: timedelta) -> list[str]:
    """Each instant of each clock: recorded once, as of the instant, not before it, and before the clock stopped."""
    wrong = []
    for stream in streams:
        seen: dict[tuple[str, str], list[Envelope]] = defaultdict(list)
        stopped: dict[str, Envelope] = {}
        passed: set[tuple[str, str]] = set()
        for envelope in stream.envelopes:
            if isinstance(envelope.event, ClockStopped):
                stopped[envelope.event.clock] = envelope
            elif isinstance(envelope.event, ClockRevived):
                del stopped[envelope.event.clock]
            elif isinstance(envelope.event, ClockPassedOver):
                passed |= {(envelope.event.clock, str(mark)) for mark in envelope.event.marks}
            elif (mark := _mark_of(envelope.event)) is not None:
                seen[mark].append(envelope)
        for timed in stream.clocks:
            end = stopped.get(timed.clock.id)
            wrong += [
                f"{stream.name}: {text}" for text in _mark_problems(timed, end, seen, passed, snapshot.now, lateness)
            ]
        known = {(timed.clock.id, str(mark)) for timed in stream.clocks for _, mark in marks(timed.clock)}
        wrong += [f"{stream.name}: {mark} belongs to no clock" for mark in seen.keys() - known]
    return wrong


def _mark_problems(
    timed: TimedClock,
    end: Envelope | None,
    seen: dict[tuple[str, str], list[Envelope]],
    passed: set[tuple[str, str]],
    now: datetime,
    lateness: timedelta,
) -> list[str]:
    wrong, given_back = [], False
    for instant, mark in marks(timed.clock):
        at = (timed.clock.id, str(mark))
        found = seen[at]
        if len(found) > 1:
            wrong.append(f"{at} recorded {len(found)} times")
        for envelope in found:
            if envelope.occurred_at != instant or envelope.recorded_at < instant:
                wrong.append(f"{at} of {instant} stands as {envelope.occurred_at}, recorded {envelope.recorded_at}")
            if end is not None and envelope.version > end.version:
                wrong.append(f"{at} recorded after the clock had stopped")
        limit = end.occurred_at if end is not None else now - lateness
        if timed.paused:
            limit = min(limit, timed.paused.since)
        if not found and instant <= limit and not given_back and at not in passed:
            wrong.append(f"{at} of {instant} was lost: {'stopped' if end else 'still missing'} {limit}")
        rung = next((rung for rung in timed.clock.rungs if rung.number == mark), None)
        given_back = given_back or bool(found and rung and rung.act == "return_to_dispatcher")
    return wrong


def _mark_of(event: Any) -> tuple[str, str] | None:
    match event:
        case ClockWarned(clock=clock):
            return clock, "warned"
        case ClockExpired(clock=clock):
            return clock, "expired"
        case ClockEscalated(clock=clock, rung=rung):
            return clock, str(rung)
    return None


def followed(snapshot: Snapshot, streams: Iterable[Stream], processes: dict[str, Process]) -> list[str]:
    """An archived case's process has completed; an open one's has applied the head."""
    wrong = []
    for stream in streams:
        process = processes.get(stream.name, Process("missing", None))
        head = len(stream.envelopes)
        closed = CLUE.summary(stream.state).closed
        if closed and stream.state.dossier.migrated and process.status == "missing":
            continue  # it was over before it came here
        if closed and process.status != "completed":
            wrong.append(f"{stream.name} is archived, its process is {process.status}")
        if not closed and (process.status != "running" or process.applied != head):
            wrong.append(f"{stream.name} stands at {head}, its process is {process.status} at {process.applied}")
    return wrong + [f"{name}: a process without a record" for name in processes.keys() - snapshot.events.keys()]


def _retold(snapshot: Snapshot, name: str) -> Stream:
    """Fold a stream and derive every effect anew."""
    envelopes = tuple(read(row) for row in snapshot.events[name])
    state: Any = CLUE.initial()
    ids: set[UUID] = set()
    for envelope in envelopes:
        state = CLUE.evolve(state, envelope.happened)
        if envelope.migrated:
            continue  # what it called for was done elsewhere
        ids |= {
            uuid5(envelope.event_id, f"{effect.kind}\n{effect.recipient}")
            for effect in CLUE.consequences(envelope.event, state)
        }
    return Stream(name, envelopes, state, CLUE.clocks(state), frozenset(ids))


def _grouped(log: Sequence[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in log:
        grouped[(line["account"], line["key"])].append(line)
    return grouped
