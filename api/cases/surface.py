"""What one noun shows over HTTP: where it stands, its commands as they are described, and what its cases hold.

Everything else follows from the noun itself. What only one noun has comes through the hooks, each with a default for a
noun that has nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Request

from api import PREFIX
from api.cases.schemas import Described, describe, process_only
from domain.people.actors import Actor
from domain.people.visibility import text_scope_of
from domain.reading.case_document import EvidenceFile
from domain.record.decider import Decider, fold
from domain.record.entry import Entry, case_of
from domain.record.envelope import Envelope, StoredEvent, read
from domain.record.vault import Sealed

S = TypeVar("S")


@dataclass(frozen=True, eq=False)
class Surface(Generic[S]):
    """How a noun is reached: `case_routes` makes its routes of it."""

    noun: Decider[S]
    prefix: str
    """Where its cases stand below the API's own prefix: `/clues`."""
    listed: bool = True
    """Whether it has the plain list; a noun with lists of its own brings them itself."""
    withheld: Callable[[S, Actor], Iterable[Sealed]] = lambda _state, _actor: ()
    """Personal texts closed even to some who read the others: who reported."""
    files: Callable[[S], Iterable[EvidenceFile]] = lambda _state: ()
    """The files the case rests on."""

    @property
    def kind(self) -> str:
        """The noun's kind, with which its streams begin."""
        return self.noun.kind

    @property
    def path(self) -> str:
        """Where its cases stand."""
        return f"{PREFIX}{self.prefix}"

    @property
    def tag(self) -> str:
        """Under which its routes are listed: `clues`."""
        return self.prefix.removeprefix("/")

    @cached_property
    def process_only(self) -> frozenset[str]:
        """The commands of the service itself."""
        return process_only(self.noun)

    @cached_property
    def commands(self) -> Mapping[str, Described]:
        """The commands people may give, by slug."""
        return describe(self.noun, self.tag, self.process_only)

    def know(self, stream: str, rows: Sequence[StoredEvent]) -> KnownCase | None:
        """Fold a history; None when there is none."""
        if not rows:
            return None
        envelopes = [read(row) for row in rows]
        state = fold(self.noun, [envelope.happened for envelope in envelopes])
        return KnownCase(self, stream, rows, envelopes, state, self.noun.summary(state))


@dataclass(frozen=True)
class KnownCase:
    """A case with the history it follows from."""

    surface: Surface[Any]
    stream: str
    rows: Sequence[StoredEvent]
    envelopes: Sequence[Envelope]
    state: Any
    entry: Entry

    @property
    def noun(self) -> Decider[Any]:
        """Its noun."""
        return self.surface.noun

    @cached_property
    def texts(self) -> tuple[Sealed, ...]:
        """Every personal text it ever took in, in order."""
        return tuple(sealed for envelope in self.envelopes for sealed in self.noun.texts(envelope.event))

    @cached_property
    def erased(self) -> frozenset[UUID]:
        """The texts among them that were erased."""
        return frozenset(sealed.ref for envelope in self.envelopes for sealed in self.noun.erased(envelope.event))

    @cached_property
    def files(self) -> tuple[EvidenceFile, ...]:
        """The files it rests on."""
        return tuple(self.surface.files(self.state))

    def texts_open_to(self, actor: Actor) -> bool:
        """Whether the actor may read this case's personal texts."""
        case = case_of(self.entry)
        return case is not None and text_scope_of(actor).admits(case)

    def readable_by(self, actor: Actor) -> list[UUID]:
        """The texts the actor may read."""
        if not self.texts_open_to(actor):
            return []
        closed = {sealed.ref for sealed in self.surface.withheld(self.state, actor)}
        return [sealed.ref for sealed in self.texts if sealed.ref not in closed]


async def surfaces(request: Request) -> Mapping[str, Surface[Any]]:
    """The surfaces of this application, by kind."""
    found: Mapping[str, Surface[Any]] = request.app.state.surfaces
    return found


Surfaces = Annotated[Mapping[str, Surface[Any]], Depends(surfaces)]
