"""Made-up cases as data, and what turns them into histories: who did what, when, with which words.

A story in `reference/training/` names its matter, when it began and the steps taken since. What a step says comes from
the matter and may be said otherwise by the story; how long it took is usual unless given. All times follow from `now`
and are counted in working days, so a deadline in a story is late, near or far off whatever the day is.
"""

from __future__ import annotations

import hashlib
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from pydantic import ConfigDict, Field
from stdnum.cn import uscc

from domain.people.actors import Actor
from domain.record.ids import stream_for
from domain.record.takeover import Step
from domain.time.calendar import Calendar
from domain.value import SHANGHAI, Value
from infra.reference import demo_accounts, regions
from infra.training.office_hours import OfficeTime, at_wall, minutes_of

STRETCHES: Mapping[str, tuple[str, ...]] = {
    "receive": ("sign_for", "assign", "take_up"),
    "check": ("open_verification", "record_findings", "conclude"),
    "decide": ("propose_disposition", "approve_disposition"),
    "tell": ("feed_back", "complete"),
}
"""Steps that usually follow each other, under one name."""

_NAMING_CASES = ("case", "of")
"""Fields of commands that name another case, in the files another story."""
_USUALLY: Mapping[str, tuple[str, str]] = {
    "register": ("intake", "0:15"),
    "dispatch": ("dispatcher", "0:40"),
    "withdraw_dispatch": ("dispatcher", "0:30"),
    "answer": ("dispatcher", "1:10"),
    "send_back": ("dispatcher", "1:20"),
    "sign_for": ("assigner", "1:30"),
    "return": ("assigner", "2:00"),
    "assign": ("assigner", "0:50"),
    "reassign": ("assigner", "1:00"),
    "take_up": ("handler", "2:00"),
    "decline": ("handler", "4:00"),
    "open_verification": ("handler", "1:00"),
    "record_findings": ("handler", "1d"),
    "conclude": ("handler", "1d"),
    "propose_disposition": ("handler", "3:00"),
    "approve_disposition": ("head", "4:00"),
    "reject_disposition": ("head", "4:00"),
    "feed_back": ("handler", "2:30"),
    "complete": ("handler", "1:00"),
    "undo_completion": ("handler", "0:40"),
    "archive": ("assigner", "2d"),
    "reopen": ("dispatcher", "1d"),
    "correct": ("intake", "0:20"),
    "supplement": ("intake", "1:00"),
    "note": ("handler", "0:20"),
    "record_contact": ("handler", "0:30"),
    "attach_evidence": ("handler", "0:20"),
    "seal_file": ("handler", "0:20"),
    "suspend": ("head", "2:00"),
    "resume": ("handler", "1:00"),
    "exclude_time": ("head", "0:30"),
    "urge": ("dispatcher", "0:30"),
    "order_oversight": ("supervisor", "1:00"),
    "answer_oversight": ("assigner", "4:00"),
    "reject_oversight_answer": ("supervisor", "2:00"),
    "accept_oversight_answer": ("supervisor", "2:00"),
    "withdraw_oversight": ("supervisor", "2:00"),
    "list_oversight": ("supervisor", "1:00"),
    "request_extension": ("handler", "1:00"),
    "approve_extension": ("head", "3:00"),
    "reject_extension": ("head", "3:00"),
    "link": ("dispatcher", "0:15"),
    "unlink": ("dispatcher", "0:15"),
}
"""Who takes a step, and after how much working time."""

_OFFICE = ("intake", "dispatcher", "supervisor", "coordinator")


class Matter(Value):
    """What a clue is about, with the words of each step. `says` holds bodies by command."""

    department: str
    category: str
    title: str
    body: str
    says: Mapping[str, Mapping[str, Any]] = {}


class Source(Value):
    """A channel: how its tickets are numbered, who speaks through it, whether it takes calls day and night."""

    prefix: str
    day_and_night: bool = False
    reporters: tuple[str, ...] = ()


class FullStep(Value):
    """A step in full: everything beside `do`, `by` and `after` is said in its body."""

    model_config = ConfigDict(frozen=True, extra="allow")

    do: str
    by: str | None = None
    after: str | None = None

    @property
    def given(self) -> dict[str, Any]:
        """What the story itself says in this step."""
        return self.model_extra or {}


