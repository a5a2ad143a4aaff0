"""A noun for tests: what the kernel promises every noun, it must get by being in the tuple, and by nothing else."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from domain.errors import Refused
from domain.people.actors import Actor, Role
from domain.people.visibility import scope_of
from domain.record.decider import (
    CaseEntry,
    Command,
    Decider,
    Effect,
    Elsewhere,
    Facts,
    Happened,
    Needs,
    asked,
    elsewhere,
)
from domain.record.ids import stream_for
from domain.record.registry import REGISTRY, EventRow
from domain.time.case_clocks import ClockEvent, Timed, Wanted, apply_clock_event
from domain.value import Instant, Value


class Make(Command):
    slug: ClassVar[str] = "make"
    example: ClassVar[dict[str, object]] = {"region": "370102", "department": "370102.market"}
    region: str
    department: str


class Pair(Command):
    slug: ClassVar[str] = "pair"
    example: ClassVar[dict[str, object]] = {"other": "toy-" + "0" * 32}
    other: str


class Retire(Command):
    slug: ClassVar[str] = "retire"
    example: ClassVar[dict[str, object]] = {}


class Mourn(Command):
    slug: ClassVar[str] = "mourn"
    example: ClassVar[dict[str, object]] = {"department": "370102.market"}
    department: str


class Elapse(Command):
    slug: ClassVar[str] = "elapse"
    example: ClassVar[dict[str, object]] = {"until": "2026-11-24T16:00:00+00:00"}
    until: Instant


class ToyMade(Value):
    region: str
    department: str


class ToyPaired(Value):
    other: str


class ToyRetired(Value):
    pass


class ToyMourned(Value):
    department: str


EVENTS = {"toy.made": ToyMade, "toy.paired": ToyPaired, "toy.retired": ToyRetired, "toy.mourned": ToyMourned}
REGISTRY.enlist(EventRow(name, 1, event) for name, event in EVENTS.items())


class Toy(Value):
    stage: Literal["unmade", "kept", "retired"] = "unmade"
    region: str = ""
    department: str = ""
    made_at: Instant | None = None
    partner: str | None = None
    mourned: tuple[str, ...] = ()
    clocks: Timed = ()
    steps: int = 0


def decide(command: Any, toy: Toy, facts: Facts) -> tuple[Any, ...] | Refused:
    """Toys are made, paired with another toy or a new twin, retired; who is left mourns."""
    refused = permit(type(command), toy, facts.actor)
    match command:
        case _ if refused is not None:
            return refused
        case Elapse(until=until) if facts.now < until:
            return Refused(code="not_yet_due", detail="尚未到期", params={"not_before": until.isoformat()})
        case Make(region=region, department=department):
            return (ToyMade(region=region, department=department),)
        case Pair(other="twin"):
            twin = stream_for("toy", facts.stream, "twin")
            made = elsewhere(twin, ToyMade(region=toy.region, department=toy.department), ToyPaired(other=facts.stream))
            return ToyPaired(other=twin), made
        case Pair(other=other):
            return _pair(facts.others.get(other), other, facts)
        case Retire():
            return (ToyRetired(),)
        case Mourn(department=department):
            return (ToyMourned(department=department),)
    return ()


def _pair(state: Any, other: str, facts: Facts) -> tuple[ToyPaired | Elsewhere, ...] | Refused:
    if not isinstance(state, Toy):
        return Refused(code="unknown_toy", detail="没有这件玩具")
    if state.stage != "kept" or state.partner is not None:
        return Refused(code="toy_taken", detail="对方已经有伴")
    return ToyPaired(other=other), elsewhere(other, ToyPaired(other=facts.stream))


def permit(command: type[Command], toy: Toy, actor: Actor) -> Refused | None:
    """Dispatchers play; the process only mourns and keeps the time."""
    if not actor.has(Role.SYSTEM if command in (Mourn, Elapse) else Role.DISPATCHER):
        return Refused(code="wrong_role", detail="该操作须由分办员办理")
    if command is not Elapse and toy.stage != ("unmade" if command is Make else "kept"):
        return Refused(code="wrong_stage", detail="当前环节不能进行该操作")
    return None


def evolve(toy: Toy, happened: Happened) -> Toy:
    match happened.event:
        case ToyMade(region=region, department=department):
            made = Toy(stage="kept", region=region, department=department, made_at=happened.occurred_at, steps=1)
            return made
        case ToyPaired(other=other):
            change: dict[str, Any] = {"partner": other}
        case ToyRetired():
            change = {"stage": "retired"}
        case ToyMourned(department=department):
            change = {"mourned": (*toy.mourned, department)}
        case ticked if isinstance(ticked, ClockEvent):
            return toy.model_copy(update={"clocks": apply_clock_event(toy.clocks, ticked, happened.occurred_at)})
    return toy.model_copy(update={**change, "steps": toy.steps + 1})


def consequences(event: Any, toy: Toy) -> tuple[Effect, ...]:
    if isinstance(event, ToyMade):
        return (Effect(kind="notify", recipient=f"handler@{toy.department}", subject="clue_assigned"),)
    if isinstance(event, ToyRetired) and toy.partner is not None:
        return (asked(toy.partner, "mourn", department=toy.department),)
    return ()


def wanted(toy: Toy) -> tuple[Wanted, ...]:
    owed = toy.department
    return (Wanted(kind="handling", owed_by=owed), Wanted(kind="demand", owed_by=owed)) if toy.stage == "kept" else ()


def summary(toy: Toy) -> CaseEntry:
    return CaseEntry(
        kind="toy", stage=toy.stage, responsible=toy.department, steps=toy.steps, closed=toy.stage == "retired",
        number=None, region=toy.region, lead=toy.department, handler=None, departments=(toy.department,),
        registered_at=toy.made_at, completed=toy.stage == "retired", result=None, migrated=False,
    )  # fmt: skip


TOY: Decider[Toy] = Decider(
    kind="toy",
    commands={command.slug: command for command in (Make, Pair, Retire, Mourn, Elapse)},
    initial=Toy,
    name_stream=lambda _command, actor, key: stream_for("toy", actor.account, key),
    needs=lambda command: Needs(streams=(command.other,)) if isinstance(command, Pair) else Needs(),
    permit=permit,
    decide=decide,
    evolve=evolve,
    consequences=consequences,
    wanted=wanted,
    clocks=lambda toy: toy.clocks,
    summary=summary,
    admits=lambda toy, actor: toy.stage != "unmade" and scope_of(actor).admits(summary(toy)),
)
