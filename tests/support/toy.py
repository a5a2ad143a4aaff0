"""A noun for tests: what the kernel promises every noun, it must get by being in the tuple, and by nothing else."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from domain.people.actors import Role
from domain.people.visibility import scope_of
from domain.record.chapter import Chapter, Decided, Grant, Refusal, Relation, Step, turns
from domain.record.decider import Command, Decider, Effect, Facts, Needs, asked, elsewhere
from domain.record.entry import CaseEntry
from domain.record.ids import stream_for
from domain.record.noun import noun
from domain.record.timekeeping import elapsing
from domain.time.asked_for import Debtors
from domain.time.case_clocks import Timed, apply_clock_event
from domain.time.rules.seen import NOTHING_SEEN, Seen
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


class ToyRetired(Value): ...


class ToyMourned(Value):
    department: str


class Toy(Value):
    stage: ClassVar[str] = "unmade"
    title: ClassVar[str] = "未制作"
    seen: Annotated[Seen, Field(exclude=True)] = NOTHING_SEEN
    clocks: Timed = ()
    steps: int = 0


class Known(Toy):
    region: str
    department: str
    made_at: Instant
    partner: str | None = None
    mourned: tuple[str, ...] = ()


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
    if not isinstance(other, Kept) or other.partner is not None:
        return TOY_TAKEN() if isinstance(other, Known) else UNKNOWN_TOY()
    return ToyPaired(other=command.other), elsewhere(command.other, ToyPaired(other=facts.stream))


def _summary(toy: Any) -> CaseEntry:
    return CaseEntry(
        kind="toy", stage=toy.stage, responsible=toy.department, steps=toy.steps, closed=isinstance(toy, Retired),
        number=None, region=toy.region, lead=toy.department, handler=None, departments=(toy.department,),
        completed=isinstance(toy, Retired), registered_at=toy.made_at, result=None, migrated=False,
    )  # fmt: skip


STEPS = (
    Step(Make, "制作", Toy, lambda command, _toy, _facts: (ToyMade(**dict(command)),), by=(DISPATCHER,), opens=True),
    Step(Pair, "结伴", Kept, _pair, by=(DISPATCHER,), needs=lambda command: Needs(streams=(command.other,)),
         refuses=(UNKNOWN_TOY, TOY_TAKEN)),
    Step(Retire, "退役", Kept, lambda _command, _toy, _facts: (ToyRetired(),), by=(DISPATCHER,)),
    Step(Mourn, "哀悼", Kept, lambda command, _toy, _facts: (ToyMourned(**dict(command)),), by=(PROCESS,)),
    elapsing(Known, PROCESS),
)  # fmt: skip
EVENTS = (
    turns("toy.made", 1, ToyMade, Toy, title="制作",
          then=lambda toy, event, at: Kept(**dict(toy), **dict(event), made_at=at.occurred_at),
          tells=lambda _event, toy: (
              Effect(kind="notify", recipient=f"handler@{toy.department}", subject="toy_made"),
          )),
    turns("toy.paired", 1, ToyPaired, Kept, title="结伴", says="与 {other} 结伴",
          then=lambda toy, event, _at: toy.model_copy(update={"partner": event.other})),
    turns("toy.retired", 1, ToyRetired, Kept, title="退役", then=lambda toy, _event, _at: Retired(**dict(toy)),
          tells=lambda _event, toy: (asked(toy.partner, "mourn", department=toy.department),) if toy.partner else ()),
    turns("toy.mourned", 1, ToyMourned, Kept, title="哀悼",
          then=lambda toy, event, _at: toy.model_copy(update={"mourned": (*toy.mourned, event.department)})),
)  # fmt: skip
TOY: Decider[Toy] = noun(
    "toy", "玩具", (Chapter(STEPS, EVENTS, fields={"partner": "同伴"}),), Toy, stages=(Toy, Kept, Retired),
    name_stream=lambda _command, actor, key: stream_for("toy", actor.account, key), summary=_summary,
    admits=lambda toy, actor: isinstance(toy, Known) and scope_of(actor).admits(_summary(toy)),
    gather=lambda toy, _at, row: toy.model_copy(update={"seen": toy.seen.then(row.name), "steps": toy.steps + 1}),
    ticks=lambda toy, event, at: toy.model_copy(update={"clocks": apply_clock_event(toy.clocks, event, at)}),
    seen=lambda toy: toy.seen, clocks=lambda toy: toy.clocks,
    debtors=lambda toy: Debtors(lead=toy.department) if isinstance(toy, Kept) else None,
)  # fmt: skip