class Story(Value):
    """One made-up case: received `day` working days ago at a wall clock, on the day off before, or minutes ago."""

    name: str
    matter: str
    region: str
    channel: str = "hotline_12345"
    day: int = 0
    at: time = time(9, 20)
    on_day_off: bool = False
    minutes_ago: int | None = Field(default=None, ge=12)
    place: str
    entity: str | None = None
    coded: bool = True
    """Whether the entity's credit code is known."""
    detail: str = ""
    say: Mapping[str, Mapping[str, Any]] = {}
    steps: tuple[str | FullStep, ...] = ()
    number: int
    """Place in the collection, from 1."""


@dataclass(frozen=True)
class Tale:
    """A story with its times: ready to be adopted. `files` are what it needs in the evidence store, by digest."""

    story: Story
    ticket: str
    steps: tuple[Step, ...]
    files: Mapping[str, bytes]

    @property
    def stream(self) -> str:
        """The case it becomes."""
        return _stream(self.story, self.ticket)


def tales(now: datetime, calendar: Calendar) -> tuple[Tale, ...]:
    """Every story as it stands at `now`, in order of registration."""
    office = OfficeTime(calendar, now)
    begun = {story.name: _received_at(story, office) for story in stories()}
    cases = {story.name: _stream(story, _ticket(story, begun[story.name])) for story in stories()}
    unordered = [_Storyteller(story, office, cases).tell(begun[story.name]) for story in stories()]
    return tuple(sorted(unordered, key=lambda tale: tale.steps[0].occurred_at))


@lru_cache
def stories() -> tuple[Story, ...]:
    """The whole collection."""
    found = [
        {"region": region.code, **row}
        for region in regions()
        if not region.is_city
        for row in _read(f"{region.code}.toml")["story"]
    ]
    return tuple(Story(**row, number=number) for number, row in enumerate(found, 1))


@lru_cache
def matters() -> Mapping[str, Matter]:
    """What clues are about, by name."""
    own = {"department", "category", "title", "body"}
    return {
        name: Matter(
            **{key: value for key, value in row.items() if key in own},
            says={slug: body for slug, body in row.items() if slug not in own},
        )
        for name, row in _read("matters.toml").items()
    }


@lru_cache
def _sources() -> Mapping[str, Source]:
    return {name: Source(**row) for name, row in _read("channels.toml").items()}


@lru_cache
def _actors() -> Mapping[str, Actor]:
    return {
        known.account: Actor(
            account=known.account, department=known.department, region=known.region, roles=(known.role,)
        )
        for known in demo_accounts()
    }


def credit_code(entity: str) -> str:
    """A credit code with a fitting check character, of a place (379900) where no business was ever registered."""
    body = f"91379900MAXX{zlib.crc32(entity.encode()) % 100_000:05d}"
    return body + str(uscc.calc_check_digit(body))


