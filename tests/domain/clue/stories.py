"""Given / when / then over events, and the people of one fictional region."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clue import CLUE
from domain.clue.life import Clue
from domain.errors import Refused
from domain.people.actors import Actor, Role
from domain.record.decider import Command, Facts, Happened, OfficerFact, advance, lapse
from domain.record.vault import Sealer
from domain.time.calendar import national_calendars
from domain.time.rules import load_pack
from tests.domain.clue import steps as c

REGION = "370102"
MARKET = f"{REGION}.market"
URBAN = f"{REGION}.urban"
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""A Monday noon in Shanghai, far from any holiday."""

PACK = load_pack("national")
CALENDARS = national_calendars()


def actor(account: str, role: Role, department: str, region: str = REGION) -> Actor:
    """Somebody acting in one role."""
    return Actor(account=account, department=department, region=region, roles=(role,))


CLERK = actor("intake", Role.INTAKE_CLERK, f"{REGION}.12345")
DISPATCHER = actor("dispatcher", Role.DISPATCHER, f"{REGION}.12345")
ASSIGNER = actor("assigner", Role.DEPARTMENT_ASSIGNER, MARKET)
HANDLER = actor("handler", Role.HANDLER, MARKET)
HEAD = actor("head", Role.HEAD, MARKET)
URBAN_ASSIGNER = actor("urban", Role.DEPARTMENT_ASSIGNER, URBAN)
SECURITY = actor("security", Role.SECURITY_ADMINISTRATOR, "370100.security", "370100")
SUPERVISOR = actor("supervisor", Role.SUPERVISOR, f"{REGION}.12345")
PROCESS = actor("system", Role.SYSTEM, "system", "000000")

DIRECTORY = {
    "handler": OfficerFact(account="handler", department=MARKET, region=REGION, roles=("handler",), active=True),
    "second": OfficerFact(account="second", department=MARKET, region=REGION, roles=("handler",), active=True),
    "gone": OfficerFact(account="gone", department=MARKET, region=REGION, roles=("handler",), active=False),
    "urban.handler": OfficerFact(
        account="urban.handler", department=URBAN, region=REGION, roles=("handler",), active=True
    ),
}
DEPARTMENTS = {MARKET: REGION, URBAN: REGION, "370103.market": "370103"}
DIGEST = "ab" * 32
LINKED = "clue-" + "1" * 32


_SEALS = itertools.count(1)
"""Every text of these tests has a reference of its own."""


def command(shape: type[Command], **body: Any) -> Any:
    """A command as parsed from outside: example data unless given otherwise."""
    sealer = Sealer(lambda size: next(_SEALS).to_bytes(size, "big"))
    return shape.model_validate({**shape.example, **body}, context={"sealer": sealer})


class Story:
    """One clue's life told step by step; every event ever made is kept in `events`."""

    def __init__(self, at: datetime = NOON) -> None:
        self.now = at
        self.state: Clue = CLUE.initial()
        self.made: list[Happened] = []
        self.refused: Refused | None = None

    def when(self, by: Actor, shape: type[Command], **body: Any) -> Story:
        """One command, after time has caught up. A refusal is kept in `refused` and changes nothing else."""
        self.refused = None
        self.state = lapse(CLUE, self.state, self._facts(by), self.made)
        decided = CLUE.decide(command(shape, **body), self.state, self._facts(by))
        if isinstance(decided, Refused):
            self.refused = decided
        else:
            self.state = advance(CLUE, self.state, decided, self._facts(by), self.made)
        return self

    def after(self, **delta: float) -> Story:
        """Time passes; nobody acts."""
        self.now += timedelta(**delta)
        self.state = lapse(CLUE, self.state, self._facts(PROCESS), self.made)
        return self

    @property
    def names(self) -> list[str]:
        """Class names of all events so far, clock bookkeeping left out."""
        return [name for entry in self.made if not (name := type(entry.event).__name__).startswith("Clock")]

    def _facts(self, by: Actor) -> Facts:
        return Facts(
            now=self.now,
            actor=by,
            stream="clue-" + "0" * 32,
            pack=PACK,
            calendars=CALENDARS,
            departments=DEPARTMENTS,
            officers=DIRECTORY,
            evidence=(DIGEST,),
            cases=(LINKED,),
        )


def registered() -> Story:
    """A clue waiting to be dispatched."""
    return Story().when(CLERK, c.Register, received_at="2026-03-02T11:00:00+08:00")


def dispatched() -> Story:
    """… handed to the market regulator."""
    return registered().when(DISPATCHER, c.Dispatch, department=MARKET)


def verifying() -> Story:
    """… signed for, assigned, taken up, verification open."""
    return (
        dispatched()
        .when(ASSIGNER, c.SignFor)
        .when(ASSIGNER, c.Assign, handler="handler")
        .when(HANDLER, c.TakeUp)
        .when(HANDLER, c.OpenVerification)
    )


def proposed() -> Story:
    """… findings recorded, concluded, a disposition proposed."""
    return (
        verifying()
        .when(HANDLER, c.RecordFindings, evidence=[{"digest": DIGEST, "name": "现场照片.jpg"}])
        .when(HANDLER, c.Conclude)
        .when(HANDLER, c.ProposeDisposition)
    )


def archived() -> Story:
    """The whole straight path."""
    return (
        proposed()
        .when(HEAD, c.ApproveDisposition)
        .when(HANDLER, c.FeedBack)
        .when(HANDLER, c.Complete)
        .when(ASSIGNER, c.Archive)
    )
