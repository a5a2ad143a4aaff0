"""A noun for tests: what the kernel promises every noun, it must get by being in the tuple, and by nothing else."""

from __future__ import annotations

from typing import Any, ClassVar

from domain.people.actors import Actor, Role
from domain.people.visibility import scope_of
from domain.record.chapter import Chapter, Decided, Grant, Refusal, Relation, Step, turns
from domain.record.decider import Command, Decider, Effect, Facts, Happened, Needs, asked, elsewhere
from domain.record.entry import CaseEntry
from domain.record.ids import stream_for
from domain.record.noun import noun
from domain.record.timekeeping import elapsing
from domain.time.asked_for import Debtors
from domain.time.case_clocks import Timed, apply_clock_event
from domain.time.clock_events import ClockEvent
from domain.time.rules.seen import NOTHING_SEEN
from domain.value import Instant, Value


class Make(Command):
    """Make a toy for a department."""

    slug: ClassVar[str] = "make"
    example: ClassVar[dict[str, object]] = {"region": "370102", "department": "370102.market"}
    region: str
    department: str


class Pair(Command):
    """Pair it with another toy, or with a new `twin`."""

    slug: ClassVar[str] = "pair"
    example: ClassVar[dict[str, object]] = {"other": "twin"}
    other: str


class Retire(Command):
    """Put it away."""

    slug: ClassVar[str] = "retire"
    example: ClassVar[dict[str, object]] = {}


class Mourn(Command):
    """What a partner that was put away asks."""

    slug: ClassVar[str] = "mourn"
    example: ClassVar[dict[str, object]] = {"department": "370102.market"}
    department: str


class ToyMade(Value):
    region: str
    department: str


class ToyPaired(Value):
    other: str


class ToyRetired(Value):
    pass


class ToyMourned(Value):
    department: str


class Toy(Value):
    stage: ClassVar[str] = "unmade"
    title: ClassVar[str] = "未制作"


class Known(Toy):
    region: str
    department: str
    made_at: Instant
    partner: str | None = None
    mourned: tuple[str, ...] = ()
    clocks: Timed = ()
    steps: int = 0


class Kept(Known):
    stage: ClassVar[str] = "kept"
    title: ClassVar[str] = "在用"


class Retired(Known):
    stage: ClassVar[str] = "retired"
    title: ClassVar[str] = "已退役"


UNKNOWN_TOY = Refusal("unknown_toy", "没有这件玩具", "没有这件玩具,或者它不在您的可见范围内", "no_such")
TOY_TAKEN = Refusal("toy_taken", "已经有伴", "对方已经有伴")
ANY = Relation(lambda _toy, _actor: True, UNKNOWN_TOY)
DISPATCHER, PROCESS = Grant(Role.DISPATCHER, ANY), Grant(Role.SYSTEM, ANY)


def _pair(command: Pair, toy: Kept, facts: Facts) -> Decided:
    if command.other == "twin":
        twin, made = stream_for("toy", facts.stream, "twin"), ToyMade(region=toy.region, department=toy.department)
        return ToyPaired(other=twin), elsewhere(twin, made, ToyPaired(other=facts.stream))
    other = facts.others.get(command.other)
    if not isinstance(other, Known):
        return UNKNOWN_TOY()
    if not isinstance(other, Kept) or other.partner is not None:
        return TOY_TAKEN()
    return ToyPaired(other=command.other), elsewhere(command.other, ToyPaired(other=facts.stream))


def _made(_toy: Toy, event: ToyMade, happened: Happened) -> Toy:
    return Kept(region=event.region, department=event.department, made_at=happened.occurred_at)


def _mourned(toy: Kept, event: ToyMourned, _at: Happened) -> Toy:
    return toy.model_copy(update={"mourned": (*toy.mourned, event.department)})


def _ask_partner(_event: ToyRetired, toy: Known) -> tuple[Effect, ...]:
    return (asked(toy.partner, "mourn", department=toy.department),) if toy.partner else ()


def _count(toy: Any, _happened: Happened, _row: Any) -> Any:
    return toy.model_copy(update={"steps": toy.steps + 1}) if isinstance(toy, Known) else toy


def _tick(toy: Any, event: ClockEvent, at: Any) -> Any:
    return toy.model_copy(update={"clocks": apply_clock_event(toy.clocks, event, at)})


def _debtors(toy: Any) -> Debtors | None:
    return Debtors(lead=toy.department) if isinstance(toy, Kept) else None


SEEN = NOTHING_SEEN.then("clue.signed_for").then("clue.completed")
"""The shipped rows of two kinds are open for it; the first has a ladder."""


def _summary(toy: Any) -> CaseEntry:
    done = isinstance(toy, Retired)
    return CaseEntry(
        kind="toy", stage=toy.stage, responsible=toy.department, steps=toy.steps, closed=done, number=None,
        region=toy.region, lead=toy.department, handler=None, departments=(toy.department,), completed=done,
        registered_at=toy.made_at, result="retired" if done else None, migrated=False,
    )  # fmt: skip


def _admits(toy: Toy, actor: Actor) -> bool:
    return isinstance(toy, Known) and scope_of(actor).admits(_summary(toy))


STEPS = (
    Step(Make, "制作", Toy, lambda command, _toy, _facts: (ToyMade(**dict(command)),), by=(DISPATCHER,), opens=True),
    Step(Pair, "结伴", Kept, _pair, by=(DISPATCHER,), needs=lambda command: Needs(streams=(command.other,))),
    Step(Retire, "退役", Kept, lambda _command, _toy, _facts: (ToyRetired(),), by=(DISPATCHER,)),
    Step(Mourn, "哀悼", Kept, lambda command, _toy, _facts: (ToyMourned(**dict(command)),), by=(PROCESS,)),
    elapsing(Known, PROCESS),
)
EVENTS = (
    turns("toy.made", 1, ToyMade, Toy, _made, title="制作", tells=lambda _event, toy: (
        Effect(kind="notify", recipient=f"handler@{toy.department}", subject="clue_assigned"),
    )),
    turns("toy.paired", 1, ToyPaired, Kept, lambda toy, event, _at: toy.model_copy(update={"partner": event.other}),
          title="结伴", says="与 {other} 结伴"),
    turns("toy.retired", 1, ToyRetired, Kept, lambda toy, _event, _at: Retired(**dict(toy)), title="退役",
          tells=_ask_partner),
    turns("toy.mourned", 1, ToyMourned, Kept, _mourned, title="哀悼"),
)  # fmt: skip
TOY: Decider[Toy] = noun(
    "toy", "玩具", (Chapter(STEPS, EVENTS),), Toy, stages=(Toy, Kept, Retired), summary=_summary, admits=_admits,
    name_stream=lambda _command, actor, key: stream_for("toy", actor.account, key),
    gather=_count, ticks=_tick, seen=lambda _toy: SEEN, debtors=_debtors, clocks=lambda toy: getattr(toy, "clocks", ()),
)  # fmt: skip