@dataclass
class _Storyteller:
    """Tells one story: keeps the time, the department in charge and the handler while steps are added."""

    story: Story
    office: OfficeTime
    cases: Mapping[str, str]
    steps: list[Step] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    department: str = ""
    handler: str = "handler"

    def tell(self, received_at: datetime) -> Tale:
        self.department = self._matter.department
        self._register(received_at)
        for step in _steps_of(self.story):
            self._take(step)
        return Tale(self.story, _ticket(self.story, received_at), tuple(self.steps), self.files)

    @property
    def _matter(self) -> Matter:
        return matters()[self.story.matter]

    def _register(self, received_at: datetime) -> None:
        story, source = self.story, _sources()[self.story.channel]
        body = {
            "region": story.region,
            "channel": story.channel,
            "external_id": _ticket(story, received_at),
            "category": self._matter.category,
            "received_at": received_at.isoformat(),
            "title": self._matter.title,
            "body": self._matter.body + story.detail,
            **({"reporter": _one_of(source.reporters, story.name)} if source.reporters else {}),
            **({"entity": _entity(story)} if story.entity else {}),
            **story.say.get("register", {}),
        }
        soon = received_at + timedelta(minutes=5 + _measure(story.name, 7))
        at = soon if source.day_and_night else self.office.after(received_at, minutes_of(_USUALLY["register"][1]))
        self._add("intake", "register", body, at)

    def _take(self, step: FullStep) -> None:
        """One more step, after its working time."""
        at = self.office.after(self.steps[-1].occurred_at, self._minutes(step))
        said = {**self._matter.says.get(step.do, {}), **self.story.say.get(step.do, {}), **step.given}
        self._add(step.by or _USUALLY[step.do][0], step.do, self._body(step.do, said, at), at)

    def _minutes(self, step: FullStep) -> int:
        """As given, else as usual, a third more or less by the story's own measure."""
        if step.after is not None:
            return minutes_of(step.after)
        usual = minutes_of(_USUALLY[step.do][1])
        return max(1, usual * (67 + _measure(f"{self.story.name}/{len(self.steps)}", 67)) // 100)

    def _body(self, slug: str, said: dict[str, Any], at: datetime) -> dict[str, Any]:
        """The body of a command: what is said, and what only the story as a whole knows."""
        match slug:
            case "dispatch":
                self.department = said.get("department", self._matter.department)
                return {**said, "department": f"{self.story.region}.{self.department}"}
            case "assign" | "reassign":
                self.handler = said.get("handler", "handler")
                return {**said, "handler": self._account(self.handler)}
            case "record_contact":
                return {**said, "at": at.isoformat()}
            case "supplement":
                return {**said, "received_at": (at - timedelta(minutes=6)).isoformat()}
            case "exclude_time":
                since = at - timedelta(minutes=minutes_of(said["lasted"]))
                rest = {name: value for name, value in said.items() if name != "lasted"}
                return {**rest, "since": since.isoformat(), "until": at.isoformat()}
            case _ if named := [name for name in _NAMING_CASES if name in said]:
                return {**said, **{name: self.cases[said[name]] for name in named}}
            case "seal_file":
                return {**said, "digest": self._digest(said["digest"])}
            case _ if "evidence" in said:
                files = [{"digest": self._digest(name), "name": name} for name in said["evidence"]]
                return {**said, "evidence": files}
            case _:
                return said

    def _digest(self, name: str) -> str:
        """The digest of a made-up file of that name."""
        content = f"{name}\n{self.story.place}\n演练材料,内容均为虚构。\n".encode()
        digest = hashlib.sha256(content).hexdigest()
        self.files[digest] = content
        return digest

    def _add(self, role: str, slug: str, body: Mapping[str, Any], at: datetime) -> None:
        by = self.handler if role == "handler" else role
        self.steps.append(Step(_actors()[self._account(by)], slug, self._worded(body), at))

    def _account(self, role: str) -> str:
        place = self.story.region if role in _OFFICE else f"{self.department}.{self.story.region}"
        return f"{role}.{place}"

    def _worded(self, said: Any) -> Any:
        """The same with the story's place and entity put into every text."""
        match said:
            case str():
                return said.format(place=self.story.place, entity=self.story.entity)
            case Mapping():
                return {name: self._worded(value) for name, value in said.items()}
            case list():
                return [self._worded(value) for value in said]
            case _:
                return said


def _steps_of(story: Story) -> Iterator[FullStep]:
    """Every step in full; `1d check` is a stretch that begins a day later."""
    for step in story.steps:
        if isinstance(step, FullStep):
            yield step
            continue
        after, _, name = step.rpartition(" ")
        first, *others = STRETCHES.get(name, (name,))
        yield FullStep(do=first, after=after or None)
        yield from (FullStep(do=other) for other in others)


def _received_at(story: Story, office: OfficeTime) -> datetime:
    if story.minutes_ago is not None:
        return office.now.astimezone(SHANGHAI).replace(microsecond=0) - timedelta(minutes=story.minutes_ago)
    day = office.day(story.day)
    return at_wall(office.day_off_before(day) if story.on_day_off else day, story.at)


def _ticket(story: Story, received_at: datetime) -> str:
    """A ticket number of the channel, marked YL (演练)."""
    return f"{_sources()[story.channel].prefix}-YL-{received_at:%Y%m%d}-{story.number:04d}"


def _stream(story: Story, ticket: str) -> str:
    return stream_for("clue", story.channel, ticket)


def _entity(story: Story) -> dict[str, str]:
    name = story.entity or ""
    return {"name": name, **({"uscc": credit_code(name)} if story.coded else {})}


def _one_of(choices: tuple[str, ...], name: str) -> str:
    return choices[_measure(name, len(choices))]


def _measure(name: str, below: int) -> int:
    """A number that looks like chance and is always the same."""
    return zlib.crc32(name.encode()) % below


def _read(name: str) -> dict[str, Any]:
    place = resources.files("infra.reference") / "training" / name
    return tomllib.loads(place.read_text(encoding="utf-8"))
