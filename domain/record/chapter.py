"""The rows a noun is told in: a step ties a command to its decision, an event to what it makes of the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Generic, Literal, ParamSpec, TypeVar

from domain.errors import Refused
from domain.lists.responsibility import Ledger
from domain.people.actors import Actor, Role
from domain.record.decider import Command, Effect, Facts, Happened, Needs
from domain.record.registry import EventRow, Upcaster
from domain.record.vault import Sealed
from domain.time.case_clocks import Amendment, Turn
from domain.value import Value

Kind = Literal["not_you", "no_such", "not_now"]


NOT_YOU: Final = "not_you"
"""Somebody else may."""


NO_SUCH: Final = "no_such"
"""There is no such thing, or none for the actor."""


NOT_NOW: Final = "not_now"
"""Not at this point, or not so."""


@dataclass(frozen=True)
class Refusal:
    """A rule's no. `code` names the rule, `title` says it in a word, `detail` what to do instead; words in braces are
    filled in when it is said."""

    code: str
    title: str
    detail: str
    kind: Kind = NOT_NOW

    def __call__(self, params: Mapping[str, str] | None = None, **words: object) -> Refused:
        """The refusal as a value."""
        return Refused(code=self.code, detail=self.detail.format(**words), params=params or {})


WRONG_ROLE = Refusal("wrong_role", "角色不符", "该操作须由{roles}办理", NOT_YOU)


WRONG_STAGE = Refusal("wrong_stage", "环节不符", "当前环节为“{stage}”,不能进行该操作")


SUSPENDED = Refusal("suspended", "已中止", "该线索已中止,恢复后方可进行该操作")


NOT_SUSPENDED = Refusal("not_suspended", "没有中止", "该线索没有中止,无需恢复")


PROCESS_ONLY = Refusal("process_only", "该操作只由流程自身进行", "该操作只由系统进行", NOT_YOU)


C = TypeVar("C", bound=Command)


E = TypeVar("E", bound=Value)


S = TypeVar("S", bound=Value)


Decided = tuple[Any, ...] | Refused
"""New events, nothing (a repeat), or the rule that says no."""


Guard = Callable[[Any, Actor], Refused | None]
"""Why a state or an actor forbids a step, whatever its body says; None when it does not."""


@dataclass(frozen=True)
class Relation:
    """How an actor must stand to a case, and what is said to those who do not."""

    holds: Callable[[Any, Actor], bool]
    otherwise: Refusal


@dataclass(frozen=True)
class Grant:
    """A role that may take a step, and in which relation to the case."""

    role: Role
    of: Relation


@dataclass(frozen=True)
class Step(Generic[C, S]):
    """A command: when it is open, to whom, what follows from it."""

    command: type[C]
    title: str
    on: type[S] | tuple[type[S], ...]
    decide: Callable[[C, S, Facts], Decided]
    by: tuple[Grant, ...] | Guard = ()
    """Any of the grants; or, where no role alone decides, a guard of its own."""
    reach: Guard | None = None
    """What else must hold of the actor once the stage fits."""
    needs: Callable[[C], Needs] = lambda _command: Needs()
    refuses: tuple[Refusal, ...] = ()
    """What the decision may refuse beside what every step may."""
    open: Callable[[S, Actor], Refused | None] | None = None
    """A reason for no that lies outside the body: nothing would come of the step now. A repeat is none."""
    at_rest: Literal["never", "also", "only"] = "never"
    """Whether it may or must be taken while the case rests."""
    opens: bool = False
    """It opens a stream."""
    otherwise: Refusal = WRONG_STAGE
    """What is said on any other stage."""

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """All it may be refused with: for the actor, the stage, the case at rest, or by its decision."""
        relations = () if callable(self.by) else (WRONG_ROLE, *(grant.of.otherwise for grant in self.by))
        rest = {"never": (SUSPENDED,), "also": (), "only": (NOT_SUSPENDED,)}[self.at_rest]
        return (*relations, self.otherwise, *rest, *self.refuses)

    @property
    def asked_of(self) -> tuple[Role, ...]:
        """The roles that may take it; none where no role decides."""
        return () if callable(self.by) else tuple(grant.role for grant in self.by)


@dataclass(frozen=True, kw_only=True)
class Happens(EventRow, Generic[E, S]):
    """An event: what it makes of the state, what it means for clocks, who is told, who holds the case from then on."""

    event: type[E]
    on: type[S] | tuple[type[S], ...]
    then: Callable[[S, E, Happened], Any]
    beside: bool
    """It leaves the ground of the next command as it is (ETag)."""
    clocks: Turn = "on"
    amends: Callable[[E], Amendment] | None = None
    """The time it gives to clocks that run."""
    tells: Callable[[E, Any], tuple[Effect, ...]] | None = None
    """What must be done because of it, given the state after it."""
    holds: Callable[[Any, E, datetime], Ledger] | None = None
    """What it means for who holds the case."""
    erases: Callable[[E], tuple[Sealed, ...]] | None = None
    """The vault texts it erases."""


P = ParamSpec("P")
R = TypeVar("R", bound=Happens[Any, Any])


def turns(
    name: str,
    version: int,
    event: type[E],
    on: type[S] | tuple[type[S], ...],
    then: Callable[[S, E, Happened], Any],
    *,
    title: str,
    says: str = "",
    upcasters: tuple[Upcaster, ...] = (),
    clocks: Turn = "on",
    amends: Callable[[E], Amendment] | None = None,
    tells: Callable[[E, Any], tuple[Effect, ...]] | None = None,
    holds: Callable[[Any, E, datetime], Ledger] | None = None,
    erases: Callable[[E], tuple[Sealed, ...]] | None = None,
) -> Happens[E, S]:
    """An event that changes the ground of the next command: the case goes on, or stands differently."""
    return Happens(
        name=name, version=version, cls=event, upcasters=upcasters, title=title, says=says, event=event, on=on,
        then=then, beside=False, clocks=clocks, amends=amends, tells=tells, holds=holds, erases=erases,
    )  # fmt: skip


def _beside(row_of: Callable[P, R]) -> Callable[P, R]:
    def row(*given: P.args, **named: P.kwargs) -> R:
        return replace(row_of(*given, **named), beside=True)

    return row


beside = _beside(turns)
"""An event that is recorded beside the stage: whoever was about to act may go on as before. Said like `turns`."""


@dataclass(frozen=True)
class Chapter:
    """One part of a noun's life: its steps and its events."""

    steps: tuple[Step[Any, Any], ...] = ()
    events: tuple[Happens[Any, Any], ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    """What the fields of its events and its state are called."""
