"""The life of a clue (问题线索) as types: one frozen type per stage, without fields for what that stage cannot have."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.clue.events import (
    Category,
    Channel,
    Conclusion,
    ContactResult,
    DeclineGround,
    Entity,
    Evidence,
    Means,
    Measure,
    Relation,
    SealGround,
    SuspendGround,
)
from domain.people.actors import dispatch_office
from domain.record.vault import Sealed
from domain.time.case_clocks import Timed
from domain.time.oversight import OversightOrder
from domain.time.rules import Approver
from domain.time.rules.seen import Seen
from domain.value import Instant, Value

StageName = Literal[
    "unregistered",
    "registered",
    "dispatched",
    "signed_for",
    "assigned",
    "declined",
    "taken_up",
    "verifying",
    "verified",
    "disposition_proposed",
    "disposed",
    "fed_back",
    "completed",
    "archived",
]


Registration = Category | Instant | Entity | Sealed | None
"""What a correctable fact of the registration may be."""


class Correction(Value):
    """One registered fact that was corrected: both values stand."""

    at: Instant
    by: str
    field: Literal["category", "received_at", "title", "body", "reporter", "entity"]
    before: Registration
    after: Registration
    reason: Sealed


class Supplement(Value):
    """Something the caller added."""

    received_at: Instant
    external_id: str | None
    text: Sealed


class Note(Value):
    """A note for the offices."""

    at: Instant
    by: str
    text: Sealed


class Contact(Value):
    """An attempt to reach the caller."""

    at: Instant
    by: str
    means: Means
    result: ContactResult
    note: Sealed | None


class Link(Value):
    """Another clue this one has to do with."""

    case: str
    relation: Relation
    reason: Sealed | None


class Suspension(Value):
    """Why and since when it rests."""

    since: Instant
    ground: SuspendGround
    document: Sealed
    reason: Sealed


class ExtensionRequest(Value):
    """An extension that was asked for and not decided yet. `asked_by`: who asked, and on whose behalf."""

    at: Instant
    asked_by: tuple[str, ...]
    clock: str
    grade: int
    amount: int
    approver: Approver
    reason: Sealed
    document: Sealed | None


class SealedFile(Value):
    """A file nobody may open any more."""

    digest: str
    ground: SealGround
    reason: Sealed


class Dossier(Value):
    """What stays with a clue through every stage. `steps` counts what changes the next command's ground (ETag)."""

    region: str
    channel: Channel
    external_id: str | None
    number: str | None = None
    category: Category
    title: Sealed
    body: Sealed
    reporter: Sealed | None
    entity: Entity | None
    registered_at: Instant
    received_at: Instant
    migrated: bool = False
    departments: tuple[str, ...] = ()
    returns: int = 0
    reopenings: int = 0
    steps: int = 1
    suspension: Suspension | None = None
    corrections: tuple[Correction, ...] = ()
    supplements: tuple[Supplement, ...] = ()
    notes: tuple[Note, ...] = ()
    contacts: tuple[Contact, ...] = ()
    links: tuple[Link, ...] = ()
    orders: tuple[OversightOrder, ...] = ()
    extension_requests: tuple[ExtensionRequest, ...] = ()
    """Those not decided yet."""
    files: tuple[Evidence, ...] = ()
    """Every file the case rests on or was given, in order."""
    sealed_files: tuple[SealedFile, ...] = ()
    seen: Annotated[Seen, Field(exclude=True)]
    """What has happened, for the rows that say which clocks run; no part of what is shown of a case."""
    clocks: Timed = ()
    texts: tuple[Sealed, ...] = ()
    reporters: tuple[Sealed, ...] = ()
    """The texts among them that say who reported."""
    erased: tuple[Sealed, ...] = ()

    @property
    def office(self) -> str:
        """The dispatching office that owes the case while no department does."""
        return dispatch_office(self.region)


class Unregistered(Value):
    """Nothing is known yet."""

    stage: ClassVar[StageName] = "unregistered"


class Registered(Value):
    """Awaiting dispatch; also after a return."""

    stage: ClassVar[StageName] = "registered"
    dossier: Dossier


