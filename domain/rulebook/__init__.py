"""规则与日历: which rule pack and which calendars the installation worked by, and since when, as one `Decider`.

One stream for the rule pack, one for the calendar of each region: each tells in one line what was in force when.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import rfc8785
from pydantic import StringConstraints

from domain.errors import Refused
from domain.people.actors import Actor, Role
from domain.record.chapter import PROCESS_ONLY, Chapter, Decided, Step, turns
from domain.record.decider import Command, Decider, Facts, Happened
from domain.record.entry import Entry
from domain.record.ids import stream_for
from domain.record.noun import noun
from domain.rulebook.events import Book, RulebookAdopted
from domain.time.calendar import Calendar
from domain.time.rules import RulePack
from domain.value import Instant, Value


class Adopt(Command):
    """启用规则或日历: the build works by this edition from now on."""

    slug: ClassVar[str] = "adopt_edition"
    example: ClassVar[Mapping[str, object]] = {
        "book": "pack",
        "name": "national",
        "edition": "2026.1",
        "digest": "ab" * 32,
        "rows": 9,
    }
    book: Book
    name: str
    edition: str
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    rows: int


class Rulebook(Value):
    """A rulebook at some stage."""

    stage: ClassVar[str]
    title: ClassVar[str]


class Unadopted(Rulebook):
    """Nothing is known yet."""

    stage: ClassVar[str] = "unadopted"
    title: ClassVar[str] = "未启用"


class InForce(Rulebook):
    """An edition is in force since an instant; `steps` counts the editions so far."""

    stage: ClassVar[str] = "in_force"
    title: ClassVar[str] = "有效"
    edition: RulebookAdopted
    since: Instant
    steps: int


class RulebookEntry(Entry):
    """The row of a rulebook: the edition in force."""

    book: str
    name: str
    edition: str
    digest: str
    rows: int
    adopted_at: Instant


def edition_of(source: RulePack | Calendar) -> Mapping[str, Any]:
    """What `Adopt` says of a rule pack or a calendar of this build."""
    if isinstance(source, RulePack):
        told = {"book": "pack", "name": source.name, "rows": len(source.rules)}
    else:
        told = {"book": "calendar", "name": source.region, "rows": len(source.days)}
    return {**told, "edition": source.version, "digest": hashlib.sha256(content_of(source)).hexdigest()}


def content_of(source: RulePack | Calendar) -> bytes:
    """The form the digest is taken over (RFC 8785); of a calendar it is kept, so that it can be read again."""
    return rfc8785.dumps(source.model_dump(mode="json"))


def stream_of(book: str, name: str) -> str:
    """The stream an edition belongs to: rule packs follow one another whatever their names, calendars by region."""
    return stream_for("rulebook", book, *((name,) if book == "calendar" else ()))


def _by_the_service(_rulebook: Rulebook, actor: Actor) -> Refused | None:
    return None if actor.has(Role.SYSTEM) else PROCESS_ONLY()


def _adopt(command: Adopt, rulebook: Rulebook, _facts: Facts) -> Decided:
    adopted = RulebookAdopted(**dict(command))
    return () if isinstance(rulebook, InForce) and rulebook.edition == adopted else (adopted,)


def _adopted(rulebook: Rulebook, event: RulebookAdopted, happened: Happened) -> InForce:
    steps = rulebook.steps if isinstance(rulebook, InForce) else 0
    return InForce(edition=event, since=happened.occurred_at, steps=steps + 1)


def _summary(rulebook: Rulebook) -> RulebookEntry:
    if not isinstance(rulebook, InForce):
        raise TypeError("not adopted yet")
    return RulebookEntry(
        kind="rulebook",
        stage=rulebook.stage,
        responsible="system",
        steps=rulebook.steps,
        closed=False,
        **dict(rulebook.edition),
        adopted_at=rulebook.since,
    )


RULEBOOK: Decider[Rulebook] = noun(
    "rulebook",
    "规则与日历",
    (
        Chapter(
            steps=(
                Step(
                    Adopt, "启用规则或日历", Rulebook, _adopt, by=_by_the_service, opens=True, refuses=(PROCESS_ONLY,)
                ),
            ),
            events=(
                turns(
                    "rulebook.adopted",
                    1,
                    RulebookAdopted,
                    Rulebook,
                    _adopted,
                    title="启用规则或日历",
                    says="启用{book} {name} {edition} 版,共 {rows} 条",
                ),
            ),
        ),
    ),
    Unadopted,
    stages=(Unadopted, InForce),
    name_stream=lambda command, _actor, _key: stream_of(command.book, command.name),
    summary=_summary,
    admits=lambda _rulebook, _actor: True,
    process=False,
)