class Dispatched(Value):
    """Handed to a lead department that has not signed for it."""

    stage: ClassVar[StageName] = "dispatched"
    dossier: Dossier
    department: str


class SignedFor(Value):
    """With the lead department, awaiting a handler."""

    stage: ClassVar[StageName] = "signed_for"
    dossier: Dossier
    department: str


class Assigned(Value):
    """Named to a handler who has not taken it up."""

    stage: ClassVar[StageName] = "assigned"
    dossier: Dossier
    department: str
    handler: str


class Declined(Value):
    """A complaint was declined; the complainant has not been told."""

    stage: ClassVar[StageName] = "declined"
    dossier: Dossier
    department: str
    handler: str
    ground: DeclineGround


class TakenUp(Value):
    """In the handler's hands."""

    stage: ClassVar[StageName] = "taken_up"
    dossier: Dossier
    department: str
    handler: str


class Finding(Value):
    """One record of what was found, with the evidence it rests on."""

    text: Sealed
    evidence: tuple[Evidence, ...]


class Verifying(Value):
    """Being verified; findings gather."""

    stage: ClassVar[StageName] = "verifying"
    dossier: Dossier
    department: str
    handler: str
    findings: tuple[Finding, ...] = ()


class Verified(Value):
    """Verification concluded, disposition not yet proposed (or the proposal was rejected)."""

    stage: ClassVar[StageName] = "verified"
    dossier: Dossier
    department: str
    handler: str
    findings: tuple[Finding, ...]
    conclusion: Conclusion


class DispositionProposed(Value):
    """A disposition awaits the head's decision. `proposers` are who proposed it and on whose behalf."""

    stage: ClassVar[StageName] = "disposition_proposed"
    dossier: Dossier
    department: str
    handler: str
    findings: tuple[Finding, ...]
    conclusion: Conclusion
    measure: Measure
    proposers: tuple[str, ...]


class Disposed(Value):
    """Decided; the sender has not been told."""

    stage: ClassVar[StageName] = "disposed"
    dossier: Dossier
    department: str
    handler: str
    conclusion: Conclusion
    measure: Measure


Ending = Literal["answered", "sent_back", "declined", "handled"]


class FedBack(Value):
    """The sender has been answered: of what was found and decided, or that the complaint was declined."""

    stage: ClassVar[StageName] = "fed_back"
    dossier: Dossier
    department: str
    handler: str
    ending: Literal["declined", "handled"]
    conclusion: Conclusion | None = None
    measure: Measure | None = None


class Completed(Value):
    """办结. `department` is None when the dispatching office answered or sent it back itself."""

    stage: ClassVar[StageName] = "completed"
    dossier: Dossier
    department: str | None
    handler: str | None
    ending: Ending
    conclusion: Conclusion | None = None
    measure: Measure | None = None


class Archived(Value):
    """归档: the record rests, no process runs."""

    stage: ClassVar[StageName] = "archived"
    dossier: Dossier
    department: str | None
    handler: str | None
    ending: Ending
    conclusion: Conclusion | None = None
    measure: Measure | None = None


Known = (
    Registered
    | Dispatched
    | SignedFor
    | Assigned
    | Declined
    | TakenUp
    | Verifying
    | Verified
    | DispositionProposed
    | Disposed
    | FedBack
    | Completed
    | Archived
)
Clue = Unregistered | Known

Led = (
    Dispatched
    | SignedFor
    | Assigned
    | Declined
    | TakenUp
    | Verifying
    | Verified
    | DispositionProposed
    | Disposed
    | FedBack
    | Completed
    | Archived
)
"""Stages that name a lead department."""


def initial() -> Clue:
    """Before the first event."""
    return Unregistered()


def lead_of(clue: Clue) -> str | None:
    """The lead department, when one is named."""
    return clue.department if isinstance(clue, Led) else None


def handler_of(clue: Clue) -> str | None:
    """The handler's account, when one is named."""
    if isinstance(clue, Unregistered | Registered | Dispatched | SignedFor):
        return None
    return clue.handler


def responsible_of(clue: Known) -> str:
    """The department that answers for the case now: the lead, else the region's dispatching office."""
    return lead_of(clue) or clue.dossier.office
